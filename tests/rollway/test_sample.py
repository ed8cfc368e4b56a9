"""What `rollway up` makes: a team like any other."""

import pytest

from auth.passwords import Passwords
from db import audit
from db.models import Org, User
from rollway import sample

CREATE = """mutation ($name: String!) { createOrg(input: {name: $name}) {
  __typename ... on Problem { code } } }"""


@pytest.fixture
async def api(sqlite_api):
    """The API of a server that `rollway up` has just started."""
    settings = sqlite_api.server.settings
    vault, passwords = sqlite_api.server.services.vault, Passwords(settings.password_cost)
    assert await sample.find_or_make(settings.data, vault, passwords)
    return sqlite_api


@pytest.mark.parametrize("name", ["demo", "Demo", "DEMO"])
async def test_the_samples_name_is_taken(api, name):
    """Two teams of one name, but for capital letters, would read each other's audit log."""
    stranger = await api.user("stranger")

    answer = await api.execute(CREATE, stranger, name=name)

    assert answer["createOrg"] == {"__typename": "AlreadyExistsProblem", "code": "ALREADY_EXISTS"}
    assert [row.name for row in await Org.all()] == ["demo"]


async def test_the_log_tells_where_the_sample_comes_from(api):
    """Its first entry is the team's beginning, as with every team."""
    demo = await User.get(username="demo")
    query = '{ org(name: "demo") { audit { nodes { seq action actor via target } } } }'

    answer = await api.execute(query, demo)

    told = {"action": "ORG_CREATED", "actor": "operator", "via": "rollway up", "target": "demo"}
    assert answer["org"]["audit"]["nodes"] == [{"seq": 1, **told}]
    assert [each.fault async for each in audit.verify()] == [None]

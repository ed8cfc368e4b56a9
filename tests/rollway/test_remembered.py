"""Callers who are remembered: one statement answers them, and looks whether they still may ask."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx2
import pytest
from tortoise.transactions import in_transaction

from auth import remembered, sessions, tokens
from auth.permissions import Scope
from auth.remembered import Remembered
from auth.tokens import Wanted
from auth.viewer import Viewer
from db.models import ApiToken, Session, User
from db.vault import KEY_BYTES, Vault
from engine.executors.isolation import Isolation, Level
from resolvers.operations.reads import Reads
from rollway.app import Server
from rollway.settings import UP, load

WHO = "{ viewer { username } }"
STREAM = "text/event-stream"
END = 'mutation { endSession(input: {sessionId: "s_x"}) { __typename } }'


@pytest.fixture
def server(database, tmp_path):
    """A server whose queries the database answers; on each of the databases."""
    given = {
        "ROLLWAY_DATA": str(tmp_path),
        "ROLLWAY_DATABASE_URL": database,
        "ROLLWAY_READS": Reads.PLANNED.value,
        "ROLLWAY_BATCH_OPERATIONS": "2",
    }
    vault = Vault(secrets.token_bytes(KEY_BYTES))
    return Server(load(UP, given, {}), vault, Isolation(Level.PLAIN))


@pytest.fixture(params=[Session, ApiToken])
def shown(request):
    """What the caller shows: the token of which row."""
    return request.param


@pytest.fixture
async def client(server, shown):
    """Somebody who is signed in, or has an API token, and has asked before."""
    user = await User.create(id="u_ann", username="ann")
    if shown is Session:
        _, token = await sessions.start(user)
    else:
        wanted = Wanted(
            name="bot",
            scopes=[Scope.READ],
            org_name=None,
            application_id=None,
            env_name=None,
            expires_time=None,
        )
        async with in_transaction() as db:
            _, token = await tokens.create(user, wanted, db)
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx2.ASGITransport(server.app())
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=headers
    ) as client:
        assert await who(client) == "ann"
        yield client


async def who(client):
    """Return as whom a query is answered."""
    answer = (await client.post("/graphql", json={"query": WHO})).json()
    return (answer["data"]["viewer"] or {}).get("username")


async def test_a_query_is_one_statement(client, statements):
    """Whose it is, is seen by the one that answers."""
    statements.clear()

    assert await who(client) == "ann"
    assert len(statements) == 1


ENDS = {
    "ended": lambda shown: shown.all().delete(),
    "expired": lambda shown: shown.all().update(expires_time=datetime.now(UTC)),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_what_ended_is_refused_at_once(client, end, shown):
    """Wherever that was done, and however it is shown."""
    await end(shown)

    assert await who(client) is None
    client.headers["Cookie"] = f"rollway_session={client.headers.pop('Authorization').split()[1]}"
    assert await who(client) is None


async def test_an_api_token_is_no_cookie(client, shown):
    """Also where who has it was seen before."""
    client.headers["Cookie"] = f"rollway_session={client.headers.pop('Authorization').split()[1]}"

    assert await who(client) == ("ann" if shown is Session else None)


ASKED = {
    "a mutation": ({"query": END}, {}, "UnauthenticatedProblem"),
    "a batch": ([{"query": WHO}, {"query": WHO}], {}, '"viewer":null'),
    "a stream": ({"query": WHO}, {"Accept": STREAM}, '"viewer":null'),
    "Python's": ({"query": "{ viewer { apiTokens { id } } }"}, {}, '"viewer":null'),
}


@pytest.mark.parametrize(("body", "headers", "expected"), ASKED.values(), ids=ASKED)
async def test_whatever_is_asked(client, body, headers, expected, shown):
    """What the database does not answer is not answered to who is remembered either."""
    await shown.all().delete()
    answer = await client.post("/graphql", json=body, headers=headers)

    assert expected in answer.text.replace(" ", "")
    assert "ann" not in answer.text


def by_hash(digest, **more):
    """Return a request for a document by its hash."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}, **more}


async def test_documents_by_their_hash(client):
    """Who is answered by the database leaves them for those who send the hash alone."""
    digest = sha256(WHO.encode()).hexdigest()
    wrong = (await client.post("/graphql", json=by_hash("0" * 64, query=WHO))).json()
    sent = (await client.post("/graphql", json=by_hash(digest, query=WHO))).json()
    alone = (await client.post("/graphql", json=by_hash(digest))).json()

    assert "data" not in wrong
    assert sent["data"] == alone["data"] == {"viewer": {"username": "ann"}}


async def test_what_is_refused_is_on_the_bill_of_who_was_there_once(client, server, shown):
    """Then whoever sends it is looked up again."""
    await shown.all().delete()
    levels = server.services.bounds.checks._budgets._levels
    headers, charged = {"Content-Type": "application/json"}, []
    for _ in range(3):
        await client.post("/graphql", content=b"[" + b" " * 500_000, headers=headers)
        charged.append(levels["u_ann"])

    assert charged[0] == charged[1] == charged[2]


async def test_the_last_use_is_marked(client, shown):
    """Once a minute, as for everybody."""
    before = datetime.now(UTC) - timedelta(seconds=sessions.USED_SECONDS + 1)
    await shown.all().update(last_used_time=before)

    assert await who(client) == "ann"
    assert (await shown.get()).last_used_time > before


async def test_as_many_are_remembered_as_may_be(monkeypatch):
    """Those not seen longest are forgotten."""
    monkeypatch.setattr(remembered, "CALLERS_MAX", 2)
    known = Remembered()
    for name in "abac":
        hashed = sessions.hash_token(name)
        known.keep(Viewer(User(username=name), Session(token_hash=hashed)))
        known.find("a")

    assert [bool(known.find(name)) for name in "abc"] == [True, False, True]

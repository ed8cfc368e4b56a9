"""Whoever answers a query, the answer is the same, byte for byte: planned, compiled, or stock.

Operations are drawn from the schema itself, and go through the whole HTTP side of a server.
"""

import json
import re
import secrets
from collections import Counter, defaultdict
from importlib.util import find_spec

import httpx2
import pytest
from graphql import get_named_type, is_composite_type
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db.models import Throttle
from db.vault import KEY_BYTES, Vault
from engine.executors.isolation import Isolation, Level
from resolvers.operations.reads import Reads
from rollway.app import Server
from rollway.settings import UP, load
from schema import schema
from schema.documents.limits import TooLarge
from tests import oddities
from tests.operations import GRAPH, VOLATILE, asked, operations, places

ORDER = tuple(Reads)  # who is asked first, and after that
BUILT = {
    Reads.PLANNED: find_spec("schema.planning") is not None,
    Reads.COMPILED: find_spec("schema.compiling") is not None,
    Reads.STOCK: True,
}
FUZZ = settings().max_examples > 1000
EXAMPLES = 5_000 if FUZZ else 100
SECONDS = 0 if FUZZ else 180

# What may differ from one time to the next.
CHANGING = (  # with the commas around: what is left is JSON still
    re.compile(rb',?\s*"remaining":\s*-?\d+,\s*"resetAt":\s*"[^"]*"'),
    re.compile(rb',?\s*"reads":\s*"(\w+)"'),
    re.compile(rb"\b[0-9a-f]{12}\b"),  # a fault's number
)


BESIDE = 20  # fields of one type in one document
# Types of which nothing is there to be seen without other servers, or as an answer to a query.
UNSEEN = {
    *("AlreadyExistsProblem", "BlockedProblem", "Branch", "BranchesPayload", "HostedRepository"),
    *("IdempotencyKeyReusedProblem", "LimitExceededProblem", "Login", "RepositoriesPayload"),
    *("TriggerPreviewPayload", "UpstreamProblem"),
}


class Sides:
    """A server for each setting, on one database."""

    def __init__(self, database, data, vault):
        self.clients = {}
        self.answered = defaultdict(Counter)  # by setting: how often each kind answered
        for reads in ORDER:
            given = {
                "ROLLWAY_DATA": str(data),
                "ROLLWAY_DATABASE_URL": database,
                "ROLLWAY_ARGON2_MEMORY_KIB": "7168",  # the cheapest that may be
                "ROLLWAY_ARGON2_PASSES": "5",
                "ROLLWAY_ARGON2_LANES": "1",
                "ROLLWAY_COST_MAX": "500000",
                "ROLLWAY_COST_PER_MINUTE": "1000000000",
                "ROLLWAY_CHECKS_PER_MINUTE": "1000000000",
                "ROLLWAY_READS": reads.value,
                "ROLLWAY_READS_SHOWN": "on",
            }
            server = Server(load(UP, given, {}), vault, Isolation(Level.PLAIN))
            transport = httpx2.ASGITransport(app=server.app())
            self.clients[reads] = httpx2.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            )

    async def same(self, body, caller, method="POST", **headers):
        """Send *body* to each; return what all of them answer."""
        answers = {}
        for reads in ORDER:
            if "users" in body["query"]:  # which may be asked for a few times a minute
                await Throttle.all().delete()
            answers[reads] = await self.answer(reads, body, caller, method, headers)
        assert answers[Reads.PLANNED] == answers[Reads.STOCK], body["query"]
        assert answers[Reads.COMPILED] == answers[Reads.STOCK], body["query"]
        return answers[Reads.STOCK]

    async def answer(self, reads, body, caller, method, headers):
        """Return the status, the media type and the body of an answer."""
        shown = oddities.shown(caller)
        headers |= {"Authorization": f"Bearer {shown}"} if shown else {}
        client = self.clients[reads]
        if method == "POST":
            answer = await client.post("/graphql", json=body, headers=headers)
        else:
            params = {
                name: value if isinstance(value, str) else json.dumps(value)
                for name, value in body.items()
                if value is not None
            }
            answer = await client.get("/graphql", params=params, headers=headers)
        content = answer.content
        if found := CHANGING[1].search(content):
            self.answered[reads][Reads(found[1].decode())] += 1
        for pattern in CHANGING:
            content = pattern.sub(b"", content)
        return answer.status_code, answer.headers["content-type"], content

    def check(self):
        """Fail where somebody answered who should not, or who is there never did."""
        for place, reads in enumerate(ORDER):
            expected = {each for each in ORDER[place:] if BUILT[each]}
            assert set(self.answered[reads]) == expected, dict(self.answered)


@pytest.fixture
async def sides(database, tmp_path):
    """Three servers on a database of odd values; each of the databases."""
    vault = Vault(secrets.token_bytes(KEY_BYTES))
    await oddities.fill(vault, tmp_path)
    return Sides(database, tmp_path, vault)


@pytest.fixture
async def whole_sides(sides):
    """The same, of which at the end each must have answered what it can."""
    yield sides
    sides.check()


requests = st.fixed_dictionaries(
    {
        "caller": st.sampled_from(("owner", "admin", *oddities.CALLERS, "owner", "admin", "owner")),
        "method": st.sampled_from(["POST", "POST", "GET"]),
        "accept": st.sampled_from(["application/json", "application/graphql-response+json"]),
        "accept_language": st.sampled_from(["en", "zh"]),
    }
)


# What has not begun when a sibling fails is cancelled by graphql-core, and with it what that was to
# wait for: how tasks meet decides whether Python says so.
@pytest.mark.filterwarnings(
    "ignore:coroutine '(GraphQLCoreConverter|Executor)\\..* was never awaited:RuntimeWarning"
)
@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
@settings(
    max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),  # to explain takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operation=operations(), sent=requests)
async def test_whoever_answers_the_answer_is_the_same(operation, sent, whole_sides):
    """Status, media type and bytes, for operations of any shape, by every kind of caller."""
    body = {"query": operation.text, "variables": operation.variables}
    await whole_sides.same(body | {"operationName": operation.name}, **sent)
    errors = schema.checked(operation.text).errors
    assert [each for each in errors if not isinstance(each.original_error, TooLarge)] == []


@pytest.mark.parametrize(
    "place",
    [
        "{ viewer @include(if: $on) { id } }",
        "{ viewer { id orgs { nodes { id @skip(if: $on) } } } }",
    ],
)
async def test_null_for_a_directive_is_told_where_it_stands(place, sides):
    """A variable with a default may be null; only what is selected there is not shown."""
    body = {"query": f"query ($on: Boolean = true) {place}", "variables": {"on": None}}

    answer = json.loads((await sides.same(body, "owner"))[2])

    assert [each["extensions"]["code"] for each in answer["errors"]] == ["INVALID"]


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_the_answer_is_the_same_for_each_field(sides):
    """Every field of every type: alone for the OWNER, beside others of its type for everybody."""
    seen = set()
    for type_, place in places().items():
        fields = [
            f"{name}{each} {below(type_, name)}"
            for name in GRAPH.type_map[type_].fields
            if (type_, name) not in VOLATILE
            for each in asked(type_, name)[:1]
        ]
        for field in fields:
            answer = await sides.same({"query": place.replace("%s", field)}, "owner")
            seen |= {type_} if found(answer) else set()
        for at in range(0, len(fields), BESIDE):
            query = place.replace("%s", " ".join(fields[at : at + BESIDE]))
            for caller in oddities.CALLERS:
                answer = await sides.same({"query": query}, caller)
                seen |= {type_} if found(answer) else set()
    assert {*places()} - seen == UNSEEN
    sides.check()


def below(type_, name):
    """Return what is selected below a field: each type is walked for itself."""
    kind = get_named_type(GRAPH.type_map[type_].fields[name].type)
    return "{ __typename }" if is_composite_type(kind) else ""


def found(answer):
    """Tell whether an answer shows anything at the end of a path."""
    return there(json.loads(answer[2]).get("data"))


def there(value):
    """Tell whether anything is in a value, at any depth."""
    if isinstance(value, dict):
        return any(map(there, value.values()))
    return any(map(there, value)) if isinstance(value, list) else value is not None

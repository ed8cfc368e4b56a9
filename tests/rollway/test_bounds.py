"""What one caller can take of a server: running operations, and the checking of what is refused."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from unittest.mock import ANY

import httpx2
import pytest

from db.models import User
from resolvers.operations.checks import AT_ONCE, UNIT_SECONDS
from rollway.connections import running
from schema import TOKENS_MAX
from tests.streaming import EVENTS, MANY, OWN, Stage, token_of

SECONDS = 60
PER_USER = 6
CHECKS = 100_000  # a minute: a second
FLOOD_MAX = 2_000
MIB = 1024 * 1024
HELLO = {"query": "{ viewer { username } }"}


@pytest.fixture
async def stage(sqlite, tmp_path):
    """A task that runs, where little is allowed."""
    made = Stage(sqlite, tmp_path, operations_per_user=str(PER_USER), checks_per_minute=str(CHECKS))
    await made.start()
    made.user = await made.furnish()
    made.token = await token_of(made.user)
    yield made
    await made.stop()


@pytest.fixture(autouse=True)
async def in_time():
    """Nothing here takes long."""
    async with asyncio.timeout(SECONDS):
        yield


@asynccontextmanager
async def http(stage, token=None, **headers):
    """Give a client who is signed in by *token*, or a guest."""
    known = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"http://127.0.0.1:{stage.port}"
    async with httpx2.AsyncClient(base_url=url, headers=known | headers, trust_env=False) as client:
        yield client


async def begin(connection, name, payload):
    """Begin an operation of a socket; return what is answered first."""
    await connection.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))
    while (answer := json.loads(await connection.recv()))["id"] != name:
        pass
    return answer


def watching(stage, document=EVENTS):
    """Return what is sent to watch."""
    return {"query": document, "variables": {"id": stage.task, "after": 0}}


async def test_operations_of_a_user_are_counted_over_all(stage):
    """Over sockets, sessions and streams; who ends one may begin another; others have their own."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            http(stage, await token_of(stage.user), Accept="text/event-stream")
        )
        streaming = AsyncExitStack()
        await stack.enter_async_context(streaming)
        sockets = [
            await stack.enter_async_context(stage.connected(await token_of(stage.user)))
            for _ in range(2)
        ]
        for number in range(PER_USER - 1):
            document = (EVENTS, OWN)[number % 2]
            answer = await begin(sockets[number % 2], f"{number}", watching(stage, document))
            assert answer["type"] == "next"
        asked = client.stream("POST", "/graphql", json=watching(stage))
        assert (await streaming.enter_async_context(asked)).status_code == 200

        refused = await begin(sockets[0], "more", watching(stage))
        assert refused["type"] == "error"
        (error,) = refused["payload"]
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert error["extensions"]["retryable"]
        assert error["extensions"]["remedy"]
        answer = await client.post("/graphql", json=watching(stage))
        assert answer.status_code == 429
        assert answer.headers["retry-after"]
        assert answer.json()["errors"][0] == error

        ben = await User.create(id="u_ben", username="ben")
        async with stage.connected(await token_of(ben)) as other:
            assert (await begin(other, "1", HELLO))["type"] == "next"
        await streaming.aclose()
        while stage.server.sockets.running.users.taken == PER_USER:
            await asyncio.sleep(0.01)
        assert (await begin(sockets[0], "more", watching(stage)))["type"] == "next"
        await sockets[1].send(json.dumps({"id": "1", "type": "complete"}))
        while stage.server.sockets.running.users.taken == PER_USER:
            await asyncio.sleep(0.01)
        assert (await begin(sockets[0], "again", watching(stage)))["type"] == "next"
    while stage.server.sockets.running.users._taken:
        await asyncio.sleep(0.01)


async def test_operations_of_guests_are_counted_by_network(stage, monkeypatch):
    """And told so in their language; nothing is left of those who have gone."""
    monkeypatch.setattr(running, "GUESTS_PER_ADDRESS_MAX", 0)
    await stage.restart()
    async with stage.connected() as connection:
        refused = await begin(connection, "1", HELLO)
    assert refused["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert not stage.server.sockets.running.guests._taken


numbers = count()
FIELDS = "viewr { id } " * 300
SHA_256 = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
# By name: what a client sends without end that is refused, each time otherwise.
FLOODS = {
    "no syntax": lambda: {"query": f"{{ a{next(numbers)} {FIELDS} ("},
    "no such fields": lambda: {"query": f"{{ a{next(numbers)} {FIELDS} }}"},
    "too many fields": lambda: {
        "query": f"{{ a{next(numbers)}: viewer {{ id }} {'x: id ' * 600} }}"
    },
    "too many tokens": lambda: {"query": f"{{ a{next(numbers)} {'id ' * TOKENS_MAX} }}"},
    "a long comment": lambda: {"query": f"# {next(numbers)} {'x' * (MIB // 4)}\n{{ no }}"},
    "wrong variables": lambda: {
        "query": MANY,
        "variables": {"tasks": [{"taskId": f"{next(numbers)}", "after": "x"}] * 2_000},
    },
    "large variables": lambda: {"query": "{ no }", "variables": {"a": ["x" * 90] * 8_000}},
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_over_http_is_refused_cheaply(stage, flood):
    """429, with when to come back; a guest of the same address, and other users, are answered."""
    async with http(stage, stage.token) as loud, http(stage) as guest:
        for _ in range(FLOOD_MAX):
            answer = await loud.post("/graphql", json=FLOODS[flood]())
            if answer.status_code == 429:
                break
            assert "data" not in answer.json()
        assert answer.status_code == 429
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert error["extensions"]["retryable"]
        assert int(answer.headers["retry-after"]) == error["extensions"]["retryAfter"] > 0
        assert (await guest.post("/graphql", json=HELLO)).json() == {
            "data": {"viewer": None},
            "extensions": ANY,
        }
        await asyncio.sleep(error["extensions"]["retryAfter"])
        assert (await loud.post("/graphql", json=HELLO)).json()["data"]["viewer"]


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_over_a_socket_is_refused_cheaply(stage, flood):
    """With when to come back; another user is answered meanwhile."""
    ben = await User.create(id="u_ben", username="ben")
    async with stage.connected(stage.token) as loud, stage.connected(await token_of(ben)) as calm:
        for _ in range(FLOOD_MAX):
            answer = await begin(loud, "1", FLOODS[flood]())
            assert answer["type"] == "error"
            told = answer["payload"][0].get("extensions", {})
            if "retryAfter" in told:
                break
        assert told["code"] == "LIMIT_EXCEEDED"
        assert told["retryAfter"] > 0
        assert told["remedy"]
        async with asyncio.timeout(1):
            assert (await begin(calm, "1", HELLO))["type"] == "next"


async def test_what_is_known_costs_nothing(stage):
    """A document that was refused is remembered, and one that was run is."""
    async with http(stage, stage.token) as client:
        for query in (FLOODS["no syntax"]()["query"], FLOODS["no such fields"]()["query"], EVENTS):
            for _ in range(100):
                answer = await client.post("/graphql", json={"query": query})
                assert answer.status_code != 429
    checks = stage.server.services.bounds.checks
    assert checks.debt_seconds(stage.user.id) < -5


async def test_a_socket_that_is_far_in_debt_is_not_read(stage):
    """What it sends waits in its own system, and what it takes of the server stays bounded."""
    checks = stage.server.services.bounds.checks
    async with stage.connected(stage.token) as loud, stage.connected() as calm:
        checks.owe(stage.user.id, CHECKS * (AT_ONCE + 0.05) * UNIT_SECONDS)
        await loud.send(json.dumps({"type": "ping"}))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await loud.recv()
        await calm.send(json.dumps({"type": "ping"}))
        assert json.loads(await calm.recv()) == {"type": "pong"}
        assert json.loads(await loud.recv()) == {"type": "pong"}


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("subscription ($id: ID!) { taskEvents(taskId: $id, after: null) { seq } }", {}),
        (
            "subscription ($id: ID!, $at: Int) { taskEvents(taskId: $id, after: $at) { seq } }",
            {"at": None},
        ),
        (
            "subscription ($id: ID!, $at: Int!) { taskEvents(taskId: $id, after: $at) { seq } }",
            {"at": None},
        ),
        ("subscription ($id: ID!) { taskEvents(taskId: $id) { nothing } }", {}),
        ("subscription ($id: ID!) { taskEvents(taskId: $id) { seq }", {}),
        ("subscription ($id: ID!) { taskEvents(taskId: $id) { seq } } }", {}),
    ],
)
async def test_what_is_invalid_has_a_code(stage, query, variables):
    """Also where graphql itself says so: over WebSocket and HTTP alike."""
    asked = {"query": query, "variables": {"id": stage.task} | variables}
    async with stage.connected(stage.token) as connection:
        (error,) = (await begin(connection, "1", asked))["payload"]
    assert error["extensions"]["code"] == "INVALID"
    async with http(stage, stage.token, Accept="text/event-stream") as client:
        text = (await client.post("/graphql", json=asked)).text
    assert '"code":"INVALID"' in text.replace(": ", ":")


async def test_a_flood_over_many_sockets_is_no_fault(stage, caplog):
    """Though what one of them has had checked is forgotten before it is answered."""
    async with AsyncExitStack() as stack:
        for _ in range(10):
            connection = await stack.enter_async_context(stage.connected(stage.token))
            for _ in range(20):
                payload = FLOODS["no such fields"]()
                message = {"id": f"{next(numbers)}", "type": "subscribe", "payload": payload}
                await connection.send(json.dumps(message))
            await connection.send(json.dumps({"type": "ping"}))
        await asyncio.sleep(1)
    assert not [each for each in caplog.records if each.exc_info or each.levelname == "ERROR"]

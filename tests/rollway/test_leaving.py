"""Who goes away leaves no work behind: it stops with them, in the database too."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress

import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

from rollway.api import leaving
from tests.streaming import OWN, Stage, token_of

SECONDS = 30
GONE_SECONDS = 1.0
WAITING = """SELECT count(*) AS "count" FROM pg_stat_activity
  WHERE wait_event_type = 'Lock' AND datname = current_database()"""
QUERIES = {
    "by loaders": "{ viewer { orgs(first: 3) { nodes { applications { nodes { id } } } } } }",
    "by a resolver": 'query { application(id: "a_x") { id } }',
}


@pytest.fixture
async def stage(postgres, tmp_path):
    """A task that runs."""
    made = Stage(postgres, tmp_path)
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


async def waiting():
    """Return how many statements wait for a lock."""
    (row,) = await connections.get("default").execute_query_dict(WAITING)
    return row["count"]


async def soon(condition, seconds):
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def locked(table="application"):
    """Have whoever reads a table wait, for the duration of the block."""
    holds, over = asyncio.Event(), asyncio.Event()

    async def hold():
        async with in_transaction() as held:
            await held.execute_query(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
            holds.set()
            await over.wait()

    holding = asyncio.create_task(hold())
    await holds.wait()
    try:
        yield
    finally:
        over.set()
        await holding


async def leave(connection, how):
    """Want no more of operation 1."""
    if how == "completed":
        await connection.send(json.dumps({"id": "1", "type": "complete"}))
    else:
        connection.transport.abort()


async def waits():
    """Tell whether a statement waits."""
    return await waiting() > 0


async def stopped():
    """Tell whether none does."""
    return await waiting() == 0


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("how", ["completed", "cut"])
async def test_a_query_stops(stage, query, how):
    """Its statement too, as soon as nobody waits for it."""
    async with stage.connected(stage.token) as connection, locked():
        payload = {"query": QUERIES[query]}
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        await soon(waits, 10)
        await leave(connection, how)
        await soon(stopped, GONE_SECONDS)


@pytest.mark.parametrize("how", ["completed", "cut"])
async def test_an_event_stops(stage, how):
    """Also what is read for an event."""
    async with stage.connected(stage.token) as connection, locked("step"):
        payload = {"query": OWN, "variables": {"id": stage.task, "after": 0}}
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        await soon(waits, 10)
        await leave(connection, how)
        await soon(stopped, GONE_SECONDS)


async def test_a_request_stops(stage):
    """A query over HTTP whose client has gone."""
    _, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    body = json.dumps({"query": QUERIES["by loaders"]})
    async with locked():
        writer.write(
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {stage.token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        await soon(waits, 10)
        writer.transport.abort()
        await soon(stopped, 2 * GONE_SECONDS)


async def test_what_swallows_its_end_is_not_ended_once_more(monkeypatch):
    """Who goes on nevertheless is as free as before."""

    class Gone:
        async def receive(self):
            return {"type": "http.disconnect"}

    monkeypatch.setattr(leaving, "PATIENCE_SECONDS", 0.01)
    with leaving.WhileWaitedFor(Gone()), suppress(asyncio.CancelledError):
        await asyncio.sleep(9)
    assert not asyncio.current_task().cancelling()

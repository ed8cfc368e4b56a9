"""Whoever may look no longer is cut off within a second, however that came about."""

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from tortoise.transactions import in_transaction
from websockets.exceptions import ConnectionClosed

from auth import tokens
from auth.permissions import Scope
from auth.tokens import Wanted
from db.models import ApiToken, Org, Session, User
from tests.streaming import EVENTS, OWN, SIGNED_OUT, Stage, token_of

SECONDS = 30
LATE_SECONDS = 1.0
LIFE_SECONDS = 4.0  # in which all have begun


@pytest.fixture
async def stage(database, tmp_path):
    """A task that runs; servers hear what other processes do."""
    made = Stage(database, tmp_path)
    await made.start()
    made.user = await made.furnish()
    async with asyncio.timeout(SECONDS), made.server.carrying():
        yield made
    await made.stop()


async def of_token(stage, life):
    """Return an API token that lives so long; None: for ever."""
    wanted = Wanted(
        name="ci",
        scopes=[Scope.READ],
        org_name=None,
        application_id=None,
        env_name=None,
        expires_time=life and datetime.now(UTC) + life,
    )
    async with in_transaction() as db:
        return (await tokens.create(stage.user, wanted, db))[1]


async def of_session(stage, life):
    """Return the token of a session that lives so long."""
    token = await token_of(stage.user)
    if life:
        await Session.filter(user_id=stage.user.id).update(expires_time=datetime.now(UTC) + life)
    return token


async def by_socket(stage, token, document, begun):
    """Watch by WebSocket until it closes."""
    async with stage.connected(token) as connection:
        payload = {"query": document, "variables": {"id": stage.task, "after": 0}}
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        with suppress(ConnectionClosed):
            while await connection.recv():
                begun.set()
        assert connection.close_code == SIGNED_OUT


async def by_stream(stage, token, document, begun):
    """Watch by server-sent events until they end."""
    asked = {"query": document, "variables": {"id": stage.task, "after": 0}}
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    async with (
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{stage.port}", trust_env=False) as client,
        client.stream("POST", "/graphql", json=asked, headers=headers) as answer,
        aclosing(answer.aiter_text()) as pieces,
    ):
        text = ""
        async for piece in pieces:
            text += piece
            if "event: next" in text:
                begun.set()
        assert "event: complete" in text
        assert "UNAUTHENTICATED" in text or "NOT_FOUND" in text


WAYS = [(watch, document) for watch in (by_socket, by_stream) for document in (EVENTS, OWN)]


async def lateness(stage, watchers, moment):
    """Return how long after *moment* the last of *watchers* was cut off, and the first."""
    ends = []

    async def noted(watching):
        await watching
        ends.append((datetime.now(UTC) - moment()).total_seconds())

    await asyncio.gather(*(noted(each) for each in watchers))
    return min(ends), max(ends)


@pytest.mark.parametrize("shown", [of_token, of_session])
async def test_a_time_that_runs_out(stage, shown):
    """Neither before the token or session expires, nor a second after."""
    token = await shown(stage, timedelta(seconds=LIFE_SECONDS))
    row = await (ApiToken if shown is of_token else Session).get(user_id=stage.user.id)
    begun = [asyncio.Event() for _ in WAYS]
    watchers = [
        watch(stage, token, document, each)
        for (watch, document), each in zip(WAYS, begun, strict=True)
    ]

    first, last = await lateness(stage, watchers, lambda: row.expires_time)

    assert all(each.is_set() for each in begun)
    assert first >= 0
    assert last < LATE_SECONDS


@pytest.mark.parametrize("document", [EVENTS, OWN])
async def test_a_socket_ends_before_it_says_that_nobody_is_signed_in(stage, document):
    """Who asks by it first notices that its session has gone, before the next look."""
    async with stage.connected(await token_of(stage.user)) as connection:
        await Session.filter(user_id=stage.user.id).delete()
        payload = {"query": document, "variables": {"id": stage.task, "after": 0}}
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        assert connection.close_code == SIGNED_OUT


async def another_process(stage, statement):
    """Have another process change the database; return when it had."""
    url = stage.settings.database
    program = (
        "import asyncio, db, sys\n"
        "from tortoise import connections\n"
        "async def run():\n"
        "    async with db.connect(sys.argv[1]):\n"
        "        await connections.get('default').execute_script(sys.argv[2])\n"
        "asyncio.run(run())\n"
    )
    await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, url, statement], check=True
    )


@pytest.mark.parametrize(
    ("shown", "statement"),
    [
        (of_session, "DELETE FROM session"),
        (of_token, "DELETE FROM api_token"),
    ],
)
async def test_another_process_ends_it(stage, shown, statement):
    """By `rollway user password`, by another server: nobody here is told, but it is seen."""
    token = await shown(stage, None)
    begun = [asyncio.Event() for _ in WAYS]
    watchers = [
        watch(stage, token, document, each)
        for (watch, document), each in zip(WAYS, begun, strict=True)
    ]
    done = None

    async def end():
        nonlocal done
        await asyncio.gather(*(each.wait() for each in begun))
        await another_process(stage, statement)
        done = datetime.now(UTC)

    ending = asyncio.create_task(end())
    _, last = await lateness(stage, watchers, lambda: done or datetime.now(UTC))
    await ending

    assert last < LATE_SECONDS


async def test_another_process_takes_the_role(stage):
    """Who is a member no longer gets an error, and keeps the socket."""
    ben = await User.create(id="u_ben", username="ben")
    await Org.create(id=f"u_ben:{stage.team}", user=ben, name=stage.team, role="VIEWER")
    async with stage.connected(await token_of(ben)) as connection:
        for name, document in (("shared", EVENTS), ("own", OWN)):
            payload = {"query": document, "variables": {"id": stage.task, "after": 0}}
            message = {"id": name, "type": "subscribe", "payload": payload}
            await connection.send(json.dumps(message))
        seen = set()
        while seen != {"shared", "own"}:
            seen.add(json.loads(await connection.recv())["id"])
        await another_process(stage, "DELETE FROM org WHERE role = 'VIEWER'")
        async with asyncio.timeout(LATE_SECONDS):
            while seen:
                told = await connection.recv()
                if "NOT_FOUND" in told:
                    seen.discard(json.loads(told)["id"])

"""The gate of subscriptions: what is no message, who hangs, who floods, and what they leave."""

import asyncio
import gc
import json
import os
import socket
from collections import Counter
from contextlib import asynccontextmanager
from time import monotonic
from types import AsyncGeneratorType

import pytest
import websockets
from tortoise import connections
from tortoise.transactions import in_transaction
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from websockets.exceptions import ConnectionClosed

import db
from auth import sessions
from auth.viewer import Viewer
from control.port import Entry
from resolvers.context import Context
from resolvers.reading.loader import Loader
from resolvers.reading.loaders import Loaders
from rollway.api.streams import Stream
from rollway.connections.cutting import Cuttable
from rollway.sockets import frames
from rollway.sockets import socket as of_socket
from rollway.sockets.frames import Protocol
from rollway.sockets.operation import Operation
from rollway.sockets.socket import Socket
from schema import schema
from tests.streaming import EVENTS, OWN, Stage, token_of

MUTATION = 'mutation B { createOrg(input: {name: "other"}) { __typename } }'
INIT = {"type": "connection_init"}
QUERY = {"query": "{ viewer { username } }"}
SECONDS = 60
TASKS = 2  # of this process: the test and the server
REASON_BYTES_MAX = 123
PING = bytes([0x89, 0x80 | 125]) + bytes(4 + 125)
GOODBYE = bytes([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8])


def subscribe(**given):
    """Return the messages of a client that is greeted and begins an operation, but for *given*."""
    message = {"id": "1", "type": "subscribe", "payload": QUERY} | given
    return [INIT, {key: value for key, value in message.items() if value is not ...}]


# By name: what is sent, and the code the socket is closed with; None for one that stays open.
FRAMES = {
    "empty": ([""], 4400),
    "no JSON": (["{"], 4400),
    "NaN": (['{"type": "ping", "payload": {"a": NaN}}'], 4400),
    "a lone surrogate": (['{"type": "ping", "payload": {"a": "\\ud800"}}'], 4400),
    "bytes": ([b"{}"], 4400),
    "null": ([None], 4400),
    "a list": ([[INIT]], 4400),
    "a string": (["connection_init"], 4400),
    "nested deeply": (["[" * 50_000 + "]" * 50_000], 4400),
    "nested in a payload": (
        ['{"type":"ping","payload":' + '{"a":' * 20_000 + "1" + "}" * 20_001],
        4400,
    ),
    "a number of 5,000 digits": (['{"type":"ping","payload":{"a":' + "9" * 5000 + "}}"], 4400),
    "too large": (["x" * 8 * 1024 * 1024], 1009),
    "no type": ([{}], 4400),
    "a type that is a list": ([{"type": []}], 4400),
    "a type that is unknown and long": ([{"type": "\u4e2d" * 5000}], 4400),
    "a type of the older protocol": ([INIT, {"type": "start", "id": "1", "payload": QUERY}], 4400),
    "init with a list": ([INIT | {"payload": []}], 4400),
    "init with a string": ([INIT | {"payload": "x"}], 4400),
    "init twice": ([INIT, INIT], 4429),
    "ping with a list": ([{"type": "ping", "payload": []}], 4400),
    "complete without id": ([INIT, {"type": "complete"}], 4400),
    "subscribe before all": (subscribe()[1:], 4401),
    "id missing": (subscribe(id=...), 4400),
    "id null": (subscribe(id=None), 4400),
    "id a number": (subscribe(id=1), 4400),
    "id a list": (subscribe(id=["1"]), 4400),
    "id an object": (subscribe(id={}), 4400),
    "id too long": (subscribe(id="x" * 1001), 4400),
    "payload missing": (subscribe(payload=...), 4400),
    "payload a list": (subscribe(payload=[]), 4400),
    "payload a string": (subscribe(payload="{ viewer { id } }"), 4400),
    "query missing": (subscribe(payload={}), 4400),
    "query a list": (subscribe(payload={"query": []}), 4400),
    "variables a list": (subscribe(payload=QUERY | {"variables": []}), 4400),
    "extensions a string": (subscribe(payload=QUERY | {"extensions": "x"}), 4400),
    "operationName a list": (subscribe(payload=QUERY | {"operationName": []}), 4400),
    "operationName long": (subscribe(payload=QUERY | {"operationName": "x" * 5000}), None),
    "a long syntax error": (subscribe(payload={"query": "\u4e2d" * 5000}), None),
    "an empty document": (subscribe(payload={"query": ""}), None),
    "a document nested deeply": (subscribe(payload={"query": "{a" * 900}), None),
    "a mutation": (
        subscribe(payload={"query": "mutation { signOut(input: {}) { __typename } }"}),
        None,
    ),
}


@pytest.fixture
async def stage(sqlite, tmp_path):
    """A task that runs, and its user's token."""
    made = Stage(sqlite, tmp_path)
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


async def until(condition):
    """Wait until something holds."""
    while not condition():
        await asyncio.sleep(0.01)


def opened(stage):
    """Return a connection that is being opened."""
    return websockets.connect(
        f"ws://127.0.0.1:{stage.port}/graphql", subprotocols=["graphql-transport-ws"]
    )


@asynccontextmanager
async def bare(stage):
    """Give reader and writer of a socket that was accepted; nothing is answered or read for it."""
    plain = socket.create_connection(("127.0.0.1", stage.port))
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader, writer = await asyncio.open_connection(sock=plain, limit=4096)
    writer.write(
        f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{stage.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def masked(message):
    """Return a frame with a message, masked with zeros."""
    text = json.dumps(message).encode()
    assert len(text) > 125
    return bytes([0x81, 0xFE]) + len(text).to_bytes(2) + bytes(4) + text


async def test_what_is_no_message_closes_its_socket(stage, caplog):
    """By the code of the protocol, with a reason that fits; what is said in the log is nothing."""
    found, reasons = {}, {}
    for name, (messages, _) in FRAMES.items():
        async with opened(stage) as connection:
            try:
                for each in messages:
                    await connection.send(
                        each if isinstance(each, str | bytes) else json.dumps(each)
                    )
                await connection.send(json.dumps({"type": "ping"}))
                while json.loads(await connection.recv())["type"] != "pong":
                    pass
                found[name] = None
            except ConnectionClosed:
                found[name], reasons[name] = connection.close_code, connection.close_reason

    assert found == {name: code for name, (_, code) in FRAMES.items()}
    assert all(0 < len(each.encode()) <= REASON_BYTES_MAX for each in reasons.values())
    assert not [each for each in caplog.records if each.exc_info or each.levelname == "ERROR"]


@pytest.mark.parametrize(
    "more",
    [
        "Content-Length: 3\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "X: y\r\n" * 200 + "\r\n",
        f"X: {'y' * 9000}\r\n\r\n",
    ],
)
async def test_a_greeting_that_is_none_is_refused(stage, more):
    """Nothing of it stays open, where no bound counts it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    writer.write(
        f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{stage.port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}".encode()
    )
    assert (await reader.read()).startswith(b"HTTP/1.1 400")
    writer.close()
    await until(lambda: not stage.connections)


async def test_a_mutation_is_refused(stage):
    """Nothing of it is done, whatever the operation is called and what stands beside it."""
    query = (
        'query A { viewer { id } } mutation B { createOrg(input: {name: "other"}) { __typename } }'
    )
    async with stage.connected(stage.token) as connection:
        for name in ("B", None):
            payload = {"query": query, "operationName": name}
            await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            answer = json.loads(await connection.recv())
            assert answer["type"] == "error"
        await connection.send(json.dumps({"id": "2", "type": "subscribe", "payload": QUERY}))
        assert json.loads(await connection.recv())["payload"]["data"]["viewer"]


async def test_a_database_that_is_away_is_no_broken_socket(stage):
    """Who cannot be looked up is asked to come back, by a code that clients do that for."""
    await connections.get("default").execute_script("ALTER TABLE session RENAME TO away")
    async with opened(stage) as connection:
        payload = {"Authorization": f"Bearer {stage.token}"}
        await connection.send(json.dumps(INIT | {"payload": payload}))
        await connection.wait_closed()
    await connections.get("default").execute_script("ALTER TABLE away RENAME TO session")

    assert connection.close_code == 1013
    async with stage.connected(stage.token):
        pass


async def test_a_database_that_hangs_holds_nobody(postgres_url, tmp_path, monkeypatch):
    """Who cannot be looked up in time is asked to come back; others go on meanwhile."""
    async with db.connect(postgres_url):
        stage = Stage(postgres_url, tmp_path)
        await stage.start()
        token = await token_of(await stage.furnish())
        monkeypatch.setattr(of_socket, "INIT_SECONDS", 0.3)
        payload = {"Authorization": f"Bearer {token}"}
        async with stage.connected() as other:
            async with in_transaction() as held:
                await held.execute_query('LOCK TABLE "session" IN ACCESS EXCLUSIVE MODE')
                async with opened(stage) as connection:
                    await connection.send(json.dumps(INIT | {"payload": payload}))
                    await other.send(json.dumps({"type": "ping"}))
                    assert json.loads(await other.recv()) == {"type": "pong"}
                    await connection.wait_closed()
            assert connection.close_code == 1013
            async with stage.connected(token):
                pass
        await stage.stop()


async def test_who_says_too_much_waits(stage):
    """Of many messages at once so many are answered a second; others are answered meanwhile."""
    async with stage.connected(stage.token) as loud, stage.connected(stage.token) as calm:
        began = monotonic()
        for _ in range(300):
            await loud.send(json.dumps({"type": "ping"}))
        for answered in range(1, 301):
            await loud.recv()
            allowed = of_socket.MESSAGES_AT_ONCE
            allowed += (monotonic() - began) * of_socket.MESSAGES_PER_SECOND
            assert answered <= allowed + 1
            if answered == of_socket.MESSAGES_AT_ONCE:
                await calm.send(json.dumps({"type": "ping"}))
                assert json.loads(await calm.recv()) == {"type": "pong"}


async def test_pings_that_nobody_reads_the_answers_of(stage, monkeypatch):
    """Who floods is cut off, before their answers fill the memory."""
    monkeypatch.setattr(frames, "UNREAD_BYTES_MAX", 256 * 1024)
    async with bare(stage) as (reader, writer):
        reader._transport.pause_reading()
        try:
            while True:
                writer.write(PING * 500)
                await writer.drain()
        except ConnectionError:
            pass
        await until(lambda: not stage.connections)


async def test_who_takes_no_last_word_is_not_waited_for(stage, monkeypatch):
    """A socket whose reader sleeps ends when either side says goodbye; nothing of it is kept."""
    monkeypatch.setattr(frames, "GOODBYE_SECONDS", 0.1)
    await stage.say(300, 6000)
    payload = {"query": EVENTS, "variables": {"id": stage.task, "after": 0}}
    hello = INIT | {"payload": {"Authorization": f"Bearer {stage.token}", "padding": "x" * 99}}
    for last in (GOODBYE, b"\x81\x80\x00\x00\x00\x00"):
        async with bare(stage) as (reader, writer):
            writer.write(masked(hello))
            await reader.readuntil(b"connection_ack")
            reader._transport.pause_reading()
            writer.write(masked({"id": "1", "type": "subscribe", "payload": payload}))
            (protocol,) = stage.connections
            await until(lambda: not protocol.writable.is_set())  # noqa: B023 - waited for
            writer.write(last)
            await until(lambda: not stage.connections)


async def test_a_cancelled_event_leaves_nothing_unawaited(stage):
    """Wherever in its execution an event's reader goes; else a warning fails this test."""
    await stage.say(80)
    session = (await sessions.start(stage.user))[0]
    services = stage.server.services
    for ticks in range(80):
        context = Context(
            services=services, request=None, response=None, language="en", address="", device=""
        )
        context.viewer = Viewer(stage.user, session)
        begun = asyncio.Event()

        async def watch(context=context, begun=begun):
            variables = {"id": stage.task, "after": 0}
            results = await schema.stream(OWN, variable_values=variables, context_value=context)
            async for _ in results:
                begun.set()

        watching = asyncio.create_task(watch())
        await begun.wait()
        for _ in range(ticks):
            await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait({watching})
    gc.collect()


async def by_stream(stage, number):
    """Watch by server-sent events; leave without a word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    payload = {"query": OWN, "variables": {"id": stage.task, "after": 0}}
    body = json.dumps(payload)
    writer.write(
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{stage.port}\r\nAccept: text/event-stream\r\n"
        f"Authorization: Bearer {stage.token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    for _ in range(number % 4):
        await reader.readuntil(b"event: next")
    writer.transport.abort()


async def by_socket(stage, number):
    """Watch by WebSocket; leave in the middle, or with a word, or before it has begun."""
    payload = {"query": OWN if number % 3 else EVENTS, "variables": {"id": stage.task, "after": 0}}
    async with stage.connected(stage.token) as connection:
        message = {"id": "1", "type": "subscribe", "payload": payload}
        await connection.send(json.dumps(message))
        for _ in range(number % 4):
            await connection.recv()
        if number % 5:
            connection.transport.abort()


def left(stage):
    """Return what there is of all that a connection makes."""
    gc.collect()
    alive = Counter(type(each) for each in gc.get_objects())
    kinds = (Socket, Operation, Stream, Context, Entry, AsyncGeneratorType, asyncio.Task)
    files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    found = {kind: alive[kind] for kind in kinds}
    return Counter(found | {"files": files, "open": len(stage.connections)})


@pytest.mark.slow
async def test_many_who_come_and_go_leave_nothing(stage):
    """Hundreds, one after the other: no task, no generator, no connection, nothing of ours."""
    async with stage.connected(stage.token):
        pass
    await until(lambda: not stage.connections and len(asyncio.all_tasks()) == TASKS)
    before = left(stage)
    for number in range(100):
        await by_stream(stage, number)
        await by_socket(stage, number)
    await until(lambda: not left(stage) - before)  # of the test before something may still go


async def by_query(stage, number):
    """Ask something; leave before the answer, or after."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    body = json.dumps(QUERY)
    writer.write(
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{stage.port}\r\n"
        f"Authorization: Bearer {stage.token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    if number % 2:
        await reader.readuntil(b"}}")
    writer.transport.abort()


async def by_silence(stage, _number):
    """Say nothing on a socket that was accepted; leave."""
    async with bare(stage):
        pass


async def by_mistake(stage, _number):
    """Ask for what is no document, as somebody did before; leave."""
    async with stage.connected(stage.token) as connection:
        payload = {"query": "{ viewer { username }"}
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        assert json.loads(await connection.recv())["type"] == "error"


@pytest.mark.parametrize("come_and_go", [by_mistake, by_query, by_silence, by_socket, by_stream])
async def test_who_has_left_is_freed_without_the_collector(stage, come_and_go):
    """It would look at all other connections too, a fifth of a second for a thousand."""
    of_connections = (Cuttable, Protocol, RequestResponseCycle, Socket, Stream)
    kinds = (*of_connections, Operation, Context, Loaders, Loader)
    async with stage.connected(stage.token):
        pass
    await until(lambda: not stage.connections and len(asyncio.all_tasks()) == TASKS)
    gc.collect()
    before = Counter(type(each) for each in gc.get_objects())
    gc.disable()
    try:
        for number in range(20):
            await come_and_go(stage, number)
        await until(lambda: not stage.connections and len(asyncio.all_tasks()) == TASKS)
        await until(lambda: not new(before, kinds))
    finally:
        gc.enable()


def new(before, kinds):
    """Return of which kinds there are more than before."""
    now = Counter(type(each) for each in gc.get_objects())
    return {kind for kind in kinds if now[kind] > before[kind]}

"""Streams over HTTP on a real connection: heartbeats, readers that do not read, and the end."""

import asyncio
import json
import re
import socket
from contextlib import ExitStack, asynccontextmanager, nullcontext

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from rollway.api import streams
from rollway.api.accept import EVENTS, PARTS
from rollway.api.framing import FRAMINGS, Events, Parts
from rollway.api.streams import Stream, Streams
from rollway.connections.cutting import cuttable
from rollway.connections.listening import Announcing, bind
from schema.requests import Leaving, TooManyStreams

MIB = 1024 * 1024


class Source:
    """Answers that a stream sends, and whether somebody has closed them."""

    def __init__(self, answers, *, ends=True):
        self.answers = answers
        self.ends = ends
        self.framing = FRAMINGS[EVENTS]
        self.closed = asyncio.Event()

    async def items(self):
        """Yield the answers; then end, or wait for ever."""
        try:
            for each in self.answers:
                yield self.framing.frame(each)
            if not self.ends:
                await asyncio.Event().wait()
        finally:
            self.closed.set()


@asynccontextmanager
async def serving(source, media_type=EVENTS, *, whole=False):
    """Serve a stream; give where, the open streams, and the server."""
    opened, framing = Streams(2, 2), FRAMINGS[media_type]
    source.framing = framing

    class Endpoint:
        async def __call__(self, scope, receive, send):
            stream = Stream(
                source.items(),
                framing,
                opened,
                running=nullcontext(),
                user_id="ann",
                address="::1",
                language="zh",
                headers={},
                whole=whole,
            )
            await stream(scope, receive, send)

    listening = bind("127.0.0.1", 0)
    app = Starlette(routes=[Route("/", Endpoint())])
    config = uvicorn.Config(app, http=cuttable(), log_config=None, timeout_graceful_shutdown=30)
    ready = asyncio.Event()
    server = Announcing(config, ready.set, opened.leave)
    serving = asyncio.create_task(server._serve(sockets=[listening]))
    try:
        await ready.wait()
        yield listening.getsockname(), opened, server
    finally:
        server.should_exit = True
        await serving


async def asked(address, **given):
    """Return a connection on which the stream was asked for."""
    reader, writer = await asyncio.open_connection(*address, **given)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    await writer.drain()
    return reader, writer


async def until(condition):
    """Wait until something holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("media_type", "kind", "heartbeat"),
    [(EVENTS, Events, b"\r\n:\n\n"), (PARTS, Parts, b"\r\n{}\r\n--graphql")],
)
async def test_heartbeats_while_nothing_happens(monkeypatch, media_type, kind, heartbeat):
    """The first bytes come at once, and others again and again: proxies keep the connection."""
    monkeypatch.setattr(kind, "heartbeat_seconds", 0.02)
    source = Source([b'{"data":1}'], ends=False)
    async with serving(source, media_type) as (address, _, _):
        reader, writer = await asked(address)
        async with asyncio.timeout(20):
            for _ in range(3):
                await reader.readuntil(heartbeat)
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(20):
            await source.closed.wait()


async def test_who_does_not_read_is_cut(monkeypatch):
    """The answers are closed, the place is free again, nothing more is kept for that client."""
    monkeypatch.setattr(streams, "WRITE_SECONDS", 0.2)
    source = Source(b"x" * MIB for _ in range(64))
    async with serving(source) as (address, opened, _):
        with socket.create_connection(address) as lazy:
            lazy.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: source.closed.is_set() and not opened.users._taken)


async def test_a_slow_reader_gets_all(monkeypatch):
    """Who reads steadily, though slowly, is sent everything."""
    monkeypatch.setattr(streams, "WRITE_SECONDS", 5)
    source = Source([b"#" * MIB] * 4)
    async with serving(source) as (address, _, _):
        reader, writer = await asked(address, limit=16 * 1024)
        received = 0
        async with asyncio.timeout(30):
            while data := await reader.read(64 * 1024):
                received += data.count(b"#")
                await asyncio.sleep(0.002)
        writer.close()
        await writer.wait_closed()
    assert received == 4 * MIB


@pytest.mark.parametrize("media_type", [EVENTS, PARTS])
async def test_a_server_that_stops_says_so(media_type):
    """Open streams end with words, not with a completion, and hold the server up no longer."""
    source = Source([b'{"data":1}'], ends=False)
    async with serving(source, media_type) as (address, _, server):
        reader, writer = await asked(address)
        async with asyncio.timeout(20):
            await reader.readuntil(b'{"data":1}')
            server.should_exit = True
            rest = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert b"event: complete" not in rest
    if media_type == EVENTS:
        assert b"connect again" in rest
    else:
        *_, last = [json.loads(each) for each in re.findall(rb"^{.*}", rest, re.MULTILINE)]
        (entry,) = last["errors"]
        assert entry["message"] == "服务器正在停止。"
        assert entry["extensions"] == {
            "code": "UNAVAILABLE",
            "remedy": "请在 1 秒后重新连接。",
            "retryable": True,
            "retryAfter": 1,
        }
    assert source.closed.is_set()


async def test_a_whole_answer_is_finished(monkeypatch):
    """A mutation is not stopped half-way: by a client that goes, nor by a server that stops."""
    written = asyncio.Event()

    class Slow(Source):
        async def items(self):
            await asyncio.sleep(0.3)
            written.set()
            yield self.framing.frame(b'{"data":1}')

    async with serving(Slow([]), whole=True) as (address, _, server):
        _, going = await asked(address)
        reader, staying = await asked(address)
        await asyncio.sleep(0.05)
        going.transport.abort()
        server.should_exit = True
        async with asyncio.timeout(20):
            text = await reader.read()
        staying.close()
        await staying.wait_closed()
    assert written.is_set()
    assert b"event: next" in text
    assert b"event: complete" in text


def test_places_are_few():
    """Of one caller and of all; guests take none from users, and neighbours count as one."""
    opened = Streams(2, 3)
    with ExitStack() as stack:
        for user in ("ann", "ann", "ben"):
            stack.enter_context(opened.seat(user, "::1"))
        with pytest.raises(TooManyStreams), opened.seat("ann", "::1"):
            pass
        with pytest.raises(TooManyStreams), opened.seat("cid", "::1"):
            pass
        for number in range(streams.GUESTS_PER_ADDRESS_MAX):
            stack.enter_context(opened.seat(None, f"2001:db8::{number:x}"))
        with pytest.raises(TooManyStreams), opened.seat(None, "2001:db8::ffff"):
            pass
        with opened.seat(None, "2001:db9::1"):
            pass
    with opened.seat("ann", "::1"):
        pass
    assert not opened.users._taken
    assert not opened.guests._taken
    opened.leave()
    with pytest.raises(Leaving), opened.seat("ben", "::1"):
        pass

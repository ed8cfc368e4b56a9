"""Connections over HTTP that are silent, or are not read: they end, and others are served."""

import asyncio
import re
import socket
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from rollway.connections import cutting
from rollway.connections.cutting import cuttable
from rollway.connections.listening import bind

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CONNECT = b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n"
MIB = 1024 * 1024
SECONDS = 20
KEPT_SECONDS = 0.2
SMALL_BYTES = 8 * 1024  # of a system's buffer, so that a slow reader is noticed


@asynccontextmanager
async def serving(length, app=None, **more):
    """Serve an answer of so many bytes, or *app*; give where, and the server."""
    app = app or Starlette(routes=[Route("/", lambda _: Response(b"x" * length))])
    listening = bind("127.0.0.1", 0)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BYTES)
    given = {"http": cuttable(), "log_config": None, "lifespan": "off", **more}
    server = uvicorn.Server(uvicorn.Config(app, **given))
    running = asyncio.create_task(server._serve(sockets=[listening]))
    try:
        async with asyncio.timeout(SECONDS):
            while not server.started:
                await asyncio.sleep(0.01)
            yield listening.getsockname(), server
    finally:
        server.should_exit = True
        await running


async def ended(server):
    """Wait until nobody is connected."""
    while server.server_state.connections:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHo", ASKED])
async def test_who_says_nothing_is_not_waited_for(monkeypatch, sent):
    """Neither at the beginning, nor in the middle of a request's head, nor after an answer."""
    monkeypatch.setattr(cutting, "SILENT_SECONDS", 0.1)
    async with serving(10) as (address, server):
        with socket.create_connection(address) as lazy:
            lazy.sendall(sent)
            while not server.server_state.connections:
                await asyncio.sleep(0.01)
            await ended(server)


async def test_a_connection_waits_for_the_next_request_as_long_as_for_the_first(monkeypatch):
    """Who serves may not end it before: a proxy in front would write into one that has ended."""
    monkeypatch.setattr(cutting, "SILENT_SECONDS", 3 * KEPT_SECONDS)
    async with serving(10, timeout_keep_alive=KEPT_SECONDS) as (address, server):
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(2):
            writer.write(ASKED)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            await reader.readexactly(10)
            await asyncio.sleep(2 * KEPT_SECONDS)
        assert server.server_state.total_requests == 2
        await ended(server)
        writer.close()


async def test_who_does_not_read_an_answer_is_not_waited_for(monkeypatch):
    """What is unsent of it is given up."""
    monkeypatch.setattr(cutting, "UNREAD_SECONDS", 0.1)
    async with serving(8 * MIB) as (address, server):
        with socket.create_connection(address) as lazy:
            lazy.sendall(ASKED)
            while not server.server_state.total_requests:
                await asyncio.sleep(0.01)
            await ended(server)


async def test_who_reads_slowly_gets_all(monkeypatch):
    """As long as something is taken again and again, time does not count."""
    monkeypatch.setattr(cutting, "UNREAD_SECONDS", 0.5)
    monkeypatch.setattr(cutting, "SILENT_SECONDS", 0.5)
    async with serving(MIB) as (address, _):
        reader, writer = await asyncio.open_connection(*address, limit=4096)
        writer.write(ASKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received = 0
        while data := await reader.read(4096):
            received += len(data)
            await asyncio.sleep(0.005)
        writer.transport.abort()
    assert received >= MIB


async def test_however_many_are_silent_who_asks_is_answered(monkeypatch):
    """The one that has said nothing longest gives way."""
    monkeypatch.setattr(cutting, "WAITING_PER_ADDRESS_MAX", 5)
    async with serving(10) as (address, _):
        silent = [await asyncio.open_connection(*address) for _ in range(8)]
        for reader, _ in silent[:3]:
            assert await reader.read() == b""
        reader, writer = silent[-1]
        writer.write(ASKED)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        for _, each in silent:
            each.transport.abort()


def post(length):
    """Return the head of a request that will not be taken."""
    return f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def pour(address, length):
    """Send a body of so many bytes in spite of the answer; return that and the bytes that went."""
    sent = 0
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BYTES)
        client.settimeout(SECONDS)
        client.connect(address)
        client.sendall(post(length))
        answer = client.recv(4096)
        with suppress(ConnectionError):
            while sent < length:
                sent += client.send(b"x" * min(64 * 1024, length - sent))
    return answer, sent


async def test_a_body_that_was_refused_is_not_read_to_its_end(monkeypatch):
    """The answer comes at once; some of the body is read, then the connection ends."""
    monkeypatch.setattr(cutting, "LEAVING_SECONDS", 0.2)
    async with serving(10) as (address, server):
        answer, sent = await asyncio.to_thread(pour, address, 1024 * MIB)
        await ended(server)

    assert answer.startswith(b"HTTP/1.1 405")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert cutting.UNWANTED_BYTES_MAX < sent < 32 * MIB


async def test_who_writes_first_reads_the_refusal_too():
    """A client that looks for the answer only when it can write no more finds it."""
    async with serving(10) as (address, _):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(post(64 * MIB) + bytes(20 * MIB))
        answer = await reader.read()
        writer.transport.abort()

    assert answer.startswith(b"HTTP/1.1 405")


@pytest.mark.parametrize("length", [17 * MIB, None], ids=["announced", "in pieces"])
async def test_after_a_long_body_that_was_refused_the_client_takes_another_connection(length):
    """The answer says so: the connection may end at any time, which no request should meet."""
    headers = {"Content-Length": str(length)} if length else None

    async def pieces():
        for _ in range(17):
            yield bytes(MIB)

    async with serving(10) as ((host, port), _), httpx2.AsyncClient(trust_env=False) as client:
        for _ in range(5):
            url = f"http://{host}:{port}/"
            refused = await client.post(url, content=pieces(), headers=headers)
            assert (refused.status_code, refused.headers["Connection"]) == (405, "close")
            assert (await client.get(url)).status_code == 200


async def broken(_, __, send):
    """Answer half, and no more."""
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def test_an_answer_that_breaks_off_amid_a_body_ends_the_connection(monkeypatch):
    """Though nobody says that the answer is complete."""
    monkeypatch.setattr(cutting, "SILENT_SECONDS", 0.3)
    async with serving(10, broken) as (address, server):
        with socket.create_connection(address) as lazy:
            lazy.sendall(post(1000) + b"x")
            while not server.server_state.connections:
                await asyncio.sleep(0.01)
            await ended(server)


async def test_after_a_short_body_that_was_refused_the_connection_goes_on(monkeypatch):
    """Whoever sent it may ask again, as long as each is short."""
    monkeypatch.setattr(cutting, "UNWANTED_BYTES_MAX", 1000)
    async with serving(10) as (address, _):
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(3):
            writer.write(post(1000))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 405")
            await reader.readexactly(len("Method Not Allowed"))
            writer.write(bytes(1000))
        writer.write(ASKED)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.transport.abort()


async def told(address, sent):
    """Send until the connection ends, and return what is answered."""
    reader, writer = await asyncio.open_connection(*address)
    reading = asyncio.create_task(reader.read())
    for piece in sent:
        writer.write(piece)
        if (await asyncio.wait({reading}, timeout=0.02))[0]:
            break
    try:
        return await reading
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


@pytest.mark.parametrize(
    "begun",
    [b"GET /", b"GET / HTTP/1.1\r\nA: ", b"GET / HTTP/1.1\r\n", b""],
    ids=["address", "value", "headers", "empty lines"],
)
async def test_a_head_without_an_end_is_refused(begun):
    """The parser keeps what it reads of a line: it is not fed for ever."""
    piece = {b"": b"\r\n" * 512, b"GET / HTTP/1.1\r\n": b"A: b\r\n" * 170}.get(begun, b"a" * 1024)
    async with serving(10) as (address, server):
        answer = await told(address, [begun, *[piece] * 20])
        await ended(server)

    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.endswith((cutting.TOO_LONG.encode(), cutting.INVALID.encode()))


async def test_a_long_head_that_comes_at_once_is_read():
    """As a long query in the address is."""
    async with serving(10) as (address, _):
        head = b"GET /?" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert (await told(address, [head])).startswith(b"HTTP/1.1 200")


async def headers(scope, receive, send):
    """Answer with the names of the headers, as they are once the body has been read."""
    while (await receive()).get("more_body"):
        pass
    body = b",".join(name for name, _ in scope["headers"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


LAST = ASKED[:-2] + b"Connection: close\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_trailers_are_no_headers():
    """A proxy in front looks at headers alone."""
    async with serving(10, headers) as (address, _):
        trailers = b"0\r\nAuthorization: Bearer x\r\n\r\n"
        sent = [CHUNKED + b"1\r\nx\r\n", trailers, LAST]
        answer = await told(address, sent)

    assert b"host,transfer-encoding" in answer
    assert b"authorization" not in answer


@pytest.mark.parametrize("line", [b"A: b\r\n", b"a"], ids=["lines", "a line"])
async def test_trailers_without_an_end_are_refused(line):
    """Nobody is asked whether they want more of them."""
    async with serving(10, headers) as (address, server):
        sent = [CHUNKED + b"0\r\n", *[line * (1024 // len(line))] * 20]
        assert (await told(address, sent)).startswith(b"HTTP/1.1 400")
        await ended(server)


async def slow(scope, receive, send):
    """Answer in a moment."""
    await asyncio.sleep(0.05)
    await headers(scope, receive, send)


async def test_requests_may_be_sent_ahead_but_not_without_end():
    """All are answered, in order; who sends too many is cut off."""
    names = [f"number-{number:02}".encode() for number in range(20)]
    asked = [b"GET / HTTP/1.1\r\nHost: x\r\n%b: x\r\n\r\n" % name for name in names]
    async with serving(10, slow) as (address, server):
        answer = await told(address, [b"".join(asked) + LAST])
        assert re.findall(rb"number-\d+", answer) == names
        assert await told(address, [ASKED * (cutting.PIPELINED_MAX + 2)]) == b""
        await ended(server)


async def test_a_socket_is_not_opened_amid_an_answer():
    """Its frames would stand in the middle of it."""
    upgrade = ASKED[:-2] + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    async with serving(10, slow) as (address, server):
        assert await told(address, [ASKED + upgrade]) == b""
        await ended(server)


async def halves(_, receive, send):
    """Answer the first half, and the other once the client has gone on."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await receive()
    await send({"type": "http.response.body", "body": b"x"})


async def test_the_head_of_an_answer_does_not_wait_for_its_body():
    """Who opens a stream is told so at once; else head and body leave together."""
    async with serving(10, halves) as (address, _):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(post(1))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.write(b"x")
        assert b"x" in await reader.readuntil(b"0\r\n\r\n")
        writer.transport.abort()


async def test_who_leaves_has_left_also_where_more_was_sent_ahead():
    """What answers the first request is told, not only what would answer the last."""
    left = asyncio.Event()

    async def watching(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()

    async with serving(10, watching) as (address, _):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(ASKED * 3)
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        await left.wait()


async def pausing(_, __, send):
    """Answer in two pieces."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for more in (True, False):
        await send({"type": "http.response.body", "body": b"x", "more_body": more})
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("app", [slow, pausing], ids=["before", "amid"])
async def test_a_refusal_stands_in_no_other_answer(app, caplog):
    """What follows a request is no request: who sent both is cut off."""
    async with serving(10, app) as (address, server):
        answer = await told(address, [ASKED, b"\0garbage\r\n\r\n"])
        await ended(server)

    assert b" 400 " not in answer
    assert not [each for each in caplog.records if each.exc_info]


async def reading(_, receive, send):
    """Answer with the body, once it has been read; where somebody waits for it."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def test_a_body_that_is_broken_is_refused(caplog):
    """Once, and nobody else hears of it."""
    async with serving(10, reading) as (address, server):
        answer = await told(address, [CHUNKED + b"zz\r\n"])
        await ended(server)

    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1
    assert not [each for each in caplog.records if each.exc_info]


async def test_a_length_may_begin_with_zeros(caplog):
    """Python reads no number of so many digits."""
    async with serving(10) as (address, server):
        length = "0" * 5000 + "24"
        answer = await told(address, [post(length), b"x" * 24 + LAST])
        await ended(server)

    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"405", b"200"]
    assert not [each for each in caplog.records if each.exc_info]


async def test_the_first_version_knows_no_chunks():
    """Its answer ends with the connection."""
    async with serving(10, halves) as (address, _):
        answer = await told(address, [b"GET / HTTP/1.0\r\n\r\n"])
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body == b"x"

    async with serving(10) as (address, _):
        answer = await told(address, [b"GET / HTTP/1.0\r\n\r\n"])
    assert answer.endswith(b"\r\n\r\n" + b"x" * 10)


@pytest.mark.parametrize("pieces", [1, 2])
async def test_another_protocol_is_not_taken_up(pieces):
    """As curl and Java offer it, with a body: that is read, and so is what follows."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n"
    asked = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n" + offer + b"\r\n" + b"hello"
    whole = asked + asked + LAST
    cuts = [whole] if pieces == 1 else [whole[:-140], whole[-140:]]
    async with serving(10, reading) as (address, _):
        answer = await told(address, cuts)
    assert len(re.findall(rb"hello", answer)) == 2
    assert answer.count(b"HTTP/1.1 200") == 3


async def test_of_many_offers_sent_ahead_few_are_read_once_more(monkeypatch):
    """As many as of other requests: each takes a look at all that follows it."""
    read, head = [], cutting.Head.without_upgrade
    monkeypatch.setattr(
        cutting.Head, "without_upgrade", lambda *given: read.append(1) or head(*given)
    )
    offer = ASKED[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    async with serving(10, slow) as (address, server):
        await told(address, [offer * 1000])
        await ended(server)

    assert 0 < len(read) <= cutting.PIPELINED_MAX + 4


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET / HTTP/0.9\r\n\r\n",
        CHUNKED.replace(b"chunked", b"gzip, chunked"),
        ASKED[:-2] + b"A: b\r\n" * 300 + b"\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        ASKED[:-2] + b"A: " + b"b" * 70_000 + b"\r\n\r\n",
        CONNECT + b"\r\n",
        CONNECT + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
async def test_heads_that_others_may_read_in_another_way(head):
    """Several hosts, versions that are not spoken, codings that are not undone, too much.

    By CONNECT a proxy is asked; the parser takes what follows for another protocol.
    """
    async with serving(10) as (address, server):
        assert (await told(address, [head])).startswith(b"HTTP/1.1 400")
        await ended(server)

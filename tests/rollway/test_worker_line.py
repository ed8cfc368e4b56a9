"""A worker's connection: which server it asks, and what it takes for an answer."""

import asyncio
import json
import socket
import ssl
import time
from contextlib import asynccontextmanager

import pytest

from control.port import Dismissed, EventsRefused, LeaseLost, StoreAway
from rollway.remote.line import Line, Unreachable
from tests.certificates import certified

NOBODY = "http://127.0.0.1:1"


@asynccontextmanager
async def answering(status, body, certificate=None):
    """Give the address of a server that answers everything alike, and what it was asked."""
    asked = []

    async def answer(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.partition("\r\n")[0])
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        writer.write(content)
        await writer.drain()
        writer.close()

    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*certificate)
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield (f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"), asked


async def ask(*urls):
    """Return what is answered."""
    line = Line(urls, "rww_x")
    try:
        return await line.ask("beat", {}, 5.0, "t_1")
    finally:
        await line.close()


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (503, {"code": "STORE_AWAY"}, StoreAway),
        (503, b"<h1>Service Unavailable</h1>", Unreachable),
        (503, {"code": "BUSY"}, Unreachable),
        (502, b"", Unreachable),
        (500, {"error": "?"}, Unreachable),
        (401, b"who are you", Unreachable),
        (404, {"detail": "Not Found"}, Unreachable),
        (200, b"welcome to the airport", Unreachable),
        (302, {"code": "x"}, Unreachable),
        (401, {"code": "WORKER_UNKNOWN"}, Dismissed),
        (410, {"code": "SESSION_GONE"}, Dismissed),
        (409, {"code": "LEASE_LOST"}, LeaseLost),
        (403, {"code": "TASK_OF_ANOTHER"}, LeaseLost),
        (422, {"code": "EVENTS_REFUSED", "error": "no"}, EventsRefused),
    ],
)
async def test_only_the_server_itself_is_believed(status, body, fault):
    """What a proxy or a portal between says is no answer: the dead-man's switch goes on."""
    async with answering(status, body) as (url, _):
        with pytest.raises(fault):
            await ask(url)


async def test_the_next_server_is_asked():
    """Where one is away or has lost its database; the one that answered is asked first then."""
    async with (
        answering(503, {"code": "STORE_AWAY"}) as (cut_off, asked_there),
        answering(200, {"fine": True}) as (good, _),
    ):
        line = Line((NOBODY, cut_off, good), "rww_x")
        assert await line.ask("beat", {}, 5.0) == {"fine": True}
        assert await line.ask("beat", {}, 5.0) == {"fine": True}
        await line.close()
        with pytest.raises(StoreAway):
            await ask(NOBODY, cut_off)

    assert asked_there == ["POST /worker/beat HTTP/1.1"] * 2
    with pytest.raises(Unreachable, match=r"ConnectError .*attempts failed"):
        await ask(NOBODY)


@asynccontextmanager
async def silent():
    """Give the address of a server that takes connections and says nothing, as a frozen one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def test_a_silent_server_is_not_waited_for():
    """Who must hear soon asks the next one too; the one that answered is asked first then."""
    async with silent() as still, answering(200, {"fine": True}) as (good, asked_there):
        line = Line((still, good), "rww_x")
        async with asyncio.timeout(5):
            assert await line.ask_soon("beat", {}, 60.0, 0.1) == {"fine": True}
            assert await line.ask("finish", {}, 60.0) == {"fine": True}
        await line.close()

    assert len(asked_there) == 2


async def test_of_two_servers_a_silent_one_does_not_hide_what_the_other_says():
    """That the database is away counts, and in time; that nobody says so does not."""
    async with silent() as still, answering(503, {"code": "STORE_AWAY"}) as (cut_off, _):
        for urls in ((still, cut_off), (cut_off, still)):
            line = Line(urls, "rww_x")
            with pytest.raises(StoreAway):
                async with asyncio.timeout(5):
                    await line.ask_soon("beat", {}, 60.0, 0.1)
            await line.close()
        line = Line((still, NOBODY), "rww_x")
        with pytest.raises(Unreachable):
            async with asyncio.timeout(5):
                await line.ask_soon("beat", {}, 0.5, 0.1)
        await line.close()


@pytest.mark.parametrize("after", [3600, -1, float("nan"), "soon", None])
async def test_until_when_the_database_was_away(after):
    """A server says it, and is believed as far as it can have been."""
    async with answering(503, {"code": "STORE_AWAY", "afterSeconds": after}) as (url, _):
        line, begin = Line((url,), "rww_x"), time.monotonic()
        with pytest.raises(StoreAway) as away:
            await line.ask("beat", {}, 5.0)
        took_seconds = time.monotonic() - begin
        await line.close()

    assert 0 <= away.value.after_seconds <= took_seconds
    assert (away.value.after_seconds > took_seconds / 2) is (after == 3600)


@pytest.mark.parametrize("name", ["localhost", "elsewhere.example"])
async def test_a_credential_goes_to_a_known_certificate_alone(tmp_path, name):
    """One that nobody vouches for, or of another name, is sent nothing."""
    certificate = certified(tmp_path, name)
    trust = ssl.create_default_context(cafile=certificate[0])
    async with answering(200, {"fine": True}, certificate) as (url, asked):
        with pytest.raises(Unreachable, match="certificate verify failed"):
            await ask(url)
        line = Line((url,), "rww_x", trust)
        if name == "localhost":
            assert await line.ask("beat", {}, 5.0) == {"fine": True}
        else:
            with pytest.raises(Unreachable):
                await line.ask("beat", {}, 5.0)
        await line.close()

    assert len(asked) == (name == "localhost")

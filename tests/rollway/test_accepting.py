"""Connections that come: others are served between them, and who finds no room waits."""

import asyncio
import gc
import os
import resource
import socket
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from itertools import pairwise

import pytest
import uvicorn
from starlette.applications import Starlette

from rollway.connections import accepting
from rollway.connections.accepting import Acceptor
from rollway.connections.listening import Announcing, bind

MANY = 30
SECONDS = 20
STANDING = 20_000
COME_AND_GO = 20


class Greeted(asyncio.Protocol):
    """Notes when it was accepted."""

    def __init__(self, when, moments):
        self._when = when
        self._moments = moments
        self._transport = None

    def connection_made(self, transport):
        """Keep it open."""
        self._transport = transport
        self._moments.append(self._when())

    def connection_lost(self, _):
        """Forget it."""


@asynccontextmanager
async def accepted(when=int):
    """Accept what comes; give where, the acceptor, and a note of each connection."""
    moments = []
    with closing(bind("127.0.0.1", 0)) as listening:
        acceptor = Acceptor(listening, lambda: Greeted(when, moments))
        try:
            yield listening.getsockname(), acceptor, moments
        finally:
            acceptor.stop()


async def until(condition):
    """Wait for something of ours."""
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.001)


async def test_others_have_turns_between_two_who_come_at_once():
    """Whoever waits for an answer waits for one greeting at most, not for all of them."""
    turns = 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with accepted(lambda: turns) as (address, _, moments):
        people = [socket.create_connection(address) for _ in range(MANY)]
        working = asyncio.create_task(others())
        await until(lambda: len(moments) == MANY)
        working.cancel()
        for each in people:
            each.close()
    assert all(later > earlier for earlier, later in pairwise(moments))


async def test_who_comes_where_no_file_can_be_opened_waits(monkeypatch, caplog):
    """They are served once others have left."""
    monkeypatch.setattr(accepting, "FULL_SECONDS", 0.05)
    async with accepted() as (address, _, moments):
        with socket.socket() as person:
            with no_files_left(person.fileno()):
                person.connect(address)
                await until(lambda: "no connection can be accepted" in caplog.text)
            assert not moments
            await until(lambda: moments)


@contextmanager
def no_files_left(one):
    """Have this process open none for the duration of the block; *one* is open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as held:
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (one + 1, hard))
        with suppress(OSError):
            while True:
                held.callback(os.close, os.dup(one))
        yield


@pytest.mark.parametrize("after", [0.0, 0.05], ids=["in a pause", "while it listens"])
async def test_after_the_end_nobody_is_accepted(after):
    """Also when it comes between two connections."""
    async with accepted() as (address, acceptor, moments):
        with socket.create_connection(address):
            await until(lambda: moments)
            await asyncio.sleep(after)
            acceptor.stop()
            with socket.create_connection(address):
                await asyncio.sleep(0.05)
                assert len(moments) == 1


async def test_the_collector_looks_at_little_where_as_many_leave_as_come():
    """Its look at what is new stands still for everybody, so it must not be all there is."""
    seen = []

    def look(phase, told):
        if phase == "start" and told["generation"] < 2:
            seen.append(sum(len(gc.get_objects(each)) for each in (0, 1)))

    server = Announcing(uvicorn.Config(Starlette(), log_config=None, lifespan="off"), seen.clear)
    thresholds = gc.get_threshold()
    with closing(bind("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server._serve(sockets=[listening]))
        await until(lambda: server.started)
        gc.callbacks.append(look)
        try:
            there = [[] for _ in range(STANDING)]
            await asyncio.sleep(0.5)
            seen.clear()
            for number in range(STANDING // COME_AND_GO):
                place = number * COME_AND_GO
                there[place : place + COME_AND_GO] = [[] for _ in range(COME_AND_GO)]
                await asyncio.sleep(0.001)
            there += [[] for _ in range(1000)]
        finally:
            gc.callbacks.remove(look)
            gc.unfreeze()
            gc.set_threshold(*thresholds)
            server.should_exit = True
            await serving
    assert max(seen) < STANDING / 4

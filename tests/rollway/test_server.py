"""The parts of a server: started again when they fail, and patient after a standstill."""

import asyncio
import json
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager

import pytest

import db
from db.vault import KEY_BYTES, Vault
from engine.executors.isolation import Isolation, Level
from rollway.app import Server
from rollway.connections.listening import bind
from rollway.settings import UP, load

LEASE_SECONDS = 1.0


@pytest.fixture
def server(sqlite_url, tmp_path):
    """Return a server with a short lease; nothing of it runs yet."""
    given = {
        "ROLLWAY_DATA": str(tmp_path),
        "ROLLWAY_DATABASE_URL": sqlite_url,
        "ROLLWAY_LEASE_SECONDS": str(LEASE_SECONDS),
    }
    return Server(load(UP, given, {}), Vault(bytes(KEY_BYTES)), Isolation(Level.PLAIN))


@asynccontextmanager
async def running(server):
    """Run the server's parts."""
    async with db.connect(server.settings.database), server.running():
        yield


async def health(server):
    """Return what /healthz answers."""
    answer = await server.health.alive(None)
    return answer.status_code, json.loads(answer.body)


async def test_a_worker_that_fails_is_started_again_and_health_tells(server):
    """A server that looks well but runs nothing is worse than one that is down."""
    sweep, failures = server.working.executor.sweep, [OSError("no /proc")]

    def failing(alive):
        if failures:
            raise failures.pop()
        return sweep(alive)

    server.working.executor.sweep = failing
    async with running(server), asyncio.timeout(40):
        while (await health(server))[0] == 200:
            await asyncio.sleep(0.02)
        assert await health(server) == (503, {"status": "down", "parts": ["work"]})
        while (await health(server))[0] == 503:
            await asyncio.sleep(0.02)

    assert not failures


@pytest.mark.parametrize("trouble", ["database", "standstill"])
async def test_nobody_is_reaped_for_a_lease_after_a_standstill(server, trouble):
    """Whoever could not look gives every worker one whole lease to be heard again."""
    reap, looks = server.queue.reap, []

    async def troubled(*, abandoned=False, mend=True):
        if not abandoned:
            looks.append(time.monotonic())
            if len(looks) == 1 and trouble == "database":
                raise OSError("away")
            if len(looks) == 1:
                time.sleep(LEASE_SECONDS)  # noqa: ASYNC251 (the whole process stands still)
        return await reap(abandoned=abandoned, mend=mend)

    server.queue.reap = troubled
    begin = time.monotonic()
    async with running(server), asyncio.timeout(40):
        while len(looks) < 3:
            await asyncio.sleep(0.02)
    first, second, third = looks

    assert first - begin >= LEASE_SECONDS
    rest = LEASE_SECONDS if trouble == "database" else 2 * LEASE_SECONDS
    assert second - first >= rest
    assert third - second < 5


async def test_folders_left_by_a_crash_are_gone_however_deep(server, tmp_path):
    """A workspace that cannot be cleared must not keep the worker from starting."""
    folder = tmp_path / "workspaces" / "t_dead-1"
    folder.mkdir(parents=True)
    await asyncio.to_thread(_nest, folder)
    async with running(server), asyncio.timeout(40):
        while folder.exists():
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        assert (await health(server))[0] == 200


def _nest(folder):
    """Deeper than Python's own deletion goes."""
    script = "import os\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')"
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)


def test_what_is_written_is_sent():
    """A head and a body are two writes; the second would wait for the client's word."""
    with (
        bind("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

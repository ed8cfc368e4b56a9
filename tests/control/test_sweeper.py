"""The sweeper ends what dead workers left, and nothing that only could not be heard."""

import asyncio
import sqlite3
from contextlib import suppress

import asyncpg
import pytest

from control.queue.sweeper import Sweeper
from control.queue.tasks import TaskQueue
from db.models import Task

LEASE_SECONDS = 2.5


@pytest.fixture
async def sweeping(turns, pubsub, vault):
    """A queue with a short lease, and a sweeper that works."""
    queue = TaskQueue(turns, pubsub, vault, lease_seconds=LEASE_SECONDS)
    job = asyncio.create_task(Sweeper(queue, lease_seconds=LEASE_SECONDS).work())
    yield queue
    job.cancel()
    with suppress(asyncio.CancelledError):
        await job


async def beat(queue, lease):
    """Keep the lease for as long as the database answers."""
    while True:
        with suppress(Exception):
            await queue.beat("w_alive", [lease])
        await asyncio.sleep(0.2)


async def status_of(task_id):
    return (await Task.get(id=task_id)).status


async def test_a_silent_worker_loses_its_task(sweeping, draft):
    """And one that beats keeps its own."""
    dead = (await sweeping.submit(draft("test"))).id
    await sweeping.append((await sweeping.claim("w_dead")).lease, 0, ())
    alive = (await sweeping.submit(draft("live"))).id
    beating = asyncio.create_task(beat(sweeping, (await sweeping.claim("w_alive")).lease))
    while await status_of(dead) == "running":
        await asyncio.sleep(0.1)
    beating.cancel()

    assert (await status_of(dead), await status_of(alive)) == ("lost", "running")


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_after_an_outage_nobody_is_dead(sweeping, draft, database, postgres_server):
    """All leases have run out meanwhile; each worker gets a whole one to be heard again."""
    task_id = (await sweeping.submit(draft())).id
    lease = (await sweeping.claim("w_alive")).lease
    beating = asyncio.create_task(beat(sweeping, lease))
    await asyncio.sleep(1.6 * LEASE_SECONDS)  # it sweeps by now
    name = database.rpartition("/")[2]
    admin = await asyncpg.connect(postgres_server)
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    await asyncio.sleep(1.2 * LEASE_SECONDS)
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await admin.close()
    await asyncio.sleep(1.6 * LEASE_SECONDS)
    beating.cancel()

    task = await Task.get(id=task_id)
    assert (task.status, task.epoch) == ("running", lease.epoch)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_who_was_kept_from_writing_is_not_dead(sweeping, draft, database):
    """Nobody waits long enough to be refused: the worker asks again later, so does the sweeper."""

    async def beat_briefly():
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2 * LEASE_SECONDS):
                    await sweeping.beat("w_alive", [lease])
            await asyncio.sleep(0.9 * LEASE_SECONDS)

    task_id = (await sweeping.submit(draft())).id
    lease = (await sweeping.claim("w_alive")).lease
    await sweeping.append(lease, 0, ())
    await asyncio.sleep(0.9 * LEASE_SECONDS)
    other = sqlite3.connect(database.partition("//")[2].partition("?")[0], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    beating = asyncio.create_task(beat_briefly())
    await asyncio.sleep(1.5 * LEASE_SECONDS)
    other.execute("ROLLBACK")
    other.close()
    await asyncio.sleep(0.6 * LEASE_SECONDS)  # the sweeper was refused one and a half ago
    beating.cancel()

    assert await status_of(task_id) == "running"


async def test_a_task_that_was_not_begun_waits_again_after_three_heartbeats(sweeping, draft):
    """Sooner than its lease runs out; one whose worker names it, and is slow, is left alone."""
    swallowed = (await sweeping.submit(draft("test"))).id
    await sweeping.claim("w_dead")
    slow = (await sweeping.submit(draft("live"))).id
    beating = asyncio.create_task(beat(sweeping, (await sweeping.claim("w_alive")).lease))
    begin = asyncio.get_running_loop().time()
    while await status_of(swallowed) == "running":
        await asyncio.sleep(0.05)
    waited = asyncio.get_running_loop().time() - begin
    beating.cancel()

    assert (await status_of(swallowed), await status_of(slow)) == ("pending", "running")
    assert waited < 2 * LEASE_SECONDS  # the sweeper itself begins after one

"""A PostgreSQL without a free connection, for long, or without room on its own disk."""

import asyncio
import random
from contextlib import asynccontextmanager

import asyncpg
import pytest

from db.trouble import FULL_SECONDS
from tests.faults.rig.house import House
from tests.faults.rig.watcher import Watcher
from tests.faults.test_scarcity import connections_left, full, printing, small_disk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
LEASE_SECONDS = 15
LONG_SECONDS = 20.0  # longer than a lease
NO_CONNECTION = "The database has no connection to spare."
FULL = "The database has no room left on its disk."


@pytest.fixture
async def house():
    """Give two servers and a worker, not started yet, on a PostgreSQL of few connections."""
    house = await asyncio.to_thread(House, workers=1, lease_seconds=LEASE_SECONDS)
    house.postgres.connections_max = 20
    yield house
    await house.down()


@asynccontextmanager
async def no_connection(house):
    """Have others hold all connections for the duration of the block."""
    others = []
    await connections_left(house, others)
    yield
    await asyncio.gather(*(each.close() for each in others))


@asynccontextmanager
async def locked(house):
    """Have each connection wait that asks for tasks, for the duration of the block."""
    other = await asyncpg.connect(house.postgres.url("rollway"))
    async with other.transaction():
        await other.execute('LOCK TABLE "task" IN ACCESS EXCLUSIVE MODE')
        yield
    await other.close()


@asynccontextmanager
async def watched(house, tasks):
    """Have tasks be watched beyond the block; then check that nothing was missed."""
    seeds = [(task, stays, seed) for task in tasks for stays in (True, False) for seed in range(2)]
    watchers = [
        Watcher(house.client, task, random.Random(seed), stays=stays) for task, stays, seed in seeds
    ]
    watching = [asyncio.create_task(each.watch()) for each in watchers]
    yield
    async with asyncio.timeout(60):
        await asyncio.gather(*watching)
    for each in watchers:
        assert each.events == await house.client.journal(each.task_id)


async def test_a_server_that_starts_without_a_connection(house):
    """It says what it waits for, and serves once there is one."""
    await house.up()
    late = house.servers[1]
    await asyncio.to_thread(late.terminate)
    before = len(late.log)
    async with no_connection(house):
        starting = asyncio.create_task(asyncio.to_thread(late.start))
        async with asyncio.timeout(30):
            while NO_CONNECTION not in late.log[before:]:
                await asyncio.sleep(0.1)
        await asyncio.sleep(3)
        assert not starting.done()
    await starting
    house.servers[0].kill9()
    house.client.urls[:] = [late.url]
    (application,) = await house.applications(1)
    (task,) = await house.ended(await house.client.deploy(application, inputs={"beats": 3}))

    assert task["status"] == "SUCCESS"
    assert "Traceback" not in late.log


@pytest.mark.parametrize("scarcity", [no_connection, locked])
async def test_watchers_of_a_database_without_a_connection(house, scarcity):
    """Nor for them to be had, for longer than a lease: tasks and watchers go on without a gap."""
    await house.up()
    async with printing(house, 1) as asking, watched(house, asking.tasks):
        async with scarcity(house):
            said = await asking.hold(LONG_SECONDS)
        await asking.over()
        (house.folder / "stop").touch()

    statuses = {status for status, _ in said}
    assert 503 in statuses
    assert scarcity is locked or statuses == {503}  # who gives up waiting frees a connection
    assert asking.refused


async def test_no_room_for_postgres(house):
    """Who writes is told so at once; what runs goes on once there is room."""
    with small_disk(house.postgres.data, "160m") as disk:
        house.postgres.own()
        try:
            await house.up()
            async with printing(house, 1) as asking:
                with full(disk):
                    await asking.until(made=False)
                    said = await asking.hold()
                async with asyncio.timeout(2 * FULL_SECONDS):
                    while (await asking.ready())[0] != 200:
                        await asyncio.sleep(0.2)
                await asking.over()
        finally:
            await asyncio.to_thread(house.postgres.remove)

    assert (503, "the database has no room left on its disk") in said
    assert asking.answers[FULL]

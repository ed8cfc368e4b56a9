"""A worker that dies, or stands still: what it began must have ended before another begins."""

import asyncio

import pytest

from tests.faults.rig import ledger

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
LEASE_SECONDS = 5


async def written(path, count, kind="begin", seconds=60):
    """Return the runs, once so many have written a mark of a kind."""
    async with asyncio.timeout(seconds):
        while True:
            runs = await asyncio.to_thread(ledger.read, path)
            if sum(bool(run.times(kind)) for run in runs) >= count:
                return runs
            await asyncio.sleep(0.05)


async def ended(client, *tasks, seconds=60):
    """Return the statuses of tasks once all have ended."""
    async with asyncio.timeout(seconds):
        while True:
            found = {task["id"]: task for task in await client.tasks()}
            if all(found[each]["finishedTime"] for each in tasks):
                return [found[each]["status"] for each in tasks]
            await asyncio.sleep(0.2)


async def test_a_worker_that_stands_still(house_of):
    """Its command ends before its lease does, though nobody is awake to end it.

    When it goes on again, nothing that it says of the task is believed.
    """
    house = await house_of(workers=2)
    path = house.folder / "ledger"
    application = await house.client.application(
        "app", house.repository("code", ledger.pipeline(path))
    )
    first = await house.client.deploy(application, inputs={"beats": 300})
    (run,) = await written(path, 1, "beat")
    worker = next(each for each in house.workers if each.name == run.worker)
    second = await house.client.deploy(application, inputs={"beats": 3})
    worker.freeze()
    runs = await written(path, 2)
    await asyncio.sleep(3)
    worker.thaw()
    statuses = await ended(house.client, first, second)
    events = await house.client.journal(first)

    runs = ledger.read(path)
    assert statuses == ["LOST", "SUCCESS"]
    assert [(run.task, run.epoch) for run in runs] == [(first, 1), (second, 1)]
    assert runs[0].last < runs[1].begin
    assert events[-1]["status"] == "LOST"
    await asyncio.sleep(LEASE_SECONDS)
    assert await house.client.journal(first) == events

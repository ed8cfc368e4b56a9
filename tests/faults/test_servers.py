"""Servers that die, are replaced, lose answers or their database: no task notices."""

import asyncio
import random
import signal
import time
from itertools import count

import pytest

from tests.faults.rig import ledger
from tests.faults.rig.watcher import Watcher
from tests.faults.rig.wire import Wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
STARTED_AGAIN_SECONDS = 5.0


def numbers(events):
    """Return the numbers of the lines that a task's step has printed."""
    text = "".join(event.get("text", "") for event in events if event.get("stepIndex") == 1)
    return [int(each) for each in ledger.LINE.findall(text)]


async def judged(house, *tasks):
    """Check that tasks ran once and well, and that no line is missing or doubled."""
    ended = await house.ended(*tasks)
    assert [task["status"] for task in ended] == ["SUCCESS"] * len(tasks)
    runs = {run.task: run for run in ledger.read(house.ledger)}
    for each in tasks:
        events = await house.client.journal(each)
        run = runs[each]
        assert (run.epoch, len(run.times("begin")), len(run.times("end"))) == (1, 1, 1)
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        lines = len(run.times("beat")) * ledger.LINES_A_BEAT
        assert numbers(events) == list(range(1, lines + 1))


async def test_answers_that_are_lost(house_of):
    """What a worker asked is done, and asked again: nothing is done twice, nothing missing."""
    house = await house_of(servers=1, workers=0)
    often = {path: count() for path in ("claim", "append", "finish", "beat", "control")}
    wire = Wire(house.servers[0].url, lambda path: path in often and next(often[path]) % 3 == 0)
    async with wire.up():
        await house.add(house.worker("worker", [wire.url]))
        tasks = [
            await house.client.deploy(application, inputs={"beats": 10})
            for application in await house.applications(3)
        ]
        await judged(house, *tasks)
        await asyncio.to_thread(house.workers[0].stop)

    assert {"claim", "append", "finish"} <= set(wire.swallowed)


async def test_one_of_two_dies(house_of):
    """Its workers ask the other one, its watchers go on there; no task begins anew."""
    house = await house_of(workers=2)
    tasks, watching = [], []
    for number, application in enumerate(await house.applications(4)):
        tasks.append(await house.client.deploy(application, inputs={"beats": 30}))
        watcher = Watcher(house.client, tasks[-1], random.Random(number))
        watching.append((watcher, asyncio.create_task(watcher.watch())))
    await house.written(4, "beat")
    await asyncio.to_thread(house.servers[0].kill9)
    await judged(house, *tasks)
    await asyncio.gather(*(task for _, task in watching))

    for watcher, _ in watching:
        assert watcher.events == await house.client.journal(watcher.task_id)


async def test_a_database_that_crashes(house_of):
    """Also for longer than a lease: nobody is dead after it, and work goes on soon."""
    house = await house_of(workers=2)
    applications = await house.applications(5)
    for at, away_seconds in enumerate((3, 8)):
        tasks = [
            await house.client.deploy(application, inputs={"beats": 30})
            for application in applications[:4]
        ]
        await house.written(5 * at + 4, "beat")
        await asyncio.to_thread(house.postgres.end, signal.SIGKILL)
        await asyncio.sleep(away_seconds)
        await asyncio.to_thread(house.postgres.start)
        begin = time.monotonic()
        more = await house.client.deploy(applications[4], inputs={"beats": 3})
        await house.written(5 * at + 5)
        again_seconds = time.monotonic() - begin
        await judged(house, *tasks, more)

        assert again_seconds < STARTED_AGAIN_SECONDS


async def test_all_are_replaced_one_by_one(house_of):
    """SIGTERM and a new process for each server and worker, while tasks run and come."""
    house = await house_of(workers=2)
    applications = await house.applications(4)
    tasks = []

    async def deploy():
        tasks.extend(
            [await house.client.deploy(each, inputs={"beats": 8}) for each in applications]
        )

    for each in (*house.servers, *house.workers):
        await deploy()
        code = await asyncio.to_thread(each.terminate)
        await asyncio.to_thread(each.start)
        assert code == 0
    await deploy()
    await judged(house, *tasks)

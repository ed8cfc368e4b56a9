"""A worker that dies, or stands still: what it began must have ended before another begins."""

import asyncio
import signal
from datetime import datetime

import pytest

from tests.faults.rig import ledger

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
POISON = """
steps:
  - env: {POISON: "${{ inputs.poison }}"}
    run: |
      if [ "$POISON" ]; then kill -9 "$(cat "${ROLLWAY_STEP_OF%/data}/pid")"; sleep 60; fi
"""
NOTICED_SECONDS = 2.0  # after the lease: the sweeper looks once a second


async def test_a_worker_that_dies_with_four_tasks(house_of):
    """Its commands die with it; each of its tasks is LOST, once, soon after the lease is over."""
    house = await house_of(workers=1, slots=4)
    tasks = [
        await house.client.deploy(application, inputs={"beats": 300})
        for application in await house.applications(4)
    ]
    await house.written(4, "beat")
    worker = house.workers[0]
    had = await asyncio.to_thread(worker.steps)
    died = datetime.now().astimezone()
    await asyncio.to_thread(worker.kill9)
    await asyncio.sleep(1)
    left = await asyncio.to_thread(worker.steps)
    ended = await house.ended(*tasks)
    journals = [await house.client.journal(each) for each in tasks]

    assert had
    assert not left
    assert [task["status"] for task in ended] == ["LOST"] * 4
    seconds = [
        (datetime.fromisoformat(task["finishedTime"]) - died).total_seconds() for task in ended
    ]
    assert max(seconds) < house.lease_seconds + NOTICED_SECONDS
    for events in journals:
        said = [event["status"] for event in events if event["__typename"] == "TaskStatusChanged"]
        assert said == ["PENDING", "RUNNING", "LOST"]


async def test_a_worker_that_stands_still(house_of):
    """Its command ends before its lease does, though nobody is awake to end it.

    When it would go on again, it is no more, and nothing is said of the task.
    """
    house = await house_of(workers=2)
    (application,) = await house.applications(1)
    first = await house.client.deploy(application, inputs={"beats": 300})
    (run,) = await house.written(1, "beat")
    worker = house.named(run.worker)
    second = await house.client.deploy(application, inputs={"beats": 3})
    worker.freeze()
    await house.written(2)
    await asyncio.sleep(3)
    worker.thaw()
    ended = await house.ended(first, second)
    events = await house.client.journal(first)

    runs = ledger.read(house.ledger)
    assert [task["status"] for task in ended] == ["LOST", "SUCCESS"]
    assert [(run.task, run.epoch) for run in runs] == [(first, 1), (second, 1)]
    assert runs[0].last < runs[1].begin
    assert "stood still" in worker.log
    await asyncio.sleep(house.lease_seconds)
    assert await house.client.journal(first) == events


async def test_a_worker_that_stands_still_for_a_moment(house_of):
    """For less than its lease: nothing happens, and without a task it may sleep for longer."""
    house = await house_of(workers=1)
    (application,) = await house.applications(1)
    worker = house.workers[0]
    worker.freeze()
    await asyncio.sleep(house.lease_seconds + 2)
    worker.thaw()
    task = await house.client.deploy(application, inputs={"beats": 20})
    await house.written(1, "beat")
    worker.freeze()
    await asyncio.sleep(house.lease_seconds / 4)
    worker.thaw()
    (ended,) = await house.ended(task)

    assert ended["status"] == "SUCCESS"
    assert "stood still" not in worker.log


async def test_a_task_that_its_workers_do_not_survive(house_of):
    """It is queued again as often as the operator lets it; then it is LOST, and the next one runs.

    So it does not go from worker to worker until there is none.
    """
    runs = 2
    more = {"ROLLWAY_TASK_RUNS_MAX": str(runs)}
    house = await house_of(servers=1, workers=runs, slots=1, lease_seconds=3, more=more)
    for each in house.workers:
        (each.folder / "pid").write_text(str(each.process.pid))
    environments = [{"name": "default", "onLost": "REQUEUE"}]
    url = await asyncio.to_thread(house.repository, "poison", POISON)
    application = await house.client.application("poison", url, environments=environments)
    poison = await house.client.deploy(application, inputs={"poison": "yes"})
    after = await house.client.deploy(application, inputs={"poison": ""})
    (lost,) = await house.ended(poison)
    codes = [await asyncio.to_thread(each.process.wait, 10) for each in house.workers]
    await asyncio.to_thread(house.workers[0].start)
    (done,) = await house.ended(after)
    events = await house.client.journal(poison)

    assert codes == [-signal.SIGKILL] * runs
    assert (lost["status"], done["status"]) == ("LOST", "SUCCESS")
    said = [event["status"] for event in events if event["__typename"] == "TaskStatusChanged"]
    assert said == ["PENDING", "RUNNING"] * runs + ["LOST"]

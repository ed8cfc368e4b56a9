"""What becomes of a task whose worker is gone, by its environment; on each database."""

import asyncio
from contextlib import aclosing

import pytest
from tortoise import connections

from control.port import LeaseLost, Watched
from control.queue.tasks import RUNS_MAX
from db.fields import OnLost
from db.models import Environment, LogChunk, Step, Task
from engine.events import LogStream, Output, Planned, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus

NOTE = "Run 1 ended here: its worker went away, and what it had done is unknown."


@pytest.fixture(autouse=True)
async def requeue(application):
    """Have lost tasks of the application queued again."""
    await Environment.filter(application_id=application.id).update(on_lost=OnLost.REQUEUE.value)


def ended(status=TaskStatus.SUCCESS):
    """Return the event that ends a task."""
    return TaskChanged(time=now(), status=status)


def changed(index, status, **more):
    """Return a step's change."""
    return StepChanged(time=now(), index=index, status=status, **more)


def output(index, line, text):
    """Return a piece of a log."""
    return Output(time=now(), index=index, first_line=line, text=text)


def begun(names=("Build", "Ship")):
    """Return what a run reports until its first step prints."""
    return [
        changed(0, StepStatus.RUNNING),
        output(0, 1, "fetched\n"),
        Planned(time=now(), steps=names, pipeline="steps: …", commit="c" * 40),
        changed(0, StepStatus.SUCCESS),
        changed(1, StepStatus.RUNNING),
        output(1, 1, "one\ntwo"),
    ]


async def lose(queue, *, ends=()):
    """Have every worker be silent for too long; *ends* are the tasks that end by that."""
    await Task.filter(status="running").update(lease_expires_time=now().replace(year=2020))
    assert await queue.reap() == [*ends]


async def test_it_is_run_again_from_its_first_step(queue, draft):
    """Its steps wait again, its logs go on below what is there, its journal says all of it."""
    task_id = (await queue.submit(draft())).id
    first = (await queue.claim("w")).lease
    await queue.append(first, 0, begun())
    await lose(queue)
    task = await Task.get(id=task_id)
    steps = await Step.filter(task_id=task_id).order_by("index")
    assert (task.status, task.epoch, task.worker, task.started_time) == ("pending", 1, None, None)
    assert [(step.status, step.started_time) for step in steps] == [("pending", None)] * 3
    assert [step["status"] for step in task.steps] == ["pending"] * 3

    given = await queue.claim("v")
    second = given.lease
    assert (second.epoch, given.commit, given.pipeline) == (2, "c" * 40, "steps: …")
    await queue.append(second, 0, begun())
    await queue.append(second, 6, [changed(1, StepStatus.SUCCESS), changed(2, StepStatus.RUNNING)])
    await queue.append(second, 8, [output(2, 1, "up\n"), changed(2, StepStatus.SUCCESS)])
    await queue.finish(second, ended())

    entries = [entry async for entry in queue.tail({task_id: 0})]
    assert [entry.seq for entry in entries] == [*range(1, len(entries) + 1)]
    said = [
        (entry.kind.value, entry.step_index, entry.status or entry.text, entry.first_line)
        for entry in entries
    ]
    assert said[1:] == [
        ("task", None, "running", 0),
        ("step", 0, "running", 0),
        ("output", 0, "fetched\n", 1),
        ("step", 1, "pending", 0),
        ("step", 2, "pending", 0),
        ("step", 0, "success", 0),
        ("step", 1, "running", 0),
        ("output", 1, "one\ntwo", 1),
        ("output", 0, f"[{NOTE}]\n", 2),
        ("output", 1, f"[{NOTE}]\n", 3),
        ("step", 0, "pending", 0),
        ("step", 1, "pending", 0),
        ("task", None, "pending", 0),
        ("task", None, "running", 0),
        ("step", 0, "running", 0),
        ("output", 0, "fetched\n", 3),
        ("step", 0, "success", 0),
        ("step", 1, "running", 0),
        ("output", 1, "one\ntwo", 4),
        ("step", 1, "success", 0),
        ("step", 2, "running", 0),
        ("output", 2, "up\n", 1),
        ("step", 2, "success", 0),
        ("task", None, "success", 0),
        ("end", None, "success", 0),
    ]
    assert [entry.error for entry in entries if entry.error] == [NOTE]
    streams = (
        await LogChunk.filter(task_id=task_id).order_by("seq").values_list("stream", flat=True)
    )
    assert streams.count(LogStream.SYSTEM.value) == 2
    assert [step.status for step in await Step.filter(task_id=task_id)] == ["success"] * 3


async def test_a_plan_of_fewer_steps_skips_the_rest(queue, draft):
    """A worker of another version may see it so; no step waits for ever."""
    task_id = (await queue.submit(draft())).id
    await queue.append((await queue.claim("w")).lease, 0, begun())
    await lose(queue)
    second = (await queue.claim("v")).lease
    await queue.append(second, 0, begun(["Other"]))
    rows = await Step.filter(task_id=task_id).order_by("index").values_list("name", "status")

    assert rows[1:] == [("Other", "running"), ("Ship", "skipped")]


async def test_a_late_worker_changes_nothing(queue, draft):
    """Neither while the task waits, nor while another worker has it."""
    task_id = (await queue.submit(draft())).id
    late = (await queue.claim("w")).lease
    await lose(queue)
    for _ in range(2):
        length = (await Task.get(id=task_id)).next_seq
        for write in (
            queue.append(late, 0, begun()),
            queue.finish(late, ended()),
            queue.abandon(late),
        ):
            with pytest.raises(LeaseLost):
                await write
        assert (await queue.beat("w", [late])).lost == {task_id}
        assert (await Task.get(id=task_id)).next_seq == length
        await queue.claim("w")


async def test_it_comes_before_all_that_wait(queue, draft):
    """Its turn had come already."""
    first, second = [(await queue.submit(draft())).id for _ in range(2)]
    await queue.claim("w")
    await lose(queue)
    order = []
    while given := await queue.claim("w"):
        order.append((given.lease.task_id, given.lease.epoch))
        await queue.finish(given.lease, ended())

    assert order == [(first, 2), (second, 1)]


async def test_what_kills_its_workers_is_lost_in_the_end(queue, draft):
    """After so many runs the queue goes on with the next."""
    poison, good = [(await queue.submit(draft())).id for _ in range(2)]
    for run in range(1, RUNS_MAX + 1):
        lease = (await queue.claim(f"w_{run}")).lease
        assert (lease.task_id, lease.epoch) == (poison, run)
        await queue.append(lease, 0, begun())
        await lose(queue, ends=[poison] if run == RUNS_MAX else [])
    task = await Task.get(id=poison)
    assert (task.status, [step["status"] for step in task.steps]) == (
        "lost",
        ["success", "failure", "skipped"],
    )
    notes = await LogChunk.filter(task_id=poison, stream=LogStream.SYSTEM.value).count()
    assert notes == 2 * (RUNS_MAX - 1)

    assert (await queue.claim("w")).lease.task_id == good


async def test_a_cancelled_one_is_not_run_again(queue, draft):
    """Somebody wanted it to end."""
    task_id = (await queue.submit(draft())).id
    await queue.claim("w")
    await queue.cancel(task_id, "stop it")
    await lose(queue, ends=[task_id])

    assert (await Task.get(id=task_id)).status == "cancelled"


async def test_one_that_its_worker_gives_up_is_run_again(queue, draft):
    """A server that is stopped hands back what it runs."""
    task_id = (await queue.submit(draft())).id
    await queue.abandon((await queue.claim("w")).lease)

    assert (await queue.claim("v")).lease.task_id == task_id


async def test_one_that_waits_again_can_be_cancelled(queue, draft):
    """Its steps that had run are cancelled like the others."""
    task_id = (await queue.submit(draft())).id
    await queue.append((await queue.claim("w")).lease, 0, begun())
    await lose(queue)
    await queue.cancel(task_id, "enough")
    task = await Task.get(id=task_id)

    assert (task.status, {step["status"] for step in task.steps}) == ("cancelled", {"cancelled"})
    assert await queue.claim("w") is None


async def test_whoever_watches_sees_it_wait_again(queue, draft, application):
    """The journal goes on for who follows it live, and dashboards see it PENDING."""
    task_id = (await queue.submit(draft())).id

    async def follow():
        return [entry.seq async for entry in queue.tail({task_id: 0})]

    async def statuses():
        seen = []
        async with aclosing(queue.changes(Watched(application_id=application.id))) as changes:
            while "success" not in seen:
                task = await anext(changes)
                seen += [task.status] if isinstance(task, Task) else []
        return seen

    following = asyncio.create_task(follow())
    dashboard = asyncio.create_task(statuses())
    for _ in range(2):
        await asyncio.sleep(0.2)
        lease = (await queue.claim("w")).lease
        await asyncio.sleep(0.2)
        if lease.epoch == 1:
            await lose(queue)
        else:
            await queue.finish(lease, ended())
    seqs = await following

    assert await dashboard == ["pending", "running", "pending", "running", "success"]
    assert seqs == [*range(1, len(seqs) + 1)]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_its_job_keeps_its_place(queue, draft):
    """It is the same job, and waits like the others."""
    for _ in range(2):
        await queue.submit(draft())
    connection = connections.get("default")
    sql = "SELECT id, status FROM procrastinate_jobs ORDER BY id"
    before = await connection.execute_query_dict(sql)
    await queue.claim("w")
    await lose(queue)
    await queue.reap()

    assert [dict(row) for row in await connection.execute_query_dict(sql)] == [
        dict(row) for row in before
    ]

"""Logs of ended steps are compressed, and read as before."""

import asyncio

import pytest

from control import journal, log
from control.packing import PIECE, Packer
from db.models import LogChunk, Step, Task
from db.trouble import DatabaseAway
from engine.events import LogStream, Output, Planned, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus

LINES = 500


async def begun(queue, draft):
    """Return the lease of a task with a step that has ended and one that runs, each with a log."""
    await queue.submit(draft())
    lease = (await queue.claim("w")).lease
    time = now()
    await queue.append(
        lease,
        0,
        [
            StepChanged(time=time, index=0, status=StepStatus.RUNNING),
            StepChanged(time=time, index=0, status=StepStatus.SUCCESS),
            Planned(time=time, steps=("one", "two"), pipeline="", commit="a" * 40),
            StepChanged(time=time, index=1, status=StepStatus.RUNNING),
            *(piece(1, number) for number in range(3)),
            piece(1, 3, "short\n", LogStream.SYSTEM),
            StepChanged(
                time=time,
                index=1,
                status=StepStatus.SUCCESS,
                exit_code=0,
                outputs={"url": "https://example.com"},
                log_bytes=70_000,
            ),
            StepChanged(time=time, index=2, status=StepStatus.RUNNING),
            piece(2, 0, "little\n"),
        ],
    )
    return lease


async def ran(queue, draft):
    """Return a task that has ended."""
    lease = await begun(queue, draft)
    time = now()
    little = StepChanged(time=time, index=2, status=StepStatus.SUCCESS, exit_code=0, log_bytes=7)
    await queue.append(lease, 11, [little])
    await queue.finish(lease, TaskChanged(time=time, status=TaskStatus.SUCCESS))
    return lease.task_id


def piece(index, number, text=None, stream=LogStream.OUTPUT):
    lines = "".join(f"line {number} of many that look alike, ünïcödé\n" for number in range(LINES))
    return Output(
        time=now(),
        index=index,
        first_line=1 + LINES * number,
        text=text or lines,
        stream=stream,
    )


async def read(task_id):
    """Return the journal, and the log of step 1 as its reader gets it."""
    entries = await journal.page(task_id, 0, 100)
    chunks = await LogChunk.filter(task_id=task_id, step_index=1).order_by("seq")
    step = await Step.get(task_id=task_id, index=1)
    return entries, log.page(step, chunks, 10, 1000)


async def test_packed_logs_read_as_before(queue, draft):
    """What is long is packed, once; the journal and the log stay the same."""
    task_id = await ran(queue, draft)
    before = await read(task_id)

    assert await Packer().pack() == 3
    assert await read(task_id) == before
    chunks = await LogChunk.filter(task_id=task_id).order_by("seq")
    assert [chunk.packed is not None for chunk in chunks] == [True] * 3 + [False] * 2
    assert all(len(chunk.packed) * 5 < len(chunk.content) for chunk in chunks[:3])
    assert [chunk.text for chunk in chunks[:3]] == [""] * 3

    assert await Packer().pack() == 0


async def test_a_task_that_runs_is_left_alone(queue, draft):
    """Its logs are packed when it has ended."""
    lease = await begun(queue, draft)
    assert await Packer().pack() == 0
    await queue.abandon(lease)
    assert await Packer().pack() == 3


@pytest.fixture
async def many(queue, draft):
    """Return a task that waits with more steps than one look has; one that has ended is behind."""
    waits, ends = sorted([(await queue.submit(draft(name))).id for name in ("test", "live")])
    step = await Step.get(task_id=waits, index=0)
    many = [
        Step(id=f"{waits}:{index}", task_id=waits, index=index, name="", status=step.status)
        for index in range(1, PIECE + 1)
    ]
    await Step.bulk_create(many)
    await queue.cancel(ends, "enough")
    return waits


async def test_of_many_steps_that_are_not_packed_some_are_looked_at_each_time(many):
    """Those of tasks that wait come first, and those that have ended after them."""
    packer = Packer()
    assert [await packer.pack() for _ in range(3)] == [0, 1, 0]
    assert not await Step.filter(packed=False).exclude(task_id=many).exists()


async def test_what_could_not_be_packed_is_looked_at_again_next(many, monkeypatch):
    """Not a whole round later."""
    packer = Packer()
    assert await packer.pack() == 0

    async def away(*_):
        raise DatabaseAway

    with monkeypatch.context() as patched:
        patched.setattr("control.packing.rows.among", away)
        with pytest.raises(DatabaseAway):
            await packer.pack()
    assert await packer.pack() == 1


async def test_packing_that_was_stopped_is_done_again(queue, draft):
    """Some chunks are packed, the step is not marked: the next run ends the work."""
    task_id = await ran(queue, draft)
    before = await read(task_id)
    await Packer().pack()
    await Step.filter(task_id=task_id).update(packed=False)
    first = await LogChunk.filter(task_id=task_id).order_by("seq").first()
    await LogChunk.filter(id=first.id).update(text=first.content, packed=None)

    assert await Packer().pack() == 3
    assert await read(task_id) == before
    assert (await LogChunk.get(id=first.id)).packed == first.packed


async def test_several_pack_at_once(queue, draft):
    """Two servers that find the same work do it both, to the same end."""
    task_id = await ran(queue, draft)
    before = await read(task_id)
    await asyncio.gather(*(Packer().pack() for _ in range(4)))
    assert await read(task_id) == before
    assert await Packer().pack() == 0


async def test_a_step_keeps_what_it_gave_and_how_much_it_printed(queue, draft):
    """Outputs and bytes of the log are columns; the seed's document has every step in order."""
    task_id = (await begun(queue, draft)).task_id

    step = await Step.get(task_id=task_id, index=1)
    assert (step.outputs, step.log_bytes) == ({"url": "https://example.com"}, 70_000)
    task = await Task.get(id=task_id)
    assert [(each["stepCount"], each["status"]) for each in task.steps] == [
        ("0", "success"),
        ("1", "success"),
        ("2", "running"),
    ]

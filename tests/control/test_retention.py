"""Logs of tasks that ended long ago are deleted; nothing else is, and nobody reads an empty one."""

import asyncio
from datetime import timedelta

import pytest

from control import journal, retention
from control.journal import step_id
from control.packing import Packer
from db.models import LogChunk, Step, Task, TaskEvent
from engine.events import LogStream, Output, Planned, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus

PIECES = 5
OLD = timedelta(days=31)


async def run(queue, draft, *, ends=True):
    """Return the id of a task whose first step has printed."""
    await queue.submit(draft())
    lease = (await queue.claim("w")).lease
    time = now()
    text = "line\n" * 300
    await queue.append(
        lease,
        0,
        [
            StepChanged(time=time, index=0, status=StepStatus.RUNNING),
            StepChanged(time=time, index=0, status=StepStatus.SUCCESS),
            Planned(time=time, steps=("one",), pipeline="", commit="a" * 40),
            StepChanged(time=time, index=1, status=StepStatus.RUNNING),
            *(
                Output(
                    time=time,
                    index=1,
                    first_line=1 + 300 * number,
                    text=text,
                    stream=LogStream.OUTPUT,
                )
                for number in range(PIECES)
            ),
        ],
    )
    if ends:
        done = StepChanged(
            time=time, index=1, status=StepStatus.SUCCESS, exit_code=0, log_bytes=1500 * PIECES
        )
        await queue.append(lease, 9, [done])
        await queue.finish(lease, TaskChanged(time=time, status=TaskStatus.SUCCESS))
    return lease.task_id


async def age(*task_ids):
    """Have tasks be a month old."""
    for chunk in await LogChunk.filter(task_id__in=task_ids):
        await LogChunk.filter(id=chunk.id).update(time=chunk.time - OLD)
    for task in await Task.filter(id__in=task_ids).exclude(finished_time=None):
        await Task.filter(id=task.id).update(finished_time=task.finished_time - OLD)


@pytest.fixture
def in_small_bites(monkeypatch):
    """Two pieces in a transaction."""
    monkeypatch.setattr(retention, "CHUNKS_MAX", 2)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
async def test_old_logs_go_and_journals_stay(queue, draft, in_small_bites, packed):
    """Their entries say that the text is gone; steps keep what they gave."""
    old, new = await run(queue, draft), await run(queue, draft)
    running = await run(queue, draft, ends=False)
    await age(old, running)
    if packed:
        await Packer().pack()
    before = await TaskEvent.filter(task_id=old).count()

    assert await retention.prune(30) == PIECES
    assert await retention.prune(30) == 0
    steps = [step_id(task_id, index) for task_id in (old, new, running) for index in (0, 1)]
    assert await retention.expired(steps) == [False, True, False, False, False, False]
    entries = await journal.page(old, 0, 100)
    outputs = [entry for entry in entries if entry.kind == "output"]
    assert len(entries) == before
    assert [(each.text, each.expired) for each in outputs] == [("", True)] * PIECES
    assert not any(entry.expired for entry in entries if entry.kind != "output")
    assert not any(entry.expired for entry in await journal.page(new, 0, 100))
    assert await LogChunk.filter(task_id__in=(new, running)).count() == 2 * PIECES
    assert (await Step.get(task_id=old, index=1)).log_bytes == 1500 * PIECES


async def test_a_log_is_expired_as_soon_as_its_beginning_is(queue, draft):
    """Whoever reads while it is deleted is told, too."""
    task_id = await run(queue, draft)
    first = await LogChunk.filter(task_id=task_id).order_by("id").first()
    await first.delete()

    assert await retention.expired([step_id(task_id, 1)]) == [True]


async def test_several_servers_may_prune_at_once(queue, draft, in_small_bites):
    """Each finds what is left."""
    task_ids = [await run(queue, draft) for _ in range(3)]
    await age(*task_ids)

    counts = await asyncio.gather(*(retention.prune(30) for _ in range(3)))

    assert sum(counts) == 3 * PIECES
    assert not await LogChunk.exists()

"""How much of a task's log is stored: the server's own bound, whatever workers send."""

import asyncio
import subprocess

import pytest

from control import journal
from control.port import LogFull
from control.queue import log_room
from control.queue.log_room import EVENT_BYTES
from control.queue.tasks import TaskQueue
from db.models import LogChunk, Step, Task
from engine.events import Output, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus
from engine.testing import Answer
from tests.control import test_worker as workers

BYTES_MAX = 100_000
LINES = b"".join(b"line %06d\n" % number for number in range(40_000))
PIPELINE = """steps:
  - name: Floods
    run: floods
  - name: Skipped
    run: skipped
  - name: Cleans up
    if: always()
    run: cleans up
"""

repository, workspaces, working = workers.repository, workers.workspaces, workers.working


@pytest.fixture
def queue(turns, pubsub, vault):
    """A queue that stores little."""
    return TaskQueue(turns, pubsub, vault, poll_seconds=10, log_bytes_max=BYTES_MAX)


def output(first_line, text):
    """Return what step 0 prints."""
    return Output(time=now(), index=0, first_line=first_line, text=text)


async def claimed(queue, draft):
    """Return the lease of a task whose first step runs."""
    await queue.submit(draft())
    lease = (await queue.claim("w")).lease
    running = StepChanged(time=now(), index=0, status=StepStatus.RUNNING)
    await queue.append(lease, 0, [running])
    return lease


async def test_what_is_printed_beyond_the_bound_is_refused(queue, draft):
    """Of the events that come together those that fit are stored, and so is how it ended."""
    lease = await claimed(queue, draft)
    fits = BYTES_MAX - 2 * EVENT_BYTES
    with pytest.raises(LogFull, match=f"more than {BYTES_MAX} bytes") as refused:
        await queue.append(lease, 1, [output(1, "x" * (fits + 1))])
    assert (refused.value.stored, (await Task.get()).received) == (0, 1)
    for _ in range(2):  # the first answer may be lost
        with pytest.raises(LogFull) as refused:
            await queue.append(lease, 1, [output(1, "x" * fits), output(2, "y"), output(3, "z")])
        assert refused.value.stored == 1
    failed = StepChanged(time=now(), index=0, status=StepStatus.FAILURE, error="full")
    await queue.append(lease, 2, [failed])
    await queue.finish(lease, TaskChanged(time=now(), status=TaskStatus.FAILURE))

    task, chunk = await Task.get(), await LogChunk.get()
    assert (task.status, task.received) == ("failure", 3)
    assert task.reported_bytes == BYTES_MAX + EVENT_BYTES + len("full")
    assert len(chunk.text) == fits


async def test_characters_count_as_they_are_stored(queue, draft):
    """A text of others than ASCII takes more bytes than characters."""
    lease = await claimed(queue, draft)
    await queue.append(lease, 1, [output(1, "x" * 1000)])
    before = (await Task.get()).reported_bytes
    await queue.append(lease, 2, [output(2, "é" * 1000)])

    assert (await Task.get()).reported_bytes - before == EVENT_BYTES + 2000
    assert before == 2 * EVENT_BYTES + 1000


async def test_how_steps_end_has_a_bound_too(queue, draft, monkeypatch):
    """A worker that says it at great length is refused as well."""
    monkeypatch.setattr(log_room, "ENDING_BYTES", 1000)
    lease = await claimed(queue, draft)

    def ends(size):
        outputs = {"key": "x" * size}
        return StepChanged(time=now(), index=0, status=StepStatus.SUCCESS, outputs=outputs)

    with pytest.raises(LogFull):
        await queue.append(lease, 1, [ends(BYTES_MAX + 1000)])
    await queue.append(lease, 1, [ends(BYTES_MAX)])

    assert len((await Step.get(index=0)).outputs["key"]) == BYTES_MAX


async def test_all_runs_of_a_task_have_one_bound(queue, draft):
    """One that begins again, because its worker went away, has no room anew."""
    lease = await claimed(queue, draft)
    await queue.append(lease, 1, [output(1, "x" * (BYTES_MAX // 2))])
    await Task.all().update(epoch=2, received=0)
    again = type(lease)(lease.task_id, 2)
    with pytest.raises(LogFull):
        await queue.append(again, 0, [output(2, "x" * (BYTES_MAX // 2))])


async def test_a_task_that_prints_too_much_fails_and_says_why(repository, working, queue, draft):
    """It is ended in order: what it printed until then is kept, and it cleans up."""
    (repository / "serverless-pipeline.yaml").write_text(PIPELINE)
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
    commit = ["git", *identity, "commit", "-qam", "two"]
    await asyncio.to_thread(subprocess.run, commit, cwd=repository, check=True)
    answers = {"floods": Answer(LINES, waits=True), "cleans up": Answer(b"cleaned\n")}
    async with working(answers) as executor:
        task_id = (await queue.submit(draft())).id
        task = await workers.until(task_id, "success", "failure", "lost")

    steps = await Step.filter(task_id=task_id).order_by("index")
    entries = await journal.page(task_id, 0, 10_000)
    printed = "".join(each.text for each in entries if each.step_index == 1)
    assert task.status == "failure"
    assert executor.scripts == ["floods", "cleans up"]
    assert [each.status for each in steps[:4]] == ["success", "failure", "skipped", "success"]
    assert steps[1].error.startswith(f"the task's log takes more than {BYTES_MAX} bytes")
    assert [each.truncated for each in steps] == [False, True, False, True]
    assert printed.encode() == LINES[: len(printed)]
    assert 0 < len(printed) == steps[1].log_bytes < BYTES_MAX
    assert "".join(each.text for each in entries if each.step_index == 3) == ""
    assert [entry.seq for entry in entries] == [*range(1, task.next_seq)]

"""The queue's port, on each database."""

import asyncio
from contextlib import aclosing

import pytest

from control.port import AlreadyCompleted, EntryKind, IdempotencyKeyReused, Lease, LeaseLost
from db.models import Application, Step, Task
from engine.events import LogStream, Output, Planned, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus


def ended(status=TaskStatus.SUCCESS):
    """Return the event that ends a task."""
    return TaskChanged(time=now(), status=status)


async def story(queue, task_id):
    """Return a finished task's journal in short."""
    return [
        (entry.kind.value, entry.status or entry.text) async for entry in queue.tail({task_id: 0})
    ]


async def test_tasks_of_an_environment_run_one_at_a_time_in_order(queue, draft):
    """The next one is given out when the one before has ended, and not earlier."""
    first, second, third = [(await queue.submit(draft())).id for _ in range(3)]
    order = []
    for _ in range(3):
        claimed = await queue.claim("w")
        assert await queue.claim("w") is None
        order.append(claimed.lease.task_id)
        await queue.finish(claimed.lease, ended())

    assert order == [first, second, third]


async def test_environments_do_not_wait_for_each_other(queue, draft):
    """Two environments, two tasks at the same time."""
    await queue.submit(draft("test"))
    await queue.submit(draft("test"))
    await queue.submit(draft("live"))

    claims = [await queue.claim("w") for _ in range(3)]

    names = [(await Task.get(id=claim.lease.task_id)).env_name for claim in claims if claim]
    assert names == ["test", "live"]


async def test_of_many_claims_at_once_each_task_goes_to_one(queue, draft):
    """Twenty claimers, two environments: two claims succeed."""
    for name in ("test", "live", "test", "live"):
        await queue.submit(draft(name))

    claims = await asyncio.gather(*[queue.claim(f"w{number}") for number in range(20)])
    given = [claim.lease.task_id for claim in claims if claim]

    assert 1 <= len(given) <= 2
    assert len(set(given)) == len(given)
    assert await Task.filter(status="running").count() == len(given)


async def test_what_happens_is_folded_into_rows_and_documents(queue, draft):
    """Journal, step rows, the seed's steps document and the environment document agree."""
    task_id = (await queue.submit(draft())).id
    lease = (await queue.claim("w")).lease
    await queue.append(
        lease,
        0,
        [
            StepChanged(time=now(), index=0, status=StepStatus.RUNNING),
            Planned(time=now(), steps=("Build", "Ship"), pipeline="steps: …", commit="c" * 40),
            StepChanged(time=now(), index=0, status=StepStatus.SUCCESS),
            StepChanged(time=now(), index=1, status=StepStatus.RUNNING),
            Output(time=now(), index=1, first_line=1, text="one\ntwo\n"),
            StepChanged(
                time=now(), index=1, status=StepStatus.FAILURE, exit_code=3, error="exit code 3"
            ),
            StepChanged(time=now(), index=2, status=StepStatus.SKIPPED),
        ],
    )
    await queue.finish(lease, ended(TaskStatus.FAILURE))
    task = await Task.get(id=task_id)
    steps = await Step.filter(task_id=task_id).order_by("index")
    environment = (await Application.get()).environment["test"]

    assert [step.status for step in steps] == ["success", "failure", "skipped"]
    assert [step["status"] for step in task.steps] == ["success", "failure", "skipped"]
    assert task.steps[1]["exit_code"] == 3
    assert (task.status, task.commit, task.pipeline) == ("failure", "c" * 40, "steps: …")
    assert task.finished_time is not None
    assert task.plan_hash is not None
    assert environment["latest_task"] == {
        "taskId": task_id,
        "status": "failure",
        "completed": True,
    }
    assert await story(queue, task_id) == [
        ("task", "pending"),
        ("task", "running"),
        ("step", "running"),
        ("step", "pending"),
        ("step", "pending"),
        ("step", "success"),
        ("step", "running"),
        ("output", "one\ntwo\n"),
        ("step", "failure"),
        ("step", "skipped"),
        ("task", "failure"),
        ("end", "failure"),
    ]


async def test_an_impossible_transition_is_an_assertion_and_stores_nothing(queue, draft):
    """A step cannot succeed before it ran; the whole batch is left out."""
    task_id = (await queue.submit(draft())).id
    lease = (await queue.claim("w")).lease
    before = (await Task.get(id=task_id)).next_seq

    with pytest.raises(AssertionError, match="impossible"):
        await queue.append(
            lease,
            0,
            [
                Output(time=now(), index=0, first_line=1, text="x\n"),
                StepChanged(time=now(), index=0, status=StepStatus.SUCCESS),
            ],
        )

    assert (await Task.get(id=task_id)).next_seq == before


async def test_a_stale_epoch_can_write_nothing(queue, draft):
    """The fence holds for append, finish and abandon."""
    task_id = (await queue.submit(draft())).id
    stale = Lease(task_id, (await queue.claim("w")).lease.epoch - 1)
    journal = (await Task.get(id=task_id)).next_seq

    for write in (
        queue.append(stale, 0, [Output(time=now(), index=0, first_line=1, text="late\n")]),
        queue.finish(stale, ended()),
        queue.abandon(stale),
    ):
        with pytest.raises(LeaseLost):
            await write

    task = await Task.get(id=task_id)
    assert (task.status, task.next_seq) == ("running", journal)


async def test_a_silent_worker_loses_its_task_once(queue, draft):
    """The sweeper ends it as LOST, its steps say why, and a late write is refused."""
    task_id = (await queue.submit(draft())).id
    queue.lease_seconds = -1
    lease = (await queue.claim("w")).lease
    await queue.append(lease, 0, ())
    queue.lease_seconds = 30

    reaped = await asyncio.gather(*[queue.reap() for _ in range(5)])

    assert [lost for lost in reaped if lost] == [[task_id]]
    assert (await queue.beat("w", [lease])).lost == {task_id}
    assert (await story(queue, task_id))[-2:] == [("task", "lost"), ("end", "lost")]
    with pytest.raises(LeaseLost):
        await queue.finish(lease, ended())


async def test_a_lost_step_says_how_much_of_its_log_is_kept(queue, draft):
    """As one that ended does; its worker says nothing of it any more."""
    task_id = (await queue.submit(draft())).id
    lease = (await queue.claim("w")).lease
    time, text = now(), "\u00fcber\n"
    runs = StepChanged(time=time, index=0, status=StepStatus.RUNNING)
    lines = [
        Output(time=time, index=0, stream=LogStream.OUTPUT, first_line=at, text=text)
        for at in (1, 2)
    ]
    note = Output(time=time, index=0, stream=LogStream.SYSTEM, first_line=3, text="note\n")
    await queue.append(lease, 0, [runs, *lines, note])
    await queue.abandon(lease)

    step = await Step.get(task_id=task_id, index=0)
    assert (step.status, step.log_bytes) == ("failure", 2 * len(text.encode()))


async def test_a_beaten_lease_is_left_alone(queue, draft):
    """As long as its worker beats, a task is nobody else's business."""
    await queue.submit(draft())
    lease = (await queue.claim("w")).lease

    assert not (await queue.beat("w", [lease])).lost
    assert await queue.reap() == []


async def test_a_beat_extends_its_own_leases_alone(queue, draft):
    """Not those of a stale epoch, and not another worker's."""
    task_id = (await queue.submit(draft())).id
    lease = (await queue.claim("w")).lease

    async def until():
        return (await Task.get(id=task_id)).lease_expires_time

    first = await until()
    await queue.beat("w", [lease])
    extended = await until()
    stale = await queue.beat("w", [Lease(task_id, lease.epoch - 1)])
    other = await queue.beat("other", [lease])

    assert extended > first
    assert await until() == extended
    assert (stale.lost, other.lost) == ({task_id}, {task_id})
    await queue.finish(lease, ended())
    assert await until() is None


async def test_a_lease_lasts_from_the_beginning(queue, draft):
    """The worker may have read late that it has the task; what it appends later extends nothing."""
    task_id = (await queue.submit(draft())).id
    lease = (await queue.claim("w")).lease

    async def until():
        return (await Task.get(id=task_id)).lease_expires_time

    claimed = await until()
    await queue.append(lease, 0, [Output(time=now(), index=0, first_line=1, text="1\n")])
    begun = await until()
    await queue.append(lease, 1, [Output(time=now(), index=0, first_line=2, text="2\n")])

    assert begun > claimed
    assert await until() == begun
    await queue.finish(lease, ended())


async def test_a_tasks_row_is_written_once(queue, draft, statements):
    """By each of its claim, its first events, its next ones and its end."""
    await queue.submit(draft())

    def written():
        rows = [each for each in statements if 'UPDATE "task"' in each]
        statements.clear()
        return len(rows)

    statements.clear()
    lease = (await queue.claim("w")).lease
    assert written() == 1
    began = StepChanged(time=now(), index=0, status=StepStatus.RUNNING)
    await queue.append(lease, 0, [began])
    assert written() == 1
    await queue.append(lease, 1, [Output(time=now(), index=0, first_line=1, text="1\n")])
    assert written() == 1
    await queue.finish(lease, ended())
    assert written() == 1


async def test_an_append_made_twice_is_stored_once(queue, draft):
    """A worker whose answer was lost repeats the call; what is new in it is taken."""
    task_id = (await queue.submit(draft())).id
    lease = (await queue.claim("w")).lease
    pieces = [Output(time=now(), index=0, first_line=n, text=f"{n}\n") for n in range(1, 6)]

    await queue.append(lease, 0, pieces[:3])
    await queue.append(lease, 0, pieces[:3])
    await queue.append(lease, 2, pieces[2:])
    await queue.finish(lease, ended())
    texts = [text for kind, text in await story(queue, task_id) if kind == "output"]

    assert texts == [f"{n}\n" for n in range(1, 6)]


async def test_a_pending_task_is_cancelled_at_once(queue, draft):
    """It never runs, and its journal says so."""
    task_id = (await queue.submit(draft())).id
    await queue.cancel(task_id, "changed my mind")

    assert await queue.claim("w") is None
    assert await story(queue, task_id) == [
        ("task", "pending"),
        ("step", "cancelled"),
        ("task", "cancelled"),
        ("end", "cancelled"),
    ]


async def test_a_running_task_is_cancelled_by_its_worker(queue, draft):
    """The worker hears of it with its next beat; cancel wins over a result that came later."""
    task_id = (await queue.submit(draft())).id
    lease = (await queue.claim("w")).lease
    await queue.cancel(task_id, "stop it")

    assert (await queue.beat("w", [lease])).cancel == {task_id: "stop it"}
    await queue.finish(lease, ended(TaskStatus.SUCCESS))
    assert (await Task.get(id=task_id)).status == "cancelled"


async def test_a_cancel_that_rang_while_nobody_listened_is_heard_of(queue, draft):
    """At once by whoever was not told of it; the bell alone is left for who was."""
    queue.lease_seconds = 3600
    task_id = (await queue.submit(draft())).id
    await queue.claim("w")
    await queue.cancel(task_id, "stop it")
    async with aclosing(queue.control("w", [])) as calls:
        await anext(calls)
    async with aclosing(queue.control("w", [task_id])) as calls:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(calls)


async def test_a_cancelled_task_of_a_dead_worker_is_cancelled(queue, draft):
    """Not LOST: somebody wanted it to end."""
    task_id = (await queue.submit(draft())).id
    await queue.claim("w")
    await queue.cancel(task_id, "stop it")

    assert await queue.reap(abandoned=True) == [task_id]
    assert (await Task.get(id=task_id)).status == "cancelled"


async def test_a_finished_task_cannot_be_cancelled(queue, draft):
    """A second cancel is no error, a cancel after the end is."""
    done, dropped = (await queue.submit(draft("test"))).id, (await queue.submit(draft("live"))).id
    await queue.finish((await queue.claim("w")).lease, ended())
    await queue.cancel(dropped, "first")
    await queue.cancel(dropped, "again")

    with pytest.raises(AlreadyCompleted):
        await queue.cancel(done, "too late")


async def test_one_idempotency_key_makes_one_task(queue, draft):
    """Twenty senders at once get one task; another request under the key is refused."""
    requests = [draft(idempotency_key="k", idempotency_hash="h") for _ in range(20)]
    tasks = await asyncio.gather(*[queue.submit(request) for request in requests])
    ids = [task.id for task in tasks]

    assert len(set(ids)) == 1
    assert await Task.all().count() == 1
    with pytest.raises(IdempotencyKeyReused):
        await queue.submit(draft(idempotency_key="k", idempotency_hash="other"))


async def test_whoever_follows_sees_every_entry_once_and_in_order(queue, draft):
    """Early, late and resuming followers put together the same journal."""
    task_id = (await queue.submit(draft())).id
    lease = (await queue.claim("w")).lease

    async def follow(after):
        return [entry async for entry in queue.tail({task_id: after})]

    early = asyncio.create_task(follow(0))
    middle = asyncio.create_task(follow(7))
    for number in range(1, 151):
        text = f"line {number}\n"
        piece = Output(time=now(), index=0, first_line=number, text=text)
        await queue.append(lease, number - 1, [piece])
    await queue.finish(lease, ended())
    seen = await early

    assert [entry.seq for entry in seen] == list(range(1, len(seen) + 1))
    assert seen[-1].kind is EntryKind.END
    assert "".join(entry.text for entry in seen) == "".join(f"line {n}\n" for n in range(1, 151))
    assert await middle == seen[7:]
    assert await follow(0) == seen
    assert await follow(seen[-1].seq) == []

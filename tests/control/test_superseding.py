"""A newer task takes the place of older ones, where its environment says so; on each database."""

import asyncio
import random
from contextlib import suppress
from contextvars import copy_context
from itertools import pairwise

import pytest
from tortoise.exceptions import DoesNotExist
from tortoise.transactions import in_transaction

from control.port import AlreadyCompleted, IdempotencyKeyReused, LeaseLost
from db.audit import Act, Actor, Entry, Told
from db.chains import AuditEntry
from db.fields import Concurrency, OnLost, Priority
from db.models import CommitStatus, Environment, Task
from engine.events import TaskChanged, now
from engine.state import TaskStatus

CHAIN = "org:acme"


@pytest.fixture
def way(application):
    """Return what sets how the environment's tasks go together."""

    async def choose(concurrency, **more):
        found = Environment.filter(id=f"{application.id}:test")
        await found.update(concurrency=concurrency.value, **more)

    return choose


def told(task_id):
    """Return what the audit log is told of a dispatch."""
    return Told(CHAIN, Entry(Actor("u_1", "ann", "session"), Act.TASK_DISPATCHED, task_id))


def ended(status=TaskStatus.SUCCESS):
    """Return the event that ends a task."""
    return TaskChanged(time=now(), status=status)


async def submit(queue, draft, **more):
    """Submit a task that somebody asked for; return its id."""
    given = draft(**more)
    return (await queue.submit(given, told(given.id))).id


async def run_all(queue):
    """Run what there is to run, one after the other; return the ids."""
    order = []
    while given := await queue.claim("w"):
        order.append(given.lease.task_id)
        await queue.finish(given.lease, ended())
    return order


async def story(queue, task_id):
    """Return an ended task's journal in short."""
    entries = [entry async for entry in queue.tail({task_id: 0})]
    return [(entry.kind.value, entry.status, entry.error) for entry in entries]


async def test_of_a_chain_only_the_first_and_the_last_run(queue, draft, way):
    """A hundred pushes behind one that runs: each cancels the one before it."""
    await way(Concurrency.SUPERSEDE)
    first = await submit(queue, draft)
    running = (await queue.claim("w")).lease
    rest = [await submit(queue, draft) for _ in range(99)]
    await queue.finish(running, ended())

    assert await run_all(queue) == [rest[-1]]
    assert (await Task.get(id=first)).status == "success"
    links = await Task.filter(status="cancelled").values_list("id", "superseded_by_id")
    assert dict(links) == dict(pairwise(rest))


async def test_a_superseded_task_says_so_everywhere(queue, draft, way):
    """In its row, its journal, its commit's status and the audit log."""
    await way(Concurrency.SUPERSEDE)
    old = await submit(queue, draft, shown=True)
    new = await submit(queue, draft)
    reason = f"superseded by task {new}"
    task = await Task.get(id=old)
    entries = AuditEntry.filter(action="task.superseded")

    assert (task.status, task.superseded_by_id, task.cancel_reason) == ("cancelled", new, reason)
    assert await story(queue, old) == [
        ("task", "pending", None),
        ("step", "cancelled", f"cancelled: {reason}"),
        ("task", "cancelled", None),
        ("end", "cancelled", None),
    ]
    assert await CommitStatus.filter(task_id=old, told="").exists()  # to be told that it stands so
    assert await entries.values_list("actor", "target", "before", "after") == [
        ("ann", old, {"status": "pending"}, {"supersededBy": new})
    ]


async def test_tasks_queue_where_nothing_else_is_said(queue, draft):
    """All of them run."""
    ids = [await submit(queue, draft) for _ in range(3)]

    assert await run_all(queue) == ids
    assert not await AuditEntry.filter(action="task.superseded").exists()


async def test_other_environments_are_left_alone(queue, draft, way):
    """A way is an environment's own."""
    await way(Concurrency.CANCEL_RUNNING)
    other = await submit(queue, draft, env_name="live")
    new = await submit(queue, draft)

    assert await run_all(queue) == [other, new]


@pytest.mark.parametrize("concurrency", [Concurrency.SUPERSEDE, Concurrency.CANCEL_RUNNING])
async def test_what_runs_goes_on_or_is_asked_to_end(queue, draft, way, concurrency):
    """It is cancelled by its worker, so the new one waits until it has ended."""
    await way(concurrency)
    old = await submit(queue, draft)
    lease = (await queue.claim("w")).lease
    between, new = await submit(queue, draft), await submit(queue, draft)
    stopped = concurrency is Concurrency.CANCEL_RUNNING
    beat = await queue.beat("w", [lease])
    assert beat.cancel == ({old: f"superseded by task {between}"} if stopped else {})
    assert await queue.claim("v") is None
    await queue.finish(lease, ended())
    task = await Task.get(id=old)

    assert (task.status, task.superseded_by_id) == (
        ("cancelled", between) if stopped else ("success", None)
    )
    assert await run_all(queue) == [new]
    targets = await AuditEntry.filter(action="task.superseded").values_list("target", flat=True)
    assert sorted(targets) == sorted([between, *([old] if stopped else [])])


async def test_who_cancelled_first_stays_the_one_who_did(queue, draft, way):
    """A newer task takes no credit for what somebody had asked for already."""
    await way(Concurrency.CANCEL_RUNNING)
    old = await submit(queue, draft)
    await queue.claim("w")
    await queue.cancel(old, "by hand")
    await submit(queue, draft)
    task = await Task.get(id=old)

    assert (task.cancel_reason, task.superseded_by_id) == ("by hand", None)


async def test_a_repeated_request_supersedes_nothing(queue, draft, way):
    """Neither at once nor later, nor one that is refused."""
    await way(Concurrency.CANCEL_RUNNING)
    keyed = {"idempotency_key": "k", "idempotency_hash": "h"}
    drafts = [draft(**keyed) for _ in range(8)]
    first = {task.id for task in await asyncio.gather(*[queue.submit(each) for each in drafts])}
    await queue.claim("w")
    second = await submit(queue, draft)
    assert {(await queue.submit(draft(**keyed), None)).id} == first
    with pytest.raises(IdempotencyKeyReused):
        await queue.submit(draft(**keyed | {"idempotency_hash": "other"}))

    assert (await Task.get(id=second)).status == "pending"
    assert await Task.filter(superseded_by_id=second).count() == 1


async def test_submits_at_once_leave_one(queue, draft, way):
    """Whatever their order: all but one are superseded, and that one runs."""
    await way(Concurrency.SUPERSEDE)
    given = [draft() for _ in range(12)]
    ids = {task.id for task in await asyncio.gather(*[queue.submit(each) for each in given])}
    ran = await run_all(queue)

    assert len(ran) == 1
    assert await Task.filter(id__in=ids - {*ran}, status="cancelled").count() == 11
    assert not await Task.filter(status="cancelled", superseded_by_id=None).exists()


async def test_claims_meanwhile_get_what_was_not_superseded(queue, draft, way):
    """A task either runs or is superseded; nothing waits for ever, nothing is stuck."""
    await way(Concurrency.SUPERSEDE)
    ran = []

    async def work(worker):
        for _ in range(15):
            if given := await queue.claim(worker):
                ran.append(given.lease.task_id)
                await queue.finish(given.lease, ended())
            await asyncio.sleep(0)

    async def push():
        for _ in range(15):
            await submit(queue, draft)

    await asyncio.gather(push(), push(), work("w_1"), work("w_2"))
    for _ in range(3):
        ran += await run_all(queue)
        await queue.reap()

    assert await Task.filter(status="success").count() == len({*ran}) == len(ran)
    assert await Task.filter(status="cancelled").count() == 30 - len(ran)


async def test_a_long_queue_is_superseded_whole(queue, draft, way):
    """Also what is more than one transaction cancels."""
    for _ in range(205):
        await queue.submit(draft())
    await way(Concurrency.SUPERSEDE)
    last = await submit(queue, draft)

    assert await run_all(queue) == [last]
    assert await Task.filter(superseded_by_id=last, status="cancelled").count() == 205
    assert await AuditEntry.filter(action="task.superseded").count() == 205


async def test_a_task_that_waits_for_its_second_run_is_superseded(queue, draft, way):
    """What has run once and is queued again waits like others."""
    await way(Concurrency.SUPERSEDE, on_lost=OnLost.REQUEUE.value)
    old = await submit(queue, draft)
    await queue.claim("w")
    assert await queue.reap(abandoned=True) == []
    new = await submit(queue, draft)

    assert (await Task.get(id=old)).superseded_by_id == new
    assert await run_all(queue) == [new]


class Crowd:
    """Does to an environment's tasks whatever can be done, by chance."""

    def __init__(self, queue, draft, seed):
        self.queue = queue
        self.draft = draft
        self.chance = random.Random(seed)

    async def push(self):
        """Submit tasks."""
        for _ in range(30):  # who asks may have read the environment before it was changed
            await submit(self.queue, self.draft, way=self.chance.choice([*Concurrency]))

    async def work(self):
        """Run a task to its end, or lose it."""
        if given := await self.queue.claim("w"):
            lost = self.chance.random() < 0.5
            with suppress(LeaseLost):
                if lost:
                    await self.queue.abandon(given.lease)
                else:
                    await self.queue.finish(given.lease, ended())

    async def cancel(self):
        """Cancel some task."""
        ids = await Task.filter(finished_time=None).values_list("id", flat=True)
        with suppress(AlreadyCompleted):
            await self.queue.cancel(self.chance.choice(ids or [""]), "chance")

    async def rank(self):
        """Change the priority and tidy up."""
        priority = self.chance.choice([*Priority]).value
        await Environment.filter(name="test").update(priority=priority)
        await self.queue.reap()


@pytest.mark.parametrize("concurrency", [Concurrency.QUEUE, Concurrency.CANCEL_RUNNING])
async def test_everything_at_once_ends(queue, draft, way, concurrency):
    """Submits, cancels, claims, lost workers and new priorities take their locks in one order.

    Where two of them did not, the database would end one of them; here that is a failure.
    """
    await way(concurrency, on_lost=OnLost.REQUEUE.value)
    crowd, over = Crowd(queue, draft, 7), asyncio.Event()

    async def until_over(act):
        while not over.is_set():
            with suppress(DoesNotExist):
                await act()
            await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as group:
        for act in (crowd.work, crowd.work, crowd.cancel, crowd.cancel, crowd.rank):
            group.create_task(until_over(act))
        await asyncio.gather(*[crowd.push() for _ in range(4)])
        while await Task.filter(finished_time=None).exists():
            await asyncio.sleep(0.05)
        over.set()

    assert await Task.all().count() == 120


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_submit_waits_for_a_task_before_it_takes_jobs(queue, draft, way, turns):
    """Who has the task has its job next: a submit that had that one already would wait for ever."""
    await way(Concurrency.SUPERSEDE)
    old = await submit(queue, draft)
    await way(Concurrency.SUPERSEDE, priority=Priority.HIGH.value)  # waiting jobs get it
    elsewhere = copy_context()
    async with in_transaction() as db:
        task = await Task.filter(id=old).using_db(db).select_for_update().get()
        submitting = asyncio.create_task(queue.submit(draft()), context=elsewhere)
        await asyncio.sleep(0.3)
        assert not submitting.done()
        await turns.end(task, db)
    await submitting

    assert (await Task.get(id=old)).status == "cancelled"

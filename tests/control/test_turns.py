"""Whose turn it is, on each database: one at a time, in order, whatever happens in between."""

import asyncio
import random
from collections import defaultdict
from contextvars import copy_context

import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

from control.applications import delete
from control.port import LeaseLost
from db.models import Task
from engine.events import TaskChanged, now
from engine.state import TaskStatus
from tests.conftest import make_application

JOBS = "SELECT queueing_lock, lock, status FROM procrastinate_jobs ORDER BY id"
STEPS = 120
CLAIMERS = 4


def ended(status=TaskStatus.SUCCESS):
    """Return the event that ends a task."""
    return TaskChanged(time=now(), status=status)


async def jobs():
    """Return the jobs of Procrastinate: task, environment, status."""
    found = await connections.get("default").execute_query_dict(JOBS)
    return [tuple(row.values()) for row in found]


async def soon(queue):
    """Return the lease of the next claim: what was passed over is looked at a second later."""
    while (given := await queue.claim("w", 0.2)) is None:
        pass
    return given.lease


class Schedule:
    """Does things by chance, and knows what must be so.

    The tasks of each environment wait in the order they were submitted, and one of them runs.
    """

    def __init__(self, queue, draft, keys, seed):
        self.queue = queue
        self.draft = draft
        self.keys = keys
        self.chance = random.Random(seed)
        self.waiting = defaultdict(list)
        self.running = {}

    @property
    def free(self):
        """Tell whether something can be claimed."""
        return any(ids and key not in self.running for key, ids in self.waiting.items())

    async def submit(self):
        """Submit a task to some environment."""
        app_id, name = key = self.chance.choice(self.keys)
        task = await self.queue.submit(self.draft(name, app_id=app_id))
        self.waiting[key].append(task.id)

    async def claim(self):
        """Claim several times at once; at least one gets something, if there is something."""
        claims = [self.queue.claim(f"w_{each}") for each in range(self.chance.randint(1, CLAIMERS))]
        given = [each for each in await asyncio.gather(*claims) if each is not None]
        assert bool(given) == self.free
        for each in given:
            app = each.contexts["app"]
            key = (app["id"], app["environment"])
            assert key not in self.running, "two at once"
            assert self.waiting[key].pop(0) == each.lease.task_id, "out of order"
            self.running[key] = each.lease

    async def cancel(self):
        """Cancel a task that waits."""
        if key := self._some(key for key, ids in self.waiting.items() if ids):
            task_id = self.chance.choice(self.waiting[key])
            await self.queue.cancel(task_id, "chance")
            self.waiting[key].remove(task_id)

    async def finish(self):
        """End a task that runs."""
        if key := self._some(self.running):
            await self.queue.finish(self.running.pop(key), ended())

    async def lose(self):
        """Have a worker be silent for too long, before or after it has begun."""
        if key := self._some(self.running):
            lease = self.running.pop(key)
            if begun := self.chance.random() < 0.5:
                await self.queue.append(lease, 0, ())
            await Task.filter(id=lease.task_id).update(lease_expires_time=now().replace(year=2020))
            assert await self.queue.reap() == ([lease.task_id] if begun else [])
            if not begun:
                self.waiting[key].insert(0, lease.task_id)
            for write in (self.queue.append(lease, 0, ()), self.queue.finish(lease, ended())):
                with pytest.raises(LeaseLost):
                    await write

    def _some(self, keys):
        found = list(keys)
        return self.chance.choice(found) if found else None


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_random_schedule_keeps_order_and_one_at_a_time(queue, draft, application, seed):
    """Submits, cancels, ends, lost workers, and several claims at the same time."""
    other = await make_application(await application.owner_org, "api")
    keys = [(app.id, name) for app in (application, other) for name in ("test", "live")]
    by_chance = Schedule(queue, draft, keys, seed)
    kinds = [*[by_chance.submit] * 3, *[by_chance.claim] * 2]
    kinds += [by_chance.finish, by_chance.cancel, by_chance.lose]
    for _ in range(STEPS):
        await by_chance.chance.choice(kinds)()
        assert await Task.filter(status="running").count() == len(by_chance.running)
    while by_chance.free or by_chance.running:
        await by_chance.finish()
        await by_chance.claim()

    assert not await Task.filter(status__in=["pending", "running"]).exists()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_jobs_follow_tasks(queue, draft):
    """They come with a submit, run with a claim, and go with every kind of end."""
    first, second, third = [(await queue.submit(draft())).id for _ in range(3)]
    lock = (await jobs())[0][1]
    lease = (await queue.claim("w")).lease
    assert await jobs() == [
        (first, lock, "doing"),
        (second, lock, "todo"),
        (third, lock, "todo"),
    ]
    await queue.finish(lease, ended())
    await queue.cancel(second, "not this one")
    assert await jobs() == [(third, lock, "todo")]
    await queue.claim("w")
    await queue.reap(abandoned=True)
    assert await jobs() == [(third, lock, "todo")]
    await queue.append((await queue.claim("w")).lease, 0, ())
    await queue.reap(abandoned=True)
    assert await jobs() == []


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_submit_that_fails_leaves_no_job(queue, draft):
    """Task and job are of one transaction."""
    given = draft(idempotency_key="k", idempotency_hash="h")
    await asyncio.gather(*[queue.submit(given) for _ in range(5)])

    assert len(await jobs()) == 1


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_jobs_of_a_deleted_application_stop_nobody(queue, draft, application):
    """They are swept away; until then those that wait are passed over."""
    other = await make_application(await application.owner_org, "api")
    for _ in range(3):
        await queue.submit(draft())
    await queue.claim("w")
    mine = await queue.submit(draft(app_id=other.id))
    async with in_transaction() as db:
        await delete(application, db)

    assert (await queue.claim("w")).lease.task_id == mine.id
    assert len(await jobs()) == 4
    await queue.reap()
    assert [row[0] for row in await jobs()] == [mine.id]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_job_that_stands_for_nothing_is_passed_over(queue, draft):
    """Its task was cancelled by a server of an older version."""
    gone, mine = (await queue.submit(draft())).id, (await queue.submit(draft())).id
    await Task.filter(id=gone).update(status="cancelled", finished_time=now())

    assert (await queue.claim("w")).lease.task_id == mine
    assert [row[0] for row in await jobs()] == [mine]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_task_that_runs_without_a_job_is_waited_for(queue, draft):
    """A server of an older version claimed it; others are given out meanwhile."""
    older, waits = (await queue.submit(draft())).id, (await queue.submit(draft())).id
    await Task.filter(id=older).update(status="running", epoch=1)
    other = (await queue.submit(draft("live"))).id
    lock = (await jobs())[0][1]

    assert (await queue.claim("w")).lease.task_id == other
    assert await queue.claim("w") is None
    await Task.filter(id=older).update(status="success", finished_time=now())

    assert (await soon(queue)).task_id == waits
    assert (waits, lock, "doing") in await jobs()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_jobs_and_tasks_agree_again_after_a_look(queue, draft):
    """A job whose task ended elsewhere blocks its environment no more; a task without gets one."""
    stray, lost = (await queue.submit(draft())).id, (await queue.submit(draft())).id
    await queue.claim("w")
    await Task.filter(id=stray).update(status="lost", finished_time=now())
    connection = connections.get("default")
    await connection.execute_query("DELETE FROM procrastinate_jobs WHERE status = 'todo'")
    assert await queue.claim("w") is None
    assert await queue.reap() == []

    assert (await queue.claim("w")).lease.task_id == lost


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_only_one_tidies_up(queue, draft, turns):
    """Whoever finds another one at it leaves the tasks alone."""
    task_id = (await queue.submit(draft())).id
    await queue.append((await queue.claim("w")).lease, 0, ())
    elsewhere = copy_context()
    async with in_transaction() as db:
        assert await turns.alone(db)
        assert await asyncio.create_task(queue.reap(abandoned=True), context=elsewhere) == []

    assert await queue.reap(abandoned=True) == [task_id]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_claim_does_not_wait_for_a_task_that_is_being_changed(queue, draft):
    """It passes the task over; the others of its environment wait in their order."""
    locked, behind = (await queue.submit(draft())).id, (await queue.submit(draft())).id
    other = (await queue.submit(draft("live"))).id
    elsewhere = copy_context()
    async with in_transaction() as db:
        await Task.filter(id=locked).using_db(db).select_for_update().get()
        given = await asyncio.create_task(queue.claim("w"), context=elsewhere)
        nothing = await asyncio.create_task(queue.claim("w"), context=elsewhere)
        assert given.lease.task_id == other
        assert nothing is None
    lease = await soon(queue)
    await queue.finish(lease, ended())

    assert lease.task_id == locked
    assert (await queue.claim("w")).lease.task_id == behind

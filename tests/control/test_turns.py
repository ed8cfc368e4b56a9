"""Whose turn it is, on each database: one at a time, in order, whatever happens in between."""

import asyncio
import itertools
import json
import random
from collections import defaultdict
from contextvars import copy_context

import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

from control.applications import delete
from control.port import LeaseLost
from control.queue.procrastinate import MISSING, PIECE
from control.queue.tasks import RUNS_MAX
from db.fields import Concurrency, OnLost, Priority
from db.models import Environment, Task
from engine.events import TaskChanged, now
from engine.state import TaskStatus
from tests.conftest import make_application

JOBS = "SELECT queueing_lock, lock, status FROM procrastinate_jobs ORDER BY id"
COPIES = """INSERT INTO task SELECT (jsonb_populate_record(t, jsonb_build_object(
  'id', t.id || to_char(n, 'FM0000')))).* FROM task t, generate_series(1, $1) n"""
DROP = "DELETE FROM procrastinate_jobs WHERE queueing_lock = $1"
RANKED = "UPDATE procrastinate_jobs SET priority = 2 WHERE queueing_lock <> $1"
STEPS = 120
CLAIMERS = 4


def ended(status=TaskStatus.SUCCESS):
    """Return the event that ends a task."""
    return TaskChanged(time=now(), status=status)


@pytest.fixture
async def owner(application):
    """Return the row of the application's team."""
    return await application.owner_org


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

    The tasks of each environment wait in the order they were submitted, and one of them runs. Of
    environments those of a higher priority go first, then those whose next task is older.
    """

    def __init__(self, queue, draft, environments, seed):
        self.queue = queue
        self.draft = draft
        self.environments = environments  # by application and name
        self.chance = random.Random(seed)
        self.numbers = {}  # of the tasks, in the order they were submitted
        self.waiting = defaultdict(list)
        self.running = {}
        self.superseded = {}

    @property
    def free(self):
        """Return the environments in which something can be claimed, in the order of claims."""
        free = [key for key, ids in self.waiting.items() if ids and key not in self.running]
        return sorted(
            free,
            key=lambda key: (
                -self.environments[key].priority,
                self.numbers[self.waiting[key][0]],
            ),
        )

    async def submit(self):
        """Submit a task to some environment."""
        app_id, name = key = self.chance.choice([*self.environments])
        task = await self.queue.submit(self.draft(name, app_id=app_id))
        way = self.environments[key].concurrency
        if way != "queue":
            self.superseded |= dict.fromkeys(self.waiting.pop(key, ()), task.id)
        if way == "cancel_running" and key in self.running:
            self.superseded.setdefault(self.running[key].task_id, task.id)
        self.numbers[task.id] = len(self.numbers)
        self.waiting[key].append(task.id)

    async def rank(self):
        """Give an environment another priority; who tidies up sees to it within a second."""
        key = self.chance.choice([*self.environments])
        environment = self.environments[key]
        environment.priority = self.chance.choice([*Priority]).value
        await environment.save(update_fields=["priority"])
        assert await self.queue.reap() == []

    async def claim(self):
        """Claim several times at once; at least one gets something, if there is something."""
        claims = [self.queue.claim(f"w_{each}") for each in range(self.chance.randint(1, CLAIMERS))]
        free = self.free
        given = [each for each in await asyncio.gather(*claims) if each is not None]
        assert bool(given) == bool(free)
        if len(claims) == 1 and given:
            app = given[0].contexts["app"]
            assert free[0] == (app["id"], app["environment"])
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
            environment = self.environments[key]
            if begun := self.chance.random() < 0.5:
                await self.queue.append(lease, 0, ())
            again = (environment.on_lost == "requeue" and lease.epoch < RUNS_MAX) or not begun
            if again and lease.task_id not in self.superseded:
                self.waiting[key].insert(0, lease.task_id)
            await Task.filter(id=lease.task_id).update(lease_expires_time=now().replace(year=2020))
            left = lease.task_id not in self.waiting[key]
            assert await self.queue.reap() == ([lease.task_id] if left else [])
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
    environments = {(each.application_id, each.name): each for each in await Environment.all()}
    assert {app_id for app_id, _ in environments} == {application.id, other.id}
    ways = itertools.product(Concurrency, OnLost)
    for environment, (concurrency, on_lost) in zip(environments.values(), ways, strict=False):
        environment.concurrency, environment.on_lost = concurrency.value, on_lost.value
        await environment.save()
    by_chance = Schedule(queue, draft, environments, seed)
    kinds = [*[by_chance.submit] * 3, *[by_chance.claim] * 2]
    kinds += [by_chance.finish, by_chance.cancel, by_chance.lose, by_chance.rank]
    for _ in range(STEPS):
        await by_chance.chance.choice(kinds)()
        assert await Task.filter(status="running").count() == len(by_chance.running)
    while by_chance.free or by_chance.running:
        await by_chance.finish()
        await by_chance.claim()

    assert not await Task.filter(status__in=["pending", "running"]).exists()
    superseded = Task.filter(superseded_by_id__not_isnull=True)
    assert dict(await superseded.values_list("id", "superseded_by_id")) == by_chance.superseded
    for task_id in by_chance.superseded:
        assert (await Task.get(id=task_id)).status == "cancelled"


async def test_of_environments_the_higher_priority_goes_first(queue, draft, application_of, owner):
    """Then the older task; in one environment the order of submission stays."""
    applications = [await application_of(owner, f"app{number}") for number in range(6)]
    chance = random.Random(11)
    environments = {(each.application_id, each.name): each for each in await Environment.all()}
    for environment in environments.values():
        environment.priority = chance.choice([*Priority]).value
        await environment.save()
    tasks = []
    for number in range(60):
        app, name = chance.choice(applications), chance.choice(["test", "live"])
        task = await queue.submit(draft(name, app_id=app.id))
        tasks.append((-environments[app.id, name].priority, number, (app.id, name), task.id))
    heads = {}
    for task in sorted(tasks, key=lambda task: task[1]):
        heads.setdefault(task[2], task)

    given = [(await queue.claim("w")).lease.task_id for _ in heads]

    assert await queue.claim("w") is None
    assert given == [task_id for *_, task_id in sorted(heads.values())]


async def test_a_new_priority_does_not_let_the_new_overtake_the_old(queue, draft, application):
    """Of the same environment, also before somebody has tidied up."""
    first = (await queue.submit(draft())).id
    await Environment.filter(id=f"{application.id}:test").update(priority=Priority.HIGH.value)
    second = (await queue.submit(draft())).id
    order = []
    for _ in range(2):
        lease = (await queue.claim("w")).lease
        order.append(lease.task_id)
        await queue.finish(lease, ended())

    assert order == [first, second]


async def test_many_claimers_and_priorities(queue, draft, application_of, owner):
    """Never two in one environment, each environment in its order, every task once."""
    applications = [await application_of(owner, f"app{number}") for number in range(5)]
    chance = random.Random(3)
    for environment in await Environment.all():
        await Environment.filter(id=environment.id).update(
            priority=chance.choice([*Priority]).value
        )
    wanted, got, running = defaultdict(list), defaultdict(list), set()
    for _ in range(100):
        app, name = chance.choice(applications), chance.choice(["test", "live"])
        wanted[app.id, name].append((await queue.submit(draft(name, app_id=app.id))).id)

    async def claimer(worker):
        while any(len(got[key]) < len(ids) for key, ids in wanted.items()):
            given = await queue.claim(worker)
            if given is None:
                await asyncio.sleep(0.01)
                continue
            app = given.contexts["app"]
            key = (app["id"], app["environment"])
            assert key not in running
            running.add(key)
            got[key].append(given.lease.task_id)
            await asyncio.sleep(0)
            running.remove(key)
            await queue.finish(given.lease, ended())

    await asyncio.gather(*[claimer(f"w_{number}") for number in range(8)])

    assert got == wanted


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
async def test_of_many_that_wait_a_look_reads_some_and_mends_all(queue, draft, application):
    """What disagrees is found by the look that comes to it: jobs, tasks and priorities."""
    await queue.submit(draft())
    connection = connections.get("default")
    await connection.execute_query(COPIES, [PIECE + 100])
    await queue.reap()
    line = [job[0] for job in await jobs()]
    assert len(line) == PIECE + 101

    await Task.filter(id=line[-1]).update(status="lost", finished_time=now())
    await connection.execute_query(DROP, [line[-2]])
    await queue.reap()
    assert len(await jobs()) == PIECE + 100
    await queue.reap()
    assert {job[0] for job in await jobs()} == {*line} - {line[-1]}

    await Environment.filter(id=f"{application.id}:test").update(priority=Priority.HIGH.value)
    await connection.execute_query(RANKED, [line[-1]])
    await queue.reap()
    await queue.reap()
    found = await connection.execute_query_dict("SELECT DISTINCT priority FROM procrastinate_jobs")
    assert found == [{"priority": Priority.HIGH.value}]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_look_reads_each_job_once(queue, draft):
    """Also where the tables were analysed when hardly a task waited."""
    connection = connections.get("default")
    await queue.submit(draft())
    for table in ("task", "procrastinate_jobs"):
        await connection.execute_script(f"ANALYZE {table}")
    for _ in range(50):
        await queue.submit(draft())

    plan = await connection.execute_query_dict(f"EXPLAIN (ANALYZE, FORMAT JSON) {MISSING}")
    reads = [each for each in nodes(plan[0]["QUERY PLAN"]) if "procrastinate_jobs" in str(each)]
    assert max(each["Actual Loops"] for each in reads if "Relation Name" in each) == 1


def nodes(plan):
    """Yield the parts of a plan."""
    for each in json.loads(plan) if isinstance(plan, str) else plan:
        node = each.get("Plan", each)
        yield {key: value for key, value in node.items() if key != "Plans"}
        yield from nodes(node.get("Plans", ()))


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

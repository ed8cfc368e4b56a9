"""Labels: which worker is given which task, and what is said of one that no worker may take."""

import random

import pytest
from tortoise import connections

from control.port import Reach
from control.queue import presence
from control.queue.presence import Stranded, Workers, known
from control.queue.tasks import TaskQueue
from db import labels
from db.machines import LocalWorker, WorkerMachine
from db.models import Application, Org, Task
from engine.events import TaskChanged, now
from engine.state import TaskStatus
from tests.conftest import make_application

LABELS = ("arm64", "gpu", "linux", "zone-a")


def ended():
    """Return the event that ends a task."""
    return TaskChanged(time=now(), status=TaskStatus.SUCCESS)


async def given(queue, *has, org=None):
    """Return the id of the task that a worker with these labels is given."""
    claimed = await queue.claim("w", 0.0, Reach(org, has))
    return claimed and claimed.lease.task_id


async def stranded():
    """Return the environments whose tasks are marked."""
    return {task.env_name for task in await Task.filter(stranded=True)}


async def test_a_worker_is_given_what_needs_no_more_than_it_has(queue, draft):
    """None, some and all of its labels; a task that needs nothing goes to anybody."""
    task_id = (await queue.submit(draft("test", runs_on="gpu,linux"))).id

    assert await given(queue) is None
    assert await given(queue, "linux") is None
    assert await given(queue, "arm64", "linux,gpu") is None
    assert await given(queue, "arm64", "linux", "gpu") == task_id
    plain = (await queue.submit(draft("live"))).id
    assert await given(queue, "arm64") == plain


async def test_a_task_that_nobody_may_take_holds_its_environment(queue, draft):
    """The order stays; another environment goes on; once it is cancelled, the next one runs."""
    first = (await queue.submit(draft("test", runs_on="gpu"))).id
    behind = (await queue.submit(draft("test"))).id
    other = (await queue.submit(draft("live"))).id

    assert await given(queue, "linux") == other
    assert await given(queue, "linux") is None
    await queue.cancel(first, "nobody has one")
    assert await given(queue, "linux") == behind


async def test_the_teams_own_workers_have_a_label_that_others_cannot_have(queue, draft):
    """Nor those of another team."""
    task_id = (await queue.submit(draft(runs_on="team"))).id

    assert await given(queue, "team") is None
    assert await given(queue, "team", org="beta") is None
    assert await given(queue, org="acme") == task_id


@pytest.mark.parametrize("seed", [1, 2])
async def test_by_chance_every_claim_is_the_oldest_that_fits(queue, draft, application, seed):
    """Of two teams, with all sets of labels, tasks that end and tasks that are cancelled."""
    chance = random.Random(seed)
    user = await application.owner_org
    beta = await Org.create(
        id="u_1:beta", user_id=user.user_id, name="beta", role="OWNER", secrets={}
    )
    other = await make_application(beta, "api")
    teams = {application.id: "acme", other.id: "beta"}
    keys = [(app_id, name) for app_id in teams for name in ("test", "live")]
    lines, running = {key: [] for key in keys}, {}
    for _ in range(100):
        key = chance.choice(keys)
        needed = labels.join(chance.sample(LABELS, chance.choice([0, 0, 1, 2])))
        task = await queue.submit(draft(key[1], app_id=key[0], runs_on=needed))
        lines[key].append((task.created_time, task.id, set(labels.split(needed))))
        reach = Reach(
            chance.choice([None, "acme", "beta"]),
            tuple(chance.sample(LABELS, chance.randint(0, 4))),
        )
        heads = [
            (*lines[key][0], key)
            for key in keys
            if lines[key] and key not in running and reach.org in (None, teams[key[0]])
        ]
        fits = sorted(head for head in heads if head[2] <= set(reach.labels))
        claimed = await queue.claim("w", 0.0, reach)
        assert (claimed and claimed.lease.task_id) == (fits[0][1] if fits else None)
        if claimed:
            running[fits[0][3]] = claimed.lease
            lines[fits[0][3]].pop(0)
        if running and chance.random() < 0.6:
            await queue.finish(running.pop(chance.choice(list(running))), ended())


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_job_of_a_server_without_labels_goes_to_the_right_queue(queue, draft, database):
    """It was made in the team's own; the first claim that may not have it moves it."""
    task_id = (await queue.submit(draft(runs_on="gpu"))).id
    connection = connections.get("default")
    await connection.execute_query("UPDATE procrastinate_jobs SET queue_name = 'acme'")

    assert await given(queue) is None
    (job,) = await connection.execute_query_dict("SELECT queue_name FROM procrastinate_jobs")
    assert job["queue_name"] == "acme:gpu"
    assert await given(queue, "gpu") == task_id


async def test_names_and_labels_of_any_length_are_queued(queue, draft):
    """A queue's name is no channel's, which PostgreSQL would not take."""
    await Org.all().update(name="a" * 63)
    wide = labels.join(f"{number}" + "x" * 39 for number in range(8))
    task_id = (await queue.submit(draft(runs_on=wide))).id

    assert await given(queue, *labels.split(wide), org="a" * 63) == task_id
    await queue.cancel(task_id, "enough")


async def test_what_no_worker_may_take_is_marked_while_that_is_so(queue, draft, pubsub):
    """By the database and elsewhere, of this team and of another one, online and gone."""
    look = Stranded(pubsub, Workers()).look
    for name, needed in (("test", ""), ("live", "gpu")):
        await queue.submit(draft(name, runs_on=needed))
    await look()
    assert await stranded() == {"test", "live"}

    async with known("w_1", ["linux"]):
        while not await LocalWorker.exists():
            pass
        await look()
        assert await stranded() == {"live"}
        before = (await Task.get(env_name="live")).updated_time
        await look()
        assert (await Task.get(env_name="live")).updated_time == before
        machine = await WorkerMachine.create(
            id="m_1",
            name="box",
            org_name="beta",
            labels=["gpu"],
            token_hash="t",
            token_expires_time=now(),
            session="w_2",
            last_seen_time=now(),
        )
        await look()
        assert await stranded() == {"live"}
        machine.org_name = "acme"
        await machine.save()
        await look()
        assert await stranded() == set()
        machine.session = None
        await machine.save()
        await look()
        assert await stranded() == {"live"}
    assert not await LocalWorker.exists()
    await queue.cancel((await Task.get(env_name="live")).id, "nobody comes")
    assert await Application.exists()


async def test_marks_stay_however_long_a_look_takes(queue, draft, pubsub, monkeypatch):
    """What was found at its beginning counts to its end."""
    monkeypatch.setattr(presence, "KNOWN_SECONDS", -1.0)
    for name in ("test", "live"):
        await queue.submit(draft(name))
    for _ in range(2):
        await Stranded(pubsub, Workers()).look()
        assert await stranded() == {"test", "live"}


async def test_a_new_task_is_marked_where_the_workers_are_known(turns, pubsub, vault, draft):
    """A moment later they may be others: then the next look marks it."""
    workers = Workers()
    queue = TaskQueue(turns, pubsub, vault, workers=workers)
    assert not (await queue.submit(draft("test", runs_on="gpu"))).stranded
    await LocalWorker.create(id="w_1", labels=["linux"], last_seen_time=now())
    await workers.look()

    tasks = [await queue.submit(draft("live", runs_on=needed)) for needed in ("gpu", "linux")]
    assert [task.stranded for task in tasks] == [True, False]
    assert [(await Task.get(id=task.id)).stranded for task in tasks] == [True, False]


async def test_a_worker_by_the_database_that_died_is_forgotten(queue, draft, pubsub):
    """It was killed, and could not say that it goes."""
    await LocalWorker.create(id="w_1", labels=[], last_seen_time=now().replace(year=2020))
    await queue.submit(draft())
    await Stranded(pubsub, Workers()).look()

    assert await stranded() == {"test"}
    assert not await LocalWorker.exists()

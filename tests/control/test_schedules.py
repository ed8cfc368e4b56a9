"""Schedules: what is due is deployed once, whatever else there is."""

import asyncio
import logging
import socket
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.transactions import in_transaction

from control import applications
from control.deploys import callers_key
from control.schedules.due import AT_ONCE_MAX, FAULT, WAITING_MAX, Schedules
from control.schedules.plan import begun, plan
from db.models import KEY_CHARACTERS_MAX, Application, Environment, Org, Task, User
from tests.control.conftest import until

SOON = timedelta(days=300)  # no other tick comes while a test runs

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def server(deploys, repository):
    """Return the schedules of a server."""
    return Schedules(deploys)


def minutes_ago(count):
    """Return a moment in the past, as a tick."""
    return (datetime.now(UTC) - timedelta(minutes=count)).replace(second=0, microsecond=0)


def yearly(moment, **more):
    """Return the entry of a schedule that is due at a moment, and then a year later."""
    return {"cron": f"{moment.minute} {moment.hour} {moment.day} {moment.month} *", **more}


async def schedule(env_id, since, *entries):
    """Have an environment be due since some time, as if the server had not looked since."""
    due = {"next_scheduled_time": since, "trigger_spec": {"schedule": [*entries]}}
    await Environment.filter(id=env_id).update(**due)


async def nothing_is_due():
    """Tell whether every schedule waits for a time to come."""
    return not await Environment.filter(next_scheduled_time__lte=datetime.now(UTC)).exists()


async def test_what_is_due_is_deployed(server, application):
    """The default branch, and the task says why; then the schedule waits for its next time."""
    tick = minutes_ago(2)
    await schedule(f"{application.id}:test", tick, yearly(tick, timezone="UTC"))

    await until(nothing_is_due, server)

    task = await Task.get()
    assert (task.trigger_type, task.env_name, task.status) == ("schedule", "test", "pending")
    assert (task.branch, task.ref, len(task.commit)) == ("main", "refs/heads/main", 40)
    assert task.dispatch_org_id is None
    assert task.trigger_payload["cron"] == yearly(tick)["cron"]
    assert task.trigger_payload["timeZone"] == "UTC"
    assert task.trigger_payload["scheduledTime"] == tick.isoformat()
    environment = await Environment.get(id=f"{application.id}:test")
    assert environment.next_scheduled_time > datetime.now(UTC) + SOON
    assert environment.schedule_problem is None


async def test_a_time_is_not_slept_through(server, application, monkeypatch):
    """Whoever looks now and then looks at the time that comes before that, too."""
    monkeypatch.setattr("control.schedules.due.POLL_SECONDS", 600.0)
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await schedule(f"{application.id}:test", soon, yearly(minutes_ago(2)))

    async def moved_on():
        environment = await Environment.get(id=f"{application.id}:test")
        return environment.next_scheduled_time > soon + SOON

    await until(moved_on, server)

    assert datetime.now(UTC) >= soon


async def test_of_entries_due_at_once_the_first_deploys(server, repository, application):
    """An environment has one task a time."""
    tick = minutes_ago(2)
    command = ["git", "branch", "work"]
    await asyncio.to_thread(subprocess.run, command, cwd=repository, check=True)
    entries = [yearly(tick, branch="work"), yearly(tick, branch="main")]
    await schedule(f"{application.id}:test", tick, *entries)

    await until(nothing_is_due, server)

    assert (await Task.get()).branch == "work"


async def test_servers_that_look_at_once_make_one_task(deploys, repository, application):
    """For each environment that is due."""
    tick = minutes_ago(2)
    for name in ("live", "test"):
        await schedule(f"{application.id}:{name}", tick, yearly(tick))

    await until(nothing_is_due, *(Schedules(deploys) for _ in range(5)))

    assert sorted(await Task.all().values_list("env_name", flat=True)) == ["live", "test"]


async def test_a_time_comes_once_also_after_a_kill(server, deploys, application):
    """Where the task is stored and the schedule, for whatever reason, has not moved on."""
    tick = minutes_ago(2)
    await schedule(f"{application.id}:test", tick, yearly(tick))
    await until(nothing_is_due, server)
    await schedule(f"{application.id}:test", tick, yearly(tick))

    await until(nothing_is_due, Schedules(deploys))

    assert await Task.all().count() == 1
    assert (await Environment.get(id=f"{application.id}:test")).schedule_problem is None


async def test_a_task_that_cannot_be_stored_leaves_the_schedule_due(
    deploys, repository, application, queue, monkeypatch
):
    """They are stored together; whoever comes next makes the task."""
    tick = minutes_ago(2)
    await schedule(f"{application.id}:test", tick, yearly(tick))
    stopped = asyncio.Event()

    async def killed(*_):
        stopped.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr("control.queue.submission.Bundle.send", killed)  # which stores it

        async def there():
            return stopped.is_set()

        await until(there, Schedules(deploys))

    assert await Task.all().count() == 0
    assert (await Environment.get(id=f"{application.id}:test")).next_scheduled_time == tick
    await until(nothing_is_due, Schedules(deploys))
    assert await Task.all().count() == 1


@pytest.mark.parametrize(
    ("ago", "made"), [((50, 40, 30), 30), ((300, 200, 30), 30), ((300, 200, 100), None)]
)
async def test_of_missed_times_the_newest_of_an_hour_deploys(
    server, application, caplog, ago, made
):
    """The log tells of the others."""
    caplog.set_level(logging.WARNING, "rollway.schedules")
    missed = [minutes_ago(each) for each in ago]
    await schedule(f"{application.id}:test", missed[0], *(yearly(each) for each in missed))

    await until(nothing_is_due, server)

    times = [each.trigger_payload["scheduledTime"] for each in await Task.all()]
    assert times == ([] if made is None else [missed[-1].isoformat()])
    assert f"missed its schedule of {missed[0].isoformat()}" in caplog.text


def test_a_plan_counts_an_hour_from_now():
    """The bound itself is still in time."""
    now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    document = {"schedule": [{"cron": "0 11 * * *"}]}
    since = datetime(2025, 12, 1, 11, tzinfo=UTC)

    assert plan(document, since, now).tick.time == datetime(2026, 1, 1, 11, tzinfo=UTC)
    late = plan(document, since, now + timedelta(seconds=1))
    assert (late.tick, late.missed) == (None, since)
    assert late.following == datetime(2026, 1, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize("spec", [[], 7, {"schedule": 1}, {"schedule": [{"cron": "no"}]}, {"": 0}])
async def test_a_document_that_cannot_be_read_ends_its_schedule(server, application, spec):
    """And no other's."""
    tick = minutes_ago(2)
    await schedule(f"{application.id}:test", tick, yearly(tick))
    broken = Environment.filter(id=f"{application.id}:live")
    await broken.update(trigger_spec=spec, next_scheduled_time=minutes_ago(9))

    await until(nothing_is_due, server)

    assert (await broken.get()).next_scheduled_time is None
    assert (await Task.get()).env_name == "test"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL takes no such thing
async def test_a_row_that_cannot_be_read_stops_no_other(
    server, application, application_of, monkeypatch
):
    """It is tried again, as often as may be; then its schedule ends, and says so."""
    monkeypatch.setattr("control.schedules.due.TRIES_MAX", 2)
    other = await application_of(await Org.get(name="acme"), "other")
    tick = minutes_ago(2)
    await schedule(f"{application.id}:test", tick, yearly(tick))
    await schedule(f"{other.id}:live", minutes_ago(9))
    async with in_transaction() as db:
        broken = f"UPDATE environment SET trigger_spec = '{{' WHERE id = '{other.id}:live'"
        await db.execute_script(broken)

    await until(nothing_is_due, server)

    rows = Environment.filter(id=f"{other.id}:live")
    assert await rows.values_list("next_scheduled_time", "schedule_problem") == [(None, FAULT)]
    assert (await Task.get()).env_name == "test"


async def test_silent_hosts_stop_no_other(server, application, application_of):
    """More of them than are worked on at once; each gets a task that will say so itself."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        port = silent.getsockname()[1]
        org = await Org.get(name="acme")
        for number in range(AT_ONCE_MAX):
            url = f"http://127.0.0.1:{port}/{number}.git"
            other = await application_of(org, f"silent{number}", url)
            tick = minutes_ago(9)
            await schedule(f"{other.id}:live", tick, yearly(tick))
        tick = minutes_ago(2)
        await schedule(f"{application.id}:test", tick, yearly(tick))

        await until(nothing_is_due, server)

    assert await Task.all().count() == AT_ONCE_MAX + 1
    assert (await Task.get(app_id=application.id)).commit


async def test_one_that_fails_is_tried_again_and_then_given_up(
    server, application, monkeypatch, caplog
):
    """The environment says so, and goes on at its next time."""
    monkeypatch.setattr("control.schedules.due.TRIES_MAX", 3)
    monkeypatch.setattr("control.schedules.due.RETRY_SECONDS", 0.01)
    tries = []

    async def broken(request):
        tries.append(request.idempotency_key)
        raise OSError

    monkeypatch.setattr(server._deploys, "dispatch", broken)
    tick = minutes_ago(2)
    await schedule(f"{application.id}:test", tick, yearly(tick))

    await until(nothing_is_due, server)

    environment = await Environment.get(id=f"{application.id}:test")
    assert (len(tries), len(set(tries))) == (3, 1)
    assert environment.schedule_problem == FAULT
    assert environment.next_scheduled_time > datetime.now(UTC) + SOON
    assert "try 3" in caplog.text


async def test_a_branch_that_is_gone_is_told(server, application):
    """Until the next time that deploys, or until the rules change."""
    tick = minutes_ago(2)
    await schedule(f"{application.id}:test", tick, yearly(tick, branch="nosuch"))

    await until(nothing_is_due, server)

    environment = await Environment.get(id=f"{application.id}:test")
    assert "refs/heads/nosuch" in environment.schedule_problem
    assert await Task.all().count() == 0
    await schedule(environment.id, tick, yearly(tick, branch="main"))
    await until(nothing_is_due, server)
    assert (await Environment.get(id=environment.id)).schedule_problem is None


async def test_deploys_that_wait_are_bounded(server, application, queue, draft):
    """Where no worker takes them."""
    for _ in range(WAITING_MAX):
        made = draft()
        await queue.submit(made)
    tick = minutes_ago(2)
    await schedule(f"{application.id}:test", tick, yearly(tick))

    await until(nothing_is_due, server)

    assert await Task.all().count() == WAITING_MAX
    environment = await Environment.get(id=f"{application.id}:test")
    assert environment.schedule_problem.startswith(f"{WAITING_MAX} deploys")


async def test_what_was_due_does_not_deploy_for_another_team(server, application):
    """The schedule goes on there, with what comes."""
    tick = minutes_ago(2)
    await schedule(f"{application.id}:test", tick, yearly(tick))
    user = await User.create(id="u_2", username="bob")
    to = await Org.create(id="u_2:new", user=user, name="new", role="OWNER", secrets={})
    async with in_transaction() as db:
        await applications.move(await Application.get(id=application.id), to, db)

    environment = await Environment.get(id=f"{application.id}:test")
    assert environment.next_scheduled_time > datetime.now(UTC) + SOON
    assert await nothing_is_due()


@pytest.mark.parametrize("goes", ["application", "environment"])
async def test_one_that_goes_meanwhile(deploys, repository, application, monkeypatch, goes):
    """Nothing is made, nothing breaks."""
    tick = minutes_ago(2)
    for name in ("live", "test"):
        await schedule(f"{application.id}:{name}", tick, yearly(tick))
    dispatch = deploys.dispatch

    async def late(request):
        if request.env_name == "test":
            async with in_transaction() as db:
                if goes == "application":
                    await applications.delete(application, db)
                else:
                    row = await Environment.get(id=f"{application.id}:test")
                    await applications.delete_environment(row, db)
        return await dispatch(request)

    monkeypatch.setattr(deploys, "dispatch", late)

    await until(nothing_is_due, Schedules(deploys))

    assert "test" not in await Task.all().values_list("env_name", flat=True)
    if goes == "environment":
        assert (await Task.get()).env_name == "live"


def test_begun_looks_at_times_to_come():
    """Nothing without a schedule, whatever the document is."""
    for document in ({}, {"schedule": []}, {"github": 7}, [], None):
        assert begun(document)["next_scheduled_time"] is None
    given = {"schedule": [{"cron": "* * * * *"}], "github": {"push": 7}}
    following = begun(given)["next_scheduled_time"]
    assert timedelta() < following - datetime.now(UTC) <= timedelta(minutes=1)


@pytest.mark.parametrize("key", ["k", "k" * 124, "k" * 125, "k" * 128, "schedule.test.1"])
def test_a_callers_key_is_a_callers(key):
    """It fits, is told from others of its length, and begins as no other."""
    stored = callers_key(key)

    assert len(stored) <= KEY_CHARACTERS_MAX
    assert stored.startswith("api")
    assert stored != callers_key(key[:-1] + "x")
    assert callers_key(None) is None

"""A new task is stored with all that belongs to it, or refused and nothing is."""

import asyncio
from contextvars import copy_context

import pytest
from tortoise.transactions import in_transaction

from auth.permissions import Action, Denied, NotFound
from auth.teams import still_having
from control import applications
from control.port import ApplicationGone, EnvironmentGone
from db import documents
from db.audit import Act, Actor, Entry, Told
from db.bundle import Bundle
from db.chains import AuditEntry
from db.fields import Concurrency
from db.models import Application, Environment, Org, Task
from tests.conftest import make_application


@pytest.fixture
async def owner(application):
    """Return the row of the application's team."""
    return await application.owner_org


def told(owner, application, action=Action.DEPLOY, *, asked=True):
    """Return what the audit log is told, and what refuses it."""
    entry = Entry(Actor("u_1", "ann", "session"), Act.TASK_DISPATCHED, "t_1")
    still = still_having(owner, application.id, action) if asked else None
    return Told("org:acme", entry, still)


async def nothing():
    """Tell whether no task is there, and no audit entry of one."""
    return not await Task.exists() and not await AuditEntry.exists()


@pytest.mark.parametrize("way", [*Concurrency])
@pytest.mark.parametrize("seen", [*Concurrency])
async def test_what_was_seen_of_the_environment_decides_nothing(
    queue, draft, application, owner, way, seen
):
    """It may have changed since: what waits is superseded by how it is now."""
    old = (await queue.submit(draft())).id
    await Environment.filter(name="test").update(concurrency=way.value)
    new = (await queue.submit(draft(way=seen), told(owner, application))).id

    superseded = None if way is Concurrency.QUEUE else new
    assert (await Task.get(id=old)).superseded_by_id == superseded
    assert (await Environment.get(name="test")).latest_task_id == new
    document = (await Application.get(id=application.id)).environment
    assert document["test"]["latest_task"]["taskId"] == new
    assert (await queue.claim("w")).lease.task_id == (old if superseded is None else new)
    assert await AuditEntry.filter(action=Act.TASK_DISPATCHED).count() == 1


async def test_who_may_not_any_more_is_refused(queue, draft, application, owner):
    """They lost their role, or left, or the application is another team's."""
    await Org.filter(id=owner.id).update(role="MEMBER")
    with pytest.raises(Denied):
        await queue.submit(draft(), told(owner, application, Action.DELETE_APPLICATION))
    beta = await Org.create(id="u_1:beta", user_id="u_1", name="beta", role="OWNER", secrets={})
    other = await make_application(beta, "web")
    elsewhere = draft(app_id=other.id)
    for asked, refusal in ((True, NotFound), (False, ApplicationGone)):
        with pytest.raises(refusal):
            await queue.submit(elsewhere, told(owner, other, asked=asked))
    assert await nothing()


async def test_what_is_gone_is_said_by_name(queue, draft, application, owner):
    """Also where the database was the first to find that it lacks."""
    await Environment.filter(name="test").delete()
    with pytest.raises(EnvironmentGone):
        await queue.submit(draft(), told(owner, application))
    await Application.filter(id=application.id).delete()
    for asked, refusal in ((True, NotFound), (False, ApplicationGone)):
        with pytest.raises(refusal):
            await queue.submit(draft(), told(owner, application, asked=asked))
    with pytest.raises(EnvironmentGone):
        await queue.submit(draft())
    assert await nothing()


async def gone(what, application):
    """Delete an environment, or the application with all that it has."""
    async with in_transaction() as db:
        if what == "application":
            await applications.delete(application, db)
        else:
            await applications.delete_environment(await Environment.get(name="test"), db)


@pytest.mark.parametrize("what", ["environment", "application"])
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_who_deletes_waits_for_who_submits(queue, draft, application, what):
    """Nobody has what the other one needs next: teams may differ, where it was handed over."""
    task = await queue.submit(draft())
    await queue.cancel(task.id, "enough")
    elsewhere = copy_context()
    async with in_transaction() as db:
        await Environment.filter(name="test").using_db(db).update(latest_task_id=task.id)
        deleting = asyncio.create_task(gone(what, application), context=elsewhere)
        await asyncio.sleep(0.3)
        bundle = Bundle(db)
        documents.become_latest(task, bundle)
        async with asyncio.timeout(5):
            await bundle.send()
        assert not deleting.done()
    await deleting

    assert not await Environment.filter(name="test").exists()

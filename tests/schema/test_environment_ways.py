"""How an environment's tasks go together, in the API: read, set, told, and what comes of it."""

import pytest

from db.chains import AuditEntry
from db.models import Environment, Task

COMMIT = "c" * 40
SHOWN = "concurrency priority onLost"
DEFAULTS = {"concurrency": "QUEUE", "priority": "NORMAL", "onLost": "FAIL"}
OTHERS = {"concurrency": "CANCEL_RUNNING", "priority": "HIGH", "onLost": "REQUEUE"}


@pytest.fixture
async def owner(world):
    """Return the owner of a team "acme"."""
    user = await world.api.user("owner")
    await world.team("acme", user)
    return user


async def test_ways_are_set_with_an_environment_and_have_defaults(world, owner):
    """By the application's creation, and one by one."""
    answer = await world.done(
        "createApplication",
        owner,
        f"application {{ id environments {{ name {SHOWN} }} }}",
        orgName="acme",
        name="web",
        provider="GIT",
        repoUrl="https://example.com/a/b",
        environments=[{"name": "plain"}, {"name": "set", **OTHERS}],
    )
    application = answer["application"]
    assert application["environments"] == [
        {"name": "plain", **DEFAULTS},
        {"name": "set", **OTHERS},
    ]
    answer = await world.done(
        "createEnvironment",
        owner,
        f"environment {{ {SHOWN} }}",
        applicationId=application["id"],
        environment={"name": "more", "priority": "LOW"},
    )
    assert answer["environment"] == DEFAULTS | {"priority": "LOW"}


async def test_ways_are_changed_one_by_one_and_told(world, owner):
    """What is left out stays; NORMAL is a value like others."""
    given = {"applicationId": await world.created(owner, "acme"), "name": "default"}
    now = dict(DEFAULTS)
    changes = [*[{key: value} for key, value in OTHERS.items()], {"priority": "NORMAL"}]
    for version, change in enumerate(changes, start=2):
        before, now = now, now | change
        selection = f"environment {{ version {SHOWN} }}"
        answer = await world.done("updateEnvironment", owner, selection, **given, **change)
        assert answer["environment"] == {"version": version, **now}
        entry = await AuditEntry.filter(action="environment.updated").order_by("-seq").first()
        assert {key: entry.before[key] for key in DEFAULTS} == before
        assert {key: entry.after[key] for key in DEFAULTS} == now


async def test_a_new_priority_counts_for_what_waits_from_then_on(world, owner):
    """In the same breath: nobody has to look after it first."""
    queue, ids = world.api.server.queue, []
    for name in ("first", "second"):
        given = {"orgName": "acme", "name": name, "provider": "GIT", "repoUrl": "https://x.org/a/b"}
        made = await world.done("createApplication", owner, "application { id }", **given)
        ids.append(made["application"]["id"])
    shown, place = "task { id }", {"envName": "default", "commit": COMMIT}
    tasks = [
        (await world.done("deploy", owner, shown, applicationId=each, **place))["task"]["id"]
        for each in (*ids, ids[1])
    ]
    change = {"applicationId": ids[1], "name": "default", "priority": "HIGH"}
    await world.done("updateEnvironment", owner, "environment { priority }", **change)

    assert (await queue.claim("w")).lease.task_id == tasks[1]
    assert (await queue.claim("w")).lease.task_id == tasks[0]


@pytest.mark.parametrize("again", ["deploy", "redeploy", "rollback"])
async def test_whatever_makes_a_task_supersedes(world, owner, again):
    """A redeploy and a rollback are submits like any other."""
    application_id = await world.created(owner, "acme")
    place = {"applicationId": application_id, "envName": "default"}
    shown = "task { id }"
    source = (await world.done("deploy", owner, shown, **place, commit=COMMIT))["task"]["id"]
    await Task.filter(id=source).update(status="success", pipeline="steps: []")
    await Environment.all().update(concurrency="supersede")
    old = (await world.done("deploy", owner, shown, **place, commit=COMMIT))["task"]["id"]
    wanted = {
        "deploy": {**place, "commit": COMMIT, "idempotencyKey": "once"},
        "redeploy": {"taskId": source, "idempotencyKey": "once"},
        "rollback": {"taskId": source, "idempotencyKey": "once"},
    }
    for _ in range(2):  # the second time it is the same task
        new = (await world.done(again, owner, shown, **wanted[again]))["task"]["id"]

    query = "query ($id: ID!) { task(id: $id) { status completed supersededBy { id status } } }"
    answer = await world.api.execute(query, owner, id=old)
    assert answer["task"] == {
        "status": "CANCELLED",
        "completed": True,
        "supersededBy": {"id": new, "status": "PENDING"},
    }
    entry = await AuditEntry.get(action="task.superseded")
    assert (entry.actor, entry.target, entry.after) == ("owner", old, {"supersededBy": new})

"""Deploys made elsewhere: what is kept of them, and that the queue does not know them."""

import asyncio
from contextlib import aclosing

import pytest

from control.deploys import Dispatch, NotDoneHere, TriggerType
from control.port import EnvironmentGone, IdempotencyKeyReused, Shown, Watched
from control.reports import EndedOtherwise, Report, Reports, ResourceFull
from db.audit import Actor
from db.chains import AuditEntry
from db.models import Application, Environment, Org, Task
from db.sealed import ENVIRONMENT_SECRETS
from engine.events import TaskChanged, now
from engine.state import TaskStatus
from providers.repository import Policy
from tests.hosting import deploying

PENDING, RUNNING, SUCCESS = TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.SUCCESS
FUNCTION = {"aliyun.fc": {"uid": "1", "region": "r", "functions": [{"service": "s", "name": "f"}]}}


async def may(_):
    """Refuse nobody."""


@pytest.fixture
def reports(vault, pubsub, queue):
    """Return what takes reports."""
    return Reports(vault, pubsub)


@pytest.fixture
def report_of(application):
    """Return reports about the application."""

    def make(status=SUCCESS, external_id="42", **more):
        given = {
            "actor": Actor(None, "ann", "s_test"),
            "team": "acme",
            "application": application,
            "env_name": "test",
            "platform": "jenkins",
            "by": None,
            "still": may,
            **more,
        }
        return Report(status=status, external_id=external_id, **given)

    return make


async def story(queue, task_id):
    """Return a finished task's journal in short."""
    return [(entry.kind.value, entry.status) async for entry in queue.tail({task_id: 0})]


@pytest.mark.parametrize(
    ("told", "expected", "began"),
    [
        ([SUCCESS], ["running", "success"], False),
        ([TaskStatus.FAILURE], ["running", "failure"], False),
        ([TaskStatus.CANCELLED], ["running", "cancelled"], False),
        ([TaskStatus.LOST], ["running", "lost"], False),
        ([PENDING, SUCCESS], ["pending", "success"], False),
        ([RUNNING, SUCCESS], ["running", "success"], True),
        ([PENDING, RUNNING, SUCCESS], ["pending", "running", "success"], True),
        ([RUNNING, PENDING, RUNNING, SUCCESS, RUNNING, PENDING], ["running", "success"], True),
    ],
)
async def test_a_deploy_only_goes_forward(reports, report_of, queue, told, expected, began):
    """One task whatever the order; a beginning that nobody told of is not made up."""
    tasks = [await reports.report(report_of(status)) for status in told]
    task = await Task.get()

    assert {each.id for each in tasks} == {task.id}
    assert task.status == expected[-1]
    assert (task.started_time is not None, task.finished_time is not None) == (began, True)
    assert await story(queue, task.id) == [
        *(("task", status) for status in expected),
        ("end", expected[-1]),
    ]
    document = (await Application.get()).environment["test"]
    assert document["latest_task"] == {
        "taskId": task.id,
        "status": expected[-1],
        "completed": True,
    }


async def test_another_end_is_refused(reports, report_of):
    """What has ended stays as it is, and so does the resource."""
    await reports.report(report_of(SUCCESS))

    with pytest.raises(EndedOtherwise) as caught:
        await reports.report(report_of(TaskStatus.FAILURE, resource=FUNCTION))

    assert caught.value.status == "SUCCESS"
    assert (await Task.get()).status == "success"
    assert (await Environment.get(name="test")).resource == {}


async def test_twenty_equal_reports_are_one_task(reports, report_of):
    """One task, one entry of the audit log, one change of the environment."""
    same = [reports.report(report_of(resource=FUNCTION)) for _ in range(20)]

    tasks = await asyncio.gather(*same)

    assert len({task.id for task in tasks}) == 1
    assert await Task.all().count() == 1
    assert await AuditEntry.all().count() == 1
    environment = await Environment.get(name="test")
    assert (environment.version, environment.resource) == (2, FUNCTION)


async def test_reports_in_any_order_at_once_end(reports, report_of):
    """The end wins, however the others come."""
    statuses = [PENDING, RUNNING, SUCCESS] * 5

    await asyncio.gather(*[reports.report(report_of(status)) for status in statuses])

    assert (await Task.get()).status == "success"


async def test_what_makes_it_another_deploy(reports, report_of):
    """Another id, platform or environment; and whatever has no id."""
    first = report_of()
    others = [
        report_of(external_id="43"),
        report_of(platform="travis"),
        report_of(env_name="live"),
        report_of(external_id=None),
        report_of(external_id=None),
    ]

    tasks = [await reports.report(each) for each in (first, *others)]

    assert len({task.id for task in tasks}) == 1 + len(others)


async def test_the_queue_does_not_know_them(reports, report_of, queue, draft):
    """Nobody claims or reaps one, and its environment deploys meanwhile."""
    await reports.report(report_of(PENDING, "1"))
    await reports.report(report_of(RUNNING, "2"))
    await reports.report(report_of(RUNNING, "3"))
    assert await queue.claim("w") is None

    mine = await queue.submit(draft())
    lease = (await queue.claim("w")).lease
    await reports.report(report_of(RUNNING, "4"))

    await queue.append(lease, 0, ())

    assert lease.task_id == mine.id
    assert await queue.reap(abandoned=True) == [mine.id]
    counted = [
        await Task.filter(reported=True, status=each).count() for each in ("pending", "running")
    ]
    assert counted == [1, 3]


async def test_a_task_of_the_queue_is_not_touched(reports, report_of, queue, draft):
    """A running one goes on, also where it has the key that the report would have."""
    report = report_of(SUCCESS)
    mine = await queue.submit(draft(idempotency_key=report.key, idempotency_hash="other"))
    lease = (await queue.claim("w")).lease

    with pytest.raises(IdempotencyKeyReused):
        await reports.report(report)
    other = await reports.report(report_of(SUCCESS, "43"))

    assert (await Task.get(id=mine.id)).status == "running"
    assert (await Environment.get(name="test")).latest_task_id == other.id
    await queue.finish(lease, TaskChanged(time=now(), status=SUCCESS))
    assert (await Task.get(id=mine.id)).status == "success"


async def test_cancelling_one_ends_it(reports, report_of, queue):
    """Nobody here can stop it: it counts as cancelled, and a later end is refused."""
    for number, status in enumerate((PENDING, RUNNING)):
        task = await reports.report(report_of(status, str(number)))
        for _ in range(2):
            await queue.cancel(task.id, "we gave up")
        assert (await Task.get(id=task.id)).status == "cancelled"
        with pytest.raises(EndedOtherwise):
            await reports.report(report_of(SUCCESS, str(number)))


async def test_one_is_not_repeated(reports, report_of, queue, vault, application):
    """Rollway knows neither its commit nor its pipeline."""
    source = await reports.report(report_of())
    await reports.report(report_of(external_id="43"))
    deploys = deploying(queue, vault, Policy(schemes=("file",)))
    for exact, trigger in ((True, TriggerType.REDEPLOY), (False, TriggerType.ROLLBACK)):
        request = Dispatch(
            actor=Actor(None, "ann", "s_test"),
            application=application,
            env_name="test",
            trigger_type=trigger,
            by=None,
            source=source,
            exact=exact,
        )
        again = deploys.redeploy if trigger is TriggerType.REDEPLOY else deploys.rollback
        with pytest.raises(NotDoneHere):
            await again(request)


async def test_secrets_are_masked(reports, report_of, vault, application):
    """In the message, the payload and the audit log; the key is a digest."""
    environment = f"{application.id}:test"
    place = ENVIRONMENT_SECRETS.place(environment)
    sealed = vault.change({}, {"TOKEN": "hunter22"}, place=place)
    await Environment.filter(id=environment).update(secrets=sealed)
    await Org.all().update(secrets={})

    told = {"message": "with hunter22", "resource": {"notes": ["hunter22"]}}
    await reports.report(report_of(RUNNING, "build hunter22", **told))
    task = await reports.report(report_of(SUCCESS, "build hunter22", message="and hunter22"))

    kept = str([await Task.all().values(), await AuditEntry.all().values()])
    assert "hunter22" not in kept
    assert task.message == "and ***"
    assert task.trigger_payload["externalId"] == "build ***"


async def test_the_resource_is_bounded(reports, report_of):
    """A report that would make it too large changes nothing at all."""
    large = [{"key" + str(number): "x" * 40_000} for number in range(2)]
    await reports.report(report_of(external_id="1", resource=large[0]))

    with pytest.raises(ResourceFull):
        await reports.report(report_of(external_id="2", resource=large[1]))

    assert await Task.all().count() == 1


async def test_an_environment_that_is_gone(reports, report_of):
    """Nothing is recorded."""
    with pytest.raises(EnvironmentGone):
        await reports.report(report_of(env_name="none"))
    assert await Task.all().count() == 0


async def next_task(changes):
    """Return the next task that is told."""
    while isinstance(told := await anext(changes), Shown):
        pass
    return told


async def test_who_watches_sees_it(reports, report_of, queue, application):
    """The application's stream and the task's hear of each step, long before they would look."""
    async with (
        asyncio.timeout(5),
        aclosing(queue.changes(Watched(application_id=application.id))) as changes,
        aclosing(queue.changes(Watched(org_name="acme"))) as team,
    ):
        seen = []
        for status in (PENDING, RUNNING, SUCCESS):
            following = [asyncio.create_task(next_task(each)) for each in (changes, team)]
            await asyncio.sleep(0.05)
            await reports.report(report_of(status))
            seen.append([(await each).status for each in following])

    assert seen == [["pending"] * 2, ["running"] * 2, ["success"] * 2]

"""Trigger specs on the wire: a mistake is refused where it is written, with the path to it."""

import string
from datetime import UTC, datetime

import pytest

from control.globs import Flaw
from control.schedules.cron import FIELDS
from control.trigger_spec import Fault
from db.models import Environment, Task
from schema import trigger_issues

ISSUES = "... on InvalidProblem { issues { field message } }"
WRONG = {
    "github": {
        "push": {"branches": {"precise": ["main", "{a"], "exlude": ["x"]}},
        "pull_request": {"types": ["open"]},
    },
    "schedule": [{"cron": "0 25 * * *"}],
}
MISSED = datetime(2026, 1, 1, 4, tzinfo=UTC)
PATHS = [
    ["github", "push", "branches", "exlude"],
    ["github", "push", "branches", "precise", "1"],
    ["github", "pull_request", "types", "0"],
    ["schedule", "0", "cron"],
]


@pytest.fixture
async def owner(sqlite_world):
    """The owner of a team."""
    return await sqlite_world.api.user("owner")


@pytest.fixture
async def application(sqlite_world, owner):
    """An application of the team."""
    return await sqlite_world.application(await sqlite_world.team("acme", owner), "web")


@pytest.fixture
def mutate(sqlite_world, owner):
    """Return what calls a mutation and gives what it answers, issues included."""

    async def call(name, given, language="en"):
        kind = f"{name[0].upper()}{name[1:]}Input"
        query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ __typename {ISSUES} }} }}"
        return (await sqlite_world.api.execute(query, owner, language, input=given))[name]

    return call


def inputs(application, document):
    """Yield the mutations that take a trigger spec, what to give them, and the path in it."""
    environment = {"name": "fresh", "triggerSpec": document}
    yield (
        "createApplication",
        {
            "orgName": "acme",
            "name": "new",
            "provider": "GIT",
            "repoUrl": "https://git.example.com/a/b.git",
            "environments": [environment],
        },
        ["environments", "0", "triggerSpec"],
    )
    yield (
        "createEnvironment",
        {"applicationId": application.id, "environment": environment},
        ["environment", "triggerSpec"],
    )
    yield (
        "updateEnvironment",
        {"applicationId": application.id, "name": "test", "triggerSpec": document},
        ["triggerSpec"],
    )


async def test_each_mistake_is_named_with_its_path(mutate, application):
    """In every mutation that takes a trigger spec, and nothing is stored."""
    for name, given, path in inputs(application, WRONG):
        answer = await mutate(name, given)

        assert answer["__typename"] == "InvalidProblem"
        assert [issue["field"] for issue in answer["issues"]] == [[*path, *at] for at in PATHS]
    assert await Environment.filter(name="fresh").count() == 0
    assert [row.trigger_spec for row in await Environment.filter(name="test")] == [{}]


async def test_mistakes_are_said_in_both_languages(mutate, application):
    """With the right word, where one is close."""
    given = {"applicationId": application.id, "name": "test", "triggerSpec": WRONG}
    english = (await mutate("updateEnvironment", given))["issues"]
    chinese = (await mutate("updateEnvironment", given, "zh"))["issues"]

    assert english[0]["message"] == (
        'is no key here; there are precise, prefix, include, exclude; did you mean "exclude"?'
    )
    assert english[1]["message"].startswith("is no glob: a { is not closed")
    assert [issue["message"] for issue in chinese] == [
        '此处没有这个键;可用的有 precise, prefix, include, exclude;您是否想写 "exclude"?',
        "不是有效的通配符:{ 没有闭合;字面的写作 \\{",
        '必须是 opened, closed, reopened, merged, synchronize, update 之一;您是否想写 "opened"?',
        "其中的时永远不会到来",
    ]


async def test_documents_without_mistakes_are_stored(mutate, application):
    """As they were given."""
    document = {
        "github": {
            "push": {"branches": {"precise": ["main"]}, "tags": {"prefix": ["v"]}},
            "pull_request": {
                "types": ["merged"],
                "branches": {"precise": [{"target": "main", "source": ""}]},
            },
        },
        "schedule": [{"cron": "0 4 * * *", "timezone": "Asia/Shanghai"}],
    }
    for name, given, _ in inputs(application, document):
        answer = await mutate(name, given)
        assert answer["__typename"].endswith("Payload"), answer
    rows = await Environment.filter(name__in=["fresh", "test"])
    assert [row.trigger_spec for row in rows if row.trigger_spec] == [document] * 3


SHOWN = "environment { nextScheduledTime scheduleProblem triggerSpec version }"


async def test_an_environment_says_when_it_deploys_next(sqlite_world, owner, application):
    """From when its schedule is written; other changes leave that alone."""

    async def change(**given):
        answer = await sqlite_world.mutate(
            "updateEnvironment", owner, SHOWN, applicationId=application.id, name="test", **given
        )
        return answer["environment"]

    assert (await change(type="STAGING"))["nextScheduledTime"] is None
    leap = {"schedule": [{"cron": "0 4 29 2 *", "timezone": "Asia/Shanghai"}]}
    shown = await change(triggerSpec=leap)
    assert shown["nextScheduledTime"].endswith("-02-28T20:00:00+00:00")
    row = Environment.filter(id=f"{application.id}:test")
    await row.update(next_scheduled_time=MISSED, schedule_problem="gone")
    for given in ({"type": "STAGING"}, {"triggerSpec": leap}):
        shown = await change(**given)
        assert shown["nextScheduledTime"] == MISSED.isoformat()
        assert shown["scheduleProblem"] == "gone"
    shown = await change(triggerSpec={})
    assert (shown["nextScheduledTime"], shown["scheduleProblem"]) == (None, None)


async def test_a_new_environment_has_its_schedule(mutate, application):
    """However it is made."""
    for name, given, _ in inputs(application, {"schedule": [{"cron": "0 4 29 2 *"}]}):
        await mutate(name, given)
    times = await Environment.all().values_list("next_scheduled_time", flat=True)
    assert len([each for each in times if each]) == 3


async def test_a_task_says_by_which_schedule_it_was_made(sqlite_world, owner, application):
    """Typed, and by the seed's word."""
    (task,) = await sqlite_world.tasks(application, 1)
    payload = {"cron": "0 4 * * *", "timeZone": "Asia/Shanghai"}
    made = {"trigger_type": "schedule", "trigger_payload": payload, "dispatch_org_id": None}
    await Task.filter(id=task.id).update(**made)
    query = """query ($id: ID!) { task(id: $id) { triggerType dispatchOrg { id }
      trigger { __typename type ... on ScheduleTrigger { cron timeZone } } } }"""
    shown = (await sqlite_world.api.execute(query, owner, id=task.id))["task"]
    trigger = {"__typename": "ScheduleTrigger", "type": "schedule", **payload}
    assert shown == {"triggerType": "schedule", "dispatchOrg": None, "trigger": trigger}


@pytest.mark.parametrize("key", ["schedule.test.20260101T040000Z", "d_1.1.test", "k" * 128])
async def test_a_caller_cannot_take_a_key_of_ours(sqlite_world, owner, application, key):
    """Theirs are told apart, and work as long as they may be."""
    given = {"applicationId": application.id, "envName": "test", "commit": "1" * 40}
    ours = await Task.create(
        id="t_ours",
        app=application,
        env_name="test",
        status="pending",
        steps=[],
        trigger_type="schedule",
        created_time=MISSED,
        updated_time=MISSED,
        idempotency_key=key,
        idempotency_hash="ours",
    )
    answers = [
        await sqlite_world.mutate("deploy", owner, "task { id }", **given, idempotencyKey=key)
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["task"]["id"] != ours.id
    again = {**given, "message": "other", "idempotencyKey": key}
    answer = await sqlite_world.mutate("deploy", owner, **again)
    assert answer["__typename"] == "IdempotencyKeyReusedProblem"


async def test_a_secret_of_the_original_is_dropped(mutate, application):
    """Everybody who sees the environment would read it; the application keeps it sealed."""
    push = {"push": {"branches": {"precise": ["main"]}}}
    document = {"github": {**push, "secret": "s3cret"}, "gitee": {**push, "password": "s3cret"}}
    for name, given, _ in inputs(application, document):
        answer = await mutate(name, given)
        assert answer["__typename"].endswith("Payload"), answer
    rows = await Environment.filter(name__in=["fresh", "test"])
    written = [row.trigger_spec for row in rows if row.trigger_spec]
    assert written == [{"github": push, "gitee": push}] * 3


@pytest.mark.parametrize("document", [[], "github", 1, {"github": {"push": {"a": "\ud800"}}}])
async def test_what_is_no_document_is_refused(mutate, application, document):
    """So is half a character."""
    given = {"applicationId": application.id, "name": "test", "triggerSpec": document}
    answer = await mutate("updateEnvironment", given)

    assert answer["__typename"] == "InvalidProblem"


@pytest.mark.parametrize("key", ["", "a.b", "\N{GRINNING FACE}", "x" * 10_000, "main\n"])
async def test_any_key_comes_back_as_it_was(mutate, application, key):
    """The path names what was written."""
    given = {"applicationId": application.id, "name": "test", "triggerSpec": {key: {}}}
    (issue,) = (await mutate("updateEnvironment", given))["issues"]

    assert issue["field"] == ["triggerSpec", key]


def test_every_text_is_translated():
    """With the same facts in it."""

    def facts(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert set(trigger_issues.FAULTS) == set(Fault)
    assert set(trigger_issues.WORDS) == {*Flaw, *FIELDS}
    for fault, chinese in trigger_issues.FAULTS.items():
        assert facts(chinese) == facts(fault)
    for flaw in Flaw:
        numbers = [word for word in flaw.split() if word.isdecimal()]
        assert all(number in trigger_issues.WORDS[flaw] for number in numbers)

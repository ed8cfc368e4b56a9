"""`reportTask`: deploys made elsewhere, through the API."""

import asyncio
from contextlib import aclosing

import pytest

from auth.permissions import Role
from auth.viewer import Viewer
from db.chains import AuditEntry
from db.models import ApiToken, Application, Environment, Task
from schema import schema

TASK = """task { id status completed triggerType message steps { index } startedTime
  trigger { type ... on TrackerTrigger { platform externalId } } triggerPayload
  dispatchOrg { user { username } } environment { latestTask { id } version activeTask { id }
    queue { nodes { id } } resources { uid region service name } } }"""
GIVEN = {
    "orgName": "acme",
    "applicationName": "web",
    "envName": "test",
    "platform": "jenkins",
    "status": "SUCCESS",
    "externalId": "42",
}
FUNCTION = {"aliyun.fc": {"uid": "1", "region": "r", "functions": [{"service": "s", "name": "f"}]}}
ISSUES = """mutation ($input: ReportTaskInput!) { reportTask(input: $input) {
  ... on InvalidProblem { code issues { field message } } } }"""


@pytest.fixture
async def acme(world):
    """Return a world with a team's application, and its OWNER."""
    owner = await world.api.user("owner")
    await world.application(await world.team("acme", owner), "web")
    return world, owner


async def token_of(user, scopes, **bounds):
    """Return a caller with an API token."""
    token = await ApiToken.create(
        id="k_ci", user=user, name="ci", scopes=scopes, token_hash="h", prefix="rwt_", **bounds
    )
    return Viewer(user, token=token)


async def test_a_report(acme):
    """The task says who told of it and where it is; latest task and resource follow."""
    world, owner = acme

    given = {**GIVEN, "message": "Friday", "resource": FUNCTION}
    task = (await world.done("reportTask", owner, TASK, **given))["task"]

    trigger = {"type": "tracker:jenkins", "platform": "jenkins", "externalId": "42"}
    assert task == {
        "id": task["id"],
        "status": "SUCCESS",
        "completed": True,
        "triggerType": "tracker:jenkins",
        "message": "Friday",
        "steps": [],
        "startedTime": None,
        "trigger": trigger,
        "triggerPayload": {
            "platform": "jenkins",
            "externalId": "42",
            "message": "Friday",
            "resource": FUNCTION,
        },
        "dispatchOrg": {"user": {"username": "owner"}},
        "environment": {
            "latestTask": {"id": task["id"]},
            "version": 2,
            "activeTask": None,
            "queue": {"nodes": []},
            "resources": [{"uid": "1", "region": "r", "service": "s", "name": "f"}],
        },
    }
    document = (await Application.get(name="web")).environment["test"]
    assert document["resource"] == FUNCTION
    assert document["latest_task"]["taskId"] == task["id"]
    assert await world.acts("org:acme") == ["task.reported"]
    entry = await AuditEntry.get()
    assert (entry.target, entry.actor, entry.before) == (task["id"], "owner", None)
    assert entry.after == {
        "application": "web",
        "environment": "test",
        "trigger": "tracker:jenkins",
        "externalId": "42",
        "status": "success",
        "resource": FUNCTION,
    }
    await world.check()


async def test_a_pending_one_is_not_in_the_queue(acme):
    """What waits elsewhere does not wait here."""
    world, owner = acme
    for number, status in enumerate(("PENDING", "RUNNING")):
        given = {**GIVEN, "externalId": f"{number}", "status": status}
        task = (await world.done("reportTask", owner, TASK, **given))["task"]
        assert task["status"] == status
        assert task["environment"]["activeTask"] is None
        assert task["environment"]["queue"] == {"nodes": []}
    await world.check()


async def test_again_and_forward(acme):
    """The first task again; a report that is behind changes nothing, another end is refused."""
    world, owner = acme
    answers = [
        await world.done("reportTask", owner, "task { id status }", **{**GIVEN, "status": status})
        for status in ("RUNNING", "RUNNING", "FAILURE", "FAILURE", "RUNNING")
    ]
    other = await world.mutate("reportTask", owner, **GIVEN)

    assert len({answer["task"]["id"] for answer in answers}) == 1
    told = [answer["task"]["status"] for answer in answers]
    assert told == ["RUNNING", "RUNNING", "FAILURE", "FAILURE", "FAILURE"]
    assert (other["code"], other["field"]) == ("CONFLICT", ["status"])
    assert await world.acts("org:acme") == ["task.reported"] * 2


async def test_twenty_equal_reports_are_one_task(acme):
    """However close they come."""
    world, owner = acme

    answers = await asyncio.gather(
        *[world.done("reportTask", owner, "task { id }", **GIVEN) for _ in range(20)]
    )

    assert len({answer["task"]["id"] for answer in answers}) == 1
    assert await Task.all().count() == 1


async def test_roles(acme):
    """MEMBER and above."""
    world, _ = acme
    for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER):
        user = await world.api.user(role.lower())
        await world.team("acme", user, role.value)
        code = await world.code("reportTask", user, **GIVEN)
        assert code == ("FORBIDDEN" if role is Role.VIEWER else None)
    assert await Task.all().count() == 1


async def test_strangers_and_guests(acme):
    """Another team's application is like one that is not there, also by its right name."""
    world, owner = acme
    stranger = await world.api.user("stranger")
    await world.team("other", stranger)

    answers = [
        await world.mutate("reportTask", stranger, **{**GIVEN, **named})
        for named in ({}, {"applicationName": "none"}, {"orgName": "none"}, {"orgName": "other"})
    ]

    assert answers == [answers[0]] * 4
    assert answers[0]["code"] == "NOT_FOUND"
    assert await world.code("reportTask", None, **GIVEN) == "UNAUTHENTICATED"
    gone = await world.mutate("reportTask", owner, **{**GIVEN, "envName": "none"})
    assert (gone["code"], gone["field"]) == ("NOT_FOUND", ["envName"])
    assert await Task.all().count() == 0


@pytest.mark.parametrize(
    ("scopes", "bounds", "code"),
    [
        (["DEPLOY"], {"env_name": "test"}, None),
        (["DEPLOY"], {}, None),
        (["READ"], {"env_name": "test"}, "FORBIDDEN"),
        (["DEPLOY"], {"env_name": "live"}, "FORBIDDEN"),
        (["DEPLOY"], {"application_id": "a_acme_other"}, "NOT_FOUND"),
        (["DEPLOY"], {"org_name": "giver", "application_id": None}, "NOT_FOUND"),
    ],
)
async def test_tokens(acme, scopes, bounds, code):
    """DEPLOY on the environment is enough, and nothing else is."""
    world, owner = acme
    given = {"org_name": "acme", "application_id": "a_acme_web", **bounds}
    caller = await token_of(owner, scopes, **given)

    assert await world.code("reportTask", caller, **GIVEN) == code
    assert await Task.all().count() == (1 if code is None else 0)


async def test_a_token_of_one_environment_learns_nothing_of_another(acme):
    """The same id in another environment is another deploy."""
    world, owner = acme
    live = await world.done("reportTask", owner, "task { id }", **{**GIVEN, "envName": "live"})
    bounds = {"org_name": "acme", "application_id": "a_acme_web", "env_name": "test"}
    caller = await token_of(owner, ["DEPLOY"], **bounds)

    test = await world.done("reportTask", caller, "task { id }", **GIVEN)

    assert test["task"]["id"] != live["task"]["id"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"platform": ""}, ["platform"]),
        ({"platform": "a" * 41}, ["platform"]),
        ({"platform": "a:b"}, ["platform"]),
        ({"platform": "a b"}, ["platform"]),
        ({"platform": "jenkins\n"}, ["platform"]),
        ({"status": "WAITING_APPROVAL"}, ["status"]),
        ({"status": "PENDING", "externalId": None}, ["externalId"]),
        ({"status": "RUNNING", "externalId": None}, ["externalId"]),
        ({"externalId": ""}, ["externalId"]),
        ({"externalId": "a" * 129}, ["externalId"]),
        ({"externalId": "a\0"}, ["externalId"]),
        ({"message": "a" * 2001}, ["message"]),
        ({"message": "\0"}, ["message"]),
        ({"resource": []}, ["resource"]),
        ({"resource": "x"}, ["resource"]),
        ({"resource": 0}, ["resource"]),
        ({"resource": {"a": "x" * 70_000}}, ["resource"]),
        ({"resource": {"a\0": 1}}, ["resource"]),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_bad_input(sqlite_world, given, field, language):
    """It is said which field it is, and nothing is recorded."""
    owner = await sqlite_world.api.user("owner")
    await sqlite_world.application(await sqlite_world.team("acme", owner), "web")

    answer = await sqlite_world.api.execute(ISSUES, owner, language, input={**GIVEN, **given})

    assert answer["reportTask"]["code"] == "INVALID"
    issues = answer["reportTask"]["issues"]
    assert [issue["field"] for issue in issues] == [field]
    assert issues[0]["message"].isascii() == (language == "en")
    assert await Task.all().count() == 0


@pytest.mark.parametrize("platform", ["a" * 40, "aliyunAppCenter", "0", "my.ci-2_x"])
async def test_every_name_of_a_platform_can_be_stored(acme, platform):
    """As it is given."""
    world, owner = acme
    given = {**GIVEN, "platform": platform}
    task = (await world.done("reportTask", owner, "task { triggerType }", **given))["task"]
    assert task["triggerType"] == f"tracker:{platform}"


async def test_a_resource_that_grows_too_large(acme):
    """Is refused as a whole."""
    world, owner = acme
    await Environment.filter(name="test").update(resource={"notes": "x" * 60_000})

    given = {**GIVEN, "resource": {"more": "x" * 6_000}}
    answer = await world.mutate("reportTask", owner, **given)

    assert (answer["code"], answer["field"]) == ("LIMIT_EXCEEDED", ["resource"])
    assert await Task.all().count() == 0


async def test_it_is_cancelled_but_not_repeated(acme):
    """Redeploy and rollback are refused in a sentence; cancelling ends it here."""
    world, owner = acme
    given = {**GIVEN, "status": "RUNNING"}
    running = await world.done("reportTask", owner, "task { id }", **given)
    task_id = running["task"]["id"]

    for name in ("redeploy", "rollback"):
        for mode in ("EXACT", "REFRESH_CONFIG"):
            answer = await world.mutate(name, owner, taskId=task_id, mode=mode)
            assert answer["code"] == "CONFLICT"
    ended = await world.done("cancelTask", owner, "task { status }", taskId=task_id)
    assert ended["task"]["status"] == "CANCELLED"
    assert await world.code("reportTask", owner, **GIVEN) == "CONFLICT"


async def test_an_environment_with_one_that_runs_stays(acme):
    """Until it has ended, or is cancelled."""
    world, owner = acme
    place = {"applicationId": "a_acme_web", "name": "test"}
    running = await world.done("reportTask", owner, "task { id }", **{**GIVEN, "status": "RUNNING"})

    assert await world.code("deleteEnvironment", owner, **place) == "CONFLICT"
    await world.done("cancelTask", owner, taskId=running["task"]["id"])
    await world.done("deleteEnvironment", owner, **place)


async def test_who_watches_sees_it(acme):
    """The task's events come to their end."""
    world, owner = acme
    given = {**GIVEN, "status": "RUNNING"}
    task_id = (await world.done("reportTask", owner, "task { id }", **given))["task"]["id"]
    caller = await token_of(owner, ["READ"])
    query = """subscription ($id: ID!) { taskEvents(taskId: $id) { __typename
      ... on TaskStatusChanged { status } ... on StreamEnd { status } } }"""
    stream = await schema.stream(
        query, variable_values={"id": task_id}, context_value=world.api.context(caller)
    )
    seen = []
    async with aclosing(stream), asyncio.timeout(10):
        async for result in stream:
            assert not result.errors
            event = result.data["taskEvents"]
            seen.append((event["__typename"], event["status"]))
            if len(seen) == 1:
                await world.done("reportTask", owner, **GIVEN)

    assert [status for _, status in seen] == ["RUNNING", "SUCCESS", "SUCCESS"]
    assert seen[-1][0] == "StreamEnd"

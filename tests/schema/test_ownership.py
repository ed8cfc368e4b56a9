"""Applications that change hands, and environments and applications that go."""

import asyncio
import json
from collections import Counter

import pytest

from control.port import LeaseLost
from db.chains import AuditEntry
from db.models import ApiToken, Application, Environment, Org, Task
from engine.events import StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus

PARALLEL = 20
COMMIT = "c" * 40
SHOWN = """query ($id: ID!) { application(id: $id) {
  name offeredTo repoUrl org { id user { username } } ownerOrg { id name alias }
  environments { name secrets { key } latestTask { id } queue { nodes { id } } }
  webhook { secretSet }
  tasks { nodes { id message triggerPayload dispatchOrg { id user { username } }
    trigger { ... on ManualTrigger { by { user { username } } } }
    steps { log { lines { text } } } } }
} }"""
AUDIT = """query ($name: String!) { org(name: $name) {
  audit { nodes { action actor target before after } } } }"""


@pytest.fixture
async def two(world):
    """Two teams, each with an OWNER, an ADMIN and a MEMBER, and one who is ADMIN in both."""
    users = {}
    for name in ("old", "new"):
        owner = users[name, "OWNER"] = await world.api.user(f"{name}-owner")
        await world.done("createOrg", owner, name=name, alias=f"The {name} team")
        for role in ("ADMIN", "MEMBER"):
            users[name, role] = await world.api.user(f"{name}-{role.lower()}")
            await world.team(name, users[name, role], role)
    users["both"] = await world.api.user("both")
    for name in ("old", "new"):
        await world.team(name, users["both"], "ADMIN")
    return world, users


async def offered(world, users, name="web", org="old", to="new"):
    """Return the id of an application that one team offers to the other."""
    application = await world.created(users[org, "OWNER"], org, name)
    await world.done("transferApplication", users["both"], applicationId=application, toOrgName=to)
    return application


async def test_an_application_is_another_teams_only_when_that_team_says_so(two):
    """Until then it is where it was; who may not say so changes nothing."""
    world, users = two
    application = await world.created(users["old", "OWNER"], "old")
    offer = {"applicationId": application, "toOrgName": "new"}
    assert await world.code("transferApplication", users["old", "OWNER"], **offer) == "NOT_FOUND"
    assert await world.code("transferApplication", users["new", "OWNER"], **offer) == "NOT_FOUND"

    answer = await world.done(
        "transferApplication", users["both"], "pending application { offeredTo }", **offer
    )

    assert answer["pending"]
    assert answer["application"] == {"offeredTo": "new"}
    assert (await Application.get()).owner_org_id == f"{users['old', 'OWNER'].id}:old"
    for who, code in (
        (users["old", "OWNER"], "NOT_FOUND"),
        (users["new", "MEMBER"], "FORBIDDEN"),
        (await world.api.user("stranger"), "NOT_FOUND"),
    ):
        for name in ("acceptApplication", "declineApplication"):
            assert await world.code(name, who, applicationId=application) == code
    seen = await world.api.execute(SHOWN, users["new", "OWNER"], id=application)
    assert seen["application"] is None
    offers = '{ org(name: "new") { offers { applicationId name fromOrgName } } }'
    listed = await world.api.execute(offers, users["new", "OWNER"])
    assert listed["org"]["offers"] == [
        {"applicationId": application, "name": "web", "fromOrgName": "old"}
    ]
    member = await world.api.execute(offers, users["new", "MEMBER"])
    assert member["org"]["offers"] is None


@pytest.mark.parametrize("end", ["declined", "taken back", "offered to another"])
async def test_an_offer_that_is_over_cannot_be_accepted(two, end):
    """The application stays where it was."""
    world, users = two
    application = await offered(world, users)
    if end == "declined":
        await world.done("declineApplication", users["new", "OWNER"], applicationId=application)
    else:
        third = await world.api.user("third")
        await world.team("third", third)
        await world.team("third", users["both"], "VIEWER")
        to = "old" if end == "taken back" else "third"
        given = {"applicationId": application, "toOrgName": to}
        answer = await world.done("transferApplication", users["both"], "pending", **given)
        assert answer["pending"] == (to == "third")

    accept = world.code("acceptApplication", users["new", "OWNER"], applicationId=application)

    assert await accept == "NOT_FOUND"
    assert (await Application.get()).owner_org_id == f"{users['old', 'OWNER'].id}:old"


@pytest.fixture
async def moved(two):
    """An application that has changed hands with all that it can have; returns what it held."""
    world, users = two
    application = await world.created(users["old", "OWNER"], "old")
    scope = {"applicationId": application, "envName": "default"}
    secrets = [{"key": "KEY", "value": "environment's own"}]
    await world.done("setSecrets", users["old", "OWNER"], **scope, set=secrets)
    await world.done(
        "setSecrets",
        users["old", "OWNER"],
        orgName="old",
        set=[{"key": "T", "value": "team's own"}],
    )
    await Application.filter(id=application).update(repo_webhook_secret="sealed")
    answer = await world.done(
        "deploy",
        users["old", "MEMBER"],
        "task { id }",
        applicationId=application,
        commit=COMMIT,
        message="by the old team",
        inputs={"token": "typed in"},
    )
    task = answer["task"]["id"]
    await world.done("cancelTask", users["old", "MEMBER"], taskId=task)
    values = []
    for bounds in ({"applicationId": application}, scope, {"orgName": "old"}):
        for who in (users["old", "ADMIN"], users["both"]):
            wanted = {"name": f"ci {len(values)}", "scopes": ["ADMIN"], **bounds}
            values.append((await world.done("createApiToken", who, "value", **wanted))["value"])
    await world.done(
        "transferApplication", users["both"], applicationId=application, toOrgName="new"
    )
    await world.done("acceptApplication", users["new", "ADMIN"], applicationId=application)
    return world, users, application, task


async def test_no_secret_goes_with_an_application(moved):
    """Environment secrets, webhook secret, task inputs and bound tokens stay behind: deleted."""
    _, users, application, _ = moved
    row = await Application.get(id=application)
    environment = await Environment.get()
    assert row.owner_org_id == f"{users['new', 'OWNER'].id}:new"
    assert row.org_id.endswith(":new")
    assert row.transfer_org_name is None
    assert row.repo_webhook_secret is None
    assert environment.secrets == {}
    assert row.environment["default"]["secrets"] == {}
    kept = await Task.get()
    assert kept.inputs is None
    assert kept.trigger_payload == {"commit": COMMIT, "message": "by the old team"}
    tokens = await ApiToken.all()
    assert [(token.application_id, token.org_name) for token in tokens] == [(None, "old")] * 2
    assert (await Org.get(name="old", role="OWNER")).secrets.keys() == {"T"}


async def test_a_deploy_after_the_transfer_gets_the_new_teams_secrets_alone(moved):
    """What was the old team's does not reach it."""
    world, users, application, _ = moved
    await world.done(
        "setSecrets", users["new", "OWNER"], orgName="new", set=[{"key": "N", "value": "new ones"}]
    )
    await world.done("deploy", users["new", "MEMBER"], applicationId=application, commit=COMMIT)

    given = await world.api.server.queue.claim("w_1")

    assert given.contexts["secrets"] == {"N": "new ones"}
    assert given.contexts["inputs"] == {}
    await world.check()


async def test_the_old_team_sees_nothing_of_it_afterwards(moved):
    """Neither by id nor in a list, by no role; nor may it change anything."""
    world, users, application, task = moved
    nodes = [application, f"{application}:default", task, f"{task}:0"]
    for role in ("OWNER", "ADMIN", "MEMBER"):
        who = users["old", role]
        for node in nodes:
            query = "query ($id: ID!) { node(id: $id) { id } task(id: $id) { id } }"
            assert await world.api.execute(query, who, id=node) == {"node": None, "task": None}
        lists = """{ org(name: "old") { applications { totalCount } tasks { totalCount } } }"""
        org = (await world.api.execute(lists, who))["org"]
        assert org == {"applications": {"totalCount": 0}, "tasks": {"totalCount": 0}}
        for name, given in (
            ("deploy", {"applicationId": application, "commit": COMMIT}),
            ("redeploy", {"taskId": task}),
            ("cancelTask", {"taskId": task}),
            ("updateApplication", {"applicationId": application, "name": "x"}),
            ("deleteApplication", {"applicationId": application, "confirmName": "web"}),
            ("acceptApplication", {"applicationId": application}),
        ):
            assert await world.code(name, who, **given) == "NOT_FOUND", name


async def test_the_new_team_sees_nothing_of_the_old_one(moved):
    """Not who created it or deployed it, not their log, not what the team is called inside."""
    world, users, application, _ = moved
    for role in ("OWNER", "ADMIN", "MEMBER"):
        who = users["new", role]
        shown = await world.api.execute(SHOWN, who, id=application)
        text = json.dumps(shown)
        assert shown["application"]["org"]["id"].endswith(":new")
        assert shown["application"]["tasks"]["nodes"][0]["dispatchOrg"] is None
        for hidden in ("old-", ":old", "The old team", "KEY", "typed in"):
            assert hidden not in text, hidden
    told = json.dumps(await world.api.execute(AUDIT, users["new", "OWNER"], name="new"))
    assert "APPLICATION_TRANSFERRED" in told
    assert "TASK_DISPATCHED" not in told
    assert "SECRETS_CHANGED" not in told
    assert (await world.api.execute(AUDIT, users["new", "OWNER"], name="old"))["org"] is None


async def test_both_teams_are_told_once(moved):
    """One entry each, with the same facts."""
    world, *_ = moved
    rows = await AuditEntry.filter(action="application.transferred").order_by("chain")
    assert [row.chain for row in rows] == ["org:new", "org:old"]
    assert rows[0].before == rows[1].before == {"team": "old"}
    assert rows[0].after == rows[1].after == {"team": "new", "name": "web"}
    await world.check()


async def test_a_name_that_the_new_team_has_is_refused(two):
    """ALREADY_EXISTS, and nothing is lost on the way."""
    world, users = two
    await world.created(users["new", "OWNER"], "new")
    application = await offered(world, users)
    scope = {"applicationId": application, "envName": "default"}
    await world.done(
        "setSecrets", users["old", "OWNER"], **scope, set=[{"key": "K", "value": "value"}]
    )

    accept = world.code("acceptApplication", users["new", "OWNER"], applicationId=application)

    assert await accept == "ALREADY_EXISTS"
    assert (await Environment.get(id=f"{application}:default")).secrets
    await world.check()


@pytest.mark.parametrize("status", ["pending", "waiting_approval", "running"])
async def test_an_application_does_not_move_while_it_deploys(two, status):
    """CONFLICT: the task would run with one team's rights and the other's secrets."""
    world, users = two
    application = await offered(world, users)
    await world.done("deploy", users["old", "OWNER"], applicationId=application, commit=COMMIT)
    await Task.all().update(status=status)

    def accept():
        return world.code("acceptApplication", users["new", "OWNER"], applicationId=application)

    assert await accept() == "CONFLICT"
    assert (
        await world.code(
            "deleteEnvironment", users["old", "OWNER"], applicationId=application, name="default"
        )
        == "CONFLICT"
    )
    await Task.all().update(status="pending")
    await world.done("cancelTask", users["old", "OWNER"], taskId=(await Task.get()).id)
    assert await accept() is None


async def test_a_deleted_environment_takes_its_secrets_and_tokens(two):
    """Its tasks stay; of the same name made anew, nothing of the old one is there."""
    world, users = two
    owner = users["old", "OWNER"]
    application = await world.created(owner, "old")
    scope = {"applicationId": application, "envName": "default"}
    await world.done("setSecrets", owner, **scope, set=[{"key": "KEY", "value": "value"}])
    await world.done("createApiToken", owner, name="ci", scopes=["READ"], **scope)
    await world.done(
        "createApiToken", owner, name="app", scopes=["READ"], applicationId=application
    )
    answer = await world.done("deploy", owner, "task { id }", **scope, commit=COMMIT)
    await world.done("cancelTask", owner, taskId=answer["task"]["id"])
    gone = {"applicationId": application, "name": "default"}
    assert await world.code("deleteEnvironment", users["old", "MEMBER"], **gone) == "FORBIDDEN"

    await world.done("deleteEnvironment", owner, **gone)

    assert await world.code("deleteEnvironment", owner, **gone) == "NOT_FOUND"
    assert await ApiToken.all().values_list("name", flat=True) == ["app"]
    assert (await Application.get()).environment == {}
    assert await Task.all().count() == 1
    assert await world.code("deploy", owner, **scope, commit=COMMIT) == "NOT_FOUND"
    assert await world.code("cancelTask", owner, taskId=answer["task"]["id"]) is None
    await world.done(
        "createEnvironment", owner, applicationId=application, environment={"name": "default"}
    )
    assert (await Environment.get()).secrets == {}
    await world.check()


# ---------------------------------------------------------------- at once


async def together(*calls):
    """Return how often each code, or None for a payload, was answered."""
    return Counter(await asyncio.gather(*calls))


async def test_twenty_accept_one_application(two):
    """It moves once."""
    world, users = two
    application = await offered(world, users)
    who = [users["new", "OWNER"], users["new", "ADMIN"]] * (PARALLEL // 2)

    codes = await together(
        *(world.code("acceptApplication", each, applicationId=application) for each in who)
    )

    assert codes == {None: 1, "NOT_FOUND": PARALLEL - 1}
    assert (await world.acts("org:new")).count("application.transferred") == 1
    await world.check()


async def test_two_teams_accept_from_each_other(two):
    """Ten applications each way at once: nobody waits for ever, and each is where it belongs."""
    world, users = two
    ways = (("old", "new"), ("new", "old")) * (PARALLEL // 2)
    applications = {}
    for number, (org, to) in enumerate(ways):
        applications[await offered(world, users, f"web{number}", org, to)] = to

    codes = await together(
        *(
            world.code("acceptApplication", users[to, "OWNER"], applicationId=application)
            for application, to in applications.items()
        )
    )

    assert codes == {None: PARALLEL}
    for row in await Application.all().select_related("owner_org"):
        assert row.owner_org.name == applications[row.id]
    await world.check()


async def test_teams_change_hands_while_applications_do(two):
    """Everything ends on the row of whoever is OWNER then."""
    world, users = two
    ways = (("old", "new"), ("new", "old")) * (PARALLEL // 2)
    applications = {}
    for number, (org, to) in enumerate(ways):
        applications[await offered(world, users, f"web{number}", org, to)] = to

    async def pass_on(name):
        people = [users[name, "OWNER"], users[name, "ADMIN"], users["both"]]
        for number, each in enumerate(people):
            to = people[(number + 1) % 3].username
            given = {"orgName": name, "toUsername": to, "confirmName": name}
            assert await world.code("transferOrg", each, **given) is None

    passing = [asyncio.create_task(pass_on(name)) for name in ("old", "new")]
    codes = await together(
        *(
            world.code("acceptApplication", users["both"], applicationId=application)
            for application in applications
        )
    )
    await asyncio.gather(*passing)

    assert codes == {None: PARALLEL}
    for row in await Application.all().select_related("owner_org"):
        assert (
            row.owner_org_id == f"{users[applications[row.id], 'OWNER'].id}:{applications[row.id]}"
        )
    await world.check()


async def test_a_deploy_meets_the_transfer_of_its_application(two):
    """A task of the old team is either there first, and keeps the application, or refused."""
    world, users = two
    for number in range(6):
        application = await offered(world, users, f"web{number}")
        deploys = [
            world.code("deploy", users["old", "MEMBER"], applicationId=application, commit=COMMIT)
            for _ in range(6)
        ]

        codes = await asyncio.gather(
            *deploys[:number],
            world.code("acceptApplication", users["new", "OWNER"], applicationId=application),
            *deploys[number:],
        )

        accepted = codes.pop(number)
        assert accepted in {None, "CONFLICT"}
        assert set(codes) <= {None, "NOT_FOUND"}
        if accepted is None:
            assert set(codes) == {"NOT_FOUND"}
        await world.check()


async def test_a_deploy_meets_the_end_of_its_environment(two):
    """A task is there first, and keeps the environment, or refused."""
    world, users = two
    owner = users["old", "OWNER"]
    for number in range(6):
        application = await world.created(owner, "old", name=f"web{number}")
        deploys = [
            world.code("deploy", users["old", "MEMBER"], applicationId=application, commit=COMMIT)
            for _ in range(6)
        ]

        codes = await asyncio.gather(
            *deploys[:number],
            world.code("deleteEnvironment", owner, applicationId=application, name="default"),
            *deploys[number:],
        )

        deleted = codes.pop(number)
        assert deleted in {None, "CONFLICT"}
        assert set(codes) <= {None, "NOT_FOUND"}
        if deleted is None:
            assert set(codes) == {"NOT_FOUND"}
        await world.check()


async def test_an_application_is_deleted_while_it_is_used(two):
    """Whatever else happens at that time happens before, or is told that there is nothing."""
    world, users = two
    owner = users["old", "OWNER"]
    for number in range(4):
        application = await offered(world, users, f"web{number}")
        scope = {"applicationId": application}
        before = await world.done("deploy", owner, "task { id }", **scope, commit=COMMIT)
        calls = [
            world.code("deploy", users["old", "MEMBER"], **scope, commit=COMMIT),
            world.code("cancelTask", owner, taskId=before["task"]["id"]),
            world.code("redeploy", owner, taskId=before["task"]["id"]),
            world.code("acceptApplication", users["new", "OWNER"], **scope),
            world.code("declineApplication", users["new", "OWNER"], **scope),
            world.code("transferApplication", users["both"], **scope, toOrgName="new"),
            world.code("updateApplication", owner, **scope, description="x"),
            world.code("createEnvironment", owner, **scope, environment={"name": "more"}),
            world.code("updateEnvironment", owner, **scope, name="default", cdPipelineYaml="x"),
            world.code(
                "setSecrets", owner, **scope, envName="default", set=[{"key": "K", "value": "four"}]
            ),
            world.code("createApiToken", owner, name=f"ci {number}", scopes=["READ"], **scope),
            world.code("deleteEnvironment", owner, **scope, name="default"),
        ]
        delete = world.code("deleteApplication", owner, **scope, confirmName=f"web{number}")

        codes = await asyncio.gather(*calls[: number * 4], delete, *calls[number * 4 :])

        assert set(codes) <= {None, "NOT_FOUND", "CONFLICT"}
        assert not await Application.filter(id=application, owner_org__name="old").exists()
        await world.check()
    assert not await Application.filter(owner_org__name="old").exists()


async def test_a_delete_does_not_wait_for_workers_that_wait_for_it(two):
    """Twenty tasks are claimed, print and end while their applications are deleted."""
    world, users = two
    owner, queue = users["old", "OWNER"], world.api.server.queue
    applications = [await world.created(owner, "old", name=f"web{number}") for number in range(10)]
    for application in applications:
        for _ in range(2):
            await world.done("deploy", owner, applicationId=application, commit=COMMIT)

    async def work():
        ended = 0
        while (given := await queue.claim("w_1")) is not None:
            try:
                for position, status in enumerate((StepStatus.RUNNING, StepStatus.SUCCESS)):
                    event = StepChanged(time=now(), index=0, status=status)
                    await queue.append(given.lease, position, [event])
                await queue.finish(given.lease, TaskChanged(time=now(), status=TaskStatus.SUCCESS))
                ended += 1
            except LeaseLost:
                pass
        return ended

    async def delete(number, application):
        await asyncio.sleep(0.02 * number)
        given = {"applicationId": application, "confirmName": f"web{number}"}
        return await world.code("deleteApplication", owner, **given)

    workers = [asyncio.create_task(work()) for _ in range(4)]
    codes = await together(*(delete(*each) for each in enumerate(applications)))
    await asyncio.gather(*workers)

    assert codes == {None: 10}
    assert not await Task.all().exists()
    await world.check()

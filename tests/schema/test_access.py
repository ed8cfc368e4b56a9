"""Who may: the wall between teams, and what roles allow within one."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from auth import machines
from auth.permissions import MAY, Action, Role
from auth.sessions import hash_token
from db.machines import WorkerMachine
from db.models import (
    ApiToken,
    Application,
    Delivery,
    DeployHook,
    Environment,
    Invitation,
    Org,
    Session,
    Task,
    User,
)
from schema import schema

SECRET = {"key": "TOKEN", "value": "value"}
NEW = {
    "orgName": "ORG",
    "name": "new",
    "provider": "GIT",
    "repoUrl": "https://example.com/a/b",
}
REPORT = {
    "orgName": "ORG",
    "applicationName": "web",
    "envName": "test",
    "platform": "jenkins",
    "status": "SUCCESS",
}
# For each root field: its operation, and the arguments in which APP, TASK, ENV, STEP, USER and ORG
# stand for ids; None: there is nothing in it that could belong to another team.
QUERIES = {
    "node": (
        "query ($id: ID!) { node(id: $id) { id } }",
        [
            {"id": each}
            for each in (
                *("APP", "TASK", "ENV", "STEP", "USER", "MEMBER"),
                *("SESSION", "TOKEN", "INVITATION", "DELIVERY", "HOOK"),
            )
        ],
    ),
    "org": ("query ($name: String!) { org(name: $name) { id } }", [{"name": "ORG"}]),
    "application": ("query ($id: ID!) { application(id: $id) { id } }", [{"id": "APP"}]),
    "applicationByName": (
        'query ($org: String!) { applicationByName(orgName: $org, name: "web") { id } }',
        [{"org": "ORG"}],
    ),
    "task": ("query ($id: ID!) { task(id: $id) { id } }", [{"id": "TASK"}]),
    "viewer": None,
    "users": None,  # names of whoever; refused to guests, see test_account.py
    "logins": None,
    "triggerPreview": None,  # its answer is a problem, see test_webhooks.py
    "rateLimit": None,  # of what the caller asks
    "pipelineCheck": None,  # of a text the caller has; null for guests, see test_pipelines.py
}
MUTATIONS = {
    "signUp": None,
    "signIn": None,
    "signOut": None,
    "changePassword": None,
    "updateUser": None,
    "linkLogin": None,
    "unlinkLogin": None,
    "createOrg": None,
    "endSession": [{"sessionId": "SESSION"}],
    "createApiToken": [
        {"name": "ci", "scopes": ["READ"], "orgName": "ORG"},
        {"name": "ci", "scopes": ["READ"], "applicationId": "APP"},
        {"name": "ci", "scopes": ["READ"], "applicationId": "APP", "envName": "test"},
    ],
    "revokeApiToken": [{"apiTokenId": "TOKEN"}],
    "updateOrg": [{"orgName": "ORG", "alias": "x"}],
    "deleteOrg": [{"orgName": "ORG", "confirmName": "ORG"}],
    "transferOrg": [{"orgName": "ORG", "toUsername": "vera", "confirmName": "ORG"}],
    "inviteMember": [{"orgName": "ORG"}, {"orgName": "ORG", "username": "vera"}],
    "acceptInvitation": [{"invitationId": "INVITATION"}, {"token": "LINK"}],
    "declineInvitation": [{"invitationId": "INVITATION"}, {"token": "LINK"}],
    "revokeInvitation": [{"invitationId": "INVITATION"}],
    "updateMemberRole": [{"orgName": "ORG", "username": "vera", "role": "ADMIN"}],
    "removeMember": [{"orgName": "ORG", "username": "vera"}],
    "transferApplication": [
        {"applicationId": "APP", "toOrgName": "ORG"},
        {"applicationId": "APP", "toOrgName": "SECOND"},
    ],
    "acceptApplication": [{"applicationId": "OFFERED"}],
    "declineApplication": [{"applicationId": "OFFERED"}],
    "deleteApplication": [{"applicationId": "APP", "confirmName": "web"}],
    "deleteEnvironment": [{"applicationId": "APP", "name": "test"}],
    "createApplication": [NEW],
    "updateApplication": [{"applicationId": "APP", "description": "x"}],
    "createEnvironment": [{"applicationId": "APP", "environment": {"name": "new"}}],
    "updateEnvironment": [{"applicationId": "APP", "name": "test", "cdPipelineYaml": "x.yaml"}],
    "setSecrets": [
        {"orgName": "ORG", "set": [SECRET]},
        {"applicationId": "APP", "envName": "test", "set": [SECRET]},
    ],
    "deploy": [{"applicationId": "APP"}],
    "redeploy": [{"taskId": "TASK"}],
    "rollback": [{"taskId": "TASK"}],
    "cancelTask": [{"taskId": "TASK"}],
    "reportTask": [REPORT, {**REPORT, "envName": "default"}],
    "linkAccount": [{"orgName": "ORG", "provider": "GITLAB", "token": "x", "url": "ftp://x"}],
    "linkAccountByOAuth": [{"orgName": "ORG", "provider": "GITHUB"}],
    "checkAccount": [{"orgName": "ORG", "provider": "GITLAB"}],
    "unlinkAccount": [{"orgName": "ORG", "provider": "GITLAB"}],
    "rotateWebhookSecret": [{"applicationId": "APP"}],
    "removeWebhookSecret": [{"applicationId": "APP"}],
    "syncWebhook": [{"applicationId": "APP"}],
    "redeliver": [{"deliveryId": "DELIVERY"}],
    "createDeployHook": [{"applicationId": "APP", "envName": "test", "name": "new"}],
    "rotateDeployHook": [{"deployHookId": "HOOK"}],
    "revokeDeployHook": [{"deployHookId": "HOOK"}],
    "createWorker": [{"orgName": "ORG", "name": "new"}],
    "removeWorker": [{"workerId": "WORKER"}],
}
SUBSCRIPTIONS = {
    "taskEvents": ("subscription ($id: ID!) { taskEvents(taskId: $id) { seq } }", {"id": "TASK"}),
    "applicationTasks": (
        "subscription ($id: ID!) { applicationTasks(applicationId: $id) { id } }",
        {"id": "APP"},
    ),
    "orgTasks": ("subscription ($id: String!) { orgTasks(orgName: $id) { id } }", {"id": "ORG"}),
    "tasksEvents": (
        "subscription ($id: ID!) { tasksEvents(tasks: [{taskId: $id}]) { seq } }",
        {"id": "TASK"},
    ),
    "viewerTasks": ("subscription { viewerTasks { id } }", {}),
}
ROLES = {
    "createApplication": Action.CREATE_APPLICATION,
    "updateApplication": Action.UPDATE_APPLICATION,
    "createEnvironment": Action.UPDATE_APPLICATION,
    "updateEnvironment": Action.UPDATE_APPLICATION,
    "setSecrets": Action.SET_SECRETS,
    "deploy": Action.DEPLOY,
    "redeploy": Action.DEPLOY,
    "rollback": Action.DEPLOY,
    "cancelTask": Action.CANCEL,
    "reportTask": Action.DEPLOY,
    "linkAccount": Action.LINK_ACCOUNTS,
    "linkAccountByOAuth": Action.LINK_ACCOUNTS,
    "checkAccount": Action.LINK_ACCOUNTS,
    "unlinkAccount": Action.LINK_ACCOUNTS,
    "rotateWebhookSecret": Action.SET_SECRETS,
    "removeWebhookSecret": Action.SET_SECRETS,
    "syncWebhook": Action.UPDATE_APPLICATION,
    "redeliver": Action.DEPLOY,
    "createDeployHook": Action.SET_SECRETS,
    "rotateDeployHook": Action.SET_SECRETS,
    "revokeDeployHook": Action.SET_SECRETS,
    "createWorker": Action.SET_SECRETS,
    "removeWorker": Action.SET_SECRETS,
    "updateOrg": Action.UPDATE_ORG,
    "deleteOrg": Action.DELETE_ORG,
    "transferOrg": Action.TRANSFER_ORG,
    "inviteMember": Action.INVITE_MEMBER,
    "revokeInvitation": Action.INVITE_MEMBER,
    "updateMemberRole": Action.MANAGE_MEMBERS,
    "removeMember": Action.MANAGE_MEMBERS,
    "transferApplication": Action.TRANSFER_APPLICATION,
    "acceptApplication": Action.TRANSFER_APPLICATION,
    "declineApplication": Action.TRANSFER_APPLICATION,
    "deleteApplication": Action.DELETE_APPLICATION,
    "deleteEnvironment": Action.DELETE_APPLICATION,
    "createApiToken": Action.READ,
}
# Who may is not a matter of roles: it is the user's own.
OWN = {"endSession", "revokeApiToken", "acceptInvitation", "declineInvitation"}


def operation(name):
    """Return the text of a mutation."""
    kind = schema._schema.mutation_type.fields[name].args["input"].type
    return f"""mutation ($input: {kind}) {{ {name}(input: $input) {{
      __typename ... on Problem {{ code message field retryable }} }} }}"""


def filled(value, ids):
    """Return *value* with ids for the words that stand for them."""
    if isinstance(value, dict):
        return {key: filled(each, ids) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, ids) for each in value]
    return ids.get(value, value) if isinstance(value, str) else value


async def everything():
    """Return what is stored of what can be changed."""
    models = (
        *(Environment, Application, Delivery, DeployHook, Org, Task),
        *(Invitation, ApiToken, Session, WorkerMachine),
    )
    return [await model.all().values() for model in models]


@pytest.fixture
async def acme(sqlite_world):
    """A team with an application and tasks; yields its ids, and ids that nothing has."""
    owner = await sqlite_world.api.user("owner")
    row = await sqlite_world.team("acme", owner)
    application = await sqlite_world.application(row, "web")
    task, *_ = await sqlite_world.tasks(application, 2)
    vera = await sqlite_world.api.user("vera")
    await sqlite_world.team("acme", vera, "VIEWER")
    named = await sqlite_world.api.user("named")
    soon = datetime.now(UTC) + timedelta(days=1)
    session = await Session.create(id="s_there", user=owner, token_hash="1", expires_time=soon)
    token = await ApiToken.create(
        id="k_there", user=owner, name="ci", scopes=["READ"], token_hash="2", prefix="rwt_"
    )
    link = "rwi_there"
    invitation = await Invitation.create(
        id="i_there",
        org_name="acme",
        user=named,
        role="MEMBER",
        token_hash=hash_token(link),
        invited_by_id=owner.id,
        expires_time=soon,
    )
    giver = await sqlite_world.team("giver", await sqlite_world.api.user("giver"))
    offered = await sqlite_world.application(giver, "gift")
    await Application.filter(id=offered.id).update(transfer_org_name="acme")
    delivery = await sqlite_world.delivery(application)
    hook = await sqlite_world.deploy_hook(f"{application.id}:test", owner)
    worker, _ = await machines.create("there", [], "acme", owner.id)
    there = {
        "DELIVERY": delivery.id,
        "HOOK": hook.id,
        "WORKER": worker.id,
        "APP": application.id,
        "TASK": task.id,
        "ENV": f"{application.id}:test",
        "STEP": f"{task.id}:0",
        "USER": owner.id,
        "MEMBER": row.id,
        "ORG": "acme",
        "SECOND": "giver",
        "SESSION": session.id,
        "TOKEN": token.id,
        "INVITATION": invitation.id,
        "LINK": link,
        "OFFERED": offered.id,
    }
    nowhere = {
        "DELIVERY": "d_none",
        "HOOK": "h_none",
        "WORKER": "m_none",
        "APP": "a_none",
        "TASK": "t_none",
        "ENV": "a_none:test",
        "STEP": "t_none:0",
        "USER": "u_none",
        "MEMBER": "u_none:acme",
        "ORG": "none",
        "SECOND": "none",
        "SESSION": "s_none",
        "TOKEN": "k_none",
        "INVITATION": "i_none",
        "LINK": "rwi_none",
        "OFFERED": "a_none",
    }
    return sqlite_world, there, nowhere


def test_every_root_field_has_a_case():
    """Whoever adds a field says here whether it can reach another team."""
    assert set(schema._schema.query_type.fields) == set(QUERIES)
    assert set(schema._schema.mutation_type.fields) == set(MUTATIONS)
    assert set(schema._schema.subscription_type.fields) == set(SUBSCRIPTIONS)
    assert set(ROLES) == {name for name, cases in MUTATIONS.items() if cases} - OWN


@pytest.mark.parametrize("name", [name for name, case in QUERIES.items() if case])
async def test_a_strangers_query_finds_nothing(acme, name):
    """What is another team's is answered like what does not exist: null."""
    world, there, nowhere = acme
    stranger = await world.api.user("stranger")
    await world.team("other", stranger)
    query, cases = QUERIES[name]

    for case in cases:
        for viewer, ids in product((stranger, None), (there, nowhere)):
            answer = await world.api.execute(query, viewer, **filled(case, ids))
            assert answer == {name: None}, case


@pytest.mark.parametrize("name", [name for name, cases in MUTATIONS.items() if cases])
async def test_a_strangers_mutation_is_answered_as_for_nothing(acme, name):
    """NOT_FOUND in the same words; a guest is told to sign in; nothing is changed."""
    world, there, nowhere = acme
    stranger = await world.api.user("stranger")
    before = await everything()

    for case in MUTATIONS[name]:
        answers = [
            await world.api.execute(operation(name), stranger, input=filled(case, ids))
            for ids in (there, nowhere)
        ]
        guest = await world.api.execute(operation(name), None, input=filled(case, there))
        assert answers[0] == answers[1]
        assert answers[0][name]["code"] == "NOT_FOUND"
        assert guest[name]["code"] == "UNAUTHENTICATED"
    assert await everything() == before


@pytest.mark.parametrize("name", sorted(SUBSCRIPTIONS.keys() - {"viewerTasks"}))
async def test_a_strangers_subscription_is_refused(acme, name):
    """One error with a code, the same as for an id that nothing has."""
    world, there, nowhere = acme
    stranger = await world.api.user("stranger")
    query, variables = SUBSCRIPTIONS[name]

    async def refused(viewer, ids):
        stream = await schema.stream(
            query,
            variable_values=filled(variables, ids),
            context_value=world.api.context(viewer),
        )
        results = [result async for result in stream]
        return [(error.message, error.extensions) for r in results for error in r.errors]

    answers = [await refused(stranger, ids) for ids in (there, nowhere)]

    assert answers[0] == answers[1]
    assert [extensions["code"] for _, extensions in answers[0]] == ["NOT_FOUND"]
    assert [e["code"] for _, e in await refused(None, there)] == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(("role", "name"), list(product(Role, ROLES)))
async def test_a_role_allows_what_the_table_says(acme, role, name):
    """Every cell: FORBIDDEN where the table does not allow it, something else where it does."""
    world, there, _ = acme
    viewer = await User.get(id=there["USER"])
    if role is not Role.OWNER:
        viewer = await world.api.user("member")
        await world.team("acme", viewer, role.value)

    answer = await world.api.execute(
        operation(name), viewer, input=filled(MUTATIONS[name][0], there)
    )

    forbidden = answer[name].get("code") == "FORBIDDEN"
    assert forbidden == (ROLES[name] not in MAY[role])


async def test_viewer_can_says_what_the_table_says(acme):
    """`viewerCan` is the table, for every role."""
    world, there, _ = acme
    query = """query ($id: ID!) { application(id: $id) {
      viewerCan { update delete transfer deploy setSecrets }
      ownerOrg { viewerCan { update delete transfer setSecrets readAudit } } } }"""
    for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER):
        member = await world.api.user(role.lower())
        await world.team("acme", member, role.value)
        data = await world.api.execute(query, member, id=there["APP"])
        can = data["application"]["viewerCan"]
        assert can["deploy"] == (Action.DEPLOY in MAY[role])
        assert can["setSecrets"] == (Action.SET_SECRETS in MAY[role])
        assert can["delete"] == (Action.DELETE_APPLICATION in MAY[role])
        team = data["application"]["ownerOrg"]["viewerCan"]
        assert team["delete"] == (Action.DELETE_ORG in MAY[role])


async def test_what_others_see_of_a_user(acme):
    """Team-mates see name and shared teams, not the e-mail address and not other teams."""
    world, there, _ = acme
    ann = await world.api.user("ann")
    ann.email = "ann@example.com"
    await ann.save()
    await world.team("acme", ann, "MEMBER")
    await world.team("private", ann)
    owner = await User.get(id=there["USER"])
    query = """query ($id: ID!) { node(id: $id) { ... on User {
      username email orgs { totalCount nodes { name } } } } }"""

    seen = (await world.api.execute(query, owner, id=ann.id))["node"]
    own = (await world.api.execute(query, ann, id=ann.id))["node"]

    assert seen == {
        "username": "ann",
        "email": None,
        "orgs": {"totalCount": 1, "nodes": [{"name": "acme"}]},
    }
    assert own["email"] == "ann@example.com"
    assert own["orgs"]["totalCount"] == 2

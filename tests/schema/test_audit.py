"""The audit log: one entry for what was done, none for what was not, and nobody rewrites it."""

import asyncio
import base64
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.connection import get_connection

from auth.sessions import hash_token
from auth.viewer import Viewer
from db import audit
from db.chains import AuditChain, AuditEntry
from db.models import ApiToken, Application, Org, Session, Task, User
from providers import Provider
from schema import schema
from tests.hosting import link
from tests.schema import test_access as access

acme = access.acme

COMMIT = "c" * 40
PASSWORD = "unrelated gravel teapot"
ACME = "org:acme"
OWNER = "user:u_owner"
# What each mutation tells, and which chains; the input is the first case of the tests of access,
# or stands here.
TOLD = {
    "signUp": ("user.signed_up", ["user:new"], {"username": "new", "password": PASSWORD}),
    "signIn": ("user.signed_in", ["user:new"], {"login": "new", "password": PASSWORD}),
    "signOut": ("user.signed_out", [OWNER], {}),
    "changePassword": ("user.password_changed", [OWNER], {"newPassword": PASSWORD}),
    "updateUser": ("user.updated", [OWNER], {"email": "new@example.com"}),
    "unlinkLogin": ("user.login_unlinked", [OWNER], {"service": "GITHUB"}),
    "createOrg": ("org.created", ["org:new"], {"name": "New"}),
    "endSession": ("user.signed_out", [OWNER], None),
    "createApiToken": (
        "api_token.created",
        [ACME, OWNER],
        {"name": "new", "scopes": ["READ"], "applicationId": "APP"},
    ),
    "revokeApiToken": ("api_token.revoked", [OWNER], None),
    "updateOrg": ("org.updated", [ACME], None),
    "deleteOrg": ("org.deleted", [ACME], None),
    "transferOrg": ("org.transferred", [ACME], None),
    "inviteMember": ("member.invited", [ACME], None),
    "acceptInvitation": ("member.joined", [ACME], None),
    "declineInvitation": ("invitation.declined", [ACME], None),
    "revokeInvitation": ("invitation.revoked", [ACME], None),
    "updateMemberRole": ("member.role_changed", [ACME], None),
    "removeMember": ("member.removed", [ACME], None),
    "linkAccount": (
        "account.linked",
        [ACME],
        {"orgName": "ORG", "provider": "GITLAB", "token": "forge-token", "url": "FORGE"},
    ),
    "unlinkAccount": ("account.unlinked", [ACME], {"orgName": "ORG", "provider": "GITEE"}),
    "syncWebhook": ("application.webhook_set_up", [ACME], {"applicationId": "HOSTED"}),
    "rotateWebhookSecret": ("application.webhook_secret_changed", [ACME], None),
    "removeWebhookSecret": ("application.webhook_secret_changed", [ACME], None),
    "redeliver": ("delivery.repeated", [ACME], None),
    "createDeployHook": ("deploy_hook.created", [ACME], None),
    "rotateDeployHook": ("deploy_hook.rotated", [ACME], None),
    "revokeDeployHook": ("deploy_hook.revoked", [ACME], None),
    "createWorker": ("worker.created", [ACME], None),
    "removeWorker": ("worker.removed", [ACME], None),
    "transferApplication": (
        "application.offered",
        [ACME],
        {"applicationId": "APP", "toOrgName": "SECOND"},
    ),
    "acceptApplication": ("application.transferred", [ACME, "org:giver"], None),
    "declineApplication": ("application.declined", [ACME, "org:giver"], None),
    "deleteApplication": ("application.deleted", [ACME], None),
    "deleteEnvironment": ("environment.deleted", [ACME], None),
    "createApplication": ("application.created", [ACME], None),
    "updateApplication": ("application.updated", [ACME], None),
    "createEnvironment": ("environment.created", [ACME], None),
    "updateEnvironment": ("environment.updated", [ACME], None),
    "setSecrets": ("secrets.changed", [ACME], None),
    "deploy": (
        "task.dispatched",
        [ACME],
        {"applicationId": "APP", "envName": "test", "commit": COMMIT},
    ),
    "redeploy": ("task.dispatched", [ACME], None),
    "rollback": ("task.dispatched", [ACME], {"taskId": "TASK", "mode": "REFRESH_CONFIG"}),
    "cancelTask": ("task.cancelled", [ACME], {"taskId": "PENDING"}),
    "reportTask": ("task.reported", [ACME], None),
}
SHOWN_ONCE = ("token", "value", "link", "url")
# What changes nothing yet: the service's answer, which comes back by the browser, is told; and what
# asks without changing anything.
BEGUN = {"linkLogin", "linkAccountByOAuth", "checkAccount"}
# Who does it; the others are done by the OWNER.
BY = {"acceptInvitation": "named", "declineInvitation": "named", "signUp": None, "signIn": None}


@pytest.fixture
async def team(acme, forge_url):
    """The team of the tests of access, with something to cancel and another team to offer to.

    It has an account at a played GitLab, and an application there.
    """
    world, there, _ = acme
    owner = await User.get(id=there["USER"])
    await world.team("giver", owner, "VIEWER")
    other = await ApiToken.get(id="k_there")
    await ApiToken.create(
        id="k_other", user=owner, name="other", scopes=[], token_hash="3", prefix=other.prefix
    )
    await Task.all().update(commit=COMMIT)
    await User.filter(id=owner.id).update(github_unionid="7", gitee_unionid="8")
    await Org.filter(id=there["MEMBER"]).update(third_part={"gitee": {"owner": "ann"}})
    row = await Org.get(id=there["MEMBER"])
    await link(row, world.api.server.services.vault, Provider.GITLAB, forge_url)
    hosted = await world.application(row, "shop")
    await Application.filter(id=hosted.id).update(
        provider="gitlab", repo_url=f"{forge_url}/acme/shop.git"
    )
    await Session.create(
        id="s_own",
        user=owner,
        token_hash="own",
        expires_time=datetime.now(UTC) + timedelta(days=1),
    )
    answer = await world.done(
        "deploy", owner, "task { id }", applicationId=there["APP"], envName="live", commit=COMMIT
    )
    more = {"PENDING": answer["task"]["id"], "FORGE": forge_url, "HOSTED": hosted.id}
    return world, {**there, **more}


async def ask(world, name, given, viewer):
    """Send a mutation from an address, with a program; return the answer."""
    context = world.api.context(viewer)
    context.address, context.device = "192.0.2.7", "robot/1.0"
    result = await schema.execute(
        access.operation(name), variable_values={"input": given}, context_value=context
    )
    assert not result.errors, result.errors
    return result.data[name]


async def viewer_of(name):
    """Return a user in a session that is stored."""
    if name is None:
        return None
    user = await User.get(username=name)
    session = await Session.filter(user_id=user.id, id="s_own").first()
    return Viewer(user, session or Session(id=f"s_{name}", user=user))


async def entries():
    """Return all entries."""
    return await AuditEntry.all().order_by("chain", "seq")


def test_every_mutation_says_what_it_tells():
    """Whoever adds a mutation says here which entry it writes."""
    assert set(TOLD) | BEGUN == set(schema._schema.mutation_type.fields)


def test_every_act_is_told_by_something():
    """By a mutation, or by what a mutation begins."""
    told = {act for act, _, _ in TOLD.values()}
    others = {"user.login_linked", "task.superseded"}
    assert {act.value for act in audit.Act} - told == others


@pytest.mark.parametrize("name", sorted(TOLD))
async def test_a_change_is_told_once_in_every_chain_it_concerns(team, name):
    """Who, what, from where and by what: one entry a chain, and the chains stay whole."""
    world, there = team
    act, chains, given = TOLD[name]
    if name == "signIn":
        await ask(world, "signUp", TOLD["signUp"][2], None)
    by = await viewer_of(BY.get(name, "owner"))
    before = len(await entries())
    ids = {row.id for row in await entries()}

    given = access.MUTATIONS[name][0] if given is None else given
    answer = await ask(world, name, access.filled(given, there), by)

    assert answer["__typename"].endswith("Payload"), answer
    new = [row for row in await entries() if row.id not in ids]
    user_id = by.user.id if by else (await User.get(username="new")).id
    sessions = set(await Session.filter(user_id=user_id).values_list("id", flat=True))
    wanted = [each.replace("user:new", f"user:{user_id}") for each in chains]
    assert [(row.chain, row.action) for row in new] == [(each, act) for each in wanted]
    assert len(await entries()) == before + len(chains)
    for row in new:
        assert (row.actor_id, row.address, row.device) == (user_id, "192.0.2.7", "robot/1.0")
        assert row.via in ({by.session.id} if by else sessions)
        assert row.target
    assert await faults() == {}


async def test_a_token_is_told_as_what_acted(team):
    """`via` is the token's id, whole; its revocation concerns its team too."""
    world, _ = team
    owner = await User.get(username="owner")
    wanted = {"name": "mine", "scopes": ["ADMIN"], "orgName": "acme"}
    made = await world.done("createApiToken", owner, "apiToken { id }", **wanted)
    token = await ApiToken.get(id=made["apiToken"]["id"]).select_related("user")

    await ask(world, "updateOrg", {"orgName": "acme", "alias": "x"}, Viewer(owner, token=token))
    await ask(world, "revokeApiToken", {"apiTokenId": token.id}, Viewer(owner, token=token))

    told = await AuditEntry.filter(via=token.id).order_by("chain", "seq")
    assert [(row.chain, row.action) for row in told] == [
        (ACME, "org.updated"),
        (ACME, "api_token.revoked"),
        (OWNER, "api_token.revoked"),
    ]


@pytest.mark.parametrize("name", sorted(name for name, cases in access.MUTATIONS.items() if cases))
async def test_what_is_refused_is_not_told(team, name):
    """To a stranger, a guest, a VIEWER and a token: no entry, and no chain begins."""
    world, there = team
    owner = await User.get(username="owner")
    token = await ApiToken.get(id="k_other")
    people = [await world.api.user("stranger"), None, await User.get(username="vera")]
    before = await entries(), await AuditChain.all().count()

    for viewer in (*people, Viewer(owner, token=token)):
        for case in access.MUTATIONS[name]:
            given = access.filled(case, there)
            if viewer == people[2] and name in {"createApiToken", "removeMember"}:
                continue  # what a VIEWER may do: a token of their own, and leave
            answer = await ask(world, name, given, viewer)
            assert answer.get("code"), (name, case, viewer)

    assert (await entries(), await AuditChain.all().count()) == before


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("createOrg", {"name": "ACME"}, "ALREADY_EXISTS"),
        ("createOrg", {"name": "!"}, "INVALID"),
        ("signUp", {"username": "owner", "password": PASSWORD}, "ALREADY_EXISTS"),
        ("signIn", {"login": "owner", "password": PASSWORD}, "UNAUTHENTICATED"),
        ("changePassword", {"newPassword": "x"}, "INVALID"),
        ("updateUser", {"email": "x"}, "INVALID"),
        ("deleteOrg", {"orgName": "acme", "confirmName": "x"}, "INVALID"),
        ("removeMember", {"orgName": "acme", "username": "owner"}, "CONFLICT"),
        ("removeMember", {"orgName": "acme", "username": "nobody"}, "NOT_FOUND"),
        (
            "updateMemberRole",
            {"orgName": "acme", "username": "owner", "role": "VIEWER"},
            "CONFLICT",
        ),
        ("inviteMember", {"orgName": "acme", "username": "vera"}, "ALREADY_EXISTS"),
        ("createApplication", {**access.NEW, "orgName": "acme", "name": "web"}, "ALREADY_EXISTS"),
        (
            "createEnvironment",
            {"applicationId": "APP", "environment": {"name": "test"}},
            "ALREADY_EXISTS",
        ),
        (
            "updateEnvironment",
            {"applicationId": "APP", "name": "test", "expectedVersion": 9},
            "CONFLICT",
        ),
        ("deleteEnvironment", {"applicationId": "APP", "name": "live"}, "CONFLICT"),
        ("setSecrets", {"orgName": "acme", "set": [{"key": "K", "value": "x"}]}, "INVALID"),
        ("deploy", {"applicationId": "APP", "envName": "none", "commit": COMMIT}, "NOT_FOUND"),
        ("deploy", {"applicationId": "APP", "envName": "test", "commit": "x"}, "INVALID"),
        ("rollback", {"taskId": "TASK"}, "BLOCKED"),
        ("cancelTask", {"taskId": "TASK"}, "CONFLICT"),
        ("createApiToken", {"name": "ci", "scopes": ["READ"]}, "ALREADY_EXISTS"),
    ],
)
async def test_what_cannot_be_done_is_not_told(team, name, given, code):
    """Nothing changed, so there is nothing to tell."""
    world, there = team
    before = await entries(), await AuditChain.all().count()

    by = await viewer_of(BY.get(name, "owner"))
    answer = await ask(world, name, access.filled(given, there), by)

    assert answer.get("code") == code
    assert (await entries(), await AuditChain.all().count()) == before


async def test_what_is_repeated_is_not_told_again(team):
    """A deploy under its key, and a cancel of what is cancelled."""
    world, there = team
    owner = await viewer_of("owner")
    deploy = {**TOLD["deploy"][2], "idempotencyKey": "once"}
    before = len(await entries())

    answers = await asyncio.gather(
        *(ask(world, "deploy", access.filled(deploy, there), owner) for _ in range(10))
    )
    assert {each["__typename"] for each in answers} == {"DeployPayload"}
    assert len(await entries()) == before + 1
    for _ in range(3):
        answer = await ask(world, "cancelTask", {"taskId": there["PENDING"]}, owner)
        assert answer["__typename"] == "CancelTaskPayload"
    assert len(await entries()) == before + 2


# ---------------------------------------------------------------- what an entry must not hold


def disguised(text):
    """Return what a value may look like."""
    raw = text.encode()
    return {text, base64.b64encode(raw).decode(), raw.hex(), hash_token(text), json.dumps(text)}


async def test_no_secret_is_told(team):
    """A canary in every secret input, and whatever is shown once: found before, not in the log."""
    world, there = team
    owner = await User.get(username="owner")
    app = {"applicationId": there["APP"]}
    canaries = [f"canary-{number}-gravel-teapot" for number in range(9)]
    seen = []
    for name, selection, given in (
        ("signUp", "token", {"username": "new", "password": canaries[0]}),
        ("changePassword", "", {"newPassword": canaries[1]}),
        ("signIn", "token", {"login": "new", "password": canaries[0]}),
        ("setSecrets", "", {"orgName": "acme", "set": [{"key": "A", "value": canaries[2]}]}),
        ("setSecrets", "", {"orgName": "acme", "set": [{"key": "A", "value": canaries[3]}]}),
        (
            "setSecrets",
            "",
            {**app, "envName": "test", "set": [{"key": "B", "value": canaries[4]}]},
        ),
        (
            "createEnvironment",
            "",
            {**app, "environment": {"name": "e", "secrets": [{"key": "C", "value": canaries[5]}]}},
        ),
        (
            "createApplication",
            "",
            {
                **access.NEW,
                "orgName": "acme",
                "environments": [{"name": "e", "secrets": [{"key": "D", "value": canaries[6]}]}],
            },
        ),
        (
            "deploy",
            "task { id }",
            {
                **app,
                "envName": "test",
                "commit": COMMIT,
                "message": canaries[3],
                "inputs": {"x": canaries[7]},
            },
        ),
        ("createApiToken", "value", {"name": "x", "scopes": ["READ"], "orgName": "acme"}),
        ("createDeployHook", "url", {**app, "envName": "test", "name": "x"}),
        ("rotateDeployHook", "url", {"deployHookId": there["HOOK"]}),
        ("inviteMember", "link", {"orgName": "acme"}),
        ("createWorker", "token", {"orgName": "acme", "name": "x"}),
    ):
        answer = await world.done(name, owner, selection, **given)
        seen += [str(answer[key]) for key in SHOWN_ONCE if answer.get(key)]
        if "task" in answer:
            reason = {"taskId": answer["task"]["id"], "reason": f"for {canaries[3]}"}
            await world.done("cancelTask", owner, **reason)
    assert len(seen) == 7
    seen += [each.rpartition("/")[2].rpartition("#")[2] for each in seen]

    told = json.dumps(await AuditEntry.all().values(), default=str)
    for value in (*canaries, *seen):
        assert not [each for each in disguised(value) if each in told], value
    for key in "ABC":
        assert f'"{key}"' in told  # names are told


# ---------------------------------------------------------------- who reads it

LOG = """query (
  $name: String!, $acts: [AuditAction!], $actor: String, $first: Int, $after: String
) {
  org(name: $name) { audit(acts: $acts, actor: $actor, first: $first, after: $after) {
    totalCount pageInfo { endCursor hasNextPage }
    nodes { seq action actor via address device target before after hash user { username } }
  } } }"""


@pytest.mark.parametrize("role", ["OWNER", "ADMIN", "MEMBER", "VIEWER", None])
async def test_owners_and_admins_alone_read_it(team, role):
    """To other members it is null, as `viewerCan` says; to strangers there is no team."""
    world, _ = team
    who = await world.api.user("reader")
    if role == "OWNER":
        who = await User.get(username="owner")
    elif role:
        await world.team("acme", who, role)

    org = (await world.api.execute(LOG, who, name="acme"))["org"]

    if role is None:
        assert org is None
    elif role in {"OWNER", "ADMIN"}:
        assert [node["action"] for node in org["audit"]["nodes"]] == ["TASK_DISPATCHED"]
    else:
        assert org == {"audit": None}


async def test_it_is_read_page_by_page_and_by_kind(team):
    """The newest first, by kinds and by who did it; a user reads their own in person."""
    world, _ = team
    owner, vera = await User.get(username="owner"), await User.get(username="vera")
    await world.done("updateMemberRole", owner, orgName="acme", username="vera", role="ADMIN")
    for alias in ("a", "b", "c"):
        await world.done("updateOrg", vera, orgName="acme", alias=alias)

    async def read(**given):
        return (await world.api.execute(LOG, owner, name="acme", **given))["org"]["audit"]

    first = await read(first=3)
    rest = await read(first=3, after=first["pageInfo"]["endCursor"])
    assert [node["seq"] for node in (*first["nodes"], *rest["nodes"])] == [5, 4, 3, 2, 1]
    assert (first["totalCount"], rest["pageInfo"]["hasNextPage"]) == (5, False)
    assert (await read(acts=["ORG_UPDATED"]))["totalCount"] == 3
    assert (await read(actor="owner"))["totalCount"] == 2
    assert (await read(acts=["ORG_UPDATED"], actor="owner"))["nodes"] == []
    mine = "query ($id: ID!) { node(id: $id) { ... on User { audit { nodes { action } } } } }"
    await ask(world, "endSession", {"sessionId": "s_there"}, owner)
    own = await world.api.execute(mine, owner, id=owner.id)
    other = await world.api.execute(mine, vera, id=owner.id)
    assert own["node"]["audit"] == {"nodes": [{"action": "SIGNED_OUT"}]}
    assert other["node"] == {"audit": None}


# ---------------------------------------------------------------- who rewrites it


async def run(sql):
    """Run a statement as somebody who has the database in their hands, whatever guards it."""
    connection = get_connection("default")
    if connection.capabilities.dialect == "sqlite":
        guards = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'"
        )
        for row in await connection.execute_query_dict(guards):
            await connection.execute_query(f'DROP TRIGGER "{row["name"]}"')
    else:
        await connection.execute_query("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    await connection.execute_query(sql)


async def faults():
    """Return what is wrong with each chain that is not right."""
    return {each.chain: each.fault async for each in audit.verify() if each.fault}


@pytest.fixture
async def chain(world):
    """A team's chain of five entries, and another one."""
    owner = await world.api.user("owner")
    for name in ("acme", "other"):
        await world.done("createOrg", owner, name=name, alias="a")
    for alias in "bcde":
        await world.done("updateOrg", owner, orgName="acme", alias=alias)
    assert await faults() == {}
    return world


COLUMNS = {
    "chain": "'org:other2'",
    "seq": "99",
    "time": "'2020-01-01 00:00:00+00:00'",
    "actor_id": "'u_else'",
    "actor": "'else'",
    "via": "'s_else'",
    "address": "'10.0.0.9'",
    "device": "'else'",
    "action": "'org.created'",
    "target": "'else'",
    "before": "'{}'",
    "after": "NULL",
    "hash": "'0'",
}


def test_every_column_is_covered():
    """Whoever adds a column of an entry covers it by the hash; the id only sorts."""
    assert set(COLUMNS) == set(AuditEntry._meta.db_fields) - {"id"}


@pytest.mark.parametrize("column", COLUMNS)
async def test_an_entry_that_was_altered_is_found(chain, column):
    """Whatever of it."""
    await run(
        f"""UPDATE audit_entry SET "{column}" = {COLUMNS[column]}
        WHERE chain = 'org:acme' AND seq = 3"""
    )
    assert "org:acme" in await faults()
    assert "org:other" not in await faults()


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_entry WHERE chain = 'org:acme' AND seq = 1",
        "DELETE FROM audit_entry WHERE chain = 'org:acme' AND seq = 3",
        "DELETE FROM audit_entry WHERE chain = 'org:acme' AND seq = 5",
        "DELETE FROM audit_entry WHERE chain = 'org:acme' AND seq > 1",
        "DELETE FROM audit_entry WHERE chain = 'org:acme'",
        "DELETE FROM audit_chain WHERE id = 'org:acme'",
        "UPDATE audit_chain SET seq = 4 WHERE id = 'org:acme'",
        "UPDATE audit_chain SET hash = '' WHERE id = 'org:acme'",
        """INSERT INTO audit_entry SELECT 'org:acme#0000000006', chain, 6, "time", actor_id, actor,
           via, address, device, action, target, "before", "after", hash FROM audit_entry
           WHERE chain = 'org:acme' AND seq = 5""",
        """UPDATE audit_entry SET "after" = (SELECT "after" FROM audit_entry
           WHERE chain = 'org:acme' AND seq = 2) WHERE chain = 'org:acme' AND seq = 3""",
    ],
    ids=[
        *("first", "middle", "last", "rest", "all", "end", "end moved", "end altered"),
        *("inserted", "copied"),
    ],
)
async def test_a_chain_that_was_cut_or_mended_is_found(chain, sql):
    """Entries that are missing, put in, or cut off at the end; the other chain is right."""
    await run(sql)
    assert set(await faults()) == {"org:acme"}


async def test_parallel_writers_leave_no_gap(world):
    """Sixty changes of one team at once, also by ways that write to two chains."""
    owner = await world.api.user("owner")
    await world.done("createOrg", owner, name="acme")
    admins = [await world.api.user(f"admin{number}") for number in range(5)]
    for each in admins:
        await world.team("acme", each, "ADMIN")

    def calls(number):
        by = admins[number % 5]
        return (
            world.code("updateOrg", by, orgName="acme", alias=str(number)),
            world.code(
                "setSecrets", by, orgName="acme", set=[{"key": f"K{number}", "value": "value"}]
            ),
            world.code("createApiToken", by, name=f"{number}", scopes=["READ"], orgName="acme"),
        )

    codes = Counter(await asyncio.gather(*(call for number in range(20) for call in calls(number))))

    assert codes == {None: 60}
    rows = await AuditEntry.filter(chain="org:acme").order_by("seq")
    assert [row.seq for row in rows] == list(range(1, 62))
    assert await AuditEntry.filter(chain__startswith="user:").count() == 20
    assert await faults() == {}


async def test_a_log_that_is_being_written_verifies(world):
    """Whoever verifies a running server is not told of faults that are none."""
    owner = await world.api.user("owner")
    await world.done("createOrg", owner, name="acme")

    async def write():
        for number in range(30):
            await world.done("updateOrg", owner, orgName="acme", alias=str(number))

    writing = asyncio.create_task(write())
    found = []
    while not writing.done():
        found.append(await faults())
    await writing

    assert found
    assert not any(found)


@pytest.mark.parametrize(
    "document",
    [
        '{"x": 1e22, "y": 1.5e300, "z": 1e-7, "t": 0.1, "w": -0.0, "v": 1.0, "u": 100000.0}',
        '{"i": 9007199254740993, "j": 123456789012345678901234567890, "k": -1}',
        '{"b": 1, "a": [true, null, {"d": "é 漢 😀", "c": "\\u2028"}], "B": {}}',
    ],
    ids=["floats", "integers", "texts"],
)
async def test_whatever_a_document_holds_verifies(world, document):
    """A database may keep another spelling of a number than it was given."""
    owner = await world.api.user("owner")
    await world.done("createOrg", owner, name="acme")
    made = await world.done(
        "createApplication",
        owner,
        "application { id }",
        orgName="acme",
        name="web",
        provider="GIT",
        repoUrl="https://example.com/a/b",
    )
    for text in (document, "{}", document):
        given = {"applicationId": made["application"]["id"], "name": "default"}
        await world.done("updateEnvironment", owner, **given, resource=json.loads(text))

    assert await faults() == {}

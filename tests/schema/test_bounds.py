"""A bounded API token sees nothing beyond its bounds, by whatever path: walked over the schema."""

import asyncio
import json
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest
from graphql import (
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_object_type,
    is_required_argument,
)
from tortoise.transactions import in_transaction

from auth import machines
from auth.permissions import Scope
from auth.viewer import Viewer
from db import audit
from db.models import (
    ApiToken,
    Application,
    Delivery,
    DeployHook,
    Environment,
    Invitation,
    LogChunk,
    Org,
    Session,
    Step,
    Task,
    TaskEvent,
    User,
)
from db.uses import DeprecatedUse
from schema import schema
from tests.conftest import make_application
from tests.schema import test_access as access

acme = access.acme

GRAPH = schema._schema
FIELDS = 20  # in one document: it has at most 2,000 tokens
BOUNDS = ("nothing", "team", "application", "environment")
# What lies beyond which bounds.
BEYOND = {
    "person": BOUNDS,
    "other team": ("team", "application", "environment"),
    "team": ("application", "environment"),
    "other application": ("application", "environment"),
    "other environment": ("environment",),
}
TRIGGERS = ("manual", "redeploy", "rollback", "github", "tracker:fc", "schedule", "hook")


def now():
    """Return the time; what is recent when the test begins must be so when it looks."""
    return datetime.now(UTC)


class Marked:
    """Gives names that say whether what they name lies beyond a bound."""

    def __init__(self, bound):
        self.bound = bound
        self.hidden = set()

    def __call__(self, where, name):
        """Return *name*, marked when it lies beyond."""
        if self.bound not in BEYOND[where]:
            return name
        self.hidden.add(f"hidden-{name}")
        return f"hidden-{name}"

    def key(self, where, name):
        """Return the name of a secret in the same way."""
        return self(where, name).replace("-", "_")


async def fill(world, mark):
    """Fill the database; return the user whose token is looked with, and what can be asked for."""
    api = world.api
    ann, boss = await api.user("ann"), await api.user("boss")
    boss_row = await world.team("acme", boss)
    mine = await world.team("acme", ann, "ADMIN")
    await _team_wide(world, mark, boss_row)
    web = await _application(world, mark, boss_row, "web", ("test", "live"), "inside")
    other = await _application(
        world, mark, boss_row, mark("other application", "other"), ("prod",), "other application"
    )
    team = await world.team(mark("other team", "foreign"), ann)
    foreign = await _application(
        world, mark, team, mark("other team", "strange"), ("far",), "other team"
    )
    stranger = await api.user(mark("other team", "stranger"))
    await world.team(team.name, stranger, "VIEWER")
    await _personal(mark, ann, stranger)
    ids = [
        *(each.id for each in (ann, boss, stranger, boss_row, mine, team, web, other, foreign)),
        *await Environment.all().values_list("id", flat=True),
        *await Task.all().values_list("id", flat=True),
        *await Step.all().values_list("id", flat=True),
        *await Session.all().values_list("id", flat=True),
        *await Invitation.all().values_list("id", flat=True),
        *await DeployHook.all().values_list("id", flat=True),
    ]
    return ann, web, ids


async def _team_wide(world, mark, row):
    """Give a team what only those see who see the whole of it."""
    vault = world.api.server.services.vault
    key = mark.key("team", "shared")
    mark.hidden.discard("hidden-shared")
    if key != "shared":
        mark.hidden.add(key)
    row.secrets = vault.change({}, {key: "value"}, place="org/acme/secrets")
    row.third_part = {
        "github": {
            "owner": mark("team", "octo"),
            "id": 1,
            "avatar": "a",
            "linked_time": 1,
            "url": "https://git.example.com",
            "scopes": [mark("team", "repo")],
            "health": "refused",
            "reason": "It was revoked.",
            "checked_time": 2,
        }
    }
    row.alias, row.description, row.logo = "Acme", "We make everything.", "logo.png"
    await row.save()
    carol = await world.api.user(mark("team", "carol"))
    await world.team("acme", carol, "MEMBER")
    worker, _ = await machines.create(mark("team", "box"), [mark("team", "gpu")], "acme", carol.id)
    await machines.begin(worker, mark("team", "0.1.0"), 4)
    await Invitation.create(
        id=mark("team", "i_acme"),
        org_name="acme",
        user=await world.api.user(mark("team", "invited")),
        role="MEMBER",
        token_hash="i",
        invited_by_id=row.user_id,
        expires_time=now() + timedelta(days=1),
    )
    giver = await world.team(mark("team", "giver"), await world.api.user("patron"))
    gift = await make_application(giver, mark("team", "gift"))
    await Application.filter(id=gift.id).update(transfer_org_name="acme")
    await _told(audit.org_chain("acme"), carol, mark("team", "told"))


async def _told(chain, user, target):
    actor = audit.Actor(user.id, user.username, "s_1", "10.0.0.1", "curl")
    entry = audit.Entry(actor, audit.Act.ORG_UPDATED, target, {"a": 1}, {"a": 2})
    async with in_transaction() as db:
        await audit.write(chain, entry, db)


async def _personal(mark, ann, stranger):
    ann.email, ann.avatar = "ann@example.com", "a.png"
    await ann.save()
    await Session.create(
        id="s_ann",
        user=ann,
        token_hash="s",
        device=mark("person", "laptop"),
        address="10.0.0.1",
        expires_time=now() + timedelta(days=1),
    )
    await Invitation.create(
        id="i_ann",
        org_name=mark("person", "inviting"),
        user=ann,
        role="MEMBER",
        token_hash="j",
        invited_by_id=stranger.id,
        expires_time=now() + timedelta(days=1),
    )
    await DeprecatedUse.create(
        id="u_old",
        caller="token k_used",
        element=mark("person", "old"),
        first_time=now(),
        last_time=now(),
        count=2,
    )
    await _told(audit.user_chain(ann.id), ann, mark("person", "remembered"))


async def _application(world, mark, owner, name, environments, where):
    app = await Application.create(
        id=f"a_{name}",
        name=name,
        org_id=owner.id,
        owner_org=owner,
        description=f"{name} itself",
        environment={},
        provider="git",
        repo_owner="o",
        repo_id=f"r_{name}",
        repo_name=name,
        repo_url=f"https://example.com/{name}",
        repo_webhook_secret="sealed",
        repo_webhook_url=f"https://rollway.example/webhooks/a_{name}",
        transfer_org_name="foreign" if where == "inside" and mark.bound is None else None,
    )
    vault = world.api.server.services.vault
    for each in environments:
        inside = where == "inside" and each == "test"
        beyond = "other environment" if where == "inside" else where
        env_name = each if inside else mark(beyond, each)
        place = f"{app.id}:{env_name}"
        key = f"KEY_{env_name.replace('-', '_')}"
        environment = await Environment.create(
            id=place,
            application=app,
            name=env_name,
            type="testing",
            trigger_spec={"github": {}},
            cd_pipeline_yaml="serverless-pipeline.yaml",
            secrets=vault.change({}, {key: "value"}, place=f"environment/{place}/secrets"),
            resource={"fc": [{"uid": "1", "region": "r", "service": "s", "function": place}]},
            next_scheduled_time=datetime(2126, 1, 1, tzinfo=UTC),
            schedule_problem=mark(beyond, "gone") if not inside else "gone",
            runs_on="gpu,linux",
        )
        await _tasks(app, environment)
        by = await User.get(id=owner.user_id)
        await world.deploy_hook(environment.id, by, f"for {environment.name}")
    asked = await Environment.filter(application_id=app.id)
    delivery = await world.delivery(app, verdicts=[_verdict(each) for each in asked])
    if where != "inside":
        await Delivery.filter(id=delivery.id).update(event=mark(where, "push"))
    return app


def _verdict(environment):
    return {
        "envName": environment.name,
        "matched": True,
        "reason": f"{environment.name} was asked for.",
        "rule": f"for {environment.name}",
        "taskId": environment.latest_task_id,
    }


async def _tasks(app, environment):
    """Give an environment a task of each kind, with steps, events and logs."""
    made = []
    for number, trigger in enumerate((*TRIGGERS, "manual")):
        time = now() - timedelta(minutes=number)
        running = number == len(TRIGGERS)
        task = await Task.create(
            id=f"t_{environment.id.replace(':', '_')}_{number}",
            env_name=environment.name,
            app=app,
            status="running" if running else "success",
            trigger_type=trigger,
            trigger_payload={
                "deliveryId": "d",
                "hookId": "h",
                "hookName": "ci",
                "externalId": "e",
                "cron": "* * * * *",
                "timeZone": "UTC",
            },
            dispatch_org_id=app.org_id,
            source_task_id=made[0] if made else None,
            superseded_by_id=made[0] if made else None,
            created_time=time,
            updated_time=time,
            started_time=time,
            finished_time=None if running else time,
            steps=[],
            message=f"to {environment.id}",
            ref="refs/heads/main",
            branch="main",
            tag="v1",
            commit="c" * 40,
            plan_hash="p",
            secret_versions={"GONE": 1},
        )
        made.append(task.id)
    await Task.create(
        id=f"t_{environment.id.replace(':', '_')}_pending",
        env_name=environment.name,
        app=app,
        status="pending",
        trigger_type="manual",
        created_time=now(),
        updated_time=now(),
        steps=[],
        runs_on="gpu,linux",
        stranded=True,
    )
    environment.latest_task_id = made[0]
    await environment.save()
    await _journal(made[0], environment.id)


async def _journal(task_id, text):
    for index in (0, 1):  # the log of the second has expired
        await Step.create(
            id=f"{task_id}:{index}",
            task_id=task_id,
            index=index,
            name="Set up task",
            status="success",
            started_time=now(),
            finished_time=now(),
            exit_code=0,
            error="none",
            outputs={"a": text},
        )
    events = (
        *(("task", "running", None), ("step", "success", 0), ("output", None, 0)),
        *(("output", None, 1), ("end", "success", None)),
    )
    for seq, (kind, status, index) in enumerate(events, start=1):
        await TaskEvent.create(
            task_id=task_id,
            seq=seq,
            kind=kind,
            time=now(),
            step_index=index,
            name="Set up task",
            status=status,
            exit_code=0,
            error="none",
        )
    await LogChunk.create(
        task_id=task_id,
        seq=3,
        step_index=0,
        first_line=1,
        last_line=1,
        stream="output",
        time=now(),
        text=f"{text}\n",
    )


class Walker:
    """Asks for every field of every object that any path leads to, and keeps all that it saw."""

    def __init__(self, api, viewer, arguments, refused):
        self.api = api
        self.viewer = viewer
        self.arguments = arguments  # "Type.field": texts of arguments to ask with
        self.refused = refused  # (type, field) that is left out
        self.texts = []
        self.known = set()
        self.filled = set()  # (type, field) that something was seen in

    async def walk(self):
        """Walk to the end."""
        paths = [((), "Query")]
        while paths:
            path, type_name = paths.pop()
            fields = self.fields(GRAPH.type_map[type_name])
            for part in (fields[at : at + FIELDS] for at in range(0, len(fields), FIELDS)):
                document = self.document(path, type_name, " ".join(part))
                data = await self.api.execute(document, self.viewer)
                self.texts.append(json.dumps(data, default=str))
                paths += [found for found in self.found(data, path) if found not in paths]
        return self

    @property
    def text(self):
        """All that was seen."""
        return "\n".join(self.texts)

    def document(self, path, type_name, fields):
        """Return a query of fields of what stands at the end of *path*."""
        text = f"... on {type_name} {{ {fields} }}"
        for type_, name, number in reversed(path):
            arguments = self.variants(type_, name)[number]
            key = f"{type_}__{name}__{number}"
            text = f"... on {type_} {{ {key}: {name}{arguments} {{ {text} }} }}"
        return f"{{ {text} }}"

    def fields(self, type_):
        """Return selections of all fields, down to what has an id of its own."""
        parts = ["__typename"]
        for name, field in type_.fields.items():
            if (type_.name, name) in self.refused:
                continue
            child = get_named_type(field.type)
            inner = f"{{ {self.below(child)} }}" if is_composite_type(child) else ""
            parts += [
                f"{type_.name}__{name}__{number}: {name}{arguments} {inner}"
                for number, arguments in enumerate(self.variants(type_.name, name))
            ]
        return parts

    def below(self, type_):
        """Return the selection of what a field leads to."""
        types = GRAPH.get_possible_types(type_) if is_abstract_type(type_) else [type_]
        if any(GRAPH.type_map["Node"] in each.interfaces for each in types):
            return "__typename ... on Node { id }"
        return " ".join(f"... on {each.name} {{ {' '.join(self.fields(each))} }}" for each in types)

    def variants(self, type_name, name):
        """Return with which arguments a field is asked for."""
        given = self.arguments.get(f"{type_name}.{name}", [])
        needed = GRAPH.type_map[type_name].fields[name].args.values()
        if not any(is_required_argument(each) for each in needed):
            return ["", *given]
        assert given, f"say what to ask {type_name}.{name} for, see `arguments`"
        return given

    def found(self, data, path):
        """Yield the paths that lead to objects not seen before, with the objects' types."""
        values = [data]
        for type_, name, number in path:
            key = f"{type_}__{name}__{number}"
            values = [each for value in values for each in listed((value or {}).get(key))]
        for value in values:
            yield from self.new(value, path)

    def new(self, value, path):
        """Yield the same for what stands below *value*."""
        if "id" in value:
            node = (value["__typename"], value["id"])
            if node not in self.known:
                self.known.add(node)
                yield path, node[0]
            return
        for key, child in value.items():
            if "__" not in key or key == "__typename":
                continue
            type_, name, number = key.rsplit("__", 2)
            if child not in (None, [], {}):
                self.filled.add((type_, name))
            if is_composite_type(get_named_type(GRAPH.type_map[type_].fields[name].type)):
                for each in listed(child):
                    yield from self.new(each, (*path, (type_, name, int(number))))


def listed(value):
    """Return what is there of *value*, one or many, as a list."""
    return [each for each in (value if isinstance(value, list) else [value]) if each is not None]


def arguments(ids, names):
    """Return what is asked for where a field must be given something, and where it may be."""
    return {
        "Query.node": [f'(id: "{each}")' for each in ids],
        "Query.application": [f'(id: "{each}")' for each in ids if each.startswith("a_")],
        "Query.task": [f'(id: "{each}")' for each in ids if each.startswith("t_")],
        "Query.users": [f'(search: "{each}")' for each in ("hid", "ann", "st")],
        "Query.pipelineCheck": [f'(text: "{each}")' for each in ("a: 1", "steps: [{run: a}]")],
        "Query.triggerPreview": [
            f'(input: {{applicationId: "{each}", provider: {provider}, headers: {{}}, body: {{}}}})'
            for each, provider in (("a_web", "GIT"), ("a_web", "GITHUB"), ("a_none", "GITHUB"))
        ],
        "Query.org": [f'(name: "{each}")' for each in names],
        "Query.applicationByName": [
            f'(orgName: "{team}", name: "{name}")'
            for team in ("acme", "foreign", "hidden-foreign")
            for name in ("web", "other", "hidden-other", "hidden-strange")
        ],
        "Application.environment": [
            f'(name: "{each}")' for each in ("test", "live", "hidden-live", "prod")
        ],
        "Application.tasks": ['(where: {envName: "hidden-live"})', "(last: 100)"],
        "Org.tasks": ['(where: {envName: "hidden-live"})', "(last: 100)"],
        "Org.applications": ['(search: "hidden")'],
        "Org.members": ["(last: 100)"],
    }


async def walked(world, mark, bound, *, scopes=tuple(Scope)):
    """Fill the world and walk it: by a token of *scopes* within *bound*; without, in person."""
    ann, web, ids = await fill(world, mark)
    for each in ids:
        kept = world.api.server.settings.data / "artifacts" / each / "site.tar"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch()
    token = await token_of(ann, web, bound if scopes else "environment", scopes, mark)
    viewer = Viewer(ann, token=token) if scopes else ann
    names = ["acme", mark("other team", "foreign"), mark("team", "giver")]
    refused = REFUSED if token.org_name and scopes else set()
    return await Walker(world.api, viewer, arguments([*ids, token.id], names), refused).walk()


async def token_of(ann, web, bound, scopes, mark):
    """Return a token of *scopes*, bound to the team acme or to what of it the walk begins in."""
    bounds = {
        "nothing": {},
        "team": {"org_name": "acme"},
        "application": {"org_name": "acme", "application_id": web.id},
        "environment": {"org_name": "acme", "application_id": web.id, "env_name": "test"},
    }
    return await ApiToken.create(
        id="k_used",
        user=ann,
        name=mark("person", "used"),
        scopes=[scope.value for scope in scopes or (Scope.READ,)],
        token_hash="k",
        prefix="rwt_",
        last_used_time=now(),
        expires_time=now() + timedelta(days=1),
        **bounds[bound],
    )


@pytest.mark.parametrize("bound", BOUNDS)
async def test_nothing_beyond_is_seen(sqlite_world, bound):
    """An ADMIN's token of every scope walks wherever the schema leads, and meets no mark."""
    mark = Marked(bound)

    walker = await walked(sqlite_world, mark, bound)

    assert mark.hidden
    assert "hidden" not in walker.text, [text for text in walker.texts if "hidden" in text]
    types = {type_ for type_, _ in walker.known}
    assert {"User", "Org", "Application", "Environment", "Task", "Step"} <= types


@pytest.mark.parametrize("bound", BOUNDS[1:])
async def test_a_bounded_token_does_not_look_for_users(sqlite_world, bound):
    """It is refused, as the names of a whole server lie beyond every bound."""
    ann, web, _ = await fill(sqlite_world, Marked(None))
    token = await token_of(ann, web, bound, tuple(Scope), Marked(None))

    result = await sqlite_world.api.result(
        '{ users(search: "ann") { id } }', Viewer(ann, token=token)
    )

    assert [error.extensions["code"] for error in result.errors] == ["FORBIDDEN"]


@pytest.mark.parametrize("bound", BOUNDS)
async def test_in_person_all_of_it_is_seen(sqlite_world, bound):
    """The walk does lead to every mark: what a token does not see is there."""
    mark = Marked(bound)

    walker = await walked(sqlite_world, mark, "nothing", scopes=())

    assert not [each for each in mark.hidden if each not in walker.text]


# What the walk in person finds empty: nothing can stand there yet.
EMPTY = {
    *(("NotFoundProblem", "field"), ("InputIssue", "line"), ("InputIssue", "column")),
    *(("Blocker", "until"), ("Query", "logins"), ("ConflictProblem", "currentVersion")),
}
# What a token of a team or less is refused, with an error: it belongs to no team.
REFUSED = {("Query", "users")}


async def test_the_walk_leads_through_the_whole_schema(sqlite_world):
    """A new field fails here until there is something in it, so that the walks above see it."""
    walker = await walked(sqlite_world, Marked(None), "nothing", scopes=())
    reached = {type_ for type_, _ in walker.filled}

    fields = {
        (name, field)
        for name, type_ in GRAPH.type_map.items()
        if is_object_type(type_)
        and not name.startswith("__")
        and (name == "Query" or name in reached or GRAPH.type_map["Node"] in type_.interfaces)
        for field in type_.fields
    }

    assert fields - walker.filled == EMPTY


ELSEWHERE = {
    "team": {"org_name": "giver"},
    "application": {"org_name": "acme", "application_id": "a_acme_other"},
    "environment": {"org_name": "acme", "application_id": "a_acme_web", "env_name": "live"},
}


@pytest.mark.parametrize("bound", ELSEWHERE)
async def test_nothing_beyond_is_changed(acme, bound):
    """An OWNER's token of every scope, bound elsewhere, tries every mutation on what lies beyond.

    The cases are those of the tests of access: the team acme, its application web as a whole, and
    the environment test of it. NOT_FOUND or FORBIDDEN, and nothing is changed.
    """
    world, there, _ = acme
    owner = await User.get(id=there["USER"])
    await world.team("giver", owner, "ADMIN")
    await make_application(await Org.get(id=there["MEMBER"]), "other")
    token = await ApiToken.create(
        id="k_bound",
        user=owner,
        name="bound",
        scopes=[scope.value for scope in Scope],
        token_hash="b",
        prefix="rwt_",
        **ELSEWHERE[bound],
    )
    before = await access.everything()

    for name in access.ROLES:
        for case in access.MUTATIONS[name]:
            given = access.filled(case, there)
            answer = await world.api.execute(
                access.operation(name), Viewer(owner, token=token), input=given
            )
            assert answer[name].get("code") in {"NOT_FOUND", "FORBIDDEN"}, (name, given)
    assert await access.everything() == before


def tasks(*names):
    """Return variables that name tasks."""
    return {"tasks": [{"taskId": f"t_{name}"} for name in names]}


WATCH = {
    "taskEvents": "subscription ($id: ID!) { taskEvents(taskId: $id) { seq task { id } } }",
    "applicationTasks": """subscription ($id: ID!, $env: String) {
      applicationTasks(applicationId: $id, envName: $env) { id } }""",
    "orgTasks": "subscription ($id: String!) { orgTasks(orgName: $id) { id } }",
    "tasksEvents": """subscription ($tasks: [TaskPosition!]!) {
      tasksEvents(tasks: $tasks) { seq task { id } } }""",
    "viewerTasks": "subscription { viewerTasks { id } }",
}
# What is subscribed to, and what the token of each bound is answered; None: what it may see.
WATCHED = [
    ("taskEvents", {"id": "t_a_web_test_0"}, (None, None, None, None)),
    ("taskEvents", {"id": "t_a_web_live_0"}, (None, None, None, "NOT_FOUND")),
    ("taskEvents", {"id": "t_a_other_prod_0"}, (None, None, "NOT_FOUND", "NOT_FOUND")),
    ("taskEvents", {"id": "t_a_strange_far_0"}, (None, *["NOT_FOUND"] * 3)),
    ("applicationTasks", {"id": "a_web"}, (None, None, None, None)),
    ("applicationTasks", {"id": "a_web", "env": "test"}, (None, None, None, None)),
    ("applicationTasks", {"id": "a_web", "env": "live"}, (None, None, None, "FORBIDDEN")),
    ("applicationTasks", {"id": "a_other"}, (None, None, "NOT_FOUND", "NOT_FOUND")),
    ("applicationTasks", {"id": "a_strange"}, (None, *["NOT_FOUND"] * 3)),
    ("orgTasks", {"id": "acme"}, (None, None, "FORBIDDEN", "FORBIDDEN")),
    ("orgTasks", {"id": "foreign"}, (None, *["NOT_FOUND"] * 3)),
    ("tasksEvents", tasks("a_web_test_0"), (None, None, None, None)),
    ("tasksEvents", tasks("a_web_test_0", "a_web_live_0"), (None, None, None, "NOT_FOUND")),
    ("tasksEvents", tasks("a_web_test_0", "a_other_prod_0"), (None, None, *["NOT_FOUND"] * 2)),
    ("viewerTasks", {}, (None, None, None, None)),
]


@pytest.mark.parametrize("number", range(len(BOUNDS)), ids=BOUNDS)
async def test_nothing_beyond_is_watched(sqlite_world, number):
    """Subscriptions beyond are refused; one within shows what lies within, and no more."""
    ann, web, _ = await fill(sqlite_world, Marked(None))
    token = await token_of(ann, web, BOUNDS[number], (Scope.READ,), Marked(None))
    live = await Task.filter(app_id="a_web", env_name="live").values_list("id", flat=True)
    assert live

    for name, variables, codes in WATCHED:
        stream = await schema.stream(
            WATCH[name],
            variable_values=variables,
            context_value=sqlite_world.api.context(Viewer(ann, token=token)),
        )
        shown = []
        async with aclosing(stream), asyncio.timeout(20):
            async for result in stream:
                if result.errors:
                    shown = result.errors[0].extensions["code"]
                    break
                shown.append(result.data[name].get("id"))
                if shown.count(None) == 4 or len(shown) == await _within(name, variables, number):
                    break
        assert (shown if isinstance(shown, str) else None) == codes[number], (name, variables)
        if name == "applicationTasks" and codes[number] is None and number == len(BOUNDS) - 1:
            assert not set(shown) & set(live)
        if name == "viewerTasks":
            assert len(set(shown)) == await _within(name, variables, number)


async def _within(name, variables, number):
    """Return how many tasks a subscription begins with."""
    tasks = Task.filter(app_id=variables.get("id"))
    if name == "orgTasks":
        tasks = Task.filter(app__owner_org__name=variables["id"])
    if name == "viewerTasks":
        bounds = [{}, {"app__owner_org__name": "acme"}, {"app_id": "a_web"}, {"app_id": "a_web"}]
        tasks = Task.filter(**bounds[number])
    env_name = variables.get("env") or ("test" if BOUNDS[number] == "environment" else None)
    recent = tasks.filter(updated_time__gte=datetime.now(UTC) - timedelta(minutes=4, seconds=30))
    return await (recent.filter(env_name=env_name) if env_name else recent).count()

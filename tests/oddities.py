"""A database of odd values, always the same: what is strange to one way of answering or another."""

import base64
import json
from datetime import UTC, datetime, timedelta
from itertools import cycle, product
from types import MappingProxyType

from tortoise.transactions import in_transaction

from auth.permissions import Role, Scope
from auth.sessions import hash_token
from db import audit
from db.chains import AuditEntry
from db.fields import Concurrency, EnvironmentType, OnLost, Priority
from db.machines import WorkerMachine
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
from engine.state import StepStatus, TaskStatus

TEXTS = (
    *("", " ", "null", "{}", "a'b", 'say "hi"', "C:\\dir\\", "</script>", "a\nb\tc\rd\be\f"),
    *(
        "\x01\x1b[0m\x1f\x7f\x85",
        "line\u2028end\u2029",
        "\ufeffbom",
        "\u202eback",
        "e\u0301é",
        "½ß",
    ),
    *("😀 \U0001d4b3", "中文", "\\u0041", "100%_!", "$1 ?1 {0}", "x" * 5000, "\ufffe\uffff"),
)
NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31))
DOCUMENTS = (
    {},
    {"": {"": []}, "a": None},
    {"text": TEXTS[5], TEXTS[14]: TEXTS[15], "Z": 1, "a": 2, "é": 3},
    {"small": 5e-324, "large": 1e300, "third": 0.1, "whole": 1.0, "long": 2**53 + 1, "no": -0.0},
    {"deliveryId": 12, "hookId": None, "hookName": "", "externalId": 0, "cron": [], "timeZone": ""},
    {"deliveryId": "d\u2028", "hookId": "h", "hookName": "😀", "externalId": "e"},
    {"cron": "* * * * *", "timeZone": "Asia/Tokyo", "deep": [[[{"a": [True, False, None]}]]]},
)
FRACTIONS = (0, 100_000, 120_000, 123_456, 1, 999_999, 500, 10)
TRIGGERS = (
    *("manual", "redeploy", "rollback", "hook", "schedule", "github", "gitee", "gitlab"),
    *("codeup", "git", "tracker:", "tracker:fc", "tracker:a:b"),
)
START = datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC)
LATER = datetime(2126, 1, 1, tzinfo=UTC)  # so that no use of a session or a token is noted
PEOPLE = MappingProxyType(
    {
        "owner": Role.OWNER,
        "admin": Role.ADMIN,
        "member": Role.MEMBER,
        "viewer": Role.VIEWER,
    }
)
# What an API token of the ADMIN is made for, and how far it reaches.
TOKENS = MappingProxyType(
    {
        "token": (Scope, (None, None, None)),
        "team token": ((Scope.READ, Scope.DEPLOY), ("acme", None, None)),
        "other team token": ((Scope.READ,), ("labs", None, None)),
        "application token": ((Scope.READ,), ("acme", "a_acme_web", None)),
        "environment token": ((Scope.READ,), ("acme", "a_acme_web", "test")),
        "gone environment token": ((Scope.READ,), ("acme", "a_acme_web", "gone")),
        "deploying token": ((Scope.DEPLOY,), ("acme", None, None)),
    }
)
CALLERS = ("owner", "guest", "stranger", *list(PEOPLE)[1:], *TOKENS, "nobody's token")
APPLICATIONS = ("a_acme_web", "a_acme_api", "a_acme_bare", "a_labs_web", "a_labs_api", "a_far_web")
ENVIRONMENTS = ("test", "live", "gone")
TASKS_OF_WEB = 30


def shown(caller):
    """Return what a caller shows: the value of a session or a token; None for a guest."""
    if caller == "guest":
        return None
    return f"{'rwt' if 'token' in caller else 'rws'}_{caller.replace(' ', '_')}"


def task_id(application, env_name, number):
    """Return the id of a task."""
    return f"t_{application.removeprefix('a_')}_{env_name}_{number:02}"


def created_time(number):
    """Return when the task of this number was created; two in a row at the same moment."""
    return START + timedelta(seconds=number // 2, microseconds=FRACTIONS[number // 2 % 8])


TASKS = (
    *(task_id("a_acme_web", "test", each) for each in range(TASKS_OF_WEB)),
    *(task_id("a_acme_web", name, each) for name in ("live", "gone") for each in range(3)),
    *(task_id(app, "test", each) for app in ("a_acme_api", "a_labs_web") for each in range(3)),
    task_id("a_far_web", "test", 0),
    "t_large",
)
# One of each type, seen by the OWNER.
NODES = {
    "Application": "a_acme_web",
    "Environment": "a_acme_web:test",
    "Task": TASKS[0],
    "Step": f"{TASKS[0]}:0",
    "Org": "u_owner:acme",
    "User": "u_owner",
    "Delivery": "d_a_acme_web_2",
    "DeployHook": "h_web",
    "Session": "s_owner",
    "ApiToken": "k_token",
    "Invitation": "i_acme",
}
IDS = (
    *NODES.values(),
    *(*TASKS, *APPLICATIONS, *(f"a_acme_web:{each}" for each in ENVIRONMENTS)),
    *(*(f"{TASKS[1]}:{each}" for each in range(8)), "u_admin:labs", "u_far:far", "u_far"),
    *(
        "a_far_web:test",
        "s_admin",
        "k_team_token",
        "i_owner",
        "i_far",
        "nothing",
        "nothing:0",
        "u_owner:",
    ),
    *(":", "::", f"{TASKS[0]}:-1", f"{TASKS[0]}:99999999999", f"{TASKS[0]}: 1", *TEXTS),
)
NAMES = (
    *("acme", "web", "test", "labs", "api", "live", "gone", "bare", "far", "ACME", "we", "none"),
    *TEXTS,
)


def cursor(*place):
    """Return the cursor of a place in a list."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


CURSORS = (
    *(cursor(created_time(each).isoformat(), TASKS[each]) for each in (15, 2, 29, 0)),
    *(cursor(each, each) for each in ("u_member:acme", "acme", "org:acme#0000000010", "z")),
    *(cursor(each, f"a_acme_{each}") for each in ("web", "bare")),
    cursor(START.isoformat(), "d_a_acme_web_1"),
    cursor("2026-01-02T00:00:05", TASKS[3]),  # of no time zone
    cursor("2026-01-02T08:00:05.5+08:00", TASKS[3]),
    *(cursor("0001-01-01T00:00:00+14:00", "a"), cursor("9999-12-31T23:59:59-14:00", "a")),
    *(cursor("yesterday", "a"), cursor(1, 2), cursor("a"), cursor("😀", "\u2028"), "e30", "%%%"),
    *("", "x", "W10", "bnVsbA"),
)


async def fill(vault, data):
    """Fill the database, and *data*, the folder of artifacts."""
    users = await _people()
    await _teams(users, vault)
    for number, application in enumerate(APPLICATIONS):
        await _application(application, number, vault)
    await _tasks()
    await _journal(TASKS[0])
    await _around(users)
    kept = data / "artifacts" / TASKS[0] / "site.tar"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x" * 10)


async def _people():
    users = {}
    for number, name in enumerate((*PEOPLE, "stranger", "far")):
        users[name] = await User.create(
            id=f"u_{name}",
            username=name,
            email=f"{name}@example.com" if number % 2 else None,
            avatar=TEXTS[number] if number else None,
            github_unionid=f"g{number}" if number % 2 else None,
            gitee_unionid=None if number % 3 else f"g{number}",
            created_time=START,
        )
        await Session.create(
            id=f"s_{name}",
            user=users[name],
            token_hash=hash_token(shown(name)),
            device=TEXTS[number + 4],
            created_time=created_time(number),
            last_used_time=LATER,
            expires_time=LATER,
        )
    for name, (scopes, (org_name, application_id, env_name)) in TOKENS.items():
        await ApiToken.create(
            id=f"k_{name.replace(' ', '_')}",
            user=users["admin"],
            name=name,
            scopes=[each.value for each in scopes],
            org_name=org_name,
            application_id=application_id,
            env_name=env_name,
            token_hash=hash_token(shown(name)),
            prefix="rwt_",
            created_time=created_time(len(name)),
            last_used_time=LATER,
            expires_time=None if application_id else LATER,
        )
    return users


async def _teams(users, vault):
    linked = {
        "owner": "o\u2028",
        "id": 2**53 + 1,
        "linked_time": 0,
        "scopes": [],
        "checked_time": 5,
    }
    for name, role in PEOPLE.items():
        is_owner = role is Role.OWNER
        await Org.create(
            id=f"u_{name}:acme",
            user=users[name],
            name="acme",
            role=role.value,
            secrets=vault.change({}, {"KEY": "value"}, place="org/acme/secrets")
            if is_owner
            else {},
            third_part={"github": linked, "gitee": {"linked_time": 1}} if is_owner else None,
            alias="Acme 😀" if is_owner else None,
            description=TEXTS[10] if is_owner else None,
        )
    for team, name, role in (
        *(("labs", "admin", Role.OWNER), ("labs", "owner", Role.VIEWER)),
        *(("far", "far", Role.OWNER), ("solo", "stranger", Role.OWNER)),
    ):
        row = {"id": f"u_{name}:{team}", "name": team, "role": role.value}
        await Org.create(user=users[name], secrets=None, third_part=None, **row)


async def _application(application_id, number, vault):
    team, name = application_id.split("_")[1:]
    owner = {"acme": "u_owner:acme", "labs": "u_admin:labs", "far": "u_far:far"}[team]
    gone = number % 3 == 1
    await Application.create(
        id=application_id,
        name=name,
        org_id="u_gone:acme" if gone else "u_member:acme",
        owner_org_id=owner,
        description=(None, *TEXTS[4:])[number],
        environment={},
        provider=("git", "github", "gitee", "gitlab", "codeup", "git")[number],
        repo_owner=TEXTS[number],
        repo_id=application_id,
        repo_name=TEXTS[number + 6],
        repo_url="https://example.com/😀",
        repo_webhook_secret="sealed" if number % 2 else None,
        repo_webhook_url="https://rollway.example/x" if number == 1 else None,
        transfer_org_name=("labs", None, "acme", None, "acme", None)[number],
    )
    times = {"created_time": created_time(number), "updated_time": created_time(number + 3)}
    await Application.filter(id=application_id).update(**times)
    for index, env_name in enumerate(() if name == "bare" else ENVIRONMENTS[:2]):
        place = f"{application_id}:{env_name}"
        odd = number + index
        await Environment.create(
            id=place,
            application_id=application_id,
            name=env_name,
            type=list(EnvironmentType)[odd % 3].value,
            trigger_spec=DOCUMENTS[odd % 7],
            cd_pipeline_yaml=("serverless-pipeline.yaml", "ci/😀.yaml")[index],
            runs_on=("", "gpu,linux")[index],
            secrets=vault.change({}, {"A": "a", "B": "b"}, place=f"environment/{place}/secrets"),
            resource=({"fc": [{"uid": 1, "function": None}, 7], **DOCUMENTS[3]}, {})[index],
            concurrency=list(Concurrency)[odd % 3].value,
            priority=list(Priority)[odd % 3].value,
            on_lost=list(OnLost)[odd % 2].value,
            latest_task_id=(task_id(application_id, env_name, 2), "t_gone")[index],
            version=NUMBERS[odd % 5],
            next_scheduled_time=created_time(odd) if index else None,
            schedule_problem=TEXTS[odd] if index else None,
        )


async def _tasks():
    statuses, triggers = cycle(TaskStatus), cycle(TRIGGERS)
    documents, texts = cycle(DOCUMENTS), cycle((None, *TEXTS))
    stepping, numbers = cycle(StepStatus), cycle((None, *NUMBERS))
    tasks, steps = [], []
    for number, id_ in enumerate(TASKS):
        team, name, env_name = [*id_.split("_"), "", "", ""][1:4]
        if id_ == "t_large":
            team, name, env_name = "acme", "web", "live"
        status, texts_of = next(statuses), {each: next(texts) for each in ("ref", "tag", "message")}
        started = created_time(number) if number % 3 else None
        tasks.append(
            Task(
                id=id_,
                env_name=env_name,
                app_id=f"a_{team}_{name}",
                status=status.value,
                trigger_type=next(triggers),
                trigger_payload=next(documents) if number % 4 else None,
                dispatch_org_id=(None, "u_admin:acme", "u_gone:acme", "u_admin:labs")[number % 4],
                created_time=created_time(number),
                updated_time=created_time(number + 1),
                started_time=started,
                finished_time=created_time(number * 7 % 11) if number % 5 else None,
                source_task_id=(None, TASKS[0], "t_gone", id_)[number % 4],
                superseded_by_id=(None, TASKS[-2], "t_gone")[number % 3],
                branch=texts_of["tag"],
                commit=None if number % 2 else "c" * 40,
                plan_hash=None if number % 3 else "p",
                pipeline=None if number % 3 else "steps: []",
                secret_versions={"KEY": number} if number % 2 else None,
                inputs="{}",
                exact=number % 2 == 0,
                reported=status is TaskStatus.RUNNING or number % 6 == 1,
                runs_on=("", "gpu", "gpu,linux")[number % 3],
                stranded=number % 2 == 0,
                steps=[],
                **texts_of,
            )
        )
        steps += [
            Step(
                id=f"{id_}:{index}",
                task_id=id_,
                index=index,
                name=TEXTS[(number + index) % len(TEXTS)],
                status=next(stepping).value,
                started_time=created_time(index) if index % 3 else None,
                finished_time=created_time(number) if index % 2 else None,
                exit_code=next(numbers),
                error=next(texts),
                outputs=({"a": TEXTS[index], "": "b"}, {}, None)[index % 3],
                truncated=index % 2 == 1,
                log_bytes=3 * 10**9 if id_ == "t_large" else index,
            )
            for index in range((0, 8, 1, 3)[number % 4] or (number == 0))
        ]
    await Task.bulk_create(tasks)
    await Step.bulk_create(steps)


async def _journal(id_):
    """Write a journal with every kind of entry, and logs: kept, cut in the middle, and expired."""
    kinds = (
        *(("task", "running", None), ("step", "success", 0), ("output", None, 0)),
        *(("output", None, 0), ("output", None, 1), ("end", "success", None)),
    )
    for seq, (kind, status, index) in enumerate(kinds, start=1):
        await TaskEvent.create(
            task_id=id_,
            seq=seq,
            kind=kind,
            time=created_time(seq),
            step_index=index,
            name=TEXTS[seq + 8],
            status=status,
            exit_code=(None, *NUMBERS)[seq - 1],
            error=(None, *TEXTS)[seq],
        )
    for seq, text in ((3, f"{TEXTS[9]}\n\nhalf a "), (4, f"line 😀\r\n{TEXTS[10]}")):
        await LogChunk.create(
            task_id=id_,
            seq=seq,
            step_index=0,
            first_line=1 if seq == 3 else 3,
            last_line=3 if seq == 3 else 4,
            stream=("output", "system")[seq % 2],
            time=created_time(seq),
            text=text,
        )


async def _around(users):
    """Make what stands beside applications."""
    for number, status in product(range(3), ("done", "received")):
        await Delivery.create(
            id=f"d_a_acme_web_{number}{'' if status == 'done' else 'r'}",
            application_id="a_acme_web",
            delivery_id=f"{TEXTS[number + 4]}{status}",
            event=TEXTS[number],
            headers={},
            body=b"",
            status=status,
            verdicts=[
                {"envName": each, "matched": True, "reason": TEXTS[5], "rule": None, "taskId": task}
                for each, task in zip(ENVIRONMENTS, (TASKS[0], None, "t_gone"), strict=True)
            ][: number * 2],
            reason=None if number else TEXTS[10],
            received_time=created_time(number),
            finished_time=created_time(number + 2) if status == "done" else None,
        )
    for number, by in enumerate(("u_owner", "u_gone", "u_stranger")):
        await DeployHook.create(
            id="h_web" if not number else f"h_web_{number}",
            environment_id="a_acme_web:test",
            name=f"hook {number}",
            token_hash=f"h{number}",
            prefix="rwh_",
            created_by_id=by,
            created_time=created_time(number),
            last_used_time=created_time(number) if number else None,
        )
    for number, (id_, team, user) in enumerate(
        (("i_acme", "acme", None), ("i_owner", "far", "owner"), ("i_far", "far", None))
    ):
        await Invitation.create(
            id=id_,
            org_name=team,
            user=users.get(user),
            role=list(Role)[number % 4].value,
            token_hash=id_,
            invited_by_id="u_gone",
            created_time=created_time(number),
            expires_time=LATER,
        )
    for number, team in enumerate(("acme", "acme", None, "labs")):
        await WorkerMachine.create(
            id=f"w_{number}",
            name=f"box {number}",
            org_name=team,
            labels=[["gpu", "😀"], []][number % 2],
            token_hash=f"w{number}",
            token_expires_time=LATER,
            credential_hash=f"c{number}" if number % 2 else None,
            version="0.1.0" if number % 2 else None,
            slots=4 if number % 2 else None,
            created_time=created_time(number),
            last_seen_time=LATER if number % 2 else None,
        )
    uses = {"element": "Query.old", "first_time": START, "last_time": LATER, "count": 2**31 - 1}
    await DeprecatedUse.create(id="old", caller="token k_token", **uses)
    await _audits(users)


async def _audits(users):
    for number, act in enumerate((*audit.Act, *audit.Act)[:50]):
        actor = audit.Actor(
            f"u_{'gone' if number % 3 else 'owner'}", f"name {number % 2}", "s", "", ""
        )
        chain = audit.user_chain(users["owner"].id) if number % 4 == 3 else audit.org_chain("acme")
        before = None if number % 5 else DOCUMENTS[number % 7]
        entry = audit.Entry(actor, act, TEXTS[number % 15], before, DOCUMENTS[number % 4])
        async with in_transaction() as db:
            await audit.write(chain, entry, db)
    assert await AuditEntry.all().count() == 50

"""Environments: create, change, and what an environment shows."""

from collections.abc import Awaitable
from dataclasses import replace
from enum import Enum
from typing import Any

import strawberry
from tortoise.exceptions import IntegrityError

from auth import teams
from auth.permissions import Action, NotFound
from control import applications as control
from control.resources import FunctionResource, functions
from control.schedules.plan import begun
from control.trigger_spec import without_proofs
from db import audit, documents, labels
from db.audit import Act
from db.fields import Concurrency, EnvironmentType, OnLost, Priority
from db.models import Application, Document, Environment, Task
from db.sealed import ENVIRONMENT_SECRETS
from db.vault import Vault
from engine.state import UNFINISHED, TaskStatus
from resolvers import paging
from resolvers.access_inputs import DeleteEnvironmentInput
from resolvers.arguments import After, Before, First, Input, Last
from resolvers.changing import changing
from resolvers.context import Info
from resolvers.inputs import (
    DEFAULT_PIPELINE,
    CreateEnvironmentInput,
    EnvironmentInput,
    UpdateEnvironmentInput,
)
from resolvers.paging import Condition, Page, Relation, Selection
from resolvers.refusals import Taken, TooManyEnvironments, VersionConflict
from resolvers.secrets import SecretKey, secret_keys
from resolvers.validation import ENVIRONMENTS_MAX

QUEUE = Relation(
    "environment.queue",
    Task,
    '"task" x',
    ("x.app_id", "x.env_name"),
    "created_time",
    where=f"x.status = '{TaskStatus.PENDING.value}' AND NOT x.reported",
)
ACTIVE = replace(QUEUE, name="environment.active", where="NOT x.reported")


def new(application_id: str, wanted: EnvironmentInput, vault: Vault) -> Environment:
    """Return a new environment, not yet stored, its secrets sealed."""
    row_id = f"{application_id}:{wanted.name}"
    secrets: dict[str, str | None] = {each.key: each.value for each in wanted.secrets or []}
    trigger_spec = without_proofs(wanted.trigger_spec or {})
    return Environment(
        id=row_id,
        application_id=application_id,
        name=wanted.name,
        type=wanted.type.value,
        trigger_spec=trigger_spec,
        **begun(trigger_spec),
        cd_pipeline_yaml=wanted.cd_pipeline_yaml or DEFAULT_PIPELINE,
        secrets=vault.change({}, secrets, place=ENVIRONMENT_SECRETS.place(row_id)),
        resource=wanted.resource or {},
        runs_on=labels.join(wanted.runs_on or ()),
        concurrency=wanted.concurrency.value,
        priority=wanted.priority.value,
        on_lost=wanted.on_lost.value,
    )


async def create_environment(info: Info, input: Input[CreateEnvironmentInput]) -> Environment:  # noqa: A002
    """Add an environment to an application."""
    context = info.context
    application = await context.application(str(input.application_id), Action.UPDATE_APPLICATION)
    if input.environment.secrets:
        await context.application(application.id, Action.SET_SECRETS)
    input.check()
    row = new(application.id, input.environment, context.services.vault)
    try:
        async with changing(context, application, Action.UPDATE_APPLICATION) as (_, chain, db):
            same = Application.filter(id=application.id).using_db(db)
            await same.select_for_update(no_key=True).only("id").get()
            others = Environment.filter(application_id=application.id).using_db(db)
            if await others.count() >= ENVIRONMENTS_MAX:
                raise TooManyEnvironments(ENVIRONMENTS_MAX)
            await row.save(using_db=db, force_create=True)
            await documents.write_environments(application.id, db)
            entry = context.entry(Act.ENVIRONMENT_CREATED, row.id, after=_facts(row))
            await audit.write(chain, entry, db)
    except IntegrityError as fault:
        raise Taken("name") from fault
    return row


def _value(wanted: Enum | None) -> object:
    return None if wanted is None else wanted.value


def _facts(row: Environment) -> dict[str, object]:
    return {
        "type": row.type,
        "triggerSpec": row.trigger_spec,
        "cdPipelineYaml": row.cd_pipeline_yaml,
        "resource": row.resource,
        "runsOn": labels.split(row.runs_on),
        "concurrency": Concurrency(row.concurrency).name,
        "priority": Priority(row.priority).name,
        "onLost": OnLost(row.on_lost).name,
        "secrets": sorted(row.secrets),
    }


async def update_environment(info: Info, input: Input[UpdateEnvironmentInput]) -> Environment:  # noqa: A002
    """Change an environment; VersionConflict when somebody was faster."""
    context = info.context
    application = await context.application(
        str(input.application_id), Action.UPDATE_APPLICATION, input.name
    )
    input.check()
    changes: dict[str, Any] = {
        "type": _value(input.type),
        "trigger_spec": input.trigger_spec and without_proofs(input.trigger_spec),
        "cd_pipeline_yaml": input.cd_pipeline_yaml,
        "resource": input.resource,
        "runs_on": None if input.runs_on is None else labels.join(input.runs_on),
        "concurrency": _value(input.concurrency),
        "priority": _value(input.priority),
        "on_lost": _value(input.on_lost),
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    async with changing(context, application, Action.UPDATE_APPLICATION) as (_, chain, db):
        found = Environment.filter(id=f"{application.id}:{input.name}").using_db(db)
        row = await found.select_for_update(no_key=True).first()
        if row is None:
            raise NotFound("environment")
        if input.expected_version not in (None, row.version):
            raise VersionConflict(row.version)
        before = _facts(row)
        if changes.get("trigger_spec", row.trigger_spec) != row.trigger_spec:
            changes |= begun(changes["trigger_spec"])
        row.update_from_dict({**changes, "version": row.version + 1})
        await row.save(using_db=db, update_fields=[*changes, "version"])
        if "priority" in changes:
            await context.services.queue.rank(row.id, db)
        await documents.write_environments(application.id, db)
        entry = context.entry(Act.ENVIRONMENT_UPDATED, row.id, before=before, after=_facts(row))
        await audit.write(chain, entry, db)
    return row


async def delete_environment(info: Info, input: Input[DeleteEnvironmentInput]) -> str:  # noqa: A002
    """Delete an environment, its secrets and its queue; its tasks stay; return its id."""
    context = info.context
    application = await context.application(
        str(input.application_id), Action.DELETE_APPLICATION, input.name
    )
    async with changing(context, application, Action.DELETE_APPLICATION) as (_, chain, db):
        row = await Environment.filter(id=f"{application.id}:{input.name}").using_db(db).first()
        if row is None:
            raise NotFound("environment")
        await control.delete_environment(row, db)
        entry = context.entry(Act.ENVIRONMENT_DELETED, row.id, before=_facts(row))
        await audit.write(chain, entry, db)
    team = (await context.owner(application)).name
    context.forget()
    context.services.rights.changed(*await teams.user_ids(team))
    return row.id


async def application(parent: strawberry.Parent[Environment], info: Info) -> Application:
    """Return the application it belongs to."""
    found = await info.context.loaders.application.load(parent.application_id)
    if found is None:
        raise NotFound("application")  # deleted this very moment
    return found


def environment_type(parent: strawberry.Parent[Environment]) -> EnvironmentType:
    """Return what the environment is for."""
    return EnvironmentType(parent.type)


def concurrency(parent: strawberry.Parent[Environment]) -> Concurrency:
    """Return what a new task does to the others of the environment."""
    return Concurrency(parent.concurrency)


def priority(parent: strawberry.Parent[Environment]) -> Priority:
    """Return whether its tasks go before or after those of other environments."""
    return Priority(parent.priority)


def on_lost(parent: strawberry.Parent[Environment]) -> OnLost:
    """Return what becomes of a task whose worker is gone."""
    return OnLost(parent.on_lost)


async def secrets(parent: strawberry.Parent[Environment], info: Info) -> list[SecretKey]:
    """Return what may be seen of the environment's own secrets."""
    found = info.context.loaders.document(Environment, "secrets")
    return secret_keys(await found.load(parent.id))


async def trigger_spec(parent: strawberry.Parent[Environment], info: Info) -> Document:
    """Return which pushes deploy here."""
    found = info.context.loaders.document(Environment, "trigger_spec")
    return await found.load(parent.id) or {}


async def resource(parent: strawberry.Parent[Environment], info: Info) -> Document:
    """Return what is deployed here."""
    return await info.context.loaders.document(Environment, "resource").load(parent.id) or {}


async def resources(parent: strawberry.Parent[Environment], info: Info) -> list[FunctionResource]:
    """Return the cloud functions of `resource`, in one form."""
    return list(functions(await resource(parent, info)))


def runs_on(parent: strawberry.Parent[Environment]) -> list[str]:
    """Return the labels that its tasks' workers must have."""
    return labels.split(parent.runs_on)


def latest_task(parent: strawberry.Parent[Environment], info: Info) -> Awaitable[Task | None]:
    """Return the task that was created last."""
    return info.context.loaders.task.maybe(parent.latest_task_id)


async def active_task(parent: strawberry.Parent[Environment], info: Info) -> Task | None:
    """Return the task that runs now, else the one that is next."""
    for statuses in ((TaskStatus.RUNNING,), UNFINISHED):
        values = tuple(status.value for status in statuses)
        selection = Selection((Condition("x.status", "IN", values),), size=1)
        page = await info.context.loaders.page(ACTIVE, selection).load(parent.id)
        if page.edges:
            task: Task = page.edges[0].node
            return task
    return None


async def queue(
    parent: strawberry.Parent[Environment],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Page:
    """Return the tasks that wait for their turn, the next one first."""
    selection = paging.select(first, after, last, before)
    return await info.context.loaders.page(QUEUE, selection).load(parent.id)

"""Deploy hooks: made, given another address, revoked, and what is shown of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import strawberry
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from auth import deploy_hooks
from auth.deploy_hooks import HOOKS_PER_ENVIRONMENT_MAX
from auth.permissions import Action, NotFound
from control.port import EnvironmentGone
from db import audit
from db.audit import Act
from db.models import DeployHook, Environment, Org
from resolvers import applications
from resolvers.arguments import Input
from resolvers.changing import changing
from resolvers.context import Context, Info
from resolvers.deliveries.inputs import (
    CreateDeployHookInput,
    RevokeDeployHookInput,
    RotateDeployHookInput,
)
from resolvers.paging import Relation, Selection
from resolvers.refusals import Taken

HOOKS = Relation(
    "environment.deployHooks",
    DeployHook,
    '"deploy_hook" x',
    ("x.environment_id",),
    "created_time",
    descending=True,
)
ALL = Selection(size=HOOKS_PER_ENVIRONMENT_MAX)


@dataclass(frozen=True, slots=True)
class Opened:
    """A hook, and its address, which is shown this once."""

    hook: DeployHook
    url: str = field(repr=False)


async def create(info: Info, input: Input[CreateDeployHookInput]) -> Opened:  # noqa: A002 (the API's name)
    """Make a hook of an environment."""
    context = info.context
    application = await context.application(
        str(input.application_id), Action.SET_SECRETS, input.env_name
    )
    input.check()
    by = context.signed_in().user
    try:
        async with changing(context, application, Action.SET_SECRETS) as (_, chain, db):
            same = Environment.filter(id=f"{application.id}:{input.env_name}")
            environment = await same.using_db(db).first()
            if environment is None:
                raise EnvironmentGone(input.env_name)
            row, token = await deploy_hooks.create(environment, input.name, by, db)
            entry = context.entry(Act.DEPLOY_HOOK_CREATED, row.id, after=_shown(row))
            await audit.write(chain, entry, db)
    except IntegrityError as fault:
        raise Taken("name") from fault
    return Opened(row, _url(context, token))


async def rotate(info: Info, input: Input[RotateDeployHookInput]) -> Opened:  # noqa: A002
    """Give a hook another address; the old one deploys nothing from now on."""
    context = info.context
    async with _changing(context, str(input.deploy_hook_id)) as (row, chain, db):
        before = _shown(row)
        token = await deploy_hooks.rotate(row, db)
        entry = context.entry(Act.DEPLOY_HOOK_ROTATED, row.id, before=before, after=_shown(row))
        await audit.write(chain, entry, db)
    return Opened(row, _url(context, token))


async def revoke(info: Info, input: Input[RevokeDeployHookInput]) -> str:  # noqa: A002
    """Delete a hook, so that its address deploys nothing from now on; return its id."""
    context = info.context
    async with _changing(context, str(input.deploy_hook_id)) as (row, chain, db):
        await row.delete(using_db=db)
        entry = context.entry(Act.DEPLOY_HOOK_REVOKED, row.id, before=_shown(row))
        await audit.write(chain, entry, db)
    return row.id


@asynccontextmanager
async def _changing(
    context: Context, hook_id: str
) -> AsyncIterator[tuple[DeployHook, str, BaseDBAsyncClient]]:
    """Open a transaction in which a hook and its team stand still; yields it and their chain."""
    context.signed_in()
    same = DeployHook.filter(id=hook_id)
    found = await visible(context, await same.first())
    if found is None:
        raise NotFound("deploy hook")
    application_id, _, env_name = found.environment_id.partition(":")
    application = await context.application(application_id, Action.SET_SECRETS, env_name)
    async with changing(context, application, Action.SET_SECRETS) as (_, chain, db):
        row = await same.using_db(db).first()
        if row is None:
            raise NotFound("deploy hook")
        yield row, chain, db


def _url(context: Context, token: str) -> str:
    return f"{context.services.public_url}/deploy-hooks/{token}"


def _shown(row: DeployHook) -> dict[str, object]:
    return {"name": row.name, "prefix": row.prefix, "environment": row.environment_id}


async def of_environment(parent: strawberry.Parent[Environment], info: Info) -> list[DeployHook]:
    """Return the environment's hooks, newest first."""
    page = await info.context.loaders.page(HOOKS, ALL).load(parent.id)
    return [edge.node for edge in page.edges]


async def visible(context: Context, hook: DeployHook | None) -> DeployHook | None:
    """Return *hook* if the caller may see its environment."""
    if hook is None:
        return None
    application_id, _, env_name = hook.environment_id.partition(":")
    if not context.sees(application_id, env_name):
        return None
    application = await context.loaders.application.load(application_id)
    return hook if await applications.visible(context, application) else None


async def environment(parent: strawberry.Parent[DeployHook], info: Info) -> Environment:
    """Return what it deploys."""
    found = await info.context.loaders.environment.load(parent.environment_id)
    if found is None:
        raise NotFound("environment")  # deleted this very moment
    return found


async def created_by(parent: strawberry.Parent[DeployHook], info: Info) -> Org | None:
    """Return the row of who made it; None once that member has left."""
    application_id = parent.environment_id.partition(":")[0]
    application = await info.context.loaders.application.load(application_id)
    if application is None:
        return None
    team = (await info.context.owner(application)).name
    return await info.context.loaders.org.load(f"{parent.created_by_id}:{team}")

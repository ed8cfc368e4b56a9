"""Applications: create, change, look up, and what an application shows."""

from contextlib import suppress
from typing import Annotated

import strawberry
from tortoise.exceptions import IntegrityError

from auth import teams
from auth.permissions import Action
from db import audit, documents
from db.audit import Act, org_chain
from db.ids import new_id
from db.models import Application, Environment, Org, Task
from providers import Provider
from providers.repository import AddressUnknown, Repository, check_address, parse
from resolvers import environments
from resolvers.arguments import After, Before, First, Input, Last, Where
from resolvers.changing import changing
from resolvers.context import Context, Info
from resolvers.deliveries import setting_up
from resolvers.inputs import (
    DEFAULT_ENVIRONMENT,
    CreateApplicationInput,
    EnvironmentInput,
    UpdateApplicationInput,
)
from resolvers.orgs import TASKS_SPREAD, tasks_selected
from resolvers.paging import Condition, Page, Relation
from resolvers.refusals import RepositoryTaken, Taken

# What a token of one environment may do with its application: what concerns that one alone.
OF_AN_ENVIRONMENT = {Action.READ, Action.DEPLOY, Action.CANCEL, Action.SET_SECRETS}
TASKS = Relation(
    "application.tasks",
    Task,
    '"task" x',
    ("x.app_id",),
    "created_time",
    descending=True,
    spread=TASKS_SPREAD,
)


async def application(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002
) -> Application | None:
    """Return an application of the caller's teams."""
    return await visible(info.context, await info.context.loaders.application.load(str(id)))


async def application_by_name(
    info: Info,
    org_name: Annotated[str, strawberry.argument(description="The team's name.")],
    name: Annotated[str, strawberry.argument(description="The application's name.")],
) -> Application | None:
    """Return an application of one of the caller's teams by name."""
    owner = await info.context.loaders.owner.load(org_name)
    if owner is None:
        return None
    found = await Application.filter(owner_org_id=owner.id, name=name).first()
    return await visible(info.context, found)


async def visible(context: Context, application: Application | None) -> Application | None:
    """Return *application* if the caller is in its team, else None."""
    if application is None or not context.sees(application.id):
        return None
    owner = await context.owner(application)
    return application if await context.membership(owner.name) else None


async def create_application(info: Info, input: Input[CreateApplicationInput]) -> Application:  # noqa: A002
    """Create an application with its environments."""
    context = info.context
    mine = await context.require(input.org_name, Action.CREATE_APPLICATION, what="team")
    input.check()
    wanted = input.environments or [EnvironmentInput(name=DEFAULT_ENVIRONMENT)]
    if any(each.secrets for each in wanted):
        await context.require(input.org_name, Action.SET_SECRETS, what="team")
    repository = await _repository(context, input.repo_url)
    row = Application(
        id=new_id("a"),
        name=input.name,
        org_id=mine.id,
        description=input.description,
        environment={},
        provider=input.provider.value,
        repo_owner=input.repo_owner or repository.owner,
        repo_id=_repo_id(input),
        repo_name=input.repo_name or repository.name,
        repo_url=repository.url,
    )
    rows = [environments.new(row.id, each, context.services.vault) for each in wanted]
    created, owner = await _store(context, mine, row, rows)
    if not input.register_webhook:
        return created
    return await setting_up.set_up_new(context, created, owner)


async def _store(
    context: Context, mine: Org, row: Application, environments_: list[Environment]
) -> tuple[Application, Org]:
    """Store it; return it and its OWNER's row: once stored, nothing that could fail is read."""
    try:
        async with teams.changing(mine, Action.CREATE_APPLICATION) as db:
            owner = await teams.owner_of(mine.name, db)
            row.owner_org_id = owner.id
            await row.save(using_db=db, force_create=True)
            await Environment.bulk_create(environments_, using_db=db)
            await documents.write_environments(row.id, db)
            after = {**_facts(row), "environments": sorted(each.name for each in environments_)}
            entry = context.entry(Act.APPLICATION_CREATED, row.id, after=after)
            await audit.write(org_chain(mine.name), entry, db)
            return await Application.filter(id=row.id).using_db(db).get(), owner
    except IntegrityError as fault:
        if await Application.exists(owner_org_id=row.owner_org_id, name=row.name):
            raise Taken("name") from fault
        raise RepositoryTaken from fault


def _facts(row: Application) -> dict[str, object]:
    return {"name": row.name, "description": row.description, "repoUrl": row.repo_url}


def _repo_id(input: CreateApplicationInput) -> str:  # noqa: A002 (the API's name)
    """Return the hosting service's id; where none is known, one that is nobody else's.

    A GIT repository has no id, and whoever deploys the same address twice may.
    """
    if input.provider is Provider.GIT or not input.repo_id:
        return new_id("r")
    return input.repo_id


async def update_application(info: Info, input: Input[UpdateApplicationInput]) -> Application:  # noqa: A002
    """Change an application; what the input leaves out stays."""
    context = info.context
    found = await context.application(str(input.application_id), Action.UPDATE_APPLICATION)
    input.check()
    changes: dict[str, object] = {}
    if input.name is not None:
        changes["name"] = input.name
    if input.description is not None:
        changes["description"] = input.description
    if input.repo_url is not None:
        repository = await _repository(context, input.repo_url)
        changes |= {
            "repo_url": repository.url,
            "repo_owner": repository.owner,
            "repo_name": repository.name,
        }
    try:
        async with changing(context, found, Action.UPDATE_APPLICATION) as (row, chain, db):
            before = _facts(row)
            if changes.get("repo_url", row.repo_url) != row.repo_url:
                changes["repo_id"] = new_id("r")  # the old one's deliveries are another's now
            await row.update_from_dict(changes).save(
                using_db=db, update_fields=[*changes, "updated_time"]
            )
            entry = context.entry(Act.APPLICATION_UPDATED, row.id, before=before, after=_facts(row))
            await audit.write(chain, entry, db)
    except IntegrityError as fault:
        raise Taken("name") from fault
    return await setting_up.follow(context, found, row)


async def _repository(context: Context, url: str) -> Repository:
    repository = parse(url, context.services.policy)
    with suppress(AddressUnknown):  # every deploy checks again
        await check_address(url, context.services.policy)
    return repository


async def org(parent: strawberry.Parent[Application], info: Info) -> Org | None:
    """Return the row of who created it; None once that member has left."""
    return await row_in_team(info.context, parent, parent.org_id)


async def row_in_team(context: Context, application: Application, row_id: str) -> Org | None:
    """Return a member's row, if it is one of the application's team and the caller may see it."""
    row = await context.loaders.org.load(row_id)
    owner = await context.owner(application)
    return row if row and row.name == owner.name else None


async def owner_org(parent: strawberry.Parent[Application], info: Info) -> Org:
    """Return the OWNER's row of the team it belongs to."""
    return await info.context.owner(parent)


def provider(parent: strawberry.Parent[Application]) -> Provider:
    """Return who hosts the repository."""
    return Provider(parent.provider)


async def all_environments(parent: strawberry.Parent[Application], info: Info) -> list[Environment]:
    """Return the environments by name."""
    found = await info.context.loaders.environments.load(parent.id)
    return [each for each in found if info.context.sees(parent.id, each.name)]


async def environment(
    parent: strawberry.Parent[Application],
    info: Info,
    name: Annotated[str, strawberry.argument(description="The environment's name.")],
) -> Environment | None:
    """Return one environment."""
    if not info.context.sees(parent.id, name):
        return None
    return await info.context.loaders.environment.load(f"{parent.id}:{name}")


async def tasks(
    parent: strawberry.Parent[Application],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    where: Where = None,
) -> Page:
    """Return the application's tasks, newest first."""
    bounds: tuple[Condition, ...] = ()
    viewer = info.context.viewer
    if viewer is not None and viewer.env_name is not None:
        bounds = (Condition("x.env_name", "=", (viewer.env_name,)),)
    selection = tasks_selected(first, after, last, before, where, bounds)
    return await info.context.loaders.page(TASKS, selection).load(parent.id)


async def viewer_can(parent: strawberry.Parent[Application], info: Info) -> frozenset[Action]:
    """Return what the caller may do with the application."""
    owner = await info.context.owner(parent)
    allowed = await info.context.allowed(owner.name)
    viewer = info.context.viewer
    return allowed if viewer is None or viewer.env_name is None else allowed & OF_AN_ENVIRONMENT

"""Teams: create, look up, and what a team shows."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth import teams
from auth.permissions import Action, Role
from control import applications as control
from db import audit
from db.audit import Act, org_chain
from db.chains import AuditChain
from db.models import Application, Org, Task, User
from resolvers import paging
from resolvers.access_inputs import DeleteOrgInput, TransferOrgInput, UpdateOrgInput
from resolvers.arguments import After, Before, First, Input, Last, Where
from resolvers.context import Info
from resolvers.deliveries.setting_up import Deleted
from resolvers.inputs import CreateOrgInput
from resolvers.paging import Condition, InvalidPage, Page, PageFlaw, Relation, Selection
from resolvers.refusals import Taken
from resolvers.secrets import SecretKey, secret_keys
from resolvers.task_inputs import TaskFilter

SEARCH_CHARACTERS_MAX = 100
TRIGGER_TYPES_MAX = 100

MEMBERS = Relation("org.members", Org, '"org" x', ("x.name",), "id")
APPLICATIONS = Relation(
    "org.applications", Application, '"application" x', ("x.owner_org_id",), "name"
)
TASKS_SPREAD = (("x.status",), ("x.env_name", "x.status"), ("x.trigger_type",))
TASKS = Relation(
    "org.tasks",
    Task,
    '"task" x',
    ("a.owner_org_id",),
    "created_time",
    descending=True,
    through='"application" a',
    joint="x.app_id = a.id",
    spread=TASKS_SPREAD,
)


async def org(
    info: Info, name: Annotated[str, strawberry.argument(description="The team's name.")]
) -> Org | None:
    """Return the caller's row in the team; None when they have none."""
    if is_narrow(info):
        return None
    return await info.context.membership(name)


async def create_org(info: Info, input: Input[CreateOrgInput]) -> Org:  # noqa: A002 (the API's name)
    """Create a team with the caller as its OWNER; one of many at once gets the name.

    Names differ in more than case, and one that a team had once is never given again.
    """
    context = info.context
    user = context.in_person()
    input.check()
    row = Org(
        id=f"{user.id}:{input.name}",
        user=user,
        name=input.name,
        role=Role.OWNER.value,
        alias=input.alias,
        description=input.description,
        logo=input.logo,
        secrets={},
        third_part={},
    )
    chain = org_chain(row.name)
    try:
        async with in_transaction() as db:
            await AuditChain(id=chain).save(using_db=db, force_create=True)
            await row.save(using_db=db, force_create=True)
            entry = context.entry(Act.ORG_CREATED, row.name, after=_profile(row))
            await audit.write(chain, entry, db)
    except IntegrityError as fault:
        raise Taken("name") from fault
    context.forget()
    context.services.rights.changed(user.id)
    return row


async def update_org(info: Info, input: Input[UpdateOrgInput]) -> Org:  # noqa: A002 (the API's name)
    """Change what a team shows of itself; return the caller's row."""
    context = info.context
    mine = await context.require(input.org_name, Action.UPDATE_ORG, what="team")
    input.check()
    given = {"alias": input.alias, "description": input.description, "logo": input.logo}
    async with teams.changing(mine, Action.UPDATE_ORG) as db:
        owner = await teams.owner_of(mine.name, db)
        before = _profile(owner)
        changes = {name: value or None for name, value in given.items() if value is not None}
        await owner.update_from_dict(changes).save(using_db=db, update_fields=[*given])
        entry = context.entry(Act.ORG_UPDATED, mine.name, before=before, after=_profile(owner))
        await audit.write(org_chain(mine.name), entry, db)
    context.forget()
    return mine


async def transfer_org(info: Info, input: Input[TransferOrgInput]) -> Org:  # noqa: A002
    """Make another member the OWNER; return the caller's row, now an ADMIN's."""
    context = info.context
    mine = await context.require(input.org_name, Action.TRANSFER_ORG, what="team")
    input.check()
    async with teams.changing(mine, Action.TRANSFER_ORG) as db:
        owner = await teams.owner_of(mine.name, db)
        to = await teams.member(mine.name, input.to_username, db)
        if to.id != owner.id:
            await teams.transfer(owner, to, db)
        entry = context.entry(
            Act.ORG_TRANSFERRED, mine.name, before={"owner": owner.id}, after={"owner": to.id}
        )
        await audit.write(org_chain(mine.name), entry, db)
    context.forget()
    context.services.rights.changed(owner.user_id)
    return owner


async def delete_org(info: Info, input: Input[DeleteOrgInput]) -> Deleted:  # noqa: A002
    """Delete a team with its applications, tasks and logs."""
    context = info.context
    mine = await context.require(input.org_name, Action.DELETE_ORG, what="team")
    input.check()
    async with teams.changing(mine, Action.DELETE_ORG) as db:
        owner = await teams.owner_of(mine.name, db)
        deleted = await Application.filter(owner_org_id=owner.id).using_db(db).order_by("id")
        for application in deleted:
            await control.delete(application, db)
        user_ids = await teams.delete(mine.name, db)
        before = {**_profile(owner), "applications": sorted(each.name for each in deleted)}
        entry = context.entry(Act.ORG_DELETED, mine.name, before=before)
        await audit.write(org_chain(mine.name), entry, db)
    context.forget()
    context.services.rights.changed(*user_ids)
    left = await context.services.webhooks.take_all_down(deleted, owner)
    return Deleted(owner.id, left)


def _profile(row: Org) -> dict[str, object]:
    return {"alias": row.alias, "description": row.description, "logo": row.logo}


def role(parent: strawberry.Parent[Org]) -> Role:
    """Return the member's role."""
    return Role(parent.role)


def user(parent: strawberry.Parent[Org], info: Info) -> Awaitable[User | None]:
    """Return whose row it is."""
    return info.context.loaders.user.load(parent.user_id)


def owner(parent: strawberry.Parent[Org], info: Info) -> Awaitable[Org | None]:
    """Return the OWNER's row, where what the whole team shares is kept."""
    return info.context.loaders.owner.load(parent.name)


async def alias(parent: strawberry.Parent[Org], info: Info) -> str | None:
    """Return the name people see."""
    return (await _owner(parent, info)).alias


async def logo(parent: strawberry.Parent[Org], info: Info) -> str | None:
    """Return the address of a picture."""
    return (await _owner(parent, info)).logo


async def description(parent: strawberry.Parent[Org], info: Info) -> str | None:
    """Return what the team does."""
    return (await _owner(parent, info)).description


async def secrets(parent: strawberry.Parent[Org], info: Info) -> list[SecretKey]:
    """Return what may be seen of the team's secrets."""
    if is_narrow(info):
        return []
    return secret_keys((await _owner(parent, info)).secrets)


def is_narrow(info: Info) -> bool:
    """Tell whether the caller is a token of one application, which sees no more of its team."""
    viewer = info.context.viewer
    return viewer is not None and viewer.application_id is not None


def _bounds(info: Info, application: str, env_name: str) -> tuple[Condition, ...]:
    """Return the conditions that keep a caller's token within its bounds."""
    viewer = info.context.viewer
    if viewer is None or viewer.application_id is None:
        return ()
    found = [Condition(application, "=", (viewer.application_id,))]
    if env_name and viewer.env_name is not None:
        found.append(Condition(env_name, "=", (viewer.env_name,)))
    return tuple(found)


async def _owner(parent: Org, info: Info) -> Org:
    found = await info.context.loaders.owner.load(parent.name)
    return found or parent


async def viewer_can(parent: strawberry.Parent[Org], info: Info) -> frozenset[Action]:
    """Return what the caller may do in the team."""
    return frozenset() if is_narrow(info) else await info.context.allowed(parent.name)


async def members(
    parent: strawberry.Parent[Org],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Page:
    """Return the rows of all members."""
    only: tuple[Condition, ...] = ()
    if is_narrow(info):
        only = (Condition("x.user_id", "=", (info.context.signed_in().user.id,)),)
    selection = paging.select(first, after, last, before, only)
    return await info.context.loaders.page(MEMBERS, selection).load(parent.name)


async def applications(
    parent: strawberry.Parent[Org],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    search: Annotated[
        str | None, strawberry.argument(description="Part of the name, in any case.")
    ] = None,
) -> Page:
    """Return the team's applications by name."""
    bounds = _bounds(info, "x.id", "")
    selection = applications_selected(first, after, last, before, search, bounds)
    owner_row = await _owner(parent, info)
    return await info.context.loaders.page(APPLICATIONS, selection).load(owner_row.id)


def applications_selected(
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    search: str | None = None,
    conditions: tuple[Condition, ...] = (),
) -> Selection:
    """Return which applications are asked for; InvalidPage."""
    if search and len(search) > SEARCH_CHARACTERS_MAX:
        raise InvalidPage(PageFlaw.SEARCH_LONG.of(most=SEARCH_CHARACTERS_MAX))
    if search:
        escaped = search.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        conditions += (Condition("lower(x.name)", "LIKE", (f"%{escaped}%",)),)
    return paging.select(first, after, last, before, conditions)


def tasks_selected(
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    where: TaskFilter | None = None,
    conditions: tuple[Condition, ...] = (),
) -> Selection:
    """Return which tasks are asked for; InvalidPage."""
    return paging.select(first, after, last, before, task_conditions(where) + conditions)


def task_conditions(where: TaskFilter | None) -> tuple[Condition, ...]:
    """Return the SQL conditions of a task filter."""
    if where is None:
        return ()
    conditions = []
    if where.env_name is not None:
        conditions.append(Condition("x.env_name", "=", (where.env_name,)))
    if where.statuses is not None:
        conditions.append(
            Condition("x.status", "IN", tuple(sorted({s.value for s in where.statuses})))
        )
    if where.trigger_types is not None and len(where.trigger_types) > TRIGGER_TYPES_MAX:
        raise InvalidPage(PageFlaw.TRIGGER_TYPES.of(most=TRIGGER_TYPES_MAX))
    if where.trigger_types is not None:
        conditions.append(Condition("x.trigger_type", "IN", tuple(where.trigger_types)))
    if where.created_after is not None:
        conditions.append(Condition("x.created_time", ">=", (where.created_after,)))
    if where.created_before is not None:
        conditions.append(Condition("x.created_time", "<", (where.created_before,)))
    return tuple(conditions)


async def tasks(
    parent: strawberry.Parent[Org],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    where: Where = None,
) -> Page:
    """Return the tasks of all of the team's applications, newest first."""
    bounds = _bounds(info, "x.app_id", "x.env_name")
    selection = tasks_selected(first, after, last, before, where, bounds)
    owner_row = await _owner(parent, info)
    return await info.context.loaders.page(TASKS, selection).load(owner_row.id)

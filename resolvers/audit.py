"""The audit log as its readers see it."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from auth.permissions import Action
from db.audit import Act, org_chain, user_chain
from db.chains import AuditEntry
from db.models import Org, User
from resolvers import paging
from resolvers.arguments import After, Before, First, Last
from resolvers.context import Info
from resolvers.paging import Condition, Page, Relation
from resolvers.sessions import in_person

ENTRIES = Relation(
    "audit",
    AuditEntry,
    '"audit_entry" x',
    ("x.chain",),
    "seq",
    descending=True,
    spread=(("x.action",),),
)

Acts = Annotated[list[Act] | None, strawberry.argument(description="Only these kinds of entries.")]
ActorName = Annotated[
    str | None, strawberry.argument(description="Only what this user did, by the name they had.")
]


async def of_org(
    parent: strawberry.Parent[Org],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    acts: Acts = None,
    actor: ActorName = None,
) -> Page | None:
    """Return what was done in the team, the newest first, to those who may read it."""
    selection = paging.select(first, after, last, before, _conditions(acts, actor))
    if not await info.context.may(parent.name, Action.READ_AUDIT):
        return None
    return await info.context.loaders.page(ENTRIES, selection).load(org_chain(parent.name))


async def of_user(
    parent: strawberry.Parent[User],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    acts: Acts = None,
) -> Page | None:
    """Return what was done with the user's account, the newest first, to the user themself."""
    selection = paging.select(first, after, last, before, _conditions(acts, None))
    if not in_person(info.context, parent):
        return None
    return await info.context.loaders.page(ENTRIES, selection).load(user_chain(parent.id))


def _conditions(acts: list[Act] | None, actor: str | None) -> tuple[Condition, ...]:
    conditions: tuple[Condition, ...] = ()
    if acts is not None:
        conditions += (Condition("x.action", "IN", tuple(sorted({act.value for act in acts}))),)
    if actor is not None:
        conditions += (Condition("x.actor", "=", (actor,)),)
    return conditions


def act(parent: strawberry.Parent[AuditEntry]) -> Act:
    """Return what the entry tells."""
    return Act(parent.action)


def user(parent: strawberry.Parent[AuditEntry], info: Info) -> Awaitable[User | None]:
    """Return who did it, if they still exist."""
    return info.context.loaders.user.maybe(parent.actor_id)

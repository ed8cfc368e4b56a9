"""Applications that change hands or go: offered, accepted, declined, deleted."""

from dataclasses import dataclass

import strawberry
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth import teams
from auth.permissions import Action, NotFound
from control import applications as control
from db import audit
from db.audit import Act, org_chain
from db.models import Application, Org
from resolvers.access_inputs import (
    AcceptApplicationInput,
    DeclineApplicationInput,
    DeleteApplicationInput,
    TransferApplicationInput,
    confirmed,
)
from resolvers.arguments import Input
from resolvers.changing import changing
from resolvers.context import Context, Info
from resolvers.deliveries.setting_up import Deleted
from resolvers.refusals import Taken

OFFERS_MAX = 100


@dataclass(frozen=True, slots=True)
class Offer:
    """An application that another team offers."""

    application_id: str
    name: str
    from_org_name: str


async def offers(parent: strawberry.Parent[Org], info: Info) -> list[Offer] | None:
    """Return what is offered to the team, to those who may accept it."""
    if not await info.context.may(parent.name, Action.TRANSFER_APPLICATION):
        return None
    offered = Application.filter(transfer_org_name=parent.name).select_related("owner_org")
    rows = await offered.order_by("name", "id").limit(OFFERS_MAX)
    return [Offer(row.id, row.name, row.owner_org.name) for row in rows]


async def transfer_application(
    info: Info,
    input: Input[TransferApplicationInput],  # noqa: A002 (the API's name)
) -> Application:
    """Offer an application to another team of the caller's, who must accept it.

    Its own team's name takes an offer back.
    """
    context = info.context
    found = await context.application(str(input.application_id), Action.TRANSFER_APPLICATION)
    theirs = await context.require(input.to_org_name, Action.READ, what="team")
    async with changing(context, found, Action.TRANSFER_APPLICATION, theirs) as (row, chain, db):
        to = None if chain == org_chain(input.to_org_name) else input.to_org_name
        before = {"offeredTo": row.transfer_org_name}
        row.transfer_org_name = to
        await row.save(using_db=db, update_fields=["transfer_org_name"])
        entry = context.entry(
            Act.APPLICATION_OFFERED, row.id, before=before, after={"offeredTo": to}
        )
        await audit.write(chain, entry, db)
    return row


async def accept_application(info: Info, input: Input[AcceptApplicationInput]) -> Application:  # noqa: A002
    """Take an application that was offered to a team of the caller's; no secret comes with it."""
    context = info.context
    row, mine, old = await _offered(context, str(input.application_id))
    try:
        async with in_transaction() as db:
            await _both(row, mine, old, db=db)
            owner = await teams.owner_of(mine.name, db)
            await control.move(row, owner, db)
            entry = context.entry(
                Act.APPLICATION_TRANSFERRED,
                row.id,
                before={"team": old.name},
                after={"team": mine.name, "name": row.name},
            )
            for name in sorted({old.name, mine.name}):
                await audit.write(org_chain(name), entry, db)
            moved = await Application.filter(id=row.id).using_db(db).get()
    except IntegrityError as fault:
        raise Taken("name") from fault
    context.forget()
    context.services.rights.changed(*await teams.user_ids(old.name))
    await context.services.webhooks.take_down(row, old)
    return moved


async def decline_application(info: Info, input: Input[DeclineApplicationInput]) -> str:  # noqa: A002
    """Decline an application that was offered to a team of the caller's; return its id."""
    context = info.context
    row, mine, old = await _offered(context, str(input.application_id))
    async with in_transaction() as db:
        await _both(row, mine, old, db=db)
        await Application.filter(id=row.id).using_db(db).update(transfer_org_name=None)
        entry = context.entry(Act.APPLICATION_DECLINED, row.id, after={"team": mine.name})
        for name in sorted({old.name, mine.name}):
            await audit.write(org_chain(name), entry, db)
    return row.id


async def _offered(context: Context, application_id: str) -> tuple[Application, Org, Org]:
    """Return an offered application, the caller's row in the team it is offered to, its OWNER's.

    Refuses as `Context.require` does: who is not in that team learns nothing.
    """
    context.signed_in()
    row = await Application.filter(id=application_id).select_related("owner_org").first()
    if row is None or row.transfer_org_name is None:
        raise NotFound("application")
    mine = await context.require(
        row.transfer_org_name, Action.TRANSFER_APPLICATION, what="application"
    )
    return row, mine, row.owner_org


async def _both(row: Application, mine: Org, old: Org, *, db: BaseDBAsyncClient) -> None:
    """Have both teams stand still; NotFound when the offer is gone by then."""
    for name in sorted({old.name, mine.name}):
        await audit.lock(org_chain(name), db)
    await teams.still(mine, Action.TRANSFER_APPLICATION, db)
    same = Application.filter(id=row.id, owner_org__name=old.name, transfer_org_name=mine.name)
    if not await same.using_db(db).exists():
        raise NotFound("application")


async def delete_application(info: Info, input: Input[DeleteApplicationInput]) -> Deleted:  # noqa: A002
    """Delete an application with its tasks and logs; what runs of it is stopped."""
    context = info.context
    found = await context.application(str(input.application_id), Action.DELETE_APPLICATION)
    confirmed(found.name, input.confirm_name)
    async with changing(context, found, Action.DELETE_APPLICATION) as (row, chain, db):
        await control.delete(row, db)
        before = {"name": row.name, "repoUrl": row.repo_url}
        entry = context.entry(Act.APPLICATION_DELETED, row.id, before=before)
        await audit.write(chain, entry, db)
    owner = await context.owner(found)
    context.forget()
    context.services.rights.changed(*await teams.user_ids(owner.name))
    left = await context.services.webhooks.take_all_down([row], owner)
    return Deleted(row.id, left)

"""Members of teams: invite, join, change role, remove, leave, and what an invitation shows."""

import strawberry
from tortoise.transactions import in_transaction

from auth import accounts, teams
from auth.permissions import Action, NotFound
from auth.teams import InvitationGone
from db import audit
from db.audit import Act, org_chain
from db.models import Invitation, Org, User
from resolvers.access_inputs import (
    AcceptInvitationInput,
    DeclineInvitationInput,
    InviteMemberInput,
    RemoveMemberInput,
    RevokeInvitationInput,
    UpdateMemberRoleInput,
)
from resolvers.arguments import Input
from resolvers.context import Context, Info
from resolvers.sessions import in_person


class NewInvitation:
    """An invitation's row and its link, which is shown this once."""

    def __init__(self, row: Invitation, link: str) -> None:
        self.row = row
        self.link = link


async def of_org(parent: strawberry.Parent[Org], info: Info) -> list[Invitation] | None:
    """Return a team's pending invitations, to those who may invite."""
    if not await info.context.may(parent.name, Action.INVITE_MEMBER):
        return None
    return await teams.pending(org_name=parent.name)


async def of_user(parent: strawberry.Parent[User], info: Info) -> list[Invitation] | None:
    """Return the invitations to the user by name, to the user themself."""
    return await teams.pending(user_id=parent.id) if in_person(info.context, parent) else None


async def username(parent: strawberry.Parent[Invitation], info: Info) -> str | None:
    """Return who alone can accept it."""
    if parent.user_id is None:
        return None
    user = await info.context.loaders.user.load(parent.user_id)
    return user.username if user else None


async def invite_member(info: Info, input: Input[InviteMemberInput]) -> NewInvitation:  # noqa: A002
    """Invite a user by name, or whoever has the link."""
    context = info.context
    mine = await context.require(input.org_name, Action.INVITE_MEMBER, what="team")
    input.check()
    user = None
    if input.username is not None:
        user = await accounts.named(input.username, context.signed_in().user)
        if user is None:
            raise NotFound("user")
    async with teams.changing(mine, Action.INVITE_MEMBER) as db:
        row, token = await teams.invite(mine, user, input.role, db)
        after = {"username": user.username if user else None, "role": row.role}
        await audit.write(
            org_chain(mine.name), context.entry(Act.MEMBER_INVITED, row.id, after=after), db
        )
    return NewInvitation(row, f"{context.services.public_url}/invitation#{token}")


async def accept_invitation(info: Info, input: Input[AcceptInvitationInput]) -> Org:  # noqa: A002
    """Join a team; return the caller's row in it."""
    context = info.context
    user = context.in_person()
    input.check()
    found = await _find(user, input)
    async with in_transaction() as db:
        await audit.lock(org_chain(found.org_name), db)
        await teams.take(found, db)
        row = await teams.join(user, found, db)
        after = {"username": user.username, "role": row.role}
        entry = context.entry(Act.MEMBER_JOINED, row.id, after=after)
        await audit.write(org_chain(row.name), entry, db)
    _forget(context, row)
    return row


async def decline_invitation(info: Info, input: Input[DeclineInvitationInput]) -> str:  # noqa: A002
    """Decline an invitation; return its id."""
    context = info.context
    user = context.in_person()
    input.check()
    found = await _find(user, input)
    if found.user_id is None:
        raise InvitationGone  # an open link is not one person's to decline
    async with in_transaction() as db:
        await audit.lock(org_chain(found.org_name), db)
        await teams.take(found, db)
        entry = context.entry(Act.INVITATION_DECLINED, found.id)
        await audit.write(org_chain(found.org_name), entry, db)
    return found.id


async def _find(user: User, input: AcceptInvitationInput | DeclineInvitationInput) -> Invitation:  # noqa: A002
    invitation_id = str(input.invitation_id) if input.invitation_id is not None else None
    return await teams.find_invitation(user, token=input.token, invitation_id=invitation_id)


async def revoke_invitation(info: Info, input: Input[RevokeInvitationInput]) -> str:  # noqa: A002
    """Take an invitation back; return its id."""
    context = info.context
    context.signed_in()
    found = await Invitation.filter(id=str(input.invitation_id)).first()
    if found is None:
        raise NotFound("invitation")
    mine = await context.require(found.org_name, Action.INVITE_MEMBER, what="invitation")
    async with teams.changing(mine, Action.INVITE_MEMBER) as db:
        await teams.take(found, db)
        entry = context.entry(Act.INVITATION_REVOKED, found.id)
        await audit.write(org_chain(mine.name), entry, db)
    return found.id


async def update_member_role(info: Info, input: Input[UpdateMemberRoleInput]) -> Org:  # noqa: A002
    """Give a member another role; return their row."""
    context = info.context
    mine = await context.require(input.org_name, Action.MANAGE_MEMBERS, what="team")
    input.check()
    async with teams.changing(mine, Action.MANAGE_MEMBERS) as db:
        row = await teams.member(mine.name, input.username, db)
        before = {"role": row.role}
        await teams.set_role(row, input.role, db)
        entry = context.entry(
            Act.MEMBER_ROLE_CHANGED, row.id, before=before, after={"role": row.role}
        )
        await audit.write(org_chain(mine.name), entry, db)
    _forget(context, row)
    return row


async def remove_member(info: Info, input: Input[RemoveMemberInput]) -> str:  # noqa: A002
    """Remove a member, or leave; return the id of the row that is gone."""
    context = info.context
    mine = await context.require(input.org_name, Action.READ, what="team")
    leaves = input.username.lower() == context.signed_in().user.username.lower()
    action = Action.READ if leaves else Action.MANAGE_MEMBERS
    await context.require(mine.name, action, what="team")
    if leaves:
        context.in_person()
    async with teams.changing(mine, action) as db:
        row = await teams.member(mine.name, input.username, db)
        await teams.remove(row, db)
        before = {"username": row.user.username, "role": row.role}
        entry = context.entry(Act.MEMBER_REMOVED, row.id, before=before)
        await audit.write(org_chain(mine.name), entry, db)
    _forget(context, row)
    return row.id


def _forget(context: Context, row: Org) -> None:
    """Have what follows in this request, and what goes on elsewhere, look at the row again."""
    context.forget()
    context.services.rights.changed(row.user_id)

"""Teams: who is in them, as what, and how that changes; every rule holds against parallel callers.

Whoever changes a team holds its audit chain's lock (`changing`), so that two changes never meet.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from auth.permissions import MAY, Action, NotFound, Role, require
from auth.sessions import hash_token
from db import audit
from db.bundle import Question, Row
from db.ids import new_id
from db.machines import WorkerMachine
from db.models import ApiToken, Application, Invitation, Org, User

INVITATION_PREFIX = "rwi_"
INVITATION_DAYS = 7
INVITATIONS_PER_TEAM_MAX = 100
MEMBERS_MAX = 1000
STILL_HAVING = """
SELECT o.role, EXISTS (SELECT 1 FROM application a JOIN org w ON w.id = a.owner_org_id
                       WHERE a.id = {1} AND w.name = {2}) AS had
FROM org o WHERE o.id = {0}
"""


@dataclass(eq=False)
class NotAMember(Exception):
    """{username} is not a member of this team."""

    username: str


@dataclass(eq=False)
class AlreadyMember(Exception):
    """{username} is a member of this team already."""

    username: str


@dataclass(eq=False)
class OwnerStays(Exception):
    """The OWNER cannot be removed, leave, or take another role."""


@dataclass(eq=False)
class InvitationGone(Exception):
    """This invitation does not exist, has expired, was used, or is for somebody else."""


@dataclass(eq=False)
class TeamFull(Exception):
    """A team has at most {most} {what}."""

    most: int
    what: str


@asynccontextmanager
async def changing(
    mine: Org, action: Action, other: Org | None = None
) -> AsyncIterator[BaseDBAsyncClient]:
    """Open a transaction in which the team of *mine*, the caller's row, stands still.

    The caller's role is looked at again within: NotFound when they were removed meanwhile, Denied
    when the role does not allow *action* any more. The team of *other*, where the caller is a
    member too, stands still as well.
    """
    rows = [mine] if other is None else [mine, other]
    async with audit.standing(*(audit.org_chain(row.name) for row in rows)) as db:
        await still(mine, action, db)
        if other is not None:
            await still(other, Action.READ, db)
        yield db


async def still(mine: Org, action: Action, db: BaseDBAsyncClient) -> None:
    """Refuse, as `changing` does, unless the member of row *mine* may still do *action*."""
    row = await Org.filter(id=mine.id).using_db(db).first()
    if row is None:
        raise NotFound("team")
    require(Role(row.role), action)


def still_having(mine: Org, application_id: str, action: Action) -> Question:
    """Return what refuses as `still` does; NotFound also where the team has it no more."""

    def judge(found: Row | None) -> None:
        if found is None:
            raise NotFound("team")
        require(Role(found["role"]), action)
        if not found["had"]:
            raise NotFound("application")

    return Question(STILL_HAVING, (mine.id, application_id, mine.name), judge)


async def user_ids(name: str, db: BaseDBAsyncClient | None = None) -> list[str]:
    """Return the ids of a team's members."""
    found = await Org.filter(name=name).using_db(db).values_list("user_id", flat=True)
    return [str(each) for each in found]


async def owner_of(name: str, db: BaseDBAsyncClient) -> Org:
    """Return the OWNER's row, locked for the rest of the transaction."""
    rows = Org.filter(name=name, role=Role.OWNER.value).using_db(db)
    return await rows.select_for_update(no_key=True).get()


async def invite(
    mine: Org, user: User | None, role: Role, db: BaseDBAsyncClient
) -> tuple[Invitation, str]:
    """Return a pending invitation and its token, which is not kept; an older one is replaced.

    *user*: the only one who can accept it; None: the first who has the token.
    """
    pending = Invitation.filter(org_name=mine.name).using_db(db)
    await pending.filter(expires_time__lt=datetime.now(UTC)).delete()
    if user is not None:
        if await Org.filter(name=mine.name, user_id=user.id).using_db(db).exists():
            raise AlreadyMember(user.username)
        await pending.filter(user_id=user.id).delete()
    if await pending.count() >= INVITATIONS_PER_TEAM_MAX:
        raise TeamFull(INVITATIONS_PER_TEAM_MAX, "invitations")
    token = INVITATION_PREFIX + secrets.token_urlsafe(32)
    row = Invitation(
        id=new_id("i"),
        org_name=mine.name,
        user=user,
        role=role.value,
        token_hash=hash_token(token),
        invited_by_id=mine.user_id,
        expires_time=datetime.now(UTC) + timedelta(days=INVITATION_DAYS),
    )
    await row.save(using_db=db, force_create=True)
    return row, token


async def find_invitation(
    user: User, *, token: str | None, invitation_id: str | None
) -> Invitation:
    """Return a pending invitation that *user* may answer; InvitationGone when there is none.

    By its id only the invited user themself finds it.
    """
    pending = Invitation.filter(expires_time__gt=datetime.now(UTC))
    if token is not None:
        theirs = pending.filter(Q(user_id=None) | Q(user_id=user.id))
        found = await theirs.filter(token_hash=hash_token(token)).first()
    else:
        found = await pending.filter(id=invitation_id or "", user_id=user.id).first()
    if found is None:
        raise InvitationGone
    return found


async def pending(*, org_name: str | None = None, user_id: str | None = None) -> list[Invitation]:
    """Return the invitations of a team, or to a user by name, that can still be accepted."""
    rows = Invitation.filter(expires_time__gt=datetime.now(UTC)).order_by("created_time", "id")
    if org_name is not None:
        return await rows.filter(org_name=org_name)
    return await rows.filter(user_id=user_id).limit(INVITATIONS_PER_TEAM_MAX)


async def take(invitation: Invitation, db: BaseDBAsyncClient) -> None:
    """Use an invitation up; InvitationGone when somebody was faster."""
    if not await Invitation.filter(id=invitation.id).using_db(db).delete():
        raise InvitationGone


async def join(user: User, invitation: Invitation, db: BaseDBAsyncClient) -> Org:
    """Make *user* a member as the invitation says; the caller has taken it."""
    members = Org.filter(name=invitation.org_name).using_db(db)
    if not await members.filter(role=Role.OWNER.value).exists():
        raise InvitationGone
    if await members.filter(user_id=user.id).exists():
        raise AlreadyMember(user.username)
    if await members.count() >= MEMBERS_MAX:
        raise TeamFull(MEMBERS_MAX, "members")
    row = Org(
        id=f"{user.id}:{invitation.org_name}",
        user=user,
        name=invitation.org_name,
        role=invitation.role,
        secrets={},
        third_part={},
    )
    await row.save(using_db=db, force_create=True)
    return row


async def member(name: str, username: str, db: BaseDBAsyncClient) -> Org:
    """Return a member's row with the user; NotAMember when there is none."""
    rows = Org.filter(name=name, user__username__iexact=username).using_db(db)
    found = await rows.select_related("user").first()
    if found is None:
        raise NotAMember(username)
    return found


async def set_role(row: Org, role: Role, db: BaseDBAsyncClient) -> None:
    """Give a member another role; OwnerStays for the OWNER's."""
    if Role.OWNER in (role, Role(row.role)):
        raise OwnerStays
    await _void(row, MAY[role], db)
    row.role = role.value
    await row.save(using_db=db, update_fields=["role"])


async def remove(row: Org, db: BaseDBAsyncClient) -> None:
    """Remove a member and their API tokens for the team; OwnerStays for the OWNER."""
    if row.role == Role.OWNER.value:
        raise OwnerStays
    await _void(row, frozenset(), db)
    await ApiToken.filter(user_id=row.user_id, org_name=row.name).using_db(db).delete()
    await row.delete(using_db=db)


async def _void(row: Org, may: frozenset[Action], db: BaseDBAsyncClient) -> None:
    """Take back what a member gave out who *may* do no more than that.

    With a link of theirs they would be back, and offers to a team of theirs they would accept.
    """
    if Action.INVITE_MEMBER not in may:
        theirs = Invitation.filter(org_name=row.name, invited_by_id=row.user_id)
        await theirs.using_db(db).delete()
    if Action.TRANSFER_APPLICATION not in may:
        owner = await owner_of(row.name, db)
        offered = Application.filter(owner_org_id=owner.id).exclude(transfer_org_name=None)
        names = await offered.using_db(db).distinct().values_list("transfer_org_name", flat=True)
        rows = Org.filter(user_id=row.user_id, name__in=list(names)).using_db(db)
        to = await rows.values_list("name", flat=True)
        await _withdraw(Application.filter(owner_org_id=owner.id, transfer_org_name__in=to), db)


async def _withdraw(offered: QuerySet[Application], db: BaseDBAsyncClient) -> None:
    """Take offers of applications back; locks them in order, as everybody does."""
    rows = offered.using_db(db)
    await rows.select_for_update(no_key=True).order_by("id").only("id")
    await rows.update(transfer_org_name=None)


async def transfer(owner: Org, to: Org, db: BaseDBAsyncClient) -> Org:
    """Make *to* the OWNER: what the team shares moves to their row; the old OWNER becomes ADMIN."""
    shared = ("secrets", "third_part", "description", "alias", "logo")
    for name in shared:
        setattr(to, name, getattr(owner, name))
    owner.role, owner.secrets, owner.third_part = Role.ADMIN.value, {}, {}
    owner.description = owner.alias = owner.logo = None
    to.role = Role.OWNER.value
    await owner.save(using_db=db, update_fields=["role", *shared])
    await to.save(using_db=db, update_fields=["role", *shared])
    await Application.filter(owner_org_id=owner.id).using_db(db).update(owner_org_id=to.id)
    return to


async def delete(name: str, db: BaseDBAsyncClient) -> list[str]:
    """Delete a team that has no application left; return the ids of those who were its members.

    Its audit chain stays, and with it the name is taken for ever.
    """
    members = Org.filter(name=name).using_db(db)
    gone = await user_ids(name, db)
    await Invitation.filter(org_name=name).using_db(db).delete()
    await ApiToken.filter(org_name=name).using_db(db).delete()
    await WorkerMachine.filter(org_name=name).using_db(db).delete()
    await _withdraw(Application.filter(transfer_org_name=name), db)
    await members.delete()
    return gone

"""Logins of other services as ways into accounts: found, made, linked and unlinked."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth.accounts import AccountExists, Accounts, SignUpClosed
from auth.logins import TRAITS, Identity, Service
from db import audit
from db.audit import Act, Actor, Entry, Told, user_chain
from db.models import Session, User

NUMBERED_MAX = 9
BASE_CHARACTERS_MAX = 40


@dataclass(eq=False)
class LoginTaken(Exception):
    """This {service} login belongs to another account here."""

    service: str


@dataclass(eq=False)
class SessionEnded(Exception):
    """The session that wanted to link this login has ended; sign in and link it again."""


@dataclass(eq=False)
class LastWayIn(Exception):
    """This login is your only way in."""


async def of_login(identity: Identity) -> User | None:
    """Return whose login it is; None when it is nobody's."""
    column = TRAITS[identity.service].column
    return await User.filter(**{column: identity.union_id}).first()


async def sign_in(
    accounts: Accounts, identity: Identity, address: str, *, first_only: bool = False
) -> tuple[User, bool]:
    """Return whose login it is, and whether the account is new: each login gets one of its own.

    Nothing but the service's id decides: not the name, not an e-mail address. With *first_only*,
    SignUpClosed when it would not be the first account; Throttled after too many new ones from
    *address*.
    """
    column = TRAITS[identity.service].column
    if user := await of_login(identity):
        return user, False
    await accounts.admit(address)
    for username in _usernames(identity):
        if user := await of_login(identity):
            return user, False
        columns = {"avatar": identity.avatar, column: identity.union_id}
        try:
            return await accounts.create(username, first_only=first_only, **columns), True
        except (AccountExists, IntegrityError):
            continue  # the name is taken, or the same person was quicker in another window
        except SignUpClosed:
            if found := await of_login(identity):
                return found, False
            raise
    raise AssertionError("even a random name is taken")


async def link(session_id: str, identity: Identity, address: str, device: str) -> None:
    """Give the login to the user of a session, in place of one of the same service.

    *address* and *device* are where the browser that came back is, and what it says it is.

    SessionEnded when the session is over; LoginTaken when another user has the login.
    """
    traits = TRAITS[identity.service]
    alive = Session.filter(id=session_id, expires_time__gt=datetime.now(UTC))
    try:
        async with in_transaction() as db:
            session = await alive.using_db(db).first()
            if session is None:
                raise SessionEnded
            found = User.filter(id=session.user_id).using_db(db)
            await audit.lock(user_chain(session.user_id), db)
            user = await found.select_for_update(no_key=True).get()
            setattr(user, traits.column, identity.union_id)
            await user.save(using_db=db, update_fields=[traits.column])
            actor = Actor(user.id, user.username, session.id, address, device)
            after = {"service": identity.service.value, "login": identity.login}
            entry = Entry(actor, Act.LOGIN_LINKED, user.id, after=after)
            await audit.write(user_chain(user.id), entry, db)
    except IntegrityError as fault:
        raise LoginTaken(traits.name) from fault


async def unlink(user_id: str, service: Service, told: Told) -> User:
    """Take the service's login from a user; return the user as they are then.

    The audit log is *told*, when there was one.

    LastWayIn when there would be neither a password nor another login.
    """
    column = TRAITS[service].column
    others = [each.column for each in TRAITS.values() if each.column != column]
    async with in_transaction() as db:
        found = User.filter(id=user_id).using_db(db)
        await audit.lock(told.chain, db)
        user = await found.select_for_update(no_key=True).get()
        ways = [user.password, *(getattr(user, other) for other in others)]
        if getattr(user, column) is not None and not any(ways):
            raise LastWayIn
        if getattr(user, column) is not None:
            setattr(user, column, None)
            await user.save(using_db=db, update_fields=[column])
            await told.write(db)
    return user


def _usernames(identity: Identity) -> Iterator[str]:
    """Yield names to try: the login's own, numbered ones, one that nobody has."""
    kept = re.sub(r"[^A-Za-z0-9_.-]+", "-", identity.login).strip("_.-")
    base = kept[:BASE_CHARACTERS_MAX] or f"{identity.service}-{identity.union_id}"
    yield base
    for number in range(2, NUMBERED_MAX + 1):
        yield f"{base}-{number}"
    yield f"{base}-{secrets.token_hex(8)}"

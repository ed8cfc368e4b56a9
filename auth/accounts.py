"""Accounts: made, found by what people type, opened by a password, and changed."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.functions import Lower
from tortoise.transactions import in_transaction

from auth import throttle
from auth.passwords import UNSTORABLE, Busy, Passwords
from auth.sessions import WrongCredentials
from auth.throttle import Limit
from db import lock_table
from db.audit import Told
from db.ids import new_id
from db.models import Session, User

NAME_CHARACTERS_MAX = 64
LOGIN_CHARACTERS_MAX = 254
KNOWN_SECONDS = 30 * 24 * 3600.0
SEARCHES_MAX = 60
SEARCH_SECONDS = 60.0
CHANGES_MAX = 20
CHANGES_SECONDS = 3600.0


@dataclass(eq=False)
class AccountExists(Exception):
    """There is an account with this {field} already."""

    field: str


@dataclass(eq=False)
class SignUpClosed(Exception):
    """Sign-up is closed on this server."""


@dataclass(eq=False)
class WrongPassword(Exception):
    """Your current password is missing or wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How much may be tried in a window of *seconds* before Throttled refuses more.

    Sign-ins count when they fail: for one login from one address, for one login from addresses
    that it was not opened from lately, and from one address. Sign-ups count always.
    """

    seconds: float
    login: int
    login_elsewhere: int
    address: int
    sign_ups: int


class Accounts:
    """What the tables of users are changed through; callers validate and authorise."""

    def __init__(self, passwords: Passwords, attempts: Attempts) -> None:
        self._passwords = passwords
        self._attempts = attempts

    async def sign_up(
        self,
        username: str,
        password: str,
        email: str | None,
        *,
        address: str,
        first_only: bool,
    ) -> User:
        """Create an account for somebody at *address*.

        Throttled refuses one of too many; the rest is as in `create`.
        """
        if first_only and await User.exists():
            raise SignUpClosed
        await self.admit(address)
        return await self.create(username, password, email, first_only=first_only)

    async def admit(self, address: str) -> None:
        """Count a sign-up of somebody at *address*; Throttled when there were too many."""
        parts = ("sign-up", throttle.network(address))
        await throttle.take(Limit(parts, self._attempts.sign_ups, self._attempts.seconds))

    async def create(
        self,
        username: str,
        password: str | None = None,
        email: str | None = None,
        *,
        first_only: bool = False,
        **columns: Any,
    ) -> User:
        """Create an account; without a password it opens by a linked login alone.

        AccountExists says which field is taken; with *first_only*, SignUpClosed refuses it when
        there is an account already. Busy: too many passwords are being hashed.
        """
        hashed = await self._passwords.hash(password) if password is not None else None
        user = User(
            id=new_id("u"),
            username=username,
            email=normal_email(email),
            password=hashed,
            **columns,
        )
        try:
            async with in_transaction() as db:
                if first_only:
                    await lock_table(User, db)
                    if await User.all().using_db(db).exists():
                        raise SignUpClosed
                await user.save(using_db=db, force_create=True)
        except IntegrityError as fault:
            if await find(username):
                raise AccountExists("username") from fault
            if email and await find(email):
                raise AccountExists("email") from fault
            raise
        return user

    async def check(self, login: str, password: str, address: str) -> User:
        """Return whose account *login* and *password* open, for somebody at *address*.

        WrongCredentials when none; Throttled, whatever the password, after too many of those;
        Busy. All take the same time and say the same whether there is such an account or not.
        """
        user = await find(login)
        if not await self._opens(user, login, password, address) or user is None:
            raise WrongCredentials
        if user.password and self._passwords.outdated(user.password):
            await self._rehash(user, password)
        return user

    async def change_password(
        self,
        user: User,
        current: str | None,
        new: str,
        *,
        address: str,
        session_id: str,
        told: Told,
    ) -> int:
        """Set a password and end the sessions but *session_id*; return how many ended.

        The audit log is *told*.

        WrongPassword when *current* does not open the account: only who has no password may leave
        it out. Throttled and Busy as in `check`.
        """
        user = await User.get(id=user.id)
        if user.password is not None or current is not None:
            if current is None:
                raise WrongPassword
            if not await self._opens(user, user.username, current, address):
                raise WrongPassword
        hashed = await self._passwords.hash(new)
        async with in_transaction() as db:
            await told.write(db)
            same = User.filter(id=user.id, **_holding(user.password)).using_db(db)
            if not await same.update(password=hashed):
                raise WrongPassword  # somebody was faster
            others = Session.filter(user_id=user.id).exclude(id=session_id)
            return await others.using_db(db).delete()

    async def set_password(self, user: User, new: str, told: Told) -> int:
        """Set a password on the operator's word and end all sessions; return how many ended.

        Whoever was locked out of the account may try again. The audit log is *told*.
        """
        hashed = await self._passwords.hash(new)
        for login in filter(None, (user.username, user.email)):
            await throttle.clear(self._everywhere(login))
        async with in_transaction() as db:
            await told.write(db)
            await User.filter(id=user.id).using_db(db).update(password=hashed)
            return await Session.filter(user_id=user.id).using_db(db).delete()

    async def _opens(self, user: User | None, login: str, password: str, address: str) -> bool:
        """Tell whether *password* opens the account; counted before it is looked at."""
        here, everywhere = self._here(login, address), self._everywhere(login)
        known = Limit(("known", *here.parts), 1, KNOWN_SECONDS)
        limits = [self._from(address), here]
        if not await throttle.marked(known):
            limits.append(everywhere)
        await throttle.take(*limits)
        try:
            right = await self._passwords.verify(user.password if user else None, password)
        except Busy:
            await throttle.give_back(*limits)
            raise
        if right:
            await throttle.give_back(*limits)
            await throttle.clear(here)
            await throttle.mark(known)
        return right

    async def _rehash(self, user: User, password: str) -> None:
        """Hash a password at today's cost; if that is not possible now, at the next sign-in."""
        try:
            hashed = await self._passwords.hash(password)
        except Busy:
            return
        if await User.filter(id=user.id, password=user.password).update(password=hashed):
            user.password = hashed
            return
        await user.refresh_from_db(["password"])  # somebody was faster: with this password?
        if not await self._passwords.verify(user.password, password):
            raise WrongCredentials

    def _from(self, address: str) -> Limit:
        parts = ("sign-in", throttle.network(address))
        return Limit(parts, self._attempts.address, self._attempts.seconds)

    def _here(self, login: str, address: str) -> Limit:
        parts = ("login", normal_login(login), throttle.network(address))
        return Limit(parts, self._attempts.login, self._attempts.seconds)

    def _everywhere(self, login: str) -> Limit:
        parts = ("login", normal_login(login))
        return Limit(parts, self._attempts.login_elsewhere, self._attempts.seconds)


async def find(login: str) -> User | None:
    """Return the account of a user name or an e-mail address, in capital or small letters.

    A name holds no `@` and an address always does, so no name is somebody else's address.
    """
    if len(login) > LOGIN_CHARACTERS_MAX or UNSTORABLE.search(login):
        return None
    if "@" in login:
        return await User.filter(email=normal_email(login)).first()
    return await User.annotate(lower=Lower("username")).filter(lower=login.lower()).first()


async def search(prefix: str, count_max: int, searcher: User) -> list[User]:
    """Return accounts whose name begins with *prefix*, by name; Throttled: too many searches."""
    await _count_search(searcher)
    if len(prefix) > NAME_CHARACTERS_MAX or not prefix.isascii() or not prefix.isprintable():
        return []
    return await User.filter(username__istartswith=prefix).order_by("username").limit(count_max)


async def named(username: str, searcher: User) -> User | None:
    """Return the account of this very name, in any case; Throttled: too many searches.

    It is one of them: otherwise names could be collected by asking for each.
    """
    await _count_search(searcher)
    return await User.filter(username__iexact=username).first()


async def _count_search(searcher: User) -> None:
    await throttle.take(Limit(("search", searcher.id), SEARCHES_MAX, SEARCH_SECONDS))


async def unchanged(user: User) -> bool:
    """Tell, in a transaction, that the account still has the password it was opened with.

    Until the transaction ends nobody can change it: a session that starts in it is ended by the
    change that comes after.
    """
    same = User.filter(id=user.id, **_holding(user.password))
    return await same.select_for_update().first() is not None


async def update(user: User, changes: Mapping[str, str | None], told: Told) -> None:
    """Change columns of the account, and tell the audit log; AccountExists: the address is taken.

    An e-mail address comes as `normal_email` makes it. Throttled: too many changes, each of which
    could ask whether somebody has an account here.
    """
    await throttle.take(Limit(("change", user.id), CHANGES_MAX, CHANGES_SECONDS))
    try:
        async with in_transaction() as db:
            await told.write(db)
            if changes:
                await User.filter(id=user.id).using_db(db).update(**changes)
    except IntegrityError as fault:
        raise AccountExists("email") from fault
    user.update_from_dict(dict(changes))


def normal_email(email: str | None) -> str | None:
    """Return an address as it is kept: in small letters, of whatever alphabet; None for none.

    Python knows the small letters of all alphabets, SQLite those of ASCII.
    """
    return unicodedata.normalize("NFC", email).lower() or None if email else None


def normal_login(login: str) -> str:
    """Return what somebody typed as it is counted."""
    return unicodedata.normalize("NFC", login[:LOGIN_CHARACTERS_MAX]).lower()


def _holding(password: str | None) -> dict[str, Any]:
    return {"password__isnull": True} if password is None else {"password": password}

"""Teams' accounts at Git hosting services: linked, asked through, renewed, and how well they do."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import time
from types import MappingProxyType
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from control.hosting.accounts import (
    SERVICES,
    Account,
    NotLinked,
    account_for,
    account_of,
    name_of,
)
from db import audit
from db.models import Application, Org
from db.sealed import TEAM_ACCOUNTS
from db.vault import NotSealedHere, Seal, Vault
from providers import Provider
from providers.api import Api
from providers.api.refusals import Forbidden, InvalidApiUrl, ServiceDown, TokenRefused
from providers.refusal import Refusal
from providers.repository import Policy

log = logging.getLogger("rollway.integrations")

ASKED_MAX = 32  # at once, of all teams
ASKED_PER_TEAM_MAX = 8
RENEW_AHEAD_SECONDS = 2 * 3600.0
RENEWING_SECONDS = 60.0  # a server that dies meanwhile holds the others up no longer
PAGE_ROWS = 500
OWNER = "OWNER"

Renew = Callable[[Provider, str], Awaitable["Renewed"]]


class Health(StrEnum):
    """How a linked account did when its service was asked last."""

    UNKNOWN = "unknown"
    OK = "ok"
    REFUSED = "refused"
    MISSING_SCOPES = "missing_scopes"
    UNREACHABLE = "unreachable"


@dataclass(eq=False)
class ScopesMissing(Refusal):
    """The token for {service} does not allow enough, it lacks: {scopes}."""

    service: str
    scopes: str


@dataclass(eq=False)
class TokenUnreadable(Refusal):
    """The token for {service} does not open with the keys of this server; link it again."""

    service: str


@dataclass(eq=False)
class AskedTooMuch(Refusal):
    """Git hosting services are being asked as much as may be at once; try again in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A token in place of one that ends, and when this one does, in seconds since 1970."""

    token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_time: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An account to be linked; *url* is the address of a server of one's own.

    *scopes* is None where the service does not tell; *grant* holds the token.
    """

    provider: Provider
    grant: Renewed
    id: str
    login: str
    avatar: str = ""
    scopes: frozenset[str] | None = None
    url: str = ""

    @property
    def shown(self) -> Mapping[str, object]:
        """What may be told of it."""
        scopes = None if self.scopes is None else sorted(self.scopes)
        return {
            "provider": self.provider.value,
            "owner": self.login,
            "url": self.url or None,
            "scopes": scopes,
        }

    def check(self) -> None:
        """Raise ScopesMissing where the token is known not to allow what is needed."""
        if missing := SERVICES[self.provider].missing(self.scopes):
            raise ScopesMissing(name_of(self.provider), ", ".join(missing))


def own_url(provider: Provider, url: str) -> str:
    """Return the address of a server of one's own; empty where it is the public one."""
    plain = url.rstrip("/")
    return "" if plain == SERVICES[provider].url else plain


async def ask(provider: Provider, token: str, url: str, policy: Policy) -> Link:
    """Ask the service at *url* (empty: the public one) whose *token* it is.

    Raises ScopesMissing, AddressNotAllowed, AddressUnknown and `providers.api.refusals`.
    """
    api = connected(Account(provider, provider.value, token, url), policy)
    try:
        found = await api.account()
    finally:
        await api.close()
    link = Link(
        provider=provider,
        grant=Renewed(token=token),
        id=found.id,
        login=found.login,
        avatar=found.avatar_url,
        scopes=found.scopes,
        url=url,
    )
    link.check()
    return link


def connected(account: Account, policy: Policy) -> Api:
    """Return the API of an account; `close` it in the end.

    Raises InvalidApiUrl, also for a server that git would not show the token to, and
    AddressNotAllowed.
    """
    credential = account.credential
    reason = credential.refused(credential.origin) if credential else "its host or port is none"
    if reason:
        raise InvalidApiUrl(name_of(account.provider), reason)
    return account.connect(policy)


def store(owner: Org, link: Link, vault: Vault) -> None:
    """Put an account into the row of a team's OWNER, in place of one at the same service."""
    now = int(time())
    kept = {
        "owner": link.login,
        "id": link.id,
        "avatar": link.avatar or None,
        "linked_time": now,
        "scopes": None if link.scopes is None else sorted(link.scopes),
        "health": Health.OK.value,
        "checked_time": now,
        **({"url": link.url} if link.url else {}),
    }
    linked: Mapping[str, Any] = owner.third_part or {}
    before: Mapping[str, Any] = linked.get(link.provider) or {}
    sealed = _sealed(owner.name, link.provider, before, link.grant, vault)
    owner.third_part = {**linked, link.provider.value: {**kept, **sealed}}


def _sealed(
    team: str, provider: str, before: Mapping[str, Any], grant: Renewed, vault: Vault
) -> dict[str, Any]:
    """Return the tokens of an account as they are kept, versions counted up."""
    place = TEAM_ACCOUNTS.place(team)
    stored = {}
    for name in ("access_token", "refresh_token"):
        with suppress(NotSealedHere):  # what does not open is not worth keeping
            stored[f"{provider}.{name}"] = str(Seal.parse(before.get(name) or ""))
    changes = {
        f"{provider}.access_token": grant.token,
        f"{provider}.refresh_token": grant.refresh_token,
    }
    sealed: dict[str, Any] = {
        name.partition(".")[2]: value
        for name, value in vault.change(stored, changes, place=place).items()
    }
    if grant.expires_time is not None:
        sealed["expires_time"] = int(grant.expires_time)
    return sealed


def _mark(kept: Mapping[str, Any]) -> tuple[object, int]:
    """Return what tells one token of an account from the next, whichever key wraps it."""
    with suppress(NotSealedHere):
        return kept.get("linked_time"), Seal.parse(kept.get("access_token") or "").version
    return kept.get("linked_time"), 0


class Integrations:
    """Asks Git hosting services in the names of teams, a bounded number of times at once.

    *renew* gets a new token for a refresh token; it raises TokenRefused where there is none to get
    any more, and ServiceDown.
    """

    def __init__(self, vault: Vault, policy: Policy, renew: Renew) -> None:
        self._vault = vault
        self._policy = policy
        self._renew = renew
        self._asked: Counter[str] = Counter()

    @asynccontextmanager
    async def room(self, team: str) -> AsyncIterator[None]:
        """Hold one of the places that a team has for asking; AskedTooMuch without one."""
        if self._asked[team] >= ASKED_PER_TEAM_MAX or self._asked.total() >= ASKED_MAX:
            raise AskedTooMuch
        self._asked[team] += 1
        try:
            yield
        finally:
            self._asked[team] -= 1
            self._asked += Counter()  # forgets teams that ask nothing

    @asynccontextmanager
    async def api(self, owner: Org, provider: str) -> AsyncIterator[Api]:
        """Give the API of the account that the team of *owner*, its OWNER's row, has linked.

        NotLinked, TokenUnreadable and AskedTooMuch; a token that turns out to be refused within
        the block is noted.
        """
        row = await self._fresh(owner, provider)
        async with self._connected(row, self._account(row, provider)) as api:
            yield api

    @asynccontextmanager
    async def api_for(self, owner: Org, application: Application) -> AsyncIterator[Api]:
        """Give the API that an application's repository is at; raises as `api`."""
        row = await self._fresh(owner, application.provider)
        try:
            account = account_for(row, application, self._vault)
        except NotSealedHere:
            raise TokenUnreadable(name_of(application.provider)) from None
        if account is None:
            raise NotLinked(name_of(application.provider))
        async with self._connected(row, account) as api:
            yield api

    @asynccontextmanager
    async def _connected(self, owner: Org, account: Account) -> AsyncIterator[Api]:
        async with self.room(owner.name):
            api = connected(account, self._policy)
            try:
                yield api
            except TokenRefused as refusal:
                await self._note(owner, account.provider, Health.REFUSED, str(refusal))
                raise
            finally:
                await api.close()

    def _account(self, owner: Org, provider: str) -> Account:
        try:
            account = account_of(owner, provider, self._vault)
        except NotSealedHere:
            raise TokenUnreadable(name_of(provider)) from None
        if account is None:
            raise NotLinked(name_of(provider))
        return account

    async def check(self, owner: Org, provider: Provider) -> None:
        """Ask the service whether the team's token still does, and note what it says.

        Raises NotLinked, TokenUnreadable and AskedTooMuch.
        """
        row = await self._fresh(owner, provider)
        account = self._account(row, provider)
        more: dict[str, object] = {}
        async with self.room(row.name):
            try:
                link = await ask(provider, account.token, account.url, self._policy)
            except ScopesMissing as refusal:
                health, reason = Health.MISSING_SCOPES, str(refusal)
            except (TokenRefused, Forbidden) as refusal:
                health, reason = Health.REFUSED, str(refusal)
            except Refusal as refusal:
                health, reason = Health.UNREACHABLE, str(refusal)
            else:
                health, reason = Health.OK, ""
                more = {"owner": link.login, "avatar": link.avatar or None}
                if link.scopes is not None:  # what a sign-in told is known better
                    more["scopes"] = sorted(link.scopes)
        await self._note(row, provider, health, reason, more)

    async def _note(
        self,
        owner: Org,
        provider: str,
        health: Health,
        reason: str,
        more: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Keep how an account did, unless it has another token by now."""
        mark = _mark((owner.third_part or {}).get(provider) or {})
        async with _changing(owner.name) as (row, db):
            kept = (row.third_part or {}).get(provider) if row else None
            if row is None or not kept or _mark(kept) != mark:
                return
            told = {"health": health.value, "reason": reason, "checked_time": int(time())}
            await _keep(row, provider, {**kept, **more, **told}, db)

    async def renew_due(self) -> None:
        """Renew every token that ends soon, one after the other."""
        last = ""
        while True:
            rows = Org.filter(id__gt=last, role=OWNER, third_part__isnull=False).order_by("id")
            page = await rows.limit(PAGE_ROWS)
            for row in page:
                for provider, kept in (row.third_part or {}).items():
                    if provider in SERVICES and _is_due(kept, RENEW_AHEAD_SECONDS):
                        await self._renewed(row.name, provider, RENEW_AHEAD_SECONDS)
            if len(page) < PAGE_ROWS:
                return
            last = page[-1].id

    async def _fresh(self, owner: Org, provider: str) -> Org:
        """Return the OWNER's row, the account's token renewed where it has ended."""
        kept = (owner.third_part or {}).get(provider) or {}
        if not _is_due(kept, 0):
            return owner
        async with self.room(owner.name):
            await self._renewed(owner.name, provider, 0)
        return await Org.filter(id=owner.id).first() or owner

    async def _renewed(self, team: str, provider: str, ahead_seconds: float) -> None:
        """Renew a token; nothing happens where another server is at it, or was faster."""
        async with _changing(team) as (row, db):
            kept = (row.third_part or {}).get(provider) if row else None
            now = time()
            if row is None or not kept or not _is_due(kept, ahead_seconds):
                return
            if kept.get("renewing_until", 0) > now:
                return
            kept = {**kept, "renewing_until": int(now + RENEWING_SECONDS)}
            await _keep(row, provider, kept, db)
        try:
            grant = await self._grant(team, provider, kept["refresh_token"])
        except (TimeoutError, ServiceDown) as fault:
            log.warning("a token for %s is not renewed: %s", provider, type(fault).__name__)
            return  # tried again once `renewing_until` is over
        except (TokenRefused, TokenUnreadable) as refusal:
            ended = {name: value for name, value in kept.items() if name != "refresh_token"}
            ended |= {"health": Health.REFUSED.value, "reason": str(refusal)}
            await self._replace(team, provider, kept, ended)
            return
        rest = {name: kept[name] for name in kept if name not in {"renewing_until", "expires_time"}}
        fresh = _sealed(team, provider, kept, grant, self._vault)
        told = {"health": Health.OK.value, "reason": "", "checked_time": int(time())}
        await self._replace(team, provider, kept, {**rest, **fresh, **told})

    async def _grant(self, team: str, provider: str, sealed: str) -> Renewed:
        place = TEAM_ACCOUNTS.place(team)
        try:
            token = self._vault.open(sealed, place=place, name=f"{provider}.refresh_token")
        except NotSealedHere:
            raise TokenUnreadable(name_of(provider)) from None
        async with asyncio.timeout(RENEWING_SECONDS / 2):
            grant = await self._renew(Provider(provider), token)
        return grant if grant.refresh_token else replace(grant, refresh_token=token)

    async def _replace(
        self, team: str, provider: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Keep *after* in place of *before*, unless the account was linked anew meanwhile."""
        async with _changing(team) as (row, db):
            kept = (row.third_part or {}).get(provider) if row else None
            if row is not None and kept and _mark(kept) == _mark(before):
                await _keep(row, provider, after, db)


def _is_due(kept: Mapping[str, Any], ahead_seconds: float) -> bool:
    """Tell whether a token that can be renewed ends within *ahead_seconds*."""
    if not kept.get("expires_time") or not kept.get("refresh_token"):
        return False
    return time() + ahead_seconds >= float(kept["expires_time"])


@asynccontextmanager
async def _changing(team: str) -> AsyncIterator[tuple[Org | None, BaseDBAsyncClient]]:
    """Give the OWNER's row of a team that stands still, and the transaction; None: it has gone."""
    async with in_transaction() as db:
        await audit.lock(audit.org_chain(team), db)
        rows = Org.filter(name=team, role=OWNER).using_db(db)
        yield await rows.select_for_update(no_key=True).first(), db


async def _keep(row: Org, provider: str, kept: Mapping[str, Any], db: BaseDBAsyncClient) -> None:
    row.third_part = {**(row.third_part or {}), provider: dict(kept)}
    await row.save(using_db=db, update_fields=["third_part"])

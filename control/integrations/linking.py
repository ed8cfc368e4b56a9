"""Linking an account: whose token it is, whether it allows enough, and how it is kept."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import time
from typing import Any

from control.integrations.accounts import SERVICES, Account, name_of
from control.integrations.keeping import Health, kept_of
from db.models import Org
from db.sealed import TEAM_ACCOUNTS
from db.vault import NotSealedHere, Seal, Vault
from engine.repository.credentials import origin_of
from providers import Provider
from providers.api import Account as Told
from providers.api import Api
from providers.api.refusals import InvalidApiUrl, Nonsense, Riddle
from providers.refusal import Refusal
from providers.repository import Policy, UrlFlaw

NAME_CHARACTERS_MAX = 255  # of an account, and of a scope
SCOPES_MAX = 100
PICTURE = re.compile(r"https?://[!-~]{1,1990}")


@dataclass(eq=False)
class ScopesMissing(Refusal):
    """The token for {service} does not allow enough, it lacks: {scopes}."""

    service: str
    scopes: str


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
    public = origin_of(url) == origin_of(SERVICES[provider].url)
    return "" if public else url.rstrip("/")


async def ask(provider: Provider, token: str, url: str, policy: Policy) -> Link:
    """Ask the service at *url* (empty: the public one) whose *token* it is.

    What is told is kept and shown: it has bounds, and a picture is on the web. Raises
    ScopesMissing, AddressNotAllowed, AddressUnknown and `providers.api.refusals`.
    """
    api = connected(Account(provider, provider.value, token, url), policy)
    try:
        found = await api.account()
    finally:
        await api.close()
    if not _fits(found):
        raise Nonsense(name_of(provider), Riddle.LONG_NAMES)
    link = Link(
        provider=provider,
        grant=Renewed(token=token),
        id=found.id,
        login=found.login,
        avatar=found.avatar_url if PICTURE.fullmatch(found.avatar_url) else "",
        scopes=found.scopes,
        url=url,
    )
    link.check()
    return link


def _fits(found: Told) -> bool:
    scopes = found.scopes or frozenset()
    texts = (found.id, found.login, *scopes)
    return len(scopes) <= SCOPES_MAX and all(len(each) <= NAME_CHARACTERS_MAX for each in texts)


def connected(account: Account, policy: Policy) -> Api:
    """Return the API of an account; `close` it in the end.

    Raises InvalidApiUrl, also for a server that git would not show the token to, and
    AddressNotAllowed.
    """
    credential = account.credential
    reason = credential.refused(credential.origin) if credential else UrlFlaw.HOST_OR_PORT
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
    provider = link.provider.value
    sealed = sealed_as(owner.name, provider, kept_of(owner, provider), link.grant, vault)
    owner.third_part = {**(owner.third_part or {}), provider: {**kept, **sealed}}


def sealed_as(
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

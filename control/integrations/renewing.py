"""Tokens that end, and get another one before: at one server, one at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from time import time
from typing import Any

from control.integrations.accounts import SERVICES, name_of
from control.integrations.keeping import OWNER, Health, change, changing, keep, kept_of
from control.integrations.linking import Renewed, sealed_as
from db.models import Org
from db.sealed import TEAM_ACCOUNTS
from db.vault import NotSealedHere, Vault
from providers import Provider
from providers.api.refusals import ServiceDown, TokenRefused
from providers.refusal import Refusal

log = logging.getLogger("rollway.integrations")

RENEW_AHEAD_SECONDS = 2 * 3600.0
RENEWING_SECONDS = 60.0  # a server that dies meanwhile holds the others up no longer
PAGE_ROWS = 500

Renew = Callable[[Provider, str], Awaitable[Renewed]]


@dataclass(eq=False)
class TokenUnreadable(Refusal):
    """The token for {service} does not open with the keys of this server."""

    service: str


class Renewals:
    """Renews the tokens of linked accounts.

    *renew* gets a new token for a refresh token; it raises TokenRefused where there is none to get
    any more, and ServiceDown.
    """

    def __init__(self, vault: Vault, renew: Renew) -> None:
        self._vault = vault
        self._renew = renew

    async def renew_due(self) -> None:
        """Renew every token that ends soon, one after the other.

        A service that does not answer is left alone until the next time.
        """
        last = ""
        down: set[str] = set()
        while True:
            rows = Org.filter(id__gt=last, role=OWNER, third_part__isnull=False).order_by("id")
            page = await rows.limit(PAGE_ROWS)
            for row in page:
                linked = (row.third_part or {}).items()
                due = [name for name, kept in linked if is_due(kept, RENEW_AHEAD_SECONDS)]
                for provider in (SERVICES.keys() & due) - down:
                    if not await self.renew(row.name, provider, RENEW_AHEAD_SECONDS):
                        down.add(provider)
            if len(page) < PAGE_ROWS:
                return
            last = page[-1].id

    async def renew(self, team: str, provider: str, ahead_seconds: float) -> bool:
        """Renew a token; return False where its service does not answer.

        Nothing happens where another server is at it, or was faster.
        """
        kept = await self._begin(team, provider, ahead_seconds)
        if not kept:
            return True
        try:
            grant = await self._grant(team, provider, kept["refresh_token"])
        except (TimeoutError, ServiceDown) as fault:
            log.warning("a token for %s is not renewed: %s", provider, type(fault).__name__)
            return False  # tried again once `renewing_until` is over
        except (TokenRefused, TokenUnreadable) as refusal:
            refused = {"health": Health.REFUSED.value, "reason": str(refusal)}
            await change(team, provider, kept, refused, frozenset({"refresh_token"}))
            return True
        fresh = sealed_as(team, provider, kept, grant, self._vault)
        told = {"health": Health.OK.value, "reason": "", "checked_time": int(time())}
        ended = frozenset({"renewing_until", "expires_time"})
        await change(team, provider, kept, {**fresh, **told}, ended)
        return True

    async def _begin(self, team: str, provider: str, ahead_seconds: float) -> Mapping[str, Any]:
        """Return what is kept of an account, marked as being renewed; nothing where it is not."""
        async with changing(team) as (row, db):
            kept, now = kept_of(row, provider), time()
            taken = kept.get("renewing_until", 0) > now
            if row is None or taken or not is_due(kept, ahead_seconds):
                return {}
            await keep(row, provider, {**kept, "renewing_until": int(now + RENEWING_SECONDS)}, db)
        return kept

    async def _grant(self, team: str, provider: str, sealed: str) -> Renewed:
        place = TEAM_ACCOUNTS.place(team)
        try:
            token = self._vault.open(sealed, place=place, name=f"{provider}.refresh_token")
        except NotSealedHere:
            raise TokenUnreadable(name_of(provider)) from None
        async with asyncio.timeout(RENEWING_SECONDS / 2):
            grant = await self._renew(Provider(provider), token)
        return grant if grant.refresh_token else replace(grant, refresh_token=token)


def is_due(kept: Mapping[str, Any], ahead_seconds: float) -> bool:
    """Tell whether a token that can be renewed ends within *ahead_seconds*."""
    if not kept.get("expires_time") or not kept.get("refresh_token"):
        return False
    return time() + ahead_seconds >= float(kept["expires_time"])

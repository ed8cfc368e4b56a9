"""Asking services through linked accounts, a bounded number of times at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import time

from control.integrations.accounts import Account, NotLinked, account_for, account_of, name_of
from control.integrations.keeping import Health, change, kept_of
from control.integrations.linking import ScopesMissing, ask, connected
from control.integrations.renewing import Renew, Renewals, TokenUnreadable, is_due
from db.models import Application, Org
from db.vault import NotSealedHere, Vault
from providers import Provider
from providers.api import Api
from providers.api.refusals import Forbidden, ServiceDown, Silence, TokenRefused
from providers.refusal import Refusal
from providers.repository import Policy, Repository, parse

ASKED_MAX = 32  # at once, of all teams
ASKED_PER_TEAM_MAX = 8


@dataclass(eq=False)
class AskedTooMuch(Refusal):
    """Git hosting services are being asked as much as may be at once."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """A repository, and the API of the service that has it."""

    api: Api
    repository: Repository


class Integrations:
    """Asks Git hosting services in the names of teams, a bounded number of times at once.

    *renew* is for `Renewals`.
    """

    def __init__(self, vault: Vault, policy: Policy, renew: Renew) -> None:
        self._vault = vault
        self._policy = policy
        self._renewals = Renewals(vault, renew)
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
    async def hosted(
        self, owner: Org, application: Application, seconds: float | None = None
    ) -> AsyncIterator[Hosted]:
        """Give an application's repository where it is; raises as `api`, and as `parse`.

        ServiceDown when all of it, with the block, takes longer than *seconds*; None leaves it to
        the bounds of each request.
        """
        service = name_of(application.provider)
        try:
            async with asyncio.timeout(seconds):
                row = await self._fresh(owner, application.provider)
                try:
                    account = account_for(row, application, self._vault)
                except NotSealedHere:
                    raise TokenUnreadable(service) from None
                if account is None:
                    raise NotLinked(service)
                repository = parse(application.repo_url, self._policy)
                async with self._connected(row, account) as api:
                    yield Hosted(api, repository)
        except TimeoutError:
            raise ServiceDown(service, Silence.SLOW) from None

    def opens(self, owner: Org, application: Application) -> bool:
        """Tell whether the team of *owner* has linked an account that opens the repository."""
        try:
            return account_for(owner, application, self._vault) is not None
        except NotSealedHere:
            return False

    @asynccontextmanager
    async def _connected(self, owner: Org, account: Account) -> AsyncIterator[Api]:
        async with self.room(owner.name):
            api = connected(account, self._policy)
            try:
                yield api
            except TokenRefused as refusal:
                told = {"health": Health.REFUSED.value, "reason": str(refusal)}
                provider = account.provider.value
                await change(owner.name, provider, kept_of(owner, provider), told)
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
        told = {"health": health.value, "reason": reason, "checked_time": int(time())}
        await change(row.name, provider, kept_of(row, provider), {**more, **told})

    async def renew_due(self) -> None:
        """Renew every token that ends soon, one after the other."""
        await self._renewals.renew_due()

    async def _fresh(self, owner: Org, provider: str) -> Org:
        """Return the OWNER's row, the account's token renewed where it has ended."""
        if not is_due(kept_of(owner, provider), 0):
            return owner
        async with self.room(owner.name):
            await self._renewals.renew(owner.name, provider, 0)
        return await Org.filter(id=owner.id).first() or owner

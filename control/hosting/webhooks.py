"""The webhook of an application: its secret, and how its Git hosting service is told of it."""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from control.deploys import fresh
from control.integrations import Integrations
from control.integrations.accounts import NotLinked, name_of
from db import audit
from db.audit import Told
from db.models import Application, Org
from db.sealed import WEBHOOK_NEXT, WEBHOOK_SECRET, Sealed
from db.vault import Seal, Vault
from providers.refusal import Refusal

log = logging.getLogger("rollway.webhooks")

SECRET_BYTES = 32
SERVICE_SECONDS = 20.0  # somebody waits
SERVICES_MAX = 4  # asked at once when a team goes
ALL_SECONDS = 30.0
BUSY_SECONDS = 60.0  # after which whoever set the webhook up has died
NOBODY = {"repo_webhook_secret": None, "repo_webhook_next": None, "repo_webhook_url": None}


@dataclass(eq=False)
class WebhookBusy(Exception):
    """The webhook is being set up at the service at this moment."""


def new_secret() -> str:
    """Return a secret that nobody guesses."""
    return secrets.token_urlsafe(SECRET_BYTES)


def change_secret(row: Application, secret: str | None, vault: Vault) -> list[str]:
    """Give *row* another secret, or none, and only that; return the columns to store."""
    old = row.repo_webhook_secret
    version = Seal.parse(old).version + 1 if old else 1
    row.repo_webhook_secret = secret and _sealed(row, secret, WEBHOOK_SECRET, version, vault)
    row.repo_webhook_next = None
    return ["repo_webhook_secret", "repo_webhook_next", "updated_time"]


def proofs(row: Application, vault: Vault) -> list[str]:
    """Return the secrets that prove a delivery, in clear: at most two, for a moment."""
    opened = []
    for column, sealed in (
        (WEBHOOK_SECRET, row.repo_webhook_secret),
        (WEBHOOK_NEXT, row.repo_webhook_next),
    ):
        if sealed is not None:
            opened.append(vault.open(sealed, place=column.place(row.id), name=column.column))
    return opened


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Sets webhooks up at their services, with the accounts that teams have linked."""

    integrations: Integrations
    vault: Vault
    public_url: str

    def address(self, application_id: str) -> str:
        """Return where a service delivers to."""
        return f"{self.public_url}/webhooks/{application_id}"

    async def set_up(self, application: Application, secret: str, told: Told) -> Application:
        """Have the service deliver here, proven by *secret*; return the application as it is then.

        No delivery is refused meanwhile: until the service has taken the new secret the old one
        proves as well. Raises NotLinked, WebhookBusy, ApplicationGone and what the service's API
        refuses, after which the old secret holds.
        """
        row = await fresh(application.id)
        if not self.integrations.opens(row.owner_org, row):
            raise NotLinked(name_of(row.provider))
        begun = await self._begin(row, secret)
        try:
            async with self.integrations.hosted(row.owner_org, row, SERVICE_SECONDS) as there:
                await there.api.set_webhook(there.repository, self.address(row.id), secret)
            stored = await self._store(row, secret, told)
        finally:
            mine = Application.filter(id=row.id, repo_webhook_busy_time=begun)
            await mine.update(repo_webhook_busy_time=None)
        if row.repo_webhook_url not in (None, stored.repo_webhook_url):
            await self.take_down(row, row.owner_org)
        return stored

    async def take_down(self, application: Application, owner: Org) -> str | None:
        """Have the service deliver no more to where it did, as *application* says it.

        Returns that address if it may still be there: nobody but a person can remove it then.
        """
        url = application.repo_webhook_url
        if url is None:
            return None
        try:
            async with self.integrations.hosted(owner, application, SERVICE_SECONDS) as there:
                await there.api.remove_webhook(there.repository, url)
        except Refusal as refusal:
            log.warning("the webhook of %s is still there: %s", application.id, refusal)
            return url
        return None

    async def take_all_down(self, applications: Sequence[Application], owner: Org) -> list[str]:
        """Do that for applications of a team that are gone; return what may still be there."""
        left = {each.repo_webhook_url for each in applications if each.repo_webhook_url}
        room = asyncio.Semaphore(SERVICES_MAX)

        async def take(application: Application) -> None:
            async with room:
                if await self.take_down(application, owner) is None:
                    left.discard(application.repo_webhook_url or "")

        with suppress(TimeoutError):
            async with asyncio.timeout(ALL_SECONDS), asyncio.TaskGroup() as group:
                for each in applications:
                    group.create_task(take(each))
        return sorted(left)

    async def _begin(self, row: Application, secret: str) -> datetime:
        """Have deliveries be proven by *secret* too, and nobody else set it up meanwhile."""
        now = datetime.now(UTC)
        free = Q(repo_webhook_busy_time=None) | Q(
            repo_webhook_busy_time__lt=now - timedelta(seconds=BUSY_SECONDS)
        )
        sealed = _sealed(row, secret, WEBHOOK_NEXT, 1, self.vault)
        same = Application.filter(free, id=row.id, owner_org_id=row.owner_org_id)
        if not await same.update(repo_webhook_next=sealed, repo_webhook_busy_time=now):
            raise WebhookBusy
        return now

    async def _store(self, row: Application, secret: str, told: Told) -> Application:
        """Note what the service was told; if that fails, a webhook goes that nobody would know of.

        WebhookBusy where the application has another repository by now.
        """
        same = Application.filter(id=row.id, repo_url=row.repo_url)
        try:
            async with audit.telling(told) as (db, end):
                stored = await _held(same, db)
                columns = change_secret(stored, secret, self.vault)
                stored.repo_webhook_url = self.address(row.id)
                await stored.save(using_db=db, update_fields=[*columns, "repo_webhook_url"])
                await told.write(db, end)
        except BaseException:
            if row.repo_webhook_secret is None or not await same.exists():
                row.repo_webhook_url = self.address(row.id)
                await self.take_down(row, row.owner_org)
            raise
        return stored


async def forget(application_id: str, db: BaseDBAsyncClient) -> None:
    """Have an application accept no delivery."""
    await Application.filter(id=application_id).using_db(db).update(**NOBODY)


def _sealed(row: Application, secret: str, column: Sealed, version: int, vault: Vault) -> str:
    place = column.place(row.id)
    return vault.seal(secret, place=place, name=column.column, version=version)


async def _held(same: QuerySet[Application], db: BaseDBAsyncClient) -> Application:
    found = await same.using_db(db).select_for_update().first()
    if found is None:
        raise WebhookBusy
    return found

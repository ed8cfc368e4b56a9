"""Teams' accounts at Git hosting services: link, check, unlink, and what is shown of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import strawberry
from starlette.responses import Response

from auth import teams
from auth.permissions import Action
from control import integrations as control
from control.integrations import Health, Link
from control.integrations.accounts import SERVICES, NotLinked, name_of
from control.integrations.keeping import kept_of
from db import audit
from db.audit import Act, Actor, Entry, org_chain
from db.models import Org
from db.vault import Vault
from providers import Provider
from providers.api.refusals import TokenRefused
from providers.repository import AddressNotAllowed
from resolvers.arguments import Input
from resolvers.context import Info
from resolvers.integrations.inputs import (
    CheckAccountInput,
    LinkAccountByOAuthInput,
    LinkAccountInput,
    UnlinkAccountInput,
)
from resolvers.orgs import is_narrow


@dataclass(eq=False)
class WrongToken(Exception):
    """{service} does not accept this token: it is wrong, revoked or has expired."""

    service: str


@dataclass(eq=False)
class ServerNotAllowed(Exception):
    """The service may not be asked there: {what}."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """A linked account as it is shown, without its token; *org* is the OWNER's row."""

    org: Org
    provider: str
    owner: str
    external_id: str
    avatar: str | None
    url: str | None
    scopes: list[str] | None
    health: Health
    reason: str | None
    linked_time: datetime
    checked_time: datetime | None


async def of_org(parent: strawberry.Parent[Org], info: Info) -> list[Integration]:
    """Return the linked accounts by service."""
    owner = None if is_narrow(info) else await info.context.loaders.owner.load(parent.name)
    linked = (owner.third_part if owner else None) or {}
    return [_shown(owner, name, kept) for name, kept in sorted(linked.items()) if owner]


def _shown(owner: Org, provider: str, kept: Mapping[str, Any]) -> Integration:
    return Integration(
        org=owner,
        provider=provider,
        owner=str(kept.get("owner") or kept.get("repo_owner") or ""),
        external_id=str(kept.get("id", "")),
        avatar=kept.get("avatar"),
        url=kept.get("url"),
        scopes=kept.get("scopes"),
        health=Health(kept.get("health", Health.UNKNOWN)),
        reason=kept.get("reason") or None,
        linked_time=datetime.fromtimestamp(kept.get("linked_time", 0), UTC),
        checked_time=_time(kept.get("checked_time")),
    )


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _one(owner: Org | None, provider: Provider) -> Integration:
    kept = kept_of(owner, provider.value)
    if owner is None or not kept:
        raise NotLinked(name_of(provider))
    return _shown(owner, provider.value, kept)


async def link_account(info: Info, input: Input[LinkAccountInput]) -> Integration:  # noqa: A002
    """Link an account by its token, once the service has said whose it is."""
    context, provider = info.context, input.provider
    mine = await context.require(input.org_name, Action.LINK_ACCOUNTS, what="team")
    input.check()
    services = context.services
    async with services.integrations.room(mine.name):
        try:
            url = control.own_url(provider, input.url or "")
            link = await control.ask(provider, input.token, url, services.policy)
        except TokenRefused as refusal:
            raise WrongToken(refusal.service) from None
        except AddressNotAllowed as refusal:
            raise ServerNotAllowed(refusal.what) from None
    owner = await keep(mine, link, context.actor, services.vault)
    context.forget()
    return _one(owner, provider)


async def keep(mine: Org, link: Link, actor: Actor, vault: Vault) -> Org:
    """Store an account with its team, by a member's row; return the OWNER's row.

    NotFound and Denied when the member may not any more.
    """
    async with teams.changing(mine, Action.LINK_ACCOUNTS) as db:
        owner = await teams.owner_of(mine.name, db)
        before = _told(owner, link.provider)
        control.store(owner, link, vault)
        await owner.save(using_db=db, update_fields=["third_part"])
        entry = Entry(actor, Act.ACCOUNT_LINKED, mine.name, before, link.shown)
        await audit.write(org_chain(mine.name), entry, db)
    return owner


def _told(owner: Org, provider: str) -> dict[str, object] | None:
    """Return what the audit log may tell of the account linked so far."""
    kept = kept_of(owner, provider)
    if not kept:
        return None
    told = {name: kept.get(name) for name in ("owner", "url", "scopes")}
    return {"provider": str(provider), **told}


async def link_by_oauth(info: Info, input: Input[LinkAccountByOAuthInput]) -> str:  # noqa: A002
    """Begin to link; return the address to open in the browser that got this answer."""
    context = info.context
    session = context.signed_in().in_person()
    mine = await context.require(input.org_name, Action.LINK_ACCOUNTS, what="team")
    service = input.check()
    logins = context.services.logins
    scope = " ".join(sorted(SERVICES[service.value].scopes))
    url, sealed = logins.depart_for(mine.name, service, input.next or "/", session.id, scope)
    assert isinstance(context.response, Response)  # noqa: S101 (mutations come over HTTP)
    logins.cookie.set(context.response, sealed)
    return url


async def check_account(info: Info, input: Input[CheckAccountInput]) -> Integration:  # noqa: A002
    """Ask the service whether the token still does; return what it said."""
    context = info.context
    mine = await context.require(input.org_name, Action.LINK_ACCOUNTS, what="team")
    owner = await context.loaders.owner.load(mine.name)
    await context.services.integrations.check(owner or mine, input.provider)
    context.forget()
    return _one(await context.loaders.owner.load(mine.name), input.provider)


async def unlink_account(info: Info, input: Input[UnlinkAccountInput]) -> Org:  # noqa: A002
    """Forget an account and its token; without effect when there is none."""
    context, provider = info.context, input.provider.value
    mine = await context.require(input.org_name, Action.LINK_ACCOUNTS, what="team")
    async with teams.changing(mine, Action.LINK_ACCOUNTS) as db:
        owner = await teams.owner_of(mine.name, db)
        if before := _told(owner, provider):
            rest = {
                name: kept for name, kept in (owner.third_part or {}).items() if name != provider
            }
            owner.third_part = rest
            await owner.save(using_db=db, update_fields=["third_part"])
            entry = context.entry(Act.ACCOUNT_UNLINKED, mine.name, before=before)
            await audit.write(org_chain(mine.name), entry, db)
    context.forget()
    return mine

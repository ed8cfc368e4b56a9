"""Webhooks set up at their services, as applications come, move and go."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import strawberry
from tortoise.transactions import in_transaction

from auth.permissions import Action
from control import applications as control
from control.hosting.webhooks import WebhookBusy, new_secret
from db import audit
from db.audit import Act, Told, org_chain
from db.models import Application, Org
from providers.refusal import Refusal
from resolvers.changing import still
from resolvers.context import Context, Info


@dataclass(frozen=True, slots=True)
class WebhookStatus:
    """Where the hosting service sends its deliveries, and whether they can be proven.

    *registered_url* is the address that was set at the service with the team's account.
    """

    url: str
    secret_set: bool
    last_delivery_time: datetime | None
    registered_url: str | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is gone, and the addresses of webhooks that may still be at their services."""

    id: str
    webhooks_left: list[str]


async def status(parent: strawberry.Parent[Application], info: Info) -> WebhookStatus | None:
    """Return the webhook's state; None where no secret is set, and so no delivery accepted."""
    if parent.repo_webhook_secret is None:
        return None
    return WebhookStatus(
        url=info.context.services.webhooks.address(parent.id),
        secret_set=True,
        last_delivery_time=await info.context.loaders.delivered.load(parent.id),
        registered_url=parent.repo_webhook_url,
    )


async def set_up(
    context: Context, application: Application, secret: str, action: Action
) -> Application:
    """Have the service deliver here, as somebody who may do *action*; see `Webhooks.set_up`."""
    entry = context.entry(
        Act.WEBHOOK_SET_UP,
        application.id,
        before={"url": application.repo_webhook_url},
        after={"url": context.services.webhooks.address(application.id)},
    )
    team = (await context.owner(application)).name
    told = Told(org_chain(team), entry, await still(context, application, action))
    return await context.services.webhooks.set_up(application, secret, told)


async def is_ours(context: Context, application: Application) -> bool:
    """Tell whether the webhook was set up from here, so that its service can be told of changes."""
    owner = await context.owner(application)
    linked = context.services.integrations.opens(owner, application)
    return linked and application.repo_webhook_url is not None


async def set_up_new(context: Context, application: Application, owner: Org) -> Application:
    """Set up the webhook of a new application whose repository the account of *owner* opens.

    Where that fails the application goes again.
    """
    if not context.services.integrations.opens(owner, application):
        return application
    try:
        return await set_up(context, application, new_secret(), Action.CREATE_APPLICATION)
    except BaseException:
        await _withdraw(context, application, owner)
        raise


async def _withdraw(context: Context, application: Application, owner: Org) -> None:
    async with in_transaction() as db:
        await audit.lock(org_chain(owner.name), db)
        await control.delete(application, db)
        before = {"name": application.name, "repoUrl": application.repo_url}
        entry = context.entry(Act.APPLICATION_DELETED, application.id, before=before)
        await audit.write(org_chain(owner.name), entry, db)
    context.forget()


async def follow(context: Context, before: Application, now: Application) -> Application:
    """Have the webhook follow an application to another repository, where it was set up.

    Where the service does not have it, the application is left without one.
    """
    if before.repo_webhook_url is None or before.repo_url == now.repo_url:
        return now
    await context.services.webhooks.take_down(before, await context.owner(before))
    with suppress(WebhookBusy, Refusal):
        return await set_up(context, now, new_secret(), Action.UPDATE_APPLICATION)
    now.repo_webhook_url = None
    await now.save(update_fields=["repo_webhook_url"])
    return now

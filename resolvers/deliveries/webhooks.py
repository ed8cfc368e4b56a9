"""Webhooks: their secret, what they delivered, and what a delivery would lead to."""

from collections.abc import Awaitable
from dataclasses import dataclass
from json import dumps

import strawberry

from auth.permissions import Action, NotFound
from control.deliveries import Answer, DeliveryStatus
from control.hosting.previews import preview, preview_ref
from control.hosting.webhooks import change_secret, new_secret
from db import audit
from db.audit import Act
from db.models import Application, Delivery, Task
from providers import Provider
from providers.refusal import Refusal
from resolvers import applications, paging
from resolvers.arguments import After, Before, First, Input, Last
from resolvers.changing import changing
from resolvers.context import Context, Info
from resolvers.deliveries import setting_up
from resolvers.deliveries.inputs import (
    RedeliverInput,
    RemoveWebhookSecretInput,
    RotateWebhookSecretInput,
    SyncWebhookInput,
    TriggerPreviewInput,
)
from resolvers.paging import Page, Relation
from resolvers.refusals import NoDelivery

DELIVERIES = Relation(
    "application.deliveries",
    Delivery,
    '"delivery" x',
    ("x.application_id",),
    "received_time",
    descending=True,
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """An application whose webhook has a new secret, and that secret."""

    application: Application
    secret: str


@dataclass(frozen=True, slots=True)
class Removed:
    """An application without a webhook, and the addresses that may still be at its service."""

    application: Application
    webhooks_left: list[str]


async def rotate_secret(info: Info, input: Input[RotateWebhookSecretInput]) -> Rotated:  # noqa: A002
    """Give the webhook a new secret; deliveries proven by the old one are refused from now on.

    Where the team's account set the webhook up, the service is given the secret as well.
    """
    context, secret = info.context, new_secret()
    application = await context.application(str(input.application_id), Action.SET_SECRETS)
    if await setting_up.is_ours(context, application):
        changed = await setting_up.set_up(context, application, secret, Action.SET_SECRETS)
    else:
        changed = await _set(context, application, secret)
    return Rotated(changed, secret)


async def remove_secret(info: Info, input: Input[RemoveWebhookSecretInput]) -> Removed:  # noqa: A002
    """Take the secret away, so that no delivery is accepted, and the webhook from the service."""
    context = info.context
    application = await context.application(str(input.application_id), Action.SET_SECRETS)
    changed = await _set(context, application, None)
    owner = await context.owner(application)
    left = await context.services.webhooks.take_all_down([application], owner)
    if not left:
        off = Application.filter(id=application.id, repo_webhook_secret=None)
        await off.update(repo_webhook_url=None)
    return Removed(changed, left)


async def sync(info: Info, input: Input[SyncWebhookInput]) -> Application:  # noqa: A002
    """Have the service deliver here, with a secret that nobody has seen."""
    context = info.context
    application = await context.application(str(input.application_id), Action.UPDATE_APPLICATION)
    may = Action.UPDATE_APPLICATION
    return await setting_up.set_up(context, application, new_secret(), may)


async def _set(context: Context, application: Application, secret: str | None) -> Application:
    async with changing(context, application, Action.SET_SECRETS) as (row, chain, db):
        old = row.repo_webhook_secret
        columns = change_secret(row, secret, context.services.vault)
        await row.save(using_db=db, update_fields=columns)
        entry = context.entry(
            Act.WEBHOOK_SECRET_CHANGED,
            row.id,
            before={"secretSet": old is not None},
            after={"secretSet": secret is not None},
        )
        await audit.write(chain, entry, db)
    return row


async def redeliver(info: Info, input: Input[RedeliverInput]) -> Delivery:  # noqa: A002
    """Have a delivery worked on once more."""
    context = info.context
    context.signed_in()
    delivery = await Delivery.filter(id=str(input.delivery_id)).first()
    if not await visible(context, delivery) or delivery is None:
        raise NotFound("delivery")
    application = await context.application(delivery.application_id, Action.DEPLOY)
    async with changing(context, application, Action.DEPLOY) as (_, chain, db):
        await context.services.deliveries.again(delivery, db)
        await audit.write(chain, context.entry(Act.DELIVERY_REPEATED, delivery.id), db)
    context.services.deliveries.ring()
    return await Delivery.get(id=delivery.id)


async def of_application(
    parent: strawberry.Parent[Application],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Page:
    """Return a page of deliveries, newest first."""
    selection = paging.select(first, after, last, before)
    return await info.context.loaders.page(DELIVERIES, selection).load(parent.id)


async def visible(context: Context, delivery: Delivery | None) -> Delivery | None:
    """Return *delivery* if the caller may see its application."""
    if delivery is None:
        return None
    application = await context.loaders.application.load(delivery.application_id)
    return delivery if await applications.visible(context, application) else None


async def application(parent: strawberry.Parent[Delivery], info: Info) -> Application:
    """Return the application it came for."""
    found = await info.context.loaders.application.load(parent.application_id)
    if found is None:
        raise NotFound("application")  # deleted this very moment
    return found


def status(parent: strawberry.Parent[Delivery]) -> DeliveryStatus:
    """Return how far it has come."""
    return DeliveryStatus(parent.status)


def verdicts(parent: strawberry.Parent[Delivery], info: Info) -> list[Answer]:
    """Return what the environments said that the caller sees."""
    answers = [Answer.read(each) for each in parent.verdicts]
    return [each for each in answers if info.context.sees(parent.application_id, each.env_name)]


def task(parent: strawberry.Parent[Answer], info: Info) -> Awaitable[Task | None]:
    """Return the task that followed."""
    return info.context.loaders.task.maybe(parent.task_id or None)


async def trigger_preview(info: Info, input: Input[TriggerPreviewInput]) -> list[Answer]:  # noqa: A002
    """Return what the environments would say to a delivery, or to a push of a ref."""
    application = await info.context.application(str(input.application_id), Action.READ)
    input.check()
    if input.ref is not None:
        refs = info.context.services.deploys.refs
        answers = await preview_ref(application, Provider(input.provider), input.ref, refs)
    else:
        answers = await _delivered(application, input)
    return [each for each in answers if info.context.sees(application.id, each.env_name)]


async def _delivered(
    application: Application,
    input: TriggerPreviewInput,  # noqa: A002 (the API's name)
) -> list[Answer]:
    body = dumps(input.body).encode()
    try:
        return await preview(application, Provider(input.provider), input.named_headers, body)
    except Refusal as refusal:
        raise NoDelivery(refusal) from refusal

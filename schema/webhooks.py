"""Deliveries of Git hosting services, and what they led to."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from auth.permissions import Action
from control.deliveries import Answer, DeliveryStatus
from db import models
from resolvers.deliveries import webhooks
from resolvers.enums.values import describe
from schema.access import WEBHOOKS_LEFT
from schema.mutations import mutation
from schema.node import Node, shows
from schema.problems import ACCESS, ASKING

if TYPE_CHECKING:
    from schema.types import Application, Task

LazyApplication = Annotated["Application", strawberry.lazy("schema.types")]
LazyTask = Annotated["Task", strawberry.lazy("schema.types")]

strawberry.enum(DeliveryStatus, description="How far a delivery has come.")
describe(DeliveryStatus)


def _matched(parent: strawberry.Parent[Answer]) -> bool:
    return parent.verdict.matched


def _reason(parent: strawberry.Parent[Answer]) -> str:
    return parent.verdict.reason


def _rule(parent: strawberry.Parent[Answer]) -> str | None:
    return parent.verdict.rule


@strawberry.type(description="What an environment says to a delivery.")
class TriggerVerdict:
    """What an environment says to a delivery."""

    is_type_of = shows(Answer)
    env_name: str = strawberry.field(description="The environment.")
    matched: bool = strawberry.field(resolver=_matched, description="Whether it deploys.")
    reason: str = strawberry.field(resolver=_reason, description="Why, for a person.")
    rule: str | None = strawberry.field(
        resolver=_rule, description="The rule of `triggerSpec` that decided; null for none."
    )
    task = strawberry.field(
        webhooks.task,
        graphql_type=LazyTask | None,
        description="The task that followed; null for none, and once it is gone.",
    )


@strawberry.type(description="A call of a Git hosting service. Kept for 30 days.")
class Delivery(Node):
    """A call of a Git hosting service."""

    is_type_of = shows(models.Delivery)
    application = strawberry.field(
        webhooks.application, graphql_type=LazyApplication, description="Which webhook was called."
    )
    delivery_id: str = strawberry.field(
        description="The service's own name for it; a second call with the same does nothing."
    )
    event: str = strawberry.field(description="What the service says it is about.")
    status = strawberry.field(
        webhooks.status, graphql_type=DeliveryStatus, description="How far it has come."
    )
    verdicts = strawberry.field(
        webhooks.verdicts,
        graphql_type=list[TriggerVerdict],
        description="What each environment that the caller sees says; empty until it is DONE.",
    )
    reason: str | None = strawberry.field(
        description="Why no environment was asked; null if they were."
    )
    received_time: datetime = strawberry.field(description="When it came.")
    finished_time: datetime | None = strawberry.field(description="When it was DONE.")


@strawberry.type(description="A webhook with a new secret.")
class RotateWebhookSecretPayload:
    """A webhook with a new secret."""

    application: LazyApplication = strawberry.field(description="The application.")
    secret: str = strawberry.field(description="To be given to the service. Shown this once.")


@strawberry.type(description="A webhook without a secret: no delivery is accepted.")
class RemoveWebhookSecretPayload:
    """A webhook without a secret."""

    application: LazyApplication = strawberry.field(description="The application.")
    webhooks_left: list[str] = strawberry.field(description=WEBHOOKS_LEFT)


@strawberry.type(description="A webhook that its service knows.")
class SyncWebhookPayload:
    """A webhook that its service knows."""

    application: LazyApplication = strawberry.field(description="The application.")


@strawberry.type(description="A delivery that is worked on once more.")
class RedeliverPayload:
    """A delivery that is worked on once more."""

    delivery: Delivery = strawberry.field(description="The delivery.")


@strawberry.type(description="What a delivery would lead to.")
class TriggerPreviewPayload:
    """What a delivery would lead to."""

    environments: list[TriggerVerdict] = strawberry.field(
        description="What each environment that the caller sees would say."
    )


@strawberry.type(description="What can be changed about webhooks.")
class WebhookMutations:
    """What can be changed about webhooks."""

    rotate_webhook_secret = mutation(
        webhooks.rotate_secret,
        RotateWebhookSecretPayload,
        lambda made: RotateWebhookSecretPayload(application=made.application, secret=made.secret),
        *ASKING,
        needs=Action.SET_SECRETS,
        description="Give an application's webhook a secret, or a new one. Deliveries proven by"
        " the old one are refused from now on. Where the team's account set the webhook up, the"
        " service is given it as well.",
    )
    remove_webhook_secret = mutation(
        webhooks.remove_secret,
        RemoveWebhookSecretPayload,
        lambda gone: RemoveWebhookSecretPayload(
            application=gone.application, webhooks_left=gone.webhooks_left
        ),
        *ACCESS,
        needs=Action.SET_SECRETS,
        description="Take the secret away, so that no delivery is accepted, and the webhook"
        " from its service where the team's account set it up.",
    )
    sync_webhook = mutation(
        webhooks.sync,
        SyncWebhookPayload,
        lambda row: SyncWebhookPayload(application=row),
        *ASKING,
        needs=Action.UPDATE_APPLICATION,
        description="Have the service deliver pushes here, with the account that the team has"
        " linked there: the webhook comes, or changes, with a secret that nobody has seen.",
    )
    redeliver = mutation(
        webhooks.redeliver,
        RedeliverPayload,
        lambda row: RedeliverPayload(delivery=row),
        *ACCESS,
        needs=Action.DEPLOY,
        description="Have a delivery worked on once more, by today's rules.",
    )

"""Why a task exists, typed."""

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from control.deploys import TriggerType
from control.reports import TRACKER
from db import models
from providers import Provider
from resolvers import tasks
from resolvers.context import Info

if TYPE_CHECKING:
    from schema.types import Org, Task

LazyOrg = Annotated["Org", strawberry.lazy("schema.types")]
LazyTask = Annotated["Task", strawberry.lazy("schema.types")]

BY = "The row of who did it; null once that member has left."


def _is(test: Any) -> Any:
    return classmethod(
        lambda _, value, __: isinstance(value, models.Task) and test(value.trigger_type)
    )


async def _payload_text(parent: models.Task, info: Info, *names: str) -> str:
    payload = await tasks.trigger_payload(parent, info) or {}
    return next((str(payload[name]) for name in names if name in payload), "")


def _provider(parent: strawberry.Parent[models.Task]) -> Provider:
    return Provider(parent.trigger_type)


async def _delivery(parent: strawberry.Parent[models.Task], info: Info) -> strawberry.ID:
    return strawberry.ID(await _payload_text(parent, info, "deliveryId"))


async def _hook_id(parent: strawberry.Parent[models.Task], info: Info) -> strawberry.ID:
    return strawberry.ID(await _payload_text(parent, info, "hookId"))


async def _hook_name(parent: strawberry.Parent[models.Task], info: Info) -> str:
    return await _payload_text(parent, info, "hookName")


def _platform(parent: strawberry.Parent[models.Task]) -> str:
    return parent.trigger_type.removeprefix(TRACKER)


async def _external_id(parent: strawberry.Parent[models.Task], info: Info) -> str | None:
    return await _payload_text(parent, info, "externalId") or None


async def _cron(parent: strawberry.Parent[models.Task], info: Info) -> str:
    return await _payload_text(parent, info, "cron")


async def _time_zone(parent: strawberry.Parent[models.Task], info: Info) -> str:
    return await _payload_text(parent, info, "timeZone") or "UTC"


def _type(parent: strawberry.Parent[models.Task]) -> str:
    return parent.trigger_type


@strawberry.interface(description="Why a task exists.")
class Trigger:
    """Why a task exists."""

    type = strawberry.field(_type, description="The seed's word, as in `triggerType`.")


@strawberry.type(description="Somebody asked for a deploy.")
class ManualTrigger(Trigger):
    """Somebody asked for a deploy."""

    is_type_of = _is(lambda word: word == TriggerType.MANUAL)
    by = strawberry.field(tasks.dispatch_org, graphql_type=LazyOrg | None, description=BY)


@strawberry.type(description="Somebody deployed a task's commit again.")
class RedeployTrigger(Trigger):
    """Somebody deployed a task's commit again."""

    is_type_of = _is(lambda word: word == TriggerType.REDEPLOY)
    by = strawberry.field(tasks.dispatch_org, graphql_type=LazyOrg | None, description=BY)
    of = strawberry.field(
        tasks.source_task, graphql_type=LazyTask | None, description="The task that is repeated."
    )


@strawberry.type(description="Somebody went back to an earlier task.")
class RollbackTrigger(Trigger):
    """Somebody went back to an earlier task."""

    is_type_of = _is(lambda word: word == TriggerType.ROLLBACK)
    by = strawberry.field(tasks.dispatch_org, graphql_type=LazyOrg | None, description=BY)
    to = strawberry.field(
        tasks.source_task,
        graphql_type=LazyTask | None,
        description="The task that is gone back to.",
    )


@strawberry.type(description="A hosting service reported a push.")
class WebhookTrigger(Trigger):
    """A hosting service reported a push."""

    is_type_of = _is(lambda word: word in {each.value for each in Provider})
    provider = strawberry.field(_provider, description="Which service.")
    delivery_id = strawberry.field(_delivery, description="The service's id of the delivery.")


@strawberry.type(description="Somebody called a deploy hook.")
class DeployHookTrigger(Trigger):
    """Somebody called a deploy hook."""

    is_type_of = _is(lambda word: word == TriggerType.HOOK)
    hook_id = strawberry.field(
        _hook_id, description="The deploy hook's id; it may be revoked by now."
    )
    hook_name = strawberry.field(_hook_name, description="What it was called then.")


@strawberry.type(description="Another system reported a deploy that it did itself.")
class TrackerTrigger(Trigger):
    """Another system reported a deploy that it did itself."""

    is_type_of = _is(lambda word: word.startswith(TRACKER))
    platform = strawberry.field(_platform, description="Which system.")
    external_id = strawberry.field(_external_id, description="Its own id of the deploy.")


@strawberry.type(description="The clock started it.")
class ScheduleTrigger(Trigger):
    """The clock started it."""

    is_type_of = _is(lambda word: word == TriggerType.SCHEDULE)
    cron = strawberry.field(_cron, description="The cron expression.")
    time_zone = strawberry.field(_time_zone, description="Where the clock hangs.")

"""What the API looks like: the schema object."""

from dataclasses import replace
from datetime import datetime

from strawberry.schema.config import StrawberryConfig
from strawberry.schema.types.base_scalars import DateTimeDefinition

from db.moments import written
from resolvers import enums as enums  # they must be known before types name them
from schema.account import ApiToken, Invitation, Session
from schema.deploy_hooks import DeployHook
from schema.documents.checked import TOKENS_MAX as TOKENS_MAX
from schema.errors import Masking
from schema.executing.charging import Costs
from schema.executing.execution import ExecutionContext
from schema.executing.running import Schema
from schema.roots import Mutation, Query
from schema.triggers import (
    DeployHookTrigger,
    ManualTrigger,
    RedeployTrigger,
    RollbackTrigger,
    ScheduleTrigger,
    TrackerTrigger,
    WebhookTrigger,
)
from schema.types import Application, Environment, Org, Step, Task, User
from schema.watching.events import StepOutput, StepStatusChanged, StreamEnd, TaskStatusChanged
from schema.watching.roots import Subscription
from schema.webhooks import Delivery

MOMENT = replace(
    DateTimeDefinition,
    description=(
        "A moment, as `2026-07-01T12:00:00+00:00`; answers are in UTC, with one to six digits of a"
        " second's fraction where it has one."
    ),
    serialize=written,
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
)

schema = Schema(
    config=StrawberryConfig(scalar_map={datetime: MOMENT}),
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[
        Delivery,
        DeployHook,
        User,
        Org,
        Application,
        Environment,
        Task,
        Step,
        Session,
        ApiToken,
        Invitation,
        TaskStatusChanged,
        StepStatusChanged,
        StepOutput,
        StreamEnd,
        ManualTrigger,
        RedeployTrigger,
        RollbackTrigger,
        WebhookTrigger,
        TrackerTrigger,
        DeployHookTrigger,
        ScheduleTrigger,
    ],
    extensions=[Masking, Costs],
    execution_context_class=ExecutionContext,
)

"""What the API looks like: the schema object."""

from schema.account import ApiToken, Invitation, Session
from schema.charging import Costs
from schema.deploy_hooks import DeployHook
from schema.documents.checked import TOKENS_MAX as TOKENS_MAX
from schema.errors import Masking
from schema.events import StepOutput, StepStatusChanged, StreamEnd, TaskStatusChanged
from schema.execution import ExecutionContext
from schema.roots import Mutation, Query, Subscription
from schema.running import Schema
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
from schema.webhooks import Delivery

schema = Schema(
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

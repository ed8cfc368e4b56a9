"""What the API looks like: the schema object."""

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaxTokensLimiter, ParserCache, ValidationCache
from strawberry.types import ExecutionContext as OperationContext

from schema.account import ApiToken, Invitation, Session
from schema.errors import Masking
from schema.events import StepOutput, StepStatusChanged, StreamEnd, TaskStatusChanged
from schema.execution import ExecutionContext
from schema.roots import Mutation, Query, Subscription
from schema.triggers import (
    ManualTrigger,
    RedeployTrigger,
    RollbackTrigger,
    ScheduleTrigger,
    TrackerTrigger,
    WebhookTrigger,
)
from schema.types import Application, Environment, Org, Step, Task, User

TOKENS_MAX = 2000


class Schema(strawberry.Schema):
    """Logs nothing itself: `Masking` logs our faults, and a client's mistakes are its own."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: OperationContext | None = None
    ) -> None:
        """Leave the log alone."""


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[
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
        ScheduleTrigger,
    ],
    extensions=[
        Masking,
        lambda: MaxTokensLimiter(TOKENS_MAX),
        ParserCache,
        ValidationCache,
    ],
    execution_context_class=ExecutionContext,
)

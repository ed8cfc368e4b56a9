"""What the API looks like: the schema object."""

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import (
    AddValidationRules,
    MaxTokensLimiter,
    ParserCache,
    ValidationCache,
)
from strawberry.types import ExecutionContext as OperationContext
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from schema.account import ApiToken, Invitation, Session
from schema.deploy_hooks import DeployHook
from schema.errors import Masking
from schema.events import StepOutput, StepStatusChanged, StreamEnd, TaskStatusChanged
from schema.execution import ExecutionContext
from schema.limits import LimitFields
from schema.roots import Mutation, Query, Subscription
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

TOKENS_MAX = 2000
ONE_ANSWER = frozenset({OperationType.QUERY, OperationType.MUTATION})


class Schema(strawberry.Schema):
    """Logs nothing itself: `Masking` logs our faults, and a client's mistakes are its own."""

    async def execute(self, query: str | None, *args: Any, **given: Any) -> ExecutionResult:
        """Run a query or a mutation; InvalidOperationTypeError for a subscription.

        That has many answers, which `subscribe` gives one by one.
        """
        allowed = given.get("allowed_operation_types") or ONE_ANSWER
        given["allowed_operation_types"] = ONE_ANSWER.intersection(allowed)
        return await super().execute(query, *args, **given)

    def process_errors(
        self, errors: list[GraphQLError], execution_context: OperationContext | None = None
    ) -> None:
        """Leave the log alone."""


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
    extensions=[
        Masking,
        lambda: MaxTokensLimiter(TOKENS_MAX),
        lambda: AddValidationRules([LimitFields]),
        ParserCache,
        ValidationCache,
    ],
    execution_context_class=ExecutionContext,
)

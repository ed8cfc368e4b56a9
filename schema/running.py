"""How a request's operation is run: its document found, its time bounded."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import strawberry
from graphql import (
    ExecutionResult,
    GraphQLError,
    parse,
    specified_rules,
    validate,
)
from strawberry.types import ExecutionContext as OperationContext
from strawberry.types.execution import ExecutionResult as Result
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from resolvers.context import Context
from resolvers.operations import documents
from schema.limits import Limits
from schema.refusals import TookTooLong

TOKENS_MAX = 2000
ONE_ANSWER = frozenset({OperationType.QUERY, OperationType.MUTATION})
# What clients know these by.
CODES = {
    documents.NotKept: "PERSISTED_QUERY_NOT_FOUND",
    documents.NotSupported: "PERSISTED_QUERY_NOT_SUPPORTED",
    documents.OtherHash: "INVALID",
    documents.NotRegistered: "DOCUMENT_NOT_REGISTERED",
}


class Schema(strawberry.Schema):
    """Logs nothing itself: `Masking` logs our faults, and a client's mistakes are its own."""

    async def execute(self, query: str | None, *args: Any, **given: Any) -> Result:
        """Run a query or a mutation; InvalidOperationTypeError for a subscription.

        That has many answers, which `subscribe` gives one by one.
        """
        allowed = given.get("allowed_operation_types") or ONE_ANSWER
        given["allowed_operation_types"] = ONE_ANSWER.intersection(allowed)
        try:
            text = self._text(query, given)
        except tuple(CODES) as refusal:
            return _refused(refusal)
        return await super().execute(text, *args, **given)

    async def stream(self, query: str | None, *args: Any, **given: Any) -> Any:
        """Run any operation; yield its answers."""
        try:
            text = self._text(query, given)
        except tuple(CODES) as refusal:
            return _alone(_refused(refusal))
        return await super().stream(text, *args, **given)

    def process_errors(
        self, errors: list[GraphQLError], execution_context: OperationContext | None = None
    ) -> None:
        """Leave the log alone."""

    def _text(self, query: str | None, given: dict[str, Any]) -> str | None:
        """Return the text of the request's document; one of `CODES` says why there is none."""
        context: Context = given["context_value"]
        kept = context.services.bounds.documents
        return kept.text(query, given.get("operation_extensions"), self.fits)

    def fits(self, text: str) -> bool:
        """Tell whether a document may be run."""
        try:
            document = parse(text, max_tokens=TOKENS_MAX)
        except (GraphQLError, RecursionError):
            return False
        return not validate(self._schema, document, [*specified_rules, Limits])

    async def _execute_operation(
        self, execution_context: OperationContext, *args: Any, **given: Any
    ) -> Any:
        """Run a query or mutation; a query is stopped when its time is over.

        A mutation is not: it would be left half-way, and has bounds of its own.
        """
        context: Context = execution_context.context
        bounded = execution_context.operation_type is OperationType.QUERY
        seconds = context.services.bounds.query_seconds
        try:
            async with asyncio.timeout(seconds if bounded else None) as timeout:
                return await super()._execute_operation(execution_context, *args, **given)
        except TimeoutError:
            if not timeout.expired():
                raise
        context.loaders.stop()
        refusal = TookTooLong(seconds)
        error = GraphQLError(type(refusal).__name__, original_error=refusal)
        execution_context.result = ExecutionResult(data=None, errors=[error])
        return execution_context.result


def _refused(refusal: Exception) -> PreExecutionError:
    code = CODES[type(refusal)]
    error = GraphQLError(type(refusal).__doc__ or "", extensions={"code": code})
    return PreExecutionError(data=None, errors=[error])


async def _alone(result: Result) -> AsyncGenerator[Result, None]:
    yield result

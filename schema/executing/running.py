"""How a request's operation is run: its document found, its time bounded."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from typing import Any

import strawberry
from graphql import DocumentNode, ExecutionResult, GraphQLError, OperationDefinitionNode
from strawberry.types import ExecutionContext as OperationContext
from strawberry.types.execution import ExecutionResult as Result
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from resolvers.context import Context
from resolvers.operations.checks import Charging
from resolvers.operations.documents import DocumentRefused
from resolvers.operations.reads import Reads
from schema.catalogue import error
from schema.documents.checked import Checked, CheckedDocuments
from schema.errors import shown
from schema.executing.execution import ExecutionContext
from schema.planning.plans import Plans
from schema.refusals import TookTooLong, Unnamed

ONE_ANSWER = frozenset({OperationType.QUERY, OperationType.MUTATION})


class Schema(strawberry.Schema):
    """Logs nothing itself: `Masking` logs our faults, and a client's mistakes are its own."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._documents = CheckedDocuments()
        self._plans = Plans(self, self._schema)

    async def execute(self, query: str | None, *args: Any, **given: Any) -> Result:
        """Run a query or a mutation; InvalidOperationTypeError for a subscription.

        That has many answers, which `subscribe` gives one by one. OverChecks comes before all.
        """
        allowed = given.get("allowed_operation_types") or ONE_ANSWER
        given["allowed_operation_types"] = ONE_ANSWER.intersection(allowed)
        try:
            text = self.text(query, given.get("operation_extensions"), given["context_value"])
        except GraphQLError as refused:
            return PreExecutionError(data=None, errors=[refused])
        self.fits(text or "", given["context_value"].checking)
        result: Result = await super().execute(text, *args, **given)
        if isinstance(result, PreExecutionError):  # may be of a fault that `Masking` did not see
            language, found = given["context_value"].language, result.errors or []
            result.errors = [
                shown(each, language) if each.original_error else each for each in found
            ]
        return result

    async def planned(
        self,
        query: str | None,
        variables: dict[str, Any] | None,
        name: str | None,
        context: Context,
        extensions: object = None,
    ) -> bytes | None:
        """Return the data of a query's answer as JSON, if the database writes it; else None."""
        if context.services.bounds.reads is not Reads.PLANNED:
            return None
        try:
            text = self.text(query, extensions, context)
            known = self.checked(text, context.checking) if text else None
        except GraphQLError:
            return None
        if known is None or known.errors:
            return None
        return await self._plans.answer(known.document, name, variables, context)

    async def stream(self, query: str | None, *args: Any, **given: Any) -> Any:
        """Run any operation; yield its answers."""
        try:
            text = self.text(query, given.get("operation_extensions"), given["context_value"])
        except GraphQLError as refused:
            return _alone(PreExecutionError(data=None, errors=[refused]))
        return await super().stream(text, *args, **given)

    def process_errors(
        self, errors: list[GraphQLError], execution_context: OperationContext | None = None
    ) -> None:
        """Leave the log alone."""

    def text(self, query: str | None, extensions: object, context: Context) -> str | None:
        """Return a request's document, which may be given by its hash; GraphQLError refuses it."""
        try:
            known = context.services.bounds.documents
            return known.text(query, extensions, lambda text: self.fits(text, context.checking))
        except DocumentRefused as refusal:
            raise error(refusal, context.language) from refusal

    def fits(self, text: str, checking: Charging = nullcontext) -> bool:
        """Tell whether a document may be run; OverChecks when too many are looked at."""
        try:
            return not self.checked(text, checking).errors
        except GraphQLError:
            return False

    def checked(self, text: str, checking: Charging = nullcontext) -> Checked:
        """Return a document and its errors; GraphQLError for what is none.

        Looking at one that is not known is charged by *checking*, which may raise OverChecks.
        """
        return self._documents.of(self._schema, text, checking)

    def admits(
        self,
        document: DocumentNode,
        variables: dict[str, Any] | None,
        name: str | None,
        context: Context,
    ) -> bool:
        """Charge for an operation of a valid *document*, whoever runs it then.

        False when it may not be run: who runs it nevertheless is told why.
        """
        built = ExecutionContext.build(
            self._schema,
            document,
            context_value=context,
            raw_variable_values=variables,
            operation_name=name,
        )
        return not isinstance(built, list)

    async def _prepare_operation_async(
        self, context: OperationContext, *args: Any, **given: Any
    ) -> PreExecutionError | None:
        """Parse and validate; Unnamed where nobody knows which operation is meant.

        What is set here, Strawberry does not do again.
        """
        if context.query:
            try:
                known = self.checked(context.query, context.context.checking)
            except GraphQLError as refused:
                return PreExecutionError(data=None, errors=[refused])
            context.graphql_document = known.document
            context.pre_execution_errors = list(known.errors)
        wrong = await super()._prepare_operation_async(context, *args, **given)
        if wrong is None and context._provided_operation_name is None:  # noqa: SLF001
            assert context.graphql_document is not None  # noqa: S101 (it was parsed)
            definitions = context.graphql_document.definitions
            if sum(isinstance(each, OperationDefinitionNode) for each in definitions) > 1:
                raise Unnamed
        return wrong

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
            until = context.until or asyncio.get_running_loop().time() + seconds
            async with asyncio.timeout_at(until if bounded else None) as timeout:
                return await super()._execute_operation(execution_context, *args, **given)
        except asyncio.CancelledError:
            context.loaders.stop()
            raise
        except TimeoutError:
            if not timeout.expired():
                raise
        context.loaders.stop()
        refusal = TookTooLong(seconds)
        late = GraphQLError(type(refusal).__name__, original_error=refusal)
        execution_context.result = ExecutionResult(data=None, errors=[late])
        return execution_context.result


async def _alone(result: Result) -> AsyncGenerator[Result, None]:
    yield result

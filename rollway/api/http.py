"""GraphQL over HTTP, by https://graphql.github.io/graphql-over-http/draft/: one request, answered.

Strawberry executes; what is asked, what is answered and with which status is decided here.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, nullcontext, suppress
from dataclasses import replace
from typing import cast

from graphql import GraphQLError, get_operation_ast
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.exceptions import MissingQueryError
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from auth.remembered import Unproven
from db.trouble import DatabaseAway
from providers.refusal import Refusal
from resolvers.context import Context
from resolvers.operations.checks import Charging
from rollway.api import accept, asked, refusals
from rollway.api.answers import HEADERS, Answer
from rollway.api.framing import FRAMINGS, Framing
from rollway.api.leaving import WhileWaitedFor
from rollway.api.pipe import Pipe
from rollway.api.streams import Stream, Streams
from rollway.headers import Request
from rollway.sockets import frames
from rollway.sockets.documents import watching
from rollway.sockets.messages import Subscribe
from rollway.sockets.operation import Operation, Sockets
from schema import requests, schema
from schema.catalogue import error
from schema.errors import broken
from schema.executing import charging

READING = frozenset({OperationType.QUERY})
WRITING = READING | {OperationType.MUTATION}
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Http(GraphQL[Context, None]):
    """The HTTP side of the API; *batch_max* is how many operations a request may have, 0: one."""

    sockets: Sockets
    streams: Streams
    batch_max: int

    def new_context(self, request: Request, response: Response) -> Context:
        """Return the context of a request, of which nobody knows yet who is calling."""
        raise NotImplementedError

    def recognise(self, context: Context) -> bool:
        """Say who is calling, if they showed the same before: they may have to be proven."""
        raise NotImplementedError

    async def look_up(self, context: Context) -> None:
        """Say for certain who is calling."""
        raise NotImplementedError

    def doubt(self, context: Context) -> None:
        """Have who comes next with what this caller showed be looked up."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket; a fault of ours is logged by a number, which is answered.

        Who goes away in the middle of a request is none.
        """
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        answer: ASGIApp | None = None
        try:
            answer = await self._answer(request)
            await answer(scope, receive, send)
        except ClientDisconnect:
            pass
        except (Refusal, DatabaseAway) as refusal:
            await refusals.answer(refusal, request.headers)(scope, receive, send)
        except Exception as cause:
            if answer is not None:
                raise
            fault = broken(cause, "of a request")
            await refusals.answer(fault, request.headers)(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        """Return the answer."""
        if request.method not in {"GET", "POST"}:
            raise requests.WrongMethod
        if self.graphql_ide and _is_a_browsers(request):
            return await self.render_graphql_ide(request)
        blank = Answer()
        context = self.new_context(request, blank)
        if not self.recognise(context):
            await self.look_up(context)
        try:
            return await self._answer_to(context, request, blank)
        except Refusal:  # which the caller was charged for
            self.doubt(context)
            raise

    async def _prove(self, context: Context) -> None:
        """Look up who the caller is, if that is not known for certain."""
        if context.proof is not None:
            self.doubt(context)
            await self.look_up(context)

    async def _answer_to(self, context: Context, request: Request, blank: Answer) -> ASGIApp:
        context.services.bounds.checks.admit(context.caller)
        given = await asked.read(request, self.batch_max, context.checking)
        if isinstance(given, GraphQLRequestData):
            given = _found(given, context)
        if isinstance(given, list):
            return await self._many(given, context, request, blank)
        read = request.headers.get("accept")
        kind = _kind(given, context.checking)
        media_type = accept.best(read, accept.ANSWERS)
        if media_type is None or kind is OperationType.SUBSCRIPTION:
            streams = accept.STREAMS if kind is OperationType.SUBSCRIPTION else (accept.EVENTS,)
            if streamed := accept.best(read, streams):
                await self._prove(context)
                return self._stream(given, context, streamed)
            if media_type is None:
                raise requests.NotAcceptable
        if kind is OperationType.QUERY and (
            planned := await self._planned(given, context, request)
        ):
            blank.write(planned, media_type)
        else:
            await self._whole(given, context, media_type, blank)
        if kind is OperationType.QUERY and request.method == "POST":
            return blank.compressed(request)
        return blank

    async def _many(
        self,
        given: list[GraphQLRequestData],
        context: Context,
        request: Request,
        blank: Answer,
    ) -> ASGIApp:
        """Return the answers to the operations of a batch, in one."""
        media_type = accept.best(request.headers.get("accept"), (accept.JSON,))
        if media_type is None:
            raise requests.NotAcceptable
        await self._prove(context)
        answers = [await self._one_of_many(each, context) for each in given]
        blank.write(encoded(answers), media_type)
        return blank

    async def _whole(
        self, given: GraphQLRequestData, context: Context, media_type: str, blank: Answer
    ) -> None:
        """Write the one answer to an operation, executed."""
        await self._prove(context)
        answer = await self._execute(given, context)
        blank.write(encoded(answer), media_type)
        if media_type == accept.GRAPHQL and "data" not in answer:
            blank.status_code = 400

    async def _planned(
        self, given: GraphQLRequestData, context: Context, request: Request
    ) -> bytes | None:
        """Return the answer to a query that the database writes; None: it must be executed."""
        said = given.query, given.variables, given.operation_name, context, given.extensions
        most_seconds = context.services.bounds.query_seconds
        try:
            with WhileWaitedFor(request, most_seconds) as context.until:
                try:
                    data = await schema.planned(*said)
                except Unproven:
                    await self._prove(context)
                    data = await schema.planned(*said)
        except TimeoutError:  # others, who have no more time either, say so
            return None
        if data is None:
            return None
        parts = (b'{"data":', data, b',"extensions":', charging.written(context), b"}")
        return b"".join(parts)  # `%` takes twenty times as long for a large answer

    async def _one_of_many(
        self, given: GraphQLRequestData, context: Context
    ) -> GraphQLHTTPResponse | dict[str, object]:
        """Return the answer to an operation of a batch; one that is refused spoils no other."""
        try:
            return await self._execute(given, replace(context))
        except Refusal as refusal:
            return {"errors": [error(refusal, context.language).formatted]}

    async def _execute(self, given: GraphQLRequestData, context: Context) -> GraphQLHTTPResponse:
        """Return the answer; a query whose client goes is stopped, a mutation is not."""
        request = cast("Request", context.request)
        reads = _kind(given, context.checking) is OperationType.QUERY
        try:
            with WhileWaitedFor(request) if reads else nullcontext():
                result = await self.schema.execute(
                    given.query,
                    variable_values=given.variables,
                    context_value=context,
                    operation_name=given.operation_name,
                    allowed_operation_types=READING if request.method == "GET" else WRITING,
                    operation_extensions=given.extensions,
                )
        except MissingQueryError:
            raise requests.NoQuery from None
        except CannotGetOperationTypeError:
            raise requests.NoSuchOperation from None
        except InvalidOperationTypeError as wrong:
            mutation = wrong.operation_type is OperationType.MUTATION
            raise (requests.MutationByGet if mutation else requests.NeedsStream) from None
        return await self.process_result(request, result)

    def _stream(self, given: GraphQLRequestData, context: Context, media_type: str) -> ASGIApp:
        whole = _kind(given, context.checking) is not OperationType.SUBSCRIPTION
        framing, viewer = FRAMINGS[media_type], context.viewer
        said = Subscribe("", given.query or "", given.variables, given.operation_name, None)
        if whole:
            frames = _framed(framing, self._only_answer(given, context))
        elif viewer is not None and watching(
            said, context.language, viewer.env_name, context.checking
        ):
            frames = self._shared(said, context, Pipe(framing))
        else:
            frames = _framed(framing, self._answers(given, context))
        return Stream(
            frames,
            framing,
            self.streams,
            running=self.sockets.running.seat(context),
            user_id=viewer.user.id if viewer else None,
            address=context.address,
            language=context.language,
            headers={**HEADERS, "Cache-Control": "no-store, no-transform"},
            whole=whole,
        )

    async def _shared(
        self, said: Subscribe, context: Context, pipe: Pipe
    ) -> AsyncGenerator[bytes, None]:
        """Yield what is made once for all who watch the same."""
        operation = Operation(said, pipe, self.sockets, lambda: None)
        operation.begin(context)
        try:
            async with aclosing(pipe.taken()) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            operation.stop()
            await operation.stopped()

    async def _only_answer(
        self, given: GraphQLRequestData, context: Context
    ) -> AsyncGenerator[bytes, None]:
        yield encoded(await self._one_of_many(given, context))

    async def _answers(
        self, given: GraphQLRequestData, context: Context
    ) -> AsyncGenerator[bytes, None]:
        results = await self.schema.stream(
            given.query,
            variable_values=given.variables,
            context_value=context,
            operation_name=given.operation_name,
            allowed_operation_types={OperationType.SUBSCRIPTION},
            operation_extensions=given.extensions,
        )
        request = cast("Request", context.request)
        async with aclosing(results):
            async for result in results:
                answer = await self.process_result(request, cast("ExecutionResult", result))
                yield encoded(answer)


def encoded(answer: object) -> bytes:
    """Return JSON in UTF-8; what has half a character, which that cannot say, as ASCII."""
    try:
        return COMPACT.encode(answer).encode()
    except UnicodeEncodeError:
        return frames.encoded(answer)


async def _framed(
    framing: Framing, answers: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    async with aclosing(answers):
        async for answer in answers:
            yield framing.frame(answer)


def _found(given: GraphQLRequestData, context: Context) -> GraphQLRequestData:
    """Return what is asked with its document, where a hash alone stands for one that is known."""
    if not given.query:
        with suppress(GraphQLError):
            return replace(given, query=schema.text(None, given.extensions, context))
    return given


def _is_a_browsers(request: Request) -> bool:
    """Tell whether a person opens the address."""
    if request.method != "GET" or "query" in request.query_params:
        return False
    return any(each.name == "text/html" for each in accept.read(request.headers.get("accept")))


def _kind(given: GraphQLRequestData, checking: Charging) -> OperationType | None:
    """Return what kind of operation is asked for; None for what is none."""
    text = given.query or ""
    if text and "mutation" not in text and "subscription" not in text:
        return OperationType.QUERY  # as nearly always, and not worth parsing it once more
    try:
        document = schema.checked(text, checking).document
    except GraphQLError:
        return None
    operation = get_operation_ast(document, given.operation_name)
    return OperationType(operation.operation.value) if operation else None

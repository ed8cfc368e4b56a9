"""GraphQL over HTTP, by https://graphql.github.io/graphql-over-http/draft/: one request, answered.

Strawberry executes; what is asked, what is answered and with which status is decided here.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, nullcontext, suppress
from dataclasses import replace
from typing import cast

from graphql import GraphQLError, get_operation_ast
from starlette.middleware.gzip import GZipMiddleware
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
from rollway.api.framing import FRAMINGS, Framing
from rollway.api.leaving import WhileWaitedFor
from rollway.api.pipe import Pipe
from rollway.api.refusals import HEADERS
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
COMPRESSED_BYTES_MIN = 1024
COMPRESSION = 5
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Http(GraphQL[Context, None]):
    """The HTTP side of the API; *batch_max* is how many operations a request may have, 0: one."""

    sockets: Sockets
    streams: Streams
    batch_max: int

    async def known_context(self, request: Request, response: Response) -> Context:
        """Return the context of a request; its caller may have to be proven."""
        raise NotImplementedError

    def doubt(self, context: Context) -> None:
        """Have who comes next with what this caller showed be looked up."""
        raise NotImplementedError

    async def prove(self, context: Context) -> None:
        """Look up who the caller is, if that is not known for certain."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket; who goes away in the middle of a request is no fault."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        with suppress(ClientDisconnect):
            try:
                answer = await self._answered(request)
                await answer(scope, receive, send)
            except (Refusal, DatabaseAway) as refusal:
                await refusals.answer(refusal, request.headers)(scope, receive, send)

    async def _answered(self, request: Request) -> ASGIApp:
        """Return the answer; a fault of ours is logged with its number, and answered as one."""
        try:
            return await self._answer(request)
        except (Refusal, DatabaseAway, ClientDisconnect):
            raise
        except Exception as cause:
            raise broken(cause, "of a request") from cause

    async def _answer(self, request: Request) -> ASGIApp:
        if request.method not in {"GET", "POST"}:
            raise requests.WrongMethod
        if self.graphql_ide and _is_a_browsers(request):
            return await self.render_graphql_ide(request)
        blank = await self.get_sub_response(request)
        context = await self.known_context(request, blank)
        try:
            return await self._answer_to(context, request, blank)
        except Refusal:  # which the caller was charged for
            self.doubt(context)
            raise

    async def _answer_to(self, context: Context, request: Request, blank: Response) -> ASGIApp:
        context.services.bounds.checks.admit(context.caller)
        given = await asked.read(request, self.batch_max, context.checking)
        if isinstance(given, GraphQLRequestData):
            given = _found(given, context)
        if isinstance(given, list):
            return await self._many(given, context, request, blank)
        read = request.headers.get("accept")
        kind = _kind(given, context.checking)
        if streamed := _streamed(kind, read):
            await self.prove(context)
            return self._stream(given, context, streamed)
        media_type = accept.best(read, accept.ANSWERS)
        if media_type is None:
            raise requests.NotAcceptable
        if kind is OperationType.QUERY and (planned := await self._planned(given, context)):
            written = _written(planned, media_type, blank)
        else:
            written = await self._whole(given, context, media_type, blank)
        if kind is OperationType.QUERY and request.method == "POST":
            return _compressed(written, request)
        return written

    async def _many(
        self,
        given: list[GraphQLRequestData],
        context: Context,
        request: Request,
        blank: Response,
    ) -> ASGIApp:
        """Return the answers to the operations of a batch, in one."""
        media_type = accept.best(request.headers.get("accept"), (accept.JSON,))
        if media_type is None:
            raise requests.NotAcceptable
        await self.prove(context)
        answers = [await self._one_of_many(each, context) for each in given]
        return _written(encoded(answers), media_type, blank)

    async def _whole(
        self, given: GraphQLRequestData, context: Context, media_type: str, blank: Response
    ) -> Response:
        """Return the one answer to an operation, executed."""
        await self.prove(context)
        answer = await self._execute(given, context)
        written = _written(encoded(answer), media_type, blank)
        if media_type == accept.GRAPHQL and "data" not in answer:
            written.status_code = 400
        return written

    async def _planned(self, given: GraphQLRequestData, context: Context) -> bytes | None:
        """Return the answer to a query that the database writes; None: it must be executed."""
        said = given.query, given.variables, given.operation_name, context, given.extensions
        context.until = asyncio.get_running_loop().time() + context.services.bounds.query_seconds
        try:
            with WhileWaitedFor(cast("Request", context.request), context.until):
                try:
                    data = await schema.planned(*said)
                except Unproven:
                    await self.prove(context)
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


def _streamed(kind: OperationType | None, read: str | None) -> str | None:
    """Return the media type of a stream; None when one whole answer is what the client reads."""
    if kind is OperationType.SUBSCRIPTION:
        return accept.best(read, accept.STREAMS)
    return None if accept.best(read, accept.ANSWERS) else accept.best(read, (accept.EVENTS,))


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


def _compressed(answer: Response, request: Request) -> ASGIApp:
    """Return an answer that is compressed where it is long and its reader can."""
    if len(answer.body) < COMPRESSED_BYTES_MIN:
        return answer
    if "gzip" in request.headers.get("accept-encoding", ""):
        return GZipMiddleware(answer, COMPRESSED_BYTES_MIN, COMPRESSION)
    answer.raw_headers.append((b"vary", b"Accept-Encoding"))
    return answer


def _written(body: bytes, media_type: str, blank: Response) -> Response:
    """Return *blank*, with the headers and cookies that it was given, as an answer."""
    kind = f"{media_type}; charset=utf-8"
    blank.raw_headers[:0] = [
        (b"content-length", str(len(body)).encode()),
        (b"content-type", kind.encode()),
    ]
    blank.body, blank.status_code = body, 200
    return blank

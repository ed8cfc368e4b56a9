"""The door to the API: GraphQL over HTTP and WebSocket, who is calling, and the playground."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, OperationType, parse
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.http.websocket_origin import is_same_origin
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import ConnectionInitMessage
from strawberry.types import ExecutionResult

from auth import sessions
from auth import viewer as viewers
from auth.viewer import Viewer
from resolvers.context import Context, Services
from resolvers.loaders import Loaders
from rollway import playground
from rollway.api import asked
from rollway.api.http import HEADERS, Http
from rollway.api.refusals import ForeignOrigin
from rollway.api.streams import Streams
from rollway.callers import bearer, language, whence
from schema import TOKENS_MAX, schema
from schema.errors import unquoted

INIT_SECONDS = 5
SIGNED_OUT = 4403  # as for a socket that is refused
REASON_BYTES_MAX = 120
OPERATIONS_PER_SOCKET_MAX = 100


class Adapter(ASGIWebSocketAdapter):
    """Closes with a reason that fits into a control frame, whatever is quoted in it."""

    async def close(self, code: int, reason: str) -> None:
        """Close; a longer reason would itself be a fault of the protocol."""
        short = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
        await super().close(code, short)


class Socket(BaseGraphQLTransportWSHandler[Context, None]):
    """A graphql-transport-ws connection.

    Each operation has a context of its own, so that nothing loaded for one is taken for fresh by
    the next; mutations are refused, because a socket that drops would stop one half-way; and a
    document that does not parse ends its own operation, not its neighbours.
    """

    watching: asyncio.Task[None] | None = None

    async def handle_message(self, message: Any) -> None:
        """Refuse what is no message of the protocol."""
        if not _is_message(message):
            await self.handle_invalid_message("Failed to parse message")
            return
        await super().handle_message(message)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Answer the first message; a socket ends with the session or token it was opened by."""
        await super().handle_connection_init(message)
        if self.connection_acknowledged and self.context.viewer and self.watching is None:
            self.watching = asyncio.create_task(self._watch(self.context.viewer))
            self.watching.add_done_callback(self._task_done)

    async def _watch(self, viewer: Viewer) -> None:
        async with aclosing(self.context.services.rights.looks(viewer.user.id)) as looks:
            async for _ in looks:
                if not await viewers.alive(viewer):
                    for operation in list(self.operations.values()):
                        await self.cleanup_operation(operation.id)
                    await self.websocket.close(code=SIGNED_OUT, reason="Signed out")
                    return

    async def shutdown(self) -> None:
        """End what the socket has going on."""
        if self.watching is not None:
            self.watching.cancel()
            await asyncio.wait({self.watching})
        await super().shutdown()

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Run one operation in its own context; what is refused here ends this one alone."""
        if refusal := _refusal(operation.query, operation.operation_name):
            await operation.send_initial_errors([refusal])
            return
        context = _fresh(self.context)
        if context.viewer and not await viewers.alive(context.viewer):
            context.viewer = None  # signed out this very moment
        handler = Socket.__new__(Socket)
        handler.__dict__ = {**self.__dict__, "context": context}
        await super(Socket, handler).run_operation(operation)

    async def handle_task_exception(self, error: Exception) -> None:
        """Log a fault; a client that went away in mid-sentence is none."""
        if not isinstance(error, WebSocketDisconnected):
            await super().handle_task_exception(error)

    @staticmethod
    def _get_pre_execution_close_reason(_error: GraphQLError) -> str | None:
        return None


class View(Http):
    """`/graphql`: POST, GET for queries, WebSocket for subscriptions, a page for browsers.

    Pages of *origins* may use it like those of this server: with the session's cookie.
    """

    graphql_transport_ws_handler_class = Socket
    websocket_adapter_class = Adapter  # type: ignore[assignment] # as in Strawberry

    def __init__(
        self,
        services: Services,
        streams: Streams,
        *,
        origins: Sequence[str] = (),
        batch_max: int = 0,
    ) -> None:
        self._origins = (services.public_url, *origins)
        super().__init__(
            schema,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=OPERATIONS_PER_SOCKET_MAX,
            allowed_origins=self._origins,
        )
        self.streams = streams
        self.batch_max = batch_max
        self._services = services

    def decode_json(self, data: str | bytes) -> object:
        """Decode JSON; whatever is wrong with it is the sender's fault."""
        return asked.decode(data)

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """Return the context of a request, or of a socket before its first message."""
        address, device = whence(request)
        context = Context(
            services=self._services,
            request=request,
            response=response,
            language=language(request.headers.get("accept-language", "")),
            address=address,
            device=device,
        )
        if isinstance(request, Request):
            context.viewer = await self._viewer(request)
        return context

    async def _viewer(self, request: Request) -> Viewer | None:
        token = bearer(request.headers.get("authorization"))
        if token is not None:
            return await viewers.find(token)
        cookie = self._services.session_cookie.read(request)
        if cookie is None:
            return None
        self._check_origin(request)
        return await _by_cookie(cookie)

    def _check_origin(self, request: Request) -> None:
        """Refuse a cookie that another site's page made the browser send."""
        origin = request.headers.get("origin")
        if origin is None or is_same_origin(origin, request.headers.get("host")):
            return
        if origin not in self._origins:
            raise ForeignOrigin

    async def on_ws_connect(self, context: Context) -> None:
        """Say who connects: by the token in the payload, or by the cookie of the handshake.

        Strawberry has compared the Origin header before.
        """
        params = {key.lower(): value for key, value in (context.connection_params or {}).items()}
        token = bearer(params.get("authorization"))
        if token is None:
            cookie = self._services.session_cookie.read(context.request)
            context.viewer = await _by_cookie(cookie) if cookie else None
            return
        context.viewer = await viewers.find(token)
        if context.viewer is None:
            raise ConnectionRejectionError

    async def process_result(
        self, request: Request, result: ExecutionResult
    ) -> GraphQLHTTPResponse:
        """Send a result; what the parser refuses has not passed the schema's masking."""
        if result.errors:
            result.errors = [
                unquoted(error) if isinstance(error, GraphQLSyntaxError) else error
                for error in result.errors
            ]
        answer = await super().process_result(request, result)
        if answer["data"] is None and not any(error.path for error in result.errors or ()):
            del answer["data"]  # nothing was executed
        return answer

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Return the headers of an answer."""
        response: Response = await super().get_sub_response(request)
        response.headers.update(HEADERS)
        return response

    async def render_graphql_ide(self, request: Request) -> Response:
        """Answer a browser with the playground."""
        return playground.page(request)


async def _by_cookie(cookie: str) -> Viewer | None:
    session = await sessions.find(cookie)
    return Viewer(session.user, session) if session else None


def _fresh(context: Context) -> Context:
    return Context(
        services=context.services,
        request=context.request,
        response=context.response,
        viewer=context.viewer,
        language=context.language,
        address=context.address,
        device=context.device,
        connection_params=context.connection_params,
        loaders=Loaders(),
    )


def _is_message(message: object) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] not in {"subscribe", "complete"}:
        return True
    payload: Mapping[str, object] = message.get("payload", {})
    if not isinstance(message.get("id"), str) or not isinstance(payload, dict):
        return False
    shaped = isinstance(payload.get("query"), str) or message["type"] == "complete"
    variables, name = payload.get("variables"), payload.get("operationName")
    return shaped and isinstance(variables, dict | None) and isinstance(name, str | None)


def _refusal(query: str, name: str | None) -> GraphQLError | None:
    """Return why a socket does not take this document; None when it does."""
    try:
        document = parse(query, max_tokens=TOKENS_MAX)
    except GraphQLError as error:
        return unquoted(error)
    except RecursionError:
        return GraphQLError("The document is nested too deeply.", extensions={"code": "INVALID"})
    operations = [
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    ]
    named = [each for each in operations if name is None or (each.name and each.name.value == name)]
    if not named:
        return GraphQLError(
            "The document has no operation of this name.", extensions={"code": "INVALID"}
        )
    if any(each.operation is OperationType.MUTATION for each in named):
        return GraphQLError(
            "Mutations are not taken over WebSocket; send them by POST.",
            extensions={"code": "INVALID"},
        )
    return None

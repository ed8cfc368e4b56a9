"""The door to the API: GraphQL over HTTP and WebSocket, who is calling, and the playground."""

import asyncio
import json
import re
from collections.abc import Mapping
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Any

from cross_web import HTTPException
from graphql import GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, OperationType, parse
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.http.websocket_origin import is_same_origin
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    SubscribeMessage,
)
from strawberry.types import ExecutionResult

from auth import sessions
from auth import viewer as viewers
from auth.viewer import Viewer
from resolvers.context import Context, Services
from resolvers.loaders import Loaders
from rollway import playground
from schema import TOKENS_MAX, schema
from schema.errors import unquoted

BODY_BYTES_MAX = 1024 * 1024
INIT_SECONDS = 5
SIGNED_OUT = 4403  # as for a socket that is refused
DEVICE_CHARACTERS_MAX = 200
REASON_BYTES_MAX = 120
NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")  # as JSON escapes it
NUL_IN_GRAPHQL = re.compile(r"\\u(0000|\{0+\})")
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

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation, whose document may be one that is known by its hash."""
        payload = message["payload"]
        if self.connection_acknowledged and message["id"] not in self.operations:
            try:
                text = schema.text(payload.get("query"), payload.get("extensions"), self.context)
            except GraphQLError as refused:
                errors = [refused.formatted]
                await self.send_message({"id": message["id"], "type": "error", "payload": errors})
                return
            message = {**message, "payload": {**payload, "query": text or ""}}
        await super().handle_subscribe(message)

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


class View(GraphQL[Context, None]):
    """`/graphql`: POST, GET for queries, WebSocket for subscriptions, a page for browsers."""

    graphql_transport_ws_handler_class = Socket
    websocket_adapter_class = Adapter

    def __init__(self, services: Services, *, ide: bool) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if ide else None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=OPERATIONS_PER_SOCKET_MAX,
            allowed_origins=[services.public_url],
        )
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; its body is bounded, and who goes away in its middle is no fault."""
        bounded = _bounded(receive) if scope["type"] == "http" else receive
        with suppress(ClientDisconnect):
            await super().__call__(scope, bounded, send)

    def decode_json(self, data: str | bytes) -> object:
        """Decode JSON; whatever is wrong with it is the sender's fault."""
        try:
            decoded = super().decode_json(data)
            text = json.dumps(decoded, ensure_ascii=False)
            text.encode()  # fails for a lone surrogate
        except json.JSONDecodeError:
            raise
        except (ValueError, RecursionError) as fault:
            raise json.JSONDecodeError(str(fault), "", 0) from fault
        if NUL.search(text) or NUL_IN_GRAPHQL.search(_document(decoded)):
            raise json.JSONDecodeError("NUL characters cannot be stored", "", 0)
        return decoded

    def parse_query_params(self, params: Mapping[str, str | None]) -> dict[str, Any]:
        """Read a request by GET; its text is held to the same rule as a body."""
        parsed = super().parse_query_params(params)
        if NUL_IN_GRAPHQL.search(parsed.get("query") or "") or "\0" in (parsed.get("query") or ""):
            raise HTTPException(400, "NUL characters cannot be stored")
        return parsed

    def parse_json(self, data: str | bytes) -> object:
        """Decode the body of a request, or an object in its query string."""
        decoded = super().parse_json(data)
        if not isinstance(decoded, dict):
            raise HTTPException(400, "The body must be a JSON object with a `query`.")
        return decoded

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
        if origin != self._services.public_url:
            raise HTTPException(403, "This origin may not use the session cookie.")

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
        return await super().process_result(request, result)

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Return the headers of an answer: it is one person's, and may hold a token."""
        response: Response = await super().get_sub_response(request)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    async def render_graphql_ide(self, request: Request) -> Response:
        """Answer a browser with the playground."""
        return playground.page(request)


async def _by_cookie(cookie: str) -> Viewer | None:
    session = await sessions.find(cookie)
    return Viewer(session.user, session) if session else None


def whence(request: HTTPConnection) -> tuple[str, str]:
    """Return where the caller is, and what their program says it is."""
    named = request.headers.get("user-agent", "")[:DEVICE_CHARACTERS_MAX]
    device = "".join(each for each in named if each.isprintable())
    return request.client.host if request.client else "", device


def bearer(header: object) -> str | None:
    """Return the token of an Authorization header; None when there is none."""
    if not isinstance(header, str):
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def language(header: str) -> str:
    """Return the first language of an Accept-Language header that we speak: zh, else en."""
    for part in header.split(","):
        tag = part.partition(";")[0].strip().lower()
        if tag.partition("-")[0] in {"en", "zh"}:
            return tag.partition("-")[0]
    return "en"


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


def _document(decoded: object) -> str:
    """Return the GraphQL text of a request's body or of a socket's message."""
    body = decoded.get("payload", decoded) if isinstance(decoded, dict) else None
    query = body.get("query") if isinstance(body, dict) else None
    return query if isinstance(query, str) else ""


def _is_message(message: object) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] not in {"subscribe", "complete"}:
        return True
    payload: Mapping[str, object] = message.get("payload", {})
    if not isinstance(message.get("id"), str) or not isinstance(payload, dict):
        return False
    extensions = payload.get("extensions")
    if not isinstance(extensions, dict | None):
        return False
    by_hash = "query" not in payload and "persistedQuery" in (extensions or {})
    shaped = isinstance(payload.get("query"), str) or by_hash or message["type"] == "complete"
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


def _bounded(receive: Receive) -> Receive:
    """Return *receive* that gives up on a body of more than a megabyte."""
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > BODY_BYTES_MAX:
            raise HTTPException(413, f"The body is longer than {BODY_BYTES_MAX} bytes.")
        return message

    return bounded

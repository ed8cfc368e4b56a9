"""The door to the API: GraphQL over HTTP and WebSocket, who is calling, and the playground."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.websocket_origin import is_same_origin
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult

from auth import sessions
from auth import viewer as viewers
from auth.remembered import Remembered
from auth.viewer import Viewer
from resolvers.context import Context, Services
from rollway import playground
from rollway.api import asked
from rollway.api.http import Http
from rollway.api.streams import Streams
from rollway.callers import bearer, language, whence
from rollway.sockets.operation import Sockets
from rollway.sockets.socket import Socket
from schema import schema
from schema.requests import ForeignOrigin

REASON_BYTES_MAX = 120


class Adapter(ASGIWebSocketAdapter):
    """Closes with a reason that fits into a control frame, whatever is quoted in it."""

    async def close(self, code: int, reason: str) -> None:
        """Close; a longer reason would itself be a fault of the protocol."""
        short = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
        await super().close(code, short)


class View(Http):
    """`/graphql`: POST, GET for queries, WebSocket for subscriptions, a page for browsers.

    Pages of *origins* may use it like those of this server: with the session's cookie.
    """

    graphql_transport_ws_handler_class: Any = Socket
    websocket_adapter_class = Adapter  # type: ignore[assignment] # as in Strawberry

    def __init__(
        self,
        services: Services,
        sockets: Sockets,
        streams: Streams,
        *,
        origins: Sequence[str] = (),
        batch_max: int = 0,
        ide: bool = True,
    ) -> None:
        self._origins = (services.public_url, *origins)
        super().__init__(
            schema,
            graphql_ide="graphiql" if ide else None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            allowed_origins=self._origins,
        )
        self.sockets = sockets
        self.streams = streams
        self.batch_max = batch_max
        self._services = services
        self._remembered = Remembered()

    def decode_json(self, data: str | bytes) -> object:
        """Decode JSON; whatever is wrong with it is the sender's fault."""
        return asked.decode(data)

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """Return the context of a request, or of a socket before its first message."""
        context = self.new_context(request, response)
        if isinstance(request, Request):
            context.viewer = await self._viewer(request)
        return context

    def new_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Return the context of a request or socket, of which nobody knows yet who is calling."""
        address, device = whence(request)
        return Context(
            services=self._services,
            request=request,
            response=response,
            language=language(request.headers.get("accept-language", "")),
            address=address,
            device=device,
        )

    def recognise(self, context: Context) -> bool:
        """Say who is calling, if they showed the same before: they may have to be proven.

        An API token is no cookie.
        """
        request = context.request
        token = bearer(request.headers.get("authorization"))
        shown = self._cookie(request) if token is None else token
        known = self._remembered.find(shown) if shown is not None else None
        if known is None or (token is None and known[0].session is None):
            return False
        context.viewer, context.proof = known
        return True

    async def look_up(self, context: Context) -> None:
        """Say for certain who is calling."""
        context.proof = None
        context.viewer = await self._viewer(context.request)
        self._remembered.keep(context.viewer)

    def doubt(self, context: Context) -> None:
        """Have who comes next with what this caller showed be looked up."""
        if context.proof is not None:
            self._remembered.forget(context.proof)

    async def _viewer(self, request: HTTPConnection) -> Viewer | None:
        token = bearer(request.headers.get("authorization"))
        if token is not None:
            return await viewers.find(token)
        cookie = self._cookie(request)
        return await _by_cookie(cookie) if cookie else None

    def _cookie(self, request: HTTPConnection) -> str | None:
        cookie = self._services.session_cookie.read(request)
        if cookie is not None:
            self._check_origin(request)
        return cookie

    def _check_origin(self, request: HTTPConnection) -> None:
        """Refuse a cookie that another site's page made the browser send."""
        origin = request.headers.get("origin")
        if origin is None or is_same_origin(origin, request.headers.get("host")):
            return
        if origin not in self._origins:
            raise ForeignOrigin

    def admits(self, socket: WebSocket) -> bool:
        """Tell whether the page that opens a socket, if it is one, may use this server."""
        return self._check_websocket_origin(socket)

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
        """Send a result; one that nothing was executed for has no data."""
        answer = await super().process_result(request, result)
        if answer["data"] is None and not any(error.path for error in result.errors or ()):
            del answer["data"]
        return answer

    async def render_graphql_ide(self, request: Request) -> Response:
        """Answer a browser with the playground."""
        return playground.page(request)


async def _by_cookie(cookie: str) -> Viewer | None:
    session = await sessions.find(cookie)
    return Viewer(session.user, session) if session else None

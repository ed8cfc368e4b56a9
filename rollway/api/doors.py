"""What stands before `/graphql`: Starlette's doors, whose refusals are answered as all others."""

from collections.abc import Awaitable, Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollway import headers
from rollway.api.refusals import Away, answer
from schema.requests import ForeignHost, ForeignPage

KNOWN = "rollway.known_host"
PREFLIGHT_REFUSED = 400
NAMES_KEPT = 64


class Routes(Router):
    """Starlette's router, but for the API: its address is known without a look at patterns.

    The API says itself where the database is away; for all others that is said here.
    """

    def __init__(self, api: Route, routes: Sequence[BaseRoute], **given: Any) -> None:
        super().__init__([api, *routes], **given)
        self._api = api
        self._others = Away(super().app)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        if scope["type"] == "http" and scope["path"] == self._api.path:
            await self._api.app(scope, receive, send)
        else:
            await self._others(scope, receive, send)


class Hosts:
    """Lets in who calls this server by one of its names; others are refused with a code."""

    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._door = TrustedHostMiddleware(_pass, allowed_hosts, www_redirect=False)
        self._known = set[str | None]()  # headers that were let in

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass on who may come in."""
        if headers.of(scope).get("host") in self._known:
            return self._app(scope, receive, send)
        return self._look(scope, receive, send)

    async def _look(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked: dict[str, Any] = {**scope, KNOWN: False}
        await self._door(asked, receive, _nowhere)  # Starlette's, whose own words go nowhere
        given = headers.of(scope)
        if not asked[KNOWN]:
            await answer(ForeignHost(), given)(scope, receive, send)
            return
        if len(self._known) < NAMES_KEPT:
            self._known.add(given.get("host"))
        await self._app(scope, receive, send)


class Sharing(CORSMiddleware):
    """Lets pages of other origins in; the question of one that is refused is told why in JSON."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return what a browser reads before it sends a page's request."""
        response = super().preflight_response(request_headers)
        if response.status_code < PREFLIGHT_REFUSED:
            return response
        refused = answer(ForeignPage(), request_headers)
        kept = {"access-control-allow-origin", "vary"}
        refused.headers.update({k: v for k, v in response.headers.items() if k in kept})
        return refused


async def _pass(scope: Scope, _: Receive, __: Send) -> None:
    scope[KNOWN] = True


async def _nowhere(_: Message) -> None:
    pass

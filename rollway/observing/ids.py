"""The id of a request, which its answer and every log line it causes carry."""

import re
from contextvars import ContextVar
from random import getrandbits

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollway import headers

HEADER = "X-Request-Id"
NAME = HEADER.lower().encode()
BEGUN = "rollway.begun"  # in the scope of a request: the head of its answer, once there is one
ID_BITS = 64
BEGINNINGS = frozenset({"http.response.start", "websocket.accept"})
GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class RequestIds:
    """Gives each request an id, or keeps that of a proxy in front, and tells it in the answer.

    It leaves the answer's head where those within find it, who then need not look at what is sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = headers.of(scope).get(HEADER, "")
        own = given if given and GIVEN.fullmatch(given) else f"{getrandbits(ID_BITS):016x}"

        async def tell(message: Message) -> None:
            if message["type"] in BEGINNINGS:
                message["headers"] = [*message.get("headers", ()), (NAME, own.encode())]
                scope[BEGUN] = message
            await send(message)

        token = request_id.set(own)
        try:
            await self._app(scope, receive, tell)
        finally:
            request_id.reset(token)

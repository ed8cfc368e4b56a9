"""Requests: each has an id, which its answer and every log line it causes carry, and is timed."""

import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from random import getrandbits
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollway import headers

HEADER = b"x-request-id"
ID_BITS = 64
BEGINNINGS = frozenset({"http.response.start", "websocket.accept"})
GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Is told of an answer to HTTP: whereto, with which head, after how many seconds.
Answered = Callable[[str, Message, float], None]

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def first_of(path: str) -> str:
    """Return the first part of a path; "" where there is none, as in `OPTIONS *`."""
    return path.partition("/")[2].partition("/")[0]


class Requests:
    """Gives each request an id, or keeps that of a proxy in front, and tells it in the answer.

    *answered* is told of each that was answered.
    """

    def __init__(self, app: ASGIApp, answered: Answered) -> None:
        self._app = app
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        given = headers.of(scope).get("x-request-id")
        own = given if given and GIVEN.fullmatch(given) else f"{getrandbits(ID_BITS):016x}"
        head: Message | None = None

        def tell(message: Message) -> Awaitable[None]:
            nonlocal head
            if message["type"] in BEGINNINGS:
                message["headers"] = [*message.get("headers", ()), (HEADER, own.encode())]
                head = message
            return send(message)

        token = request_id.set(own)
        try:
            await self._app(scope, receive, tell)
            if head is not None and scope["type"] == "http":
                self._answered(scope["path"], head, perf_counter() - begun)
        finally:
            request_id.reset(token)

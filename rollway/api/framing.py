"""How answers that come one by one are written: server-sent events, and Apollo's multipart."""

from collections.abc import Mapping
from typing import Protocol

from rollway.api.accept import EVENTS, PARTS
from rollway.sockets.frames import encoded
from schema.catalogue import error
from schema.requests import Leaving

BOUNDARY = "graphql"
RETRY_SECONDS = 1


class Framing(Protocol):
    """The bytes around answers; *heartbeat_seconds* is the longest that nothing is sent."""

    headers: Mapping[str, str]
    heartbeat_seconds: float
    opening: bytes
    heartbeat: bytes
    completion: bytes

    def farewell(self, language: str) -> bytes:
        """Return the last words of a server that stops: so that clients connect again."""

    def frame(self, answer: bytes) -> bytes:
        """Return the bytes of one answer, which is JSON without line breaks."""


class Events:
    """Server-sent events: https://github.com/enisdenjo/graphql-sse, distinct connections."""

    headers: Mapping[str, str] = {
        "Content-Type": f"{EVENTS}; charset=utf-8",
        "X-Accel-Buffering": "no",  # nginx would hold events back
    }
    heartbeat_seconds = 15.0
    opening = b":\n\n"
    heartbeat = b":\n\n"
    completion = b"event: complete\ndata:\n\n"

    def farewell(self, _: str) -> bytes:
        """Return a comment, no `complete`: clients would take that for the end."""
        retry = f"retry: {RETRY_SECONDS * 1000}"
        return f": the server is stopping, connect again\n{retry}\n\n".encode()

    def frame(self, answer: bytes) -> bytes:
        """Return an event."""
        return b"event: next\ndata: " + answer + b"\n\n"


class Parts:
    """Multipart: https://www.apollographql.com/docs/graphos/routing/operations/subscriptions."""

    headers: Mapping[str, str] = {
        "Content-Type": f'{PARTS};boundary="{BOUNDARY}";subscriptionSpec=1.0',
        "X-Accel-Buffering": "no",
    }
    heartbeat_seconds = 5.0
    opening = f"\r\n--{BOUNDARY}".encode()
    completion = b"--\r\n"

    def __init__(self) -> None:
        self.heartbeat = self._part(b"{}")

    def farewell(self, language: str) -> bytes:
        """Return an error for the whole stream, and its end."""
        errors = [error(Leaving(RETRY_SECONDS), language).formatted]
        return self._part(encoded({"payload": None, "errors": errors})) + self.completion

    def frame(self, answer: bytes) -> bytes:
        """Return a part, with the boundary behind it, so that clients need not wait for more."""
        return self._part(b'{"payload":' + answer + b"}")

    @staticmethod
    def _part(body: bytes) -> bytes:
        return b"\r\nContent-Type: application/json\r\n\r\n" + body + b"\r\n--" + BOUNDARY.encode()


FRAMINGS: Mapping[str, Framing] = {EVENTS: Events(), PARTS: Parts()}

"""Connections that can be cut: who does not read, or says nothing, is not waited for."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import h11
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol

from rollway.connections.seats import Waiting

CUT = "rollway.cut"
SILENT_SECONDS = 20.0
UNREAD_SECONDS = 60.0  # longer than a stream waits, which ends in better order
UNWANTED_BYTES_MAX = 16 * 1024 * 1024  # of a body that comes after its answer
LEAVING_SECONDS = 2.0  # for who sends it to read the answer
WAITING_MAX = 1000
WAITING_PER_ADDRESS_MAX = 200


class Patience:
    """Ends a connection where nothing goes on for *seconds*: of what is unsent nothing is taken."""

    __slots__ = ("_seconds", "_timer", "_transport", "_unsent_bytes")

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._unsent_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Count from now."""
        self.stop()
        self._unsent_bytes = self._transport.get_write_buffer_size()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)

    def stop(self) -> None:
        """Count no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        if 0 < self._transport.get_write_buffer_size() < self._unsent_bytes:
            self.start()
        else:
            self._transport.abort()


class Lingering:
    """A connection's transport, which goes on reading when it is closed amid a request's body."""

    __slots__ = ("_conn", "_end", "lingers", "transport")

    def __init__(self, transport: asyncio.Transport, conn: h11.Connection) -> None:
        self.transport = transport
        self._conn = conn
        self.lingers = False
        self._end: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def is_closing(self) -> bool:
        """Tell whether nothing more is to be said."""
        return self.lingers or self.transport.is_closing()

    def close(self) -> None:
        """Say no more; what comes is for the protocol to count. It ends soon, or the next time."""
        if self.is_closing() or self._conn.their_state is not h11.SEND_BODY:
            self.transport.close()
        else:
            self.lingers = True
            self.transport.write_eof()
            self.transport.resume_reading()
            loop = asyncio.get_running_loop()
            self._end = loop.call_later(SILENT_SECONDS, self.transport.abort)

    def lost(self) -> None:
        """Wait for nothing more."""
        if self._end is not None:
            self._end.cancel()


class Cuttable(H11Protocol):
    """uvicorn's connection; what answers a request can end it without waiting for the client.

    It ends by itself when no request comes for *SILENT_SECONDS*, from its beginning or from the
    last answer, and when nothing of an answer is taken for *UNREAD_SECONDS*. Of those that have not
    asked for anything yet, so many may be open: the oldest gives way. A body that may be longer
    than *UNWANTED_BYTES_MAX*, and was answered before it was there, ends the connection: the answer
    says so, for the next request to take another, and so much is read for it to arrive.
    """

    def __init__(self, *args: Any, waiting: Waiting, **given: Any) -> None:
        super().__init__(*args, **given)
        self._waiting = waiting
        self._asked: Callable[[], None]
        self._lingering: Lingering
        self._silent: Patience
        self._unread: Patience
        self._unwanted_bytes = 0
        self._leaving: asyncio.TimerHandle | None = None
        app = cast("ASGIApp", self.app)

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            self._spoken()
            scope["extensions"] = {**scope.get("extensions", {}), CUT: self.transport.abort}

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start" and self._body_is_too_long(scope):
                    message = {**message, "headers": [*message.get("headers", ()), CLOSE_HEADER]}
                await send(message)

            await app(scope, receive, answer)

        self.app = cast("Any", with_cut)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        self._lingering = Lingering(transport, self.conn)
        super().connection_made(cast("Any", self._lingering))
        address = self.client[0] if self.client else ""
        self._asked = self._waiting.enter(address, transport.abort)
        self._silent = Patience(transport, SILENT_SECONDS)
        self._unread = Patience(transport, UNREAD_SECONDS)
        self._silent.start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        self._lingering.lost()
        self._unread.stop()
        if self._leaving:
            self._leaving.cancel()
        self._over()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends; of a body that was refused not much."""
        if not self._lingering.lingers:
            super().data_received(data)
            return
        self._unwanted_bytes += len(data)
        if self._unwanted_bytes > UNWANTED_BYTES_MAX and self._leaving is None:
            self.transport.pause_reading()
            self._leaving = self.loop.call_later(LEAVING_SECONDS, self.transport.abort)

    def _body_is_too_long(self, scope: Scope) -> bool:
        """Tell whether more of it may come than is read without being wanted."""
        if self.conn.their_state is not h11.SEND_BODY:
            return False
        announced = dict(scope["headers"]).get(b"content-length")
        return announced is None or int(announced) > UNWANTED_BYTES_MAX

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection on."""
        self.transport = self._lingering.transport
        super().handle_websocket_upgrade(event)
        self._over()

    def on_response_complete(self) -> None:
        """Wait for the next request; what is left of the answer is taken meanwhile."""
        super().on_response_complete()
        self._silent.start()

    def pause_writing(self) -> None:
        """Have what answers wait: the client is behind."""
        super().pause_writing()
        self._unread.start()

    def resume_writing(self) -> None:
        """Go on."""
        self._unread.stop()
        super().resume_writing()

    def _over(self) -> None:
        """Let go of what holds this connection, so that it is freed at once.

        What is left to the garbage collector makes it look at all other connections too.
        """
        self._spoken()
        del self.app, self.cycle

    def _spoken(self) -> None:
        self._asked()
        self._silent.stop()


def cuttable() -> Any:
    """Return what makes the connections of a server, for uvicorn's `http`."""
    return partial(Cuttable, waiting=Waiting(WAITING_PER_ADDRESS_MAX, WAITING_MAX))


def cut(scope: Scope) -> bool:
    """End the connection of a request, unsent bytes and all; False where that is not possible."""
    abort = scope.get("extensions", {}).get(CUT)
    if abort is None:
        return False
    abort()
    return True

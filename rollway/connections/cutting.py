"""Connections that can be cut: who does not read, or says nothing, is not waited for."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
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


class Cuttable(H11Protocol):
    """uvicorn's connection; what answers a request can end it without waiting for the client.

    It ends by itself when no request comes for *SILENT_SECONDS*, from its beginning or from the
    last answer, and when nothing of an answer is taken for *UNREAD_SECONDS*. Of those that have not
    asked for anything yet, so many may be open: the oldest gives way. Of a body that was answered
    before it was there, *UNWANTED_BYTES_MAX* are read: a longer one ends the connection.
    """

    def __init__(self, *args: Any, waiting: Waiting, **given: Any) -> None:
        super().__init__(*args, **given)
        self._waiting = waiting
        self._asked: Callable[[], None]
        self._silent: Patience
        self._unread: Patience
        self._unwanted_bytes = 0
        self._leaving: asyncio.TimerHandle | None = None
        app = cast("ASGIApp", self.app)

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            self._spoken()
            scope["extensions"] = {**scope.get("extensions", {}), CUT: self.transport.abort}
            await app(scope, receive, send)

        self.app = cast("Any", with_cut)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self._asked = self._waiting.enter(address, transport.abort)
        self._silent = Patience(transport, SILENT_SECONDS)
        self._unread = Patience(transport, UNREAD_SECONDS)
        self._silent.start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        self._unread.stop()
        if self._leaving:
            self._leaving.cancel()
        self._over()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends; of a body that is answered already not much."""
        unwanted = self._answered_early
        super().data_received(data)
        if unwanted and self._answered_early:
            self._unwanted_bytes += len(data)
            if self._unwanted_bytes > UNWANTED_BYTES_MAX:
                self._leave()

    @property
    def _answered_early(self) -> bool:
        return self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY

    def _leave(self) -> None:
        """Read no more; end the connection once the client had time to see that it is over."""
        self.transport.pause_reading()
        self.transport.write_eof()
        self._leaving = self.loop.call_later(LEAVING_SECONDS, self.transport.abort)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection on."""
        super().handle_websocket_upgrade(event)
        self._over()

    def on_response_complete(self) -> None:
        """Wait for the next request; what is left of the answer is taken meanwhile."""
        super().on_response_complete()
        self._unwanted_bytes = 0
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

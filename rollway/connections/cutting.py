"""Connections that can be cut: who does not read, or says nothing, is not waited for."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rollway.connections.lingering import Lingering
from rollway.connections.patience import Patience
from rollway.connections.seats import Waiting

CUT = "rollway.cut"
SILENT_SECONDS = 20.0
UNREAD_SECONDS = 60.0  # longer than a stream waits, which ends in better order
UNWANTED_BYTES_MAX = 16 * 1024 * 1024  # of a body that comes after its answer
LEAVING_SECONDS = 2.0  # for who sends it to read the answer
LINES_BYTES_MAX = 16 * 1024  # of a head that is not complete yet, or of what follows a body
PIPELINED_MAX = 64  # requests that are sent before the one before them is answered
WAITING_MAX = 1000
WAITING_PER_ADDRESS_MAX = 200
TOO_LONG = "The head of the request is too long."


class Cuttable(HttpToolsProtocol):
    """uvicorn's connection; what answers a request can end it without waiting for the client.

    It ends by itself when no request comes for *SILENT_SECONDS*, from its beginning or from the
    last answer, and when nothing of an answer is taken for *UNREAD_SECONDS*. Of those that have not
    asked for anything yet, so many may be open: the oldest gives way. A body that may be longer
    than *UNWANTED_BYTES_MAX*, and was answered before it was there, ends the connection: the answer
    says so, for the next request to take another, and so much is read for it to arrive.

    The parser has no bounds of its own. Lines that go on for more than *LINES_BYTES_MAX* without
    an end of the head, or a piece of a body, are refused. Trailers are not read: an application
    would find them among the headers that a proxy has looked at.
    """

    def __init__(self, *args: Any, waiting: Waiting, **given: Any) -> None:
        super().__init__(*args, **given)
        self._waiting = waiting
        self._asked: Callable[[], None]
        self._lingering: Lingering
        self._silent: Patience
        self._unread: Patience
        self._in_head = False
        self._goes_on = False
        self._lines_bytes = 0
        self._unwanted_bytes = 0
        self._leaving: asyncio.TimerHandle | None = None
        app = cast("ASGIApp", self.app)

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            self._spoken()
            scope["extensions"] = {CUT: self.transport.abort}

            async def answer(message: Message) -> None:
                if message["type"] != "http.response.start":
                    await send(message)
                    self._lingering.release()
                    return
                self._lingering.hold()
                if self._body_is_too_long(scope):
                    message = {**message, "headers": [*message.get("headers", ()), CLOSE_HEADER]}
                await send(message)

            await app(scope, receive, answer)

        self.app = cast("Any", with_cut)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        self._lingering = Lingering(transport, SILENT_SECONDS)
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
        if self._leaving:
            self._leaving.cancel()
        self._over()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends; of a body that was refused not much."""
        if self._lingering.lingers:
            self._leave(len(data))
            return
        self._goes_on = False
        super().data_received(data)
        self._lines_bytes = 0 if self._goes_on else self._lines_bytes + len(data)
        if self._lines_bytes > LINES_BYTES_MAX and not self.transport.is_closing():
            self._refuse_lines()

    def on_message_begin(self) -> None:
        """Read the head of a request."""
        super().on_message_begin()
        self._in_head = self._goes_on = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read a header; not one that comes behind the body."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer; not too many that nobody waits for one by one."""
        self._in_head, self._goes_on = False, True
        self._lingering.amid_body = True
        super().on_headers_complete()
        if len(self.pipeline) > PIPELINED_MAX:
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._goes_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self._goes_on = True
        self._lingering.amid_body = False
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection on, unless a request before it is not answered yet."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            return
        self.transport = self._lingering.transport
        super().handle_websocket_upgrade()
        self.parser = cast("Any", None)
        self._over()

    def on_response_complete(self) -> None:
        """Wait for the next request; what is left of the answer is taken meanwhile."""
        self._lingering.release()
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

    def _leave(self, received_bytes: int) -> None:
        """Count what still comes of a body that was refused."""
        self._unwanted_bytes += received_bytes
        if self._unwanted_bytes > UNWANTED_BYTES_MAX and self._leaving is None:
            self.transport.pause_reading()
            self._leaving = self.loop.call_later(LEAVING_SECONDS, self.transport.abort)

    def _refuse_lines(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.send_400_response(TOO_LONG)
        else:
            self.transport.abort()

    def _body_is_too_long(self, scope: Scope) -> bool:
        """Tell whether more of it may come than is read without being wanted."""
        if scope is not self.scope or not self._lingering.amid_body:
            return False
        announced = dict(scope["headers"]).get(b"content-length")
        return announced is None or int(announced) > UNWANTED_BYTES_MAX

    def _over(self) -> None:
        """Let go of what holds this connection, so that it is freed at once.

        What is left to the garbage collector makes it look at all other connections too.
        """
        self._asked()
        self._silent.end()
        self._unread.end()
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

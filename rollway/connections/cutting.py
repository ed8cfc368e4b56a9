"""Connections that can be cut: who does not read, or says nothing, is not waited for."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from rollway.connections.heads import Head, announced
from rollway.connections.lingering import Lingering
from rollway.connections.patience import Patience
from rollway.connections.seats import Waiting

CUT = "rollway.cut"
ARRIVED = "rollway.arrived"
LENGTH = b"content-length"
SILENT_SECONDS = 20.0
UNREAD_SECONDS = 60.0  # longer than a stream waits, which ends in better order
UNWANTED_BYTES_MAX = 16 * 1024 * 1024  # of a body that comes after its answer
LEAVING_SECONDS = 2.0  # for who sends it to read the answer
LINES_BYTES_MAX = 16 * 1024  # of a head that is not complete yet, or of what follows a body
PIPELINED_MAX = 64  # requests that are sent before the one before them is answered
WAITING_MAX = 1000
WAITING_PER_ADDRESS_MAX = 200
FIRST_VERSION = "1.0"  # whose clients know no chunks: they read to the connection's end
TOO_LONG = "The head of the request is too long."
INVALID = "Invalid HTTP request received."


class Cuttable(HttpToolsProtocol):
    """uvicorn's connection; what answers a request can end it without waiting for the client.

    It ends by itself when no request comes for *SILENT_SECONDS*, from its beginning or from the
    last answer, and when nothing of an answer is taken for *UNREAD_SECONDS*. Of those that have not
    asked for anything yet, so many may be open: the oldest gives way. A body that may be longer
    than *UNWANTED_BYTES_MAX*, and was answered before it was there, ends the connection: the answer
    says so, for the next request to take another, and so much is read for it to arrive.

    The parser has no bounds of its own. Lines that go on for more than *LINES_BYTES_MAX* without
    an end of the head, or a piece of a body, are refused. Trailers are not read: an application
    would find them among the headers that a proxy has looked at. What is no request, behind one
    that is not answered yet, ends the connection: a refusal would stand in that one's answer.
    """

    def __init__(self, *args: Any, waiting: Waiting, **given: Any) -> None:
        super().__init__(*args, **given)
        self._waiting = waiting
        self._asked: Callable[[], None]
        self._lingering: Lingering
        self._silent: Patience
        self._unread: Patience
        self._head: Head | None = None
        self._running: RequestResponseCycle | None = None
        self._goes_on = False
        self._lines_bytes = 0
        self._unwanted_bytes = 0
        self._leaving: asyncio.TimerHandle | None = None

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
        self._tell_running()
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
        self._feed(data)
        self._lines_bytes = 0 if self._goes_on else self._lines_bytes + len(data)
        if self._lines_bytes > LINES_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response(TOO_LONG)

    def _feed(self, data: bytes) -> None:
        while data and not self.transport.is_closing():
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if self._should_upgrade():
                    self.handle_websocket_upgrade()
                    return
                data = self._without_offer(data[upgrade.args[0] :])
            except httptools.HttpParserError:
                self.send_400_response(INVALID)
                return
            else:
                return

    def _without_offer(self, rest: bytes) -> bytes:
        """Return what to read once more, without the other protocol that a request offers.

        Most servers ignore that. The parser takes all that follows for it, a body too.
        """
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        return Head.without_upgrade(self.scope, self.url) + rest

    def _declines(self) -> bool:
        """Tell whether the request offers another protocol that is not spoken here."""
        return self.parser.should_upgrade() and not self._should_upgrade()

    def on_message_begin(self) -> None:
        """Read the head of a request."""
        super().on_message_begin()
        self._head, self._goes_on = Head(), True

    def on_url(self, url: bytes) -> None:
        """Read the address."""
        if self._head is not None:
            self._head.grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read a header; not one that comes behind the body."""
        if self._head is not None:
            self._head.add(name, value)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer; not too many that nobody waits for one by one."""
        self._goes_on = True
        if self._head is not None:
            parser = self.parser
            self._head.check(parser.get_method(), parser.get_http_version(), self.headers)
            self._head = None
        if self._declines():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            self.scope["http_version"] = self.parser.get_http_version()
            return
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
        if not self._declines():
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection on, unless a request before it is not answered yet."""
        if self._answers:
            self.transport.abort()
            return
        self.transport = self._lingering.transport
        super().handle_websocket_upgrade()
        self.parser = cast("Any", None)
        self._over()

    def on_response_complete(self) -> None:
        """Wait for the next request; what is left of the answer is taken meanwhile.

        As uvicorn's own, but for a timer with each answer: who is silent is looked after here.
        """
        self._lingering.release()
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            if self.pipeline:
                self._start_asgi_task(*self.pipeline.pop())
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

    @property
    def _answers(self) -> bool:
        """Tell whether a request is being answered."""
        return self._running is not None and not self._running.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, cast("Any", partial(self._answer, app, cycle)))

    def _answer(
        self,
        app: ASGIApp,
        cycle: RequestResponseCycle,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> Awaitable[None]:
        """Have *app* answer; its head leaves with its body, if that is there at once."""
        self._spoken()
        scope["extensions"] = {CUT: self.transport.abort, ARRIVED: not cycle.more_body}
        to_its_end = scope["http_version"] == FIRST_VERSION

        def written(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                self._lingering.hold(for_body=any(name == LENGTH for name, _ in headers))
                if to_its_end:
                    cycle.chunked_encoding = False
                if self._body_is_too_long(scope):
                    message = {**message, "headers": [*headers, CLOSE_HEADER]}
                return send(message)
            if to_its_end:
                cycle.expected_content_length = len(message.get("body", b""))
            return self._sent(message, send) if message.get("more_body") else send(message)

        return app(scope, receive, written)

    async def _sent(self, message: Message, send: Send) -> None:
        """Send a piece of a body; what is behind its last piece leaves by itself."""
        await send(message)
        self._lingering.release()

    def _tell_running(self) -> None:
        """Tell what answers that nobody waits for it; uvicorn tells the request that came last."""
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, and close; amid another's answer, without a word."""
        if self._answers:
            mine = self._running is self.cycle and self._lingering.amid_body
            if not mine or self.cycle.response_started:
                self.transport.abort()
                return
            self._tell_running()
        super().send_400_response(msg)

    def _body_is_too_long(self, scope: Scope) -> bool:
        """Tell whether more of it may come than is read without being wanted."""
        if scope is not self.scope or not self._lingering.amid_body:
            return False
        length = announced(dict(scope["headers"]).get(LENGTH, b""))
        return length is None or length > UNWANTED_BYTES_MAX

    def _over(self) -> None:
        """Let go of what holds this connection, so that it is freed at once.

        What is left to the garbage collector makes it look at all other connections too.
        """
        self._asked()
        self._silent.end()
        self._unread.end()
        del self.cycle, self._running

    def _spoken(self) -> None:
        self._asked()
        self._silent.stop()


def cuttable() -> Any:
    """Return what makes the connections of a server, for uvicorn's `http`."""
    return partial(Cuttable, waiting=Waiting(WAITING_PER_ADDRESS_MAX, WAITING_MAX))


def arrived(scope: Scope) -> bool:
    """Tell whether all of a request's body is there, and is not waited for."""
    return bool(scope.get("extensions", {}).get(ARRIVED))


def cut(scope: Scope) -> bool:
    """End the connection of a request, unsent bytes and all; False where that is not possible."""
    abort = scope.get("extensions", {}).get(CUT)
    if abort is None:
        return False
    abort()
    return True

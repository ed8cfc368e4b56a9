"""WebSocket frames, finished elsewhere and written as they are."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from rollway.sockets.outlets import Event, Framed, Made

EXTENSION = "rollway.frames"
UNREAD_BYTES_MAX = 4 * 1024 * 1024
GOODBYE_SECONDS = 1.0
WHOLE_TEXT = b"\x81"
SHORT_MAX, MIDDLE_MAX = 125, 0xFFFF
NOT_UTF8 = 1007
NO_GREETING = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Protocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which also takes finished frames: `scope["extensions"][EXTENSION]`.

    A client that sends pings without reading the pongs is cut off, and so is one that does not take
    the last word: a closed connection would wait for it without end.
    """

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.close_timeout = GOODBYE_SECONDS

    def data_received(self, data: bytes) -> None:
        """Take what comes; the first is the whole greeting, and one that is none is refused."""
        super().data_received(data)
        if not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(NO_GREETING)
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Begin the application."""
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][EXTENSION] = Outlet(self)  # type: ignore[assignment]

    async def run_asgi(self) -> None:
        """Run the application; then let go of what holds this connection, so that it is freed."""
        await super().run_asgi()
        del self.scope

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        self.conn.parser.close()

    def handle_ping(self) -> None:
        """Answer a ping."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
            self.transport.abort()

    def handle_close(self, event: Frame) -> None:
        """Answer a goodbye."""
        super().handle_close(event)
        self._cut_soon()

    def handle_parser_exception(self) -> None:
        """Say what is wrong, and close."""
        super().handle_parser_exception()
        self._cut_soon()

    def keepalive_timeout(self) -> None:
        """Close: a ping was not answered."""
        super().keepalive_timeout()
        self._cut_soon()

    def shutdown(self) -> None:
        """Say that the server restarts."""
        super().shutdown()
        self._cut_soon()

    def _cut_soon(self) -> None:
        """Wait no longer than so for a reader who does not take the last word."""
        if not self.disconnected:
            self.loop.call_later(GOODBYE_SECONDS, self._cut)

    def _cut(self) -> None:
        if not self.disconnected:
            self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        """Hand a whole message on; one that is no UTF-8 is its sender's fault, not ours."""
        if self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            self.conn.send_close(NOT_UTF8)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()


class Outlet:
    """What one connection is sent; never more than its reader takes, and a batch.

    The transport says that it is full from 64 KiB that are not sent yet, until 16 KiB are left.
    """

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    @property
    def open(self) -> bool:
        """Tell whether what is written can still arrive."""
        protocol = self._protocol
        closed = protocol.close_sent or protocol.disconnected or protocol.transport.is_closing()
        return protocol.handshake_complete and not closed

    @property
    def full(self) -> bool:
        """Tell whether the reader is behind: nothing more should be written."""
        return not self._protocol.writable.is_set()

    async def drained(self) -> None:
        """Wait until the reader has caught up, or has gone."""
        while self.full:  # of many who wait, the first may have filled it again
            await self._protocol.writable.wait()

    def write(self, frames: bytes) -> None:
        """Write finished frames, at once; nothing when the connection is closed."""
        if self.open:
            self._protocol.transport.write(frames)

    def framed(self, operation_id: str) -> Framed:
        """Return how events of an operation are finished."""
        prefix = next_prefix(operation_id)

        def framed(batch: Sequence[Event], lacks: Callable[[Event], bool], made: Made) -> bytes:
            mine = made.get(len(prefix))
            if mine is None:
                mine = [header(len(prefix) + len(event.payload)) for event in batch]
                made[len(prefix)] = mine
            parts: list[bytes] = []
            for event, head in zip(batch, mine, strict=True):
                if lacks(event):
                    parts += (head, prefix, event.payload)
            return b"".join(parts)

        return framed

    def send(self, message: Any) -> None:
        """Write a message as a frame of its own."""
        text = encoded(message)
        self.write(header(len(text)) + text)

    def abort(self) -> None:
        """Close without a word: the reader does not take one."""
        self._protocol.transport.abort()


def header(length: int) -> bytes:
    """Return how a frame begins that holds a whole text of *length* bytes."""
    if length <= SHORT_MAX:
        return WHOLE_TEXT + length.to_bytes(1)
    if length <= MIDDLE_MAX:
        return WHOLE_TEXT + b"\x7e" + length.to_bytes(2)
    return WHOLE_TEXT + b"\x7f" + length.to_bytes(8)


def encoded(value: Any) -> bytes:
    """Return *value* as JSON of ASCII alone, so that any text is fit for a frame."""
    return json.dumps(value, separators=(",", ":")).encode()


def next_prefix(operation_id: str) -> bytes:
    """Return what stands before a payload in a `next` message; `}` follows it."""
    return b'{"id":%b,"type":"next","payload":' % encoded(operation_id)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True

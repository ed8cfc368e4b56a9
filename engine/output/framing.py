"""A step's bytes become `Output` pieces: decoded, cut, numbered, and given out in time."""

import codecs
import time
from collections.abc import Callable, Iterator

from engine.events import LogStream, Output, now

PIECE_BYTES_MAX = 64 * 1024
PIECE_LINES_MAX = 250  # a subscriber gets each line as an object of its own
LINE_BYTES_MAX = PIECE_BYTES_MAX - 1  # with its line break it fits a piece
HOLD_SECONDS = 1.0


class Framer:
    """The log of step *index*; bytes go in masked, pieces come out in order.

    Whole lines wait at most *frame_seconds* after the first unsent byte came. A line that still
    has no line break waits 1 s, so that a line cut by two reads is not two pieces. *clock* gives
    seconds, as `time.monotonic` does.
    """

    def __init__(
        self, index: int, frame_seconds: float = 0.1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._index = index
        self._frame_seconds = frame_seconds
        self._clock = clock
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._buffer = bytearray()  # what was not given out yet, valid UTF-8
        self._whole = 0  # so many bytes of the buffer are whole lines
        self._since = 0.0  # when the buffer's first byte came
        self._open_since = 0.0  # when the first byte behind the whole lines came
        self._line = 1  # the number of the line at the buffer's start
        self._given = 0  # so many bytes of that line were given out already

    def feed(self, chunk: bytes) -> list[Output]:
        """Take the next bytes and return the pieces that are full by now."""
        if chunk.isascii() and not self._decoder.getstate()[0]:
            self._append(chunk)
        else:
            self._append(self._decoder.decode(chunk).encode(errors="replace"))
        if len(self._buffer) + self._given < PIECE_BYTES_MAX:
            return []
        return list(self._take(open_too=False))

    def due(self) -> list[Output]:
        """Return the pieces that have waited long enough."""
        if not self._buffer:
            return []
        time_now = self._clock()
        if self._open and time_now >= self._open_since + HOLD_SECONDS:
            return list(self._take(open_too=True))
        if self._whole and time_now >= self._since + self._frame_seconds:
            return list(self._take(open_too=False))
        return []

    @property
    def deadline(self) -> float | None:
        """When `due` has something next, on the clock; None while nothing waits."""
        times = []
        if self._whole:
            times.append(self._since + self._frame_seconds)
        if self._open:
            times.append(self._open_since + HOLD_SECONDS)
        return min(times, default=None)

    def system(self, text: str) -> list[Output]:
        """Write a line of our own, behind all that came before; return the pieces."""
        pieces = list(self._take(open_too=True))
        self._next_line_if_given()
        self._append(text.rstrip("\n").encode(errors="replace") + b"\n")
        return [*pieces, *self._take(open_too=True, stream=LogStream.SYSTEM)]

    def finish(self) -> list[Output]:
        """End the log and return what is left."""
        self._append(self._decoder.decode(b"", final=True).encode())
        return list(self._take(open_too=True))

    @property
    def _open(self) -> bool:
        return len(self._buffer) > self._whole

    def _append(self, data: bytes) -> None:
        """Add UTF-8; PostgreSQL holds no NUL."""
        if not data:
            return
        data = data.replace(b"\0", "\ufffd".encode())
        time_now = self._clock()
        if not self._buffer:
            self._since = time_now
        if not self._open:
            self._open_since = time_now
        last = data.rfind(b"\n") + 1
        if last:
            self._whole = len(self._buffer) + last
            self._open_since = time_now
        self._buffer += data

    def _take(self, *, open_too: bool, stream: LogStream = LogStream.OUTPUT) -> Iterator[Output]:
        """Cut the buffer into pieces; an open line that may still grow stays unless *open_too*."""
        while self._buffer:
            room = LINE_BYTES_MAX - self._given
            first = self._buffer.find(b"\n", 0, room + 1)
            if first >= 0 and open_too and len(self._buffer) <= PIECE_BYTES_MAX:
                size = self._of_lines(len(self._buffer))
            elif first >= 0:
                size = self._of_lines(self._buffer.rfind(b"\n", 0, PIECE_BYTES_MAX) + 1)
            elif len(self._buffer) > room:
                size = self._boundary(room)
            elif open_too:
                size = len(self._buffer)
            else:
                return
            if size:
                yield self._piece(size, stream)
            if first < 0 and self._buffer:  # the line was cut for its length
                self._next_line_if_given()

    def _of_lines(self, size: int) -> int:
        """Return *size*, or less where that would be more lines than a piece may have."""
        lines = self._buffer[:size].split(b"\n", PIECE_LINES_MAX)
        return size - len(lines[-1]) if len(lines) > PIECE_LINES_MAX else size

    def _boundary(self, size: int) -> int:
        """Return the end of the last whole character within *size* bytes."""
        while size and self._buffer[size] & 0xC0 == 0x80:  # noqa: PLR2004 - a byte inside a character
            size -= 1
        return size

    def _piece(self, size: int, stream: LogStream) -> Output:
        text = self._buffer[:size].decode()
        last = self._buffer.rfind(b"\n", 0, size)
        piece = Output(
            time=now(), index=self._index, first_line=self._line, text=text, stream=stream
        )
        del self._buffer[:size]
        self._whole = max(0, self._whole - size)
        self._since = self._since if self._whole else self._open_since
        self._line += text.count("\n")
        self._given = self._given + size if last < 0 else size - last - 1
        return piece

    def _next_line_if_given(self) -> None:
        if self._given:
            self._line += 1
            self._given = 0

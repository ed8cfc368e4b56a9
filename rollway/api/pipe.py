"""Answers on their way from an operation to a stream over HTTP."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from rollway.api.framing import Framing
from rollway.sockets.frames import encoded
from rollway.sockets.outlets import Event, Framed, Made

FULL_BYTES = 64 * 1024
PAUSE_SECONDS = 0.02  # each piece costs a turn of the loop, and several calls, for each stream


class Pipe:
    """Holds what is not sent yet: full from 64 KiB on, until all of it is."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._parts: list[bytes] = []
        self._bytes = 0
        self._ended = False
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()

    @property
    def full(self) -> bool:
        """Tell whether the reader is behind: nothing more should be written."""
        return not self._drained.is_set()

    async def drained(self) -> None:
        """Wait until the reader has caught up."""
        await self._drained.wait()

    def write(self, frames: bytes) -> None:
        """Write finished answers, at once."""
        self._parts.append(frames)
        self._bytes += len(frames)
        if self._bytes >= FULL_BYTES:
            self._drained.clear()
        self._filled.set()

    def send(self, message: Any) -> None:
        """Write an answer; an operation that ends ends the stream."""
        match message["type"]:
            case "next":
                self.write(self._framing.frame(encoded(_answer(message["payload"]))))
            case "error":
                self.write(self._framing.frame(encoded({"errors": message["payload"]})))
                self._end()
            case "complete":
                self._end()

    def framed(self, _: str) -> Framed:
        """Return how events are finished: for all who read them in the same form alike."""
        framing = self._framing

        def framed(batch: Sequence[Event], lacks: Callable[[Event], bool], made: Made) -> bytes:
            mine = made.get(framing)
            if mine is None:
                mine = made[framing] = [framing.frame(event.payload[:-1]) for event in batch]
            return b"".join([each for event, each in zip(batch, mine, strict=True) if lacks(event)])

        return framed

    async def taken(self) -> AsyncGenerator[bytes, None]:
        """Yield what was written, to the end: the first at once, then what came in a pause."""
        clock, next_seconds = asyncio.get_running_loop().time, 0.0
        while True:
            await self._filled.wait()
            if (early_seconds := next_seconds - clock()) > 0 and not self._ended:
                await asyncio.sleep(early_seconds)
            next_seconds = clock() + PAUSE_SECONDS
            self._filled.clear()
            piece, self._parts, self._bytes = b"".join(self._parts), [], 0
            if piece:
                yield piece
            if not self._bytes:
                self._drained.set()
                if self._ended:
                    return

    def _end(self) -> None:
        self._ended = True
        self._filled.set()


def _answer(payload: dict[str, Any]) -> dict[str, Any]:
    """Return an answer over HTTP: one that nothing was executed for has no data."""
    nothing = payload["data"] is None
    if nothing and not any("path" in error for error in payload.get("errors", ())):
        return {name: value for name, value in payload.items() if name != "data"}
    return payload

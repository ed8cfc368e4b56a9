"""Waiting for a client: so long, and as long as something goes on."""

import asyncio


class Patience:
    """Ends a connection where nothing goes on for *seconds*: of what is unsent nothing is taken.

    It begins and ends with each request: its timer stays, and looks whether it is still meant.
    """

    __slots__ = ("_seconds", "_timer", "_transport", "_unsent_bytes", "_until")

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._unsent_bytes = 0
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Count from now."""
        loop = asyncio.get_running_loop()
        self._unsent_bytes = self._transport.get_write_buffer_size()
        self._until = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(self._until, self._look)

    def stop(self) -> None:
        """Count no more."""
        self._until = None

    def end(self) -> None:
        """Count never again."""
        self.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._until is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._until:
            self._timer = loop.call_at(self._until, self._look)
        elif 0 < self._transport.get_write_buffer_size() < self._unsent_bytes:
            self.start()
        else:
            self._transport.abort()

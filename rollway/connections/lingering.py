"""What is written to a connection, and how it ends."""

import asyncio
from typing import Any


class Lingering:
    """A connection's transport; closed amid a request's body it goes on reading for *seconds*."""

    __slots__ = ("_end", "_held", "_releasing", "_seconds", "amid_body", "lingers", "transport")

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self.transport = transport
        self.amid_body = False
        self.lingers = False
        self._seconds = seconds
        self._end: asyncio.TimerHandle | None = None
        self._held: list[bytes] | None = None
        self._releasing: asyncio.Handle | None = None

    def get_extra_info(self, name: str) -> Any:
        """Return what the transport knows."""
        return self.transport.get_extra_info(name)

    def pause_reading(self) -> None:
        """Take nothing for now."""
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on taking."""
        self.transport.resume_reading()

    def abort(self) -> None:
        """End the connection at once, unsent bytes and all."""
        self.transport.abort()

    def hold(self, *, for_body: bool) -> None:
        """Have what is written from now on leave together, at `release`.

        Unless it waits *for_body*, which is not far, it leaves after this turn at the latest.
        """
        self._held = []
        if not for_body:
            self._releasing = asyncio.get_running_loop().call_soon(self.release)

    def release(self) -> None:
        """Let what is held leave."""
        if self._held is not None:
            if self._releasing is not None:
                self._releasing.cancel()
                self._releasing = None
            held, self._held = self._held, None
            self.write(b"".join(held))

    def write(self, data: bytes) -> None:
        """Write, at once unless it is held; nothing more once it is closed."""
        if self._held is not None:
            self._held.append(data)
        elif not self.lingers:
            self.transport.write(data)

    def is_closing(self) -> bool:
        """Tell whether nothing more is to be said."""
        return self.lingers or self.transport.is_closing()

    def close(self) -> None:
        """Say no more; what comes is for the protocol to count. It ends soon, or the next time."""
        self.release()
        if self.is_closing() or not self.amid_body:
            self.transport.close()
        else:
            self.lingers = True
            self.transport.write_eof()
            self.transport.resume_reading()
            loop = asyncio.get_running_loop()
            self._end = loop.call_later(self._seconds, self.transport.abort)

    def lost(self) -> None:
        """Wait for nothing more."""
        if self._end is not None:
            self._end.cancel()

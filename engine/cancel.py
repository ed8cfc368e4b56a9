"""The wish that something should end."""

import asyncio


class Cancel:
    """A token: once set, what runs under it is asked to end and nothing more is started."""

    def __init__(self) -> None:
        self.reason = ""
        self._requested = asyncio.Event()

    @property
    def requested(self) -> bool:
        """Whether it was set."""
        return self._requested.is_set()

    def set(self, reason: str) -> None:
        """Ask for the end; the first *reason* stays."""
        if not self.requested:
            self.reason = reason
            self._requested.set()

    async def wait(self) -> None:
        """Return once it is set."""
        await self._requested.wait()

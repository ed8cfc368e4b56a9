"""Who has much to say is heard in turn, so that others are heard between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Pace:
    """Has at most *each_max* requests of a caller be worked on at once; the others wait."""

    def __init__(self, each_max: int) -> None:
        self._each_max = each_max
        self._lines: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it for the duration of the block."""
        line = self._lines.setdefault(caller, asyncio.Semaphore(self._each_max))
        async with line:
            yield

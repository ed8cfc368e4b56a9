"""How long executing holds the loop: a few milliseconds, then everybody else has a turn.

What was loaded for a large query comes back at once, and all that follows from it would be one
long piece of work in which nobody is answered.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")

TURN_SECONDS = 0.005
WOKEN = 8  # of those who wait, in one round of the loop


class Turns:
    """The rounds of one loop, shared by all operations on it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._began: float | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def over(self) -> bool:
        """Tell whether executing has held the loop for long enough in this round."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._began = loop, None
            self._waiting.clear()
        if self._began is None:
            self._begin(loop)
            return False
        return perf_counter() - self._began > TURN_SECONDS

    async def next(self) -> None:
        """Wait for a later round, behind those who wait already."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._began = perf_counter()
        loop.call_soon(self._end, loop)

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop:
            return
        self._began = None
        for _ in range(min(WOKEN, len(self._waiting))):
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
        if self._waiting:
            self._begin(loop)


turns = Turns()


async def one_by_one(items: Iterable[T]) -> AsyncGenerator[T, None]:
    """Yield *items*, none of them when a turn is over."""
    for item in items:
        if turns.over:
            await turns.next()
        yield item

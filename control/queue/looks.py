"""Claims that wait: a bell wakes all of them, and one of those that want the same looks for all."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar
from weakref import WeakValueDictionary

from control.port import Reach

T = TypeVar("T")


class Looks:
    """Has each claim look in turn, and no more than needed: who finds nothing tells the others."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[Reach, _Turn] = WeakValueDictionary()

    async def look(self, reach: Reach, claim: Callable[[], Awaitable[T | None]]) -> T | None:
        """Return what *claim* returns; None if it did for another one since this was called."""
        called = monotonic()
        turn = self._turns.setdefault(reach, _Turn())
        async with turn.lock:
            if turn.nothing_since >= called:
                return None
            begun = monotonic()
            claimed = await claim()
            if claimed is None:
                turn.nothing_since = begun
            return claimed


class _Turn:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.nothing_since = 0.0

"""Bounds that hardly anything reaches, looked at together: a timer for each would cost more."""

import asyncio
from collections.abc import Callable

EVERY_SECONDS = 0.05


class Lookout:
    """Calls what is due, up to *EVERY_SECONDS* late; while there is nothing, it does not look."""

    def __init__(self) -> None:
        self._due: dict[Callable[[], None], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, call: Callable[[], None], at: float) -> None:
        """Have it called once it is so late by the loop's clock, unless it is removed before."""
        self._due[call] = at
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY_SECONDS, self._look)

    def remove(self, call: Callable[[], None]) -> None:
        """Forget it."""
        self._due.pop(call, None)

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for call in [call for call, at in self._due.items() if at <= now]:
            del self._due[call]
            call()
        if self._due and self._timer is None:
            self._timer = loop.call_later(EVERY_SECONDS, self._look)


class Lookouts:
    """The one of the loop that runs; of another loop, what was added before is still called."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lookout = Lookout()

    def of(self, loop: asyncio.AbstractEventLoop) -> Lookout:
        """Return the one that a loop has."""
        if self._loop is not loop:
            self._loop, self._lookout = loop, Lookout()
        return self._lookout


lookouts = Lookouts()

"""Clients who go away before they are answered, and answers that take too long."""

import asyncio
from math import inf
from types import TracebackType

from starlette.requests import ClientDisconnect, Request

from rollway.lookout import Lookout, lookouts

PATIENCE_SECONDS = 0.5  # most answers take less, and are not worth looking after


class WhileWaitedFor:
    """Stops what runs in the block when the client goes (ClientDisconnect), or it is late.

    That is TimeoutError, after *most_seconds*. The block is told when that is, by the loop's clock.
    """

    def __init__(self, request: Request, most_seconds: float = inf) -> None:
        self._request = request
        self._most_seconds = most_seconds
        self._why: type[Exception] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._running: asyncio.Task[object] | None
        self._before: int
        self._until: float
        self._lookout: Lookout

    def __enter__(self) -> float:
        """Begin."""
        loop = asyncio.get_running_loop()
        self._running = asyncio.current_task(loop)
        self._before = self._running.cancelling() if self._running else 0
        now = loop.time()
        self._until = now + self._most_seconds
        self._lookout = lookouts.of(loop)
        self._lookout.add(self._begin, now + min(PATIENCE_SECONDS, self._most_seconds))
        return self._until

    def __exit__(
        self, _: type[BaseException] | None, fault: BaseException | None, __: TracebackType | None
    ) -> None:
        """End; who is cancelled by somebody else is left alone."""
        self._lookout.remove(self._begin)
        if self._looking is not None:
            self._looking.cancel()
        if self._why is None or self._running is None:
            return
        by_others = self._running.uncancel() > self._before
        if isinstance(fault, asyncio.CancelledError) and not by_others:
            raise self._why from None

    def _begin(self) -> None:
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        try:
            async with asyncio.timeout_at(None if self._until == inf else self._until):
                while (await self._request.receive())["type"] != "http.disconnect":
                    pass
            self._why = ClientDisconnect
        except TimeoutError:
            self._why = TimeoutError
        if self._running is not None:
            self._running.cancel()

"""PostgreSQL's connections, kept from one statement to the next."""

import asyncio
from typing import Any

import asyncpg

KEPT_SECONDS = 5.0


class Keeping:
    """asyncpg's *pool*, for which it stands; what is given back is for who has waited longest.

    A way through the pool takes a task, three timers and several turns of the loop, as much as a
    statement by its key. What nobody waits for is kept for who asks next. Each connection goes
    through the pool every *KEPT_SECONDS*, which closes those that are idle or have done enough.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool: Any = pool  # which has no types
        self._loop = asyncio.get_running_loop()
        self._kept: list[Any] = []
        self._lent: dict[Any, int] = {}
        self._places: int = pool.get_max_size()  # type: ignore[no-untyped-call] # not asked for
        # For a connection, or None: a place; until when, by the loop's clock.
        self._waiting: dict[asyncio.Future[Any], float] = {}
        self._watch: asyncio.TimerHandle | None = None
        self._round = 0
        self._timer: asyncio.TimerHandle | None = None
        self._returning = set[asyncio.Task[None]]()

    async def acquire(self, *, timeout: float) -> Any:  # noqa: ASYNC109 (as the pool's)
        """Return a connection; TimeoutError where none gets free in so many seconds."""
        while self._kept:
            connection = self._kept.pop()
            if not _ended(connection):
                return connection
            await self.release(connection)
        if self._places:
            self._places -= 1
            return await self._taken(timeout)
        begun = self._loop.time()
        handed = await self._handed(timeout)
        if handed is not None:
            return handed
        return await self._taken(timeout - (self._loop.time() - begun))

    async def give_back(self, connection: Any) -> None:
        """Take back a connection by which all has just been answered."""
        if self._lent.get(connection) != self._round:
            await self.release(connection)
            return
        if not self._hand_on(connection):
            self._kept.append(connection)
        if self._timer is None:
            self._timer = self._loop.call_later(KEPT_SECONDS, self._end_round)

    async def release(self, connection: Any) -> None:
        """Take back a connection of which nothing is known; the pool looks what it is good for."""
        self._lent.pop(connection, None)
        try:
            await self._pool.release(connection)
        finally:
            self._free_place()

    async def close(self) -> None:
        """Close all connections, once they were given back; who waits for one has none."""
        if self._timer is not None:
            self._timer.cancel()
        self._end_round()
        while self._hand_on(None):
            pass
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        await self._pool.close()

    async def expire_connections(self) -> None:
        """Have each connection closed once it is given back through the pool."""
        await self._pool.expire_connections()

    def terminate(self) -> None:
        """Close all connections, whoever has them."""
        self._pool.terminate()

    async def _taken(self, timeout: float) -> Any:  # noqa: ASYNC109 (as the pool's)
        """Return a connection of the pool, for a place that was taken."""
        try:
            connection = await self._pool.acquire(timeout=timeout)
        except BaseException:
            self._free_place()
            raise
        self._lent[connection] = self._round
        return connection

    async def _handed(self, timeout: float) -> Any:  # noqa: ASYNC109 (as the pool's)
        """Wait for a connection that is given back, or for a place: None."""
        waiting: asyncio.Future[Any] = self._loop.create_future()
        until = self._waiting[waiting] = self._loop.time() + timeout
        if self._watch is None or until < self._watch.when():
            self._look_at(until)
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                await self._pass_on(waiting.result())
            raise
        finally:
            self._waiting.pop(waiting, None)

    def _look_at(self, time: float) -> None:
        """Look then who has waited too long: one timer for all, which hardly ever matters."""
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_at(time, self._look)

    def _look(self) -> None:
        self._watch = None
        now = self._loop.time()
        for waiting in [each for each, until in self._waiting.items() if until <= now]:
            del self._waiting[waiting]
            if not waiting.done():
                waiting.set_exception(TimeoutError())
        if self._waiting:
            self._look_at(min(self._waiting.values()))

    async def _pass_on(self, handed: Any) -> None:
        """Give back what was handed to somebody who is gone."""
        if handed is None:
            self._free_place()
        else:
            await self.give_back(handed)

    def _free_place(self) -> None:
        if not self._hand_on(None):
            self._places += 1

    def _hand_on(self, handed: Any) -> bool:
        """Give *handed* to who has waited longest; tell whether there was somebody."""
        while self._waiting:
            waiting = next(iter(self._waiting))
            del self._waiting[waiting]
            if not waiting.done():
                waiting.set_result(handed)
                return True
        return False

    def _end_round(self) -> None:
        self._timer = None
        self._round += 1
        kept, self._kept = self._kept, []
        for each in kept:
            returning = asyncio.create_task(self.release(each))
            self._returning.add(returning)
            returning.add_done_callback(self._returning.discard)


def _ended(connection: Any) -> bool:
    """Tell whether a connection is no more; the pool may have taken it back when it ended."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # type: ignore[attr-defined]
        return True

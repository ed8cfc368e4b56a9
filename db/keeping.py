"""PostgreSQL's connections, kept from one statement to the next."""

import asyncio
from typing import Any

import asyncpg

KEPT_SECONDS = 5.0


class Keeping:
    """asyncpg's *pool*, for which it stands; what is given back is kept for who asks next.

    A way through the pool takes a task, three timers and several turns of the loop, as much as a
    statement by its key. While somebody waits for a connection none is kept, and each goes through
    the pool every *KEPT_SECONDS*, which closes those that are idle or have done enough.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool: Any = pool  # which has no types
        self._kept: list[Any] = []
        self._lent: dict[Any, int] = {}
        self._round = 0
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        self._returning = set[asyncio.Task[None]]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def acquire(self, *, timeout: float) -> Any:  # noqa: ASYNC109 (as the pool's)
        """Return a connection; TimeoutError where none gets free in so many seconds."""
        while self._kept:
            connection = self._kept.pop()
            if not _ended(connection):
                return connection
            await self.release(connection)
        self._waiting += 1
        try:
            connection = await self._pool.acquire(timeout=timeout)
        finally:
            self._waiting -= 1
        self._lent[connection] = self._round
        return connection

    async def give_back(self, connection: Any) -> None:
        """Take back a connection by which all has been answered."""
        old = self._lent.get(connection) != self._round
        if self._waiting or old or _ended(connection):
            await self.release(connection)
            return
        self._kept.append(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(KEPT_SECONDS, self._end_round)

    async def release(self, connection: Any) -> None:
        """Take back a connection of which nothing is known; the pool looks what it is good for."""
        self._lent.pop(connection, None)
        await self._pool.release(connection)

    async def close(self) -> None:
        """Close all connections, once they were given back."""
        if self._timer is not None:
            self._timer.cancel()
        self._end_round()
        await self._pool.close()

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

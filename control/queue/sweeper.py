"""Ends tasks whose worker is gone, but never because this process was away itself."""

import asyncio
import logging
from time import monotonic, time

from control.port import Queue
from db.models import Task
from db.trouble import DatabaseAway, trouble

log = logging.getLogger("rollway.sweeper")

LOOK_SECONDS = 0.25
MEND_SECONDS = 1.0
RETRY_SECONDS = 1.0


class Sweeper:
    """Looks after the leases of all workers of the database.

    Whoever could not look for a while, because the database was away or this process stood still,
    gives every worker one whole lease to be heard again.
    """

    def __init__(self, queue: Queue, *, lease_seconds: float) -> None:
        self._queue = queue
        self._lease_seconds = lease_seconds

    async def work(self) -> None:
        """Look four times a second, until cancelled."""
        while True:
            try:
                await self._look()
            except (DatabaseAway, TimeoutError) as fault:
                log.warning("leases cannot be looked after: %s", fault or "it takes too long")
                await asyncio.sleep(LOOK_SECONDS)
            except Exception:
                log.exception("the database cannot be reached")
                await asyncio.sleep(RETRY_SECONDS)

    async def _look(self) -> None:
        """Look until the database is away; the first lease of time is only for being in touch."""
        since = None
        mended = 0.0
        while True:
            begin, clock = monotonic(), time()
            if since is None or begin - since < self._lease_seconds:
                await Task.exists()
                since = since or monotonic()
            else:
                mend = begin - mended >= MEND_SECONDS
                mended = begin if mend else mended
                if lost := await self._reap(mend=mend):
                    log.warning("lost: %s", ", ".join(lost))
            await asyncio.sleep(LOOK_SECONDS)
            late_seconds = max(monotonic() - begin, abs(time() - clock)) - LOOK_SECONDS
            if late_seconds >= self._lease_seconds / 2:
                log.warning("this process stood still, or its clock jumped, %.1f s", late_seconds)
                since = None
            elif trouble().within(monotonic() - begin):  # heartbeats may not have been stored
                since = None

    async def _reap(self, *, mend: bool) -> list[str]:
        """End what is lost; TimeoutError where that waits: heartbeats may have waited as well."""
        async with asyncio.timeout(self._lease_seconds / 2):
            return await self._queue.reap(mend=mend)

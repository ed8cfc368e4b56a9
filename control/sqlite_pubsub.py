"""Bells within one process, on a database that others may write to besides: `rollway user` does."""

import asyncio

from tortoise import connections

from control.pubsub import MemoryPubSub

LOOK_SECONDS = 0.25


class SqlitePubSub(MemoryPubSub):
    """Bells of the one process that serves a SQLite database, for as long as `work` runs.

    Every bell rings when another process has written: SQLite tells so, not what.
    """

    async def work(self) -> None:
        """Look whether another process has written, until cancelled."""
        version = await _version()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if version != (version := await _version()):
                self.ring_all()


async def _version() -> int:
    """Return what changes when another connection than this one has written."""
    (row,) = await connections.get("default").execute_query_dict("PRAGMA data_version")
    version: int = row["data_version"]
    return version

"""SQLite's write-ahead log is copied into the database beside the writers.

Otherwise whoever's write makes the log longer than its bound copies it, and waits for the disk.
"""

import asyncio
import sqlite3

import aiosqlite
from tortoise.backends.base.config_generator import expand_db_url

from db.sqlite import away

LOOK_SECONDS = 1.0
WAIT_SECONDS = 0.05  # for a writer or a reader to be done; what is not done is done the next time
PAGES_MAX = 4000  # 16 MB; a longer log begins anew, which holds up writers for a moment


async def checkpoints(url: str) -> None:
    """Do that every second for the SQLite database at *url*, until cancelled.

    DatabaseAway when it cannot be done now.
    """
    path = expand_db_url(url)["credentials"]["file_path"]
    try:
        async with aiosqlite.connect(path, timeout=WAIT_SECONDS, isolation_level=None) as database:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                if await _checkpoint(database, "PASSIVE") > PAGES_MAX:
                    await _checkpoint(database, "RESTART")
    except sqlite3.OperationalError as fault:
        raise away(fault) or fault from fault


async def _checkpoint(connection: aiosqlite.Connection, mode: str) -> int:
    """Return how many pages the log has."""
    async with connection.execute(f"PRAGMA wal_checkpoint({mode})") as answer:
        row = await answer.fetchone()
    return int(row[1]) if row else 0

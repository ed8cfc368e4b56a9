"""A worker by the database."""

import asyncio
from contextlib import suppress

from control.queue import presence
from db import connect
from rollway.process import Process
from rollway.refused import Refused
from rollway.settings import Settings
from rollway.starting import data_folder, isolation_of, require_head, vault_of
from rollway.working.machine import work_until_told
from rollway.working.page import shown


def run(settings: Settings) -> int:
    """Work until told to stop; return the exit code."""
    if settings.embedded:
        raise Refused(
            "SQLite belongs to one process, and `rollway serve` works already; for workers of"
            " their own set ROLLWAY_DATABASE_URL to a PostgreSQL database, or give the server's"
            " address by --url"
        )
    require_head(settings)
    process = Process(settings, vault_of(settings), isolation_of(settings), {})

    async def work() -> None:
        async with connect(settings.database):
            print(f"Rollway works on up to {settings.worker_slots} tasks", flush=True)
            try:
                await process.working.clear()
                worker = process.working.worker(process.queue)
                known = presence.known(worker.name, settings.worker_labels or ())
                page = shown(settings, process.metrics, process.health)
                async with process.carrying(), page, known:
                    await work_until_told(worker, settings.drain_seconds)
            finally:
                await process.flush()

    with data_folder(settings), suppress(asyncio.CancelledError):
        asyncio.run(work())
    return 0

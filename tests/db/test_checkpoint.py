"""The write-ahead log is copied beside the writers, and stays short."""

import asyncio

from tortoise import connections

import db
from db.checkpoint import checkpoints

MEGABYTE = 1024 * 1024


async def test_the_log_begins_anew(tmp_path):
    """However much is written: 4 times 20 MB, none of which its writer has copied itself."""
    path = tmp_path / "rollway.sqlite3"
    log = path.with_name("rollway.sqlite3-wal")
    url = f"sqlite://{path}"
    async with db.connect(url):
        connection = connections.get("default")
        await connection.execute_script("CREATE TABLE line (text TEXT)")
        copying = asyncio.create_task(checkpoints(url))
        for number in range(1, 5):
            for _ in range(20):
                await connection.execute_query("INSERT INTO line VALUES (?)", ["x" * MEGABYTE])
            async with asyncio.timeout(15):
                while path.stat().st_size < number * 20 * MEGABYTE:
                    await asyncio.sleep(0.05)
        assert log.stat().st_size < 60 * MEGABYTE
        copying.cancel()
        await asyncio.wait([copying])
        assert copying.cancelled()

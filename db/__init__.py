"""What is kept: the tables, the connection, and the vault that seals secrets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import tortoise.models
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.models import Model

# Tortoise looks for comments in a model's source, where ours has none, and parses the whole file
# for each model: a fourteenth of the time that every command takes to start.
tortoise.models._get_comments = lambda cls: {}  # noqa: ARG005, SLF001

SQLITE_PRAGMAS = {
    "journal_mode": "WAL",
    "foreign_keys": "ON",
    "busy_timeout": "5000",  # in all; the connection itself waits for less at a time
    "synchronous": "NORMAL",
    "wal_autocheckpoint": "16000",  # 64 MB: until then `checkpoints` does it, if it runs
}


def config(url: str) -> dict[str, Any]:
    """Return Tortoise's configuration for the database at *url* (sqlite:// or postgres://)."""
    return {
        "connections": {"default": _connection(url)},
        "apps": {
            "rollway": {
                "models": ["db.models", "db.uses", "aerich.models"],
                "default_connection": "default",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def connect(url: str, *, everywhere: bool = False) -> AsyncIterator[None]:
    """Open the database for the duration of the block.

    *everywhere* makes it the connection of every task of this process: a server's requests run
    in tasks that do not descend from the one that opened it.
    """
    async with TortoiseContext() as context:
        await context.init(config=config(url), _enable_global_fallback=everywhere)
        yield


async def lock_table(model: type[Model], transaction: BaseDBAsyncClient) -> None:
    """Have other writers of *model* wait for this transaction; on SQLite they do so anyway."""
    if transaction.capabilities.dialect == "postgres":
        table = model._meta.db_table  # noqa: SLF001
        await transaction.execute_query(f'LOCK TABLE "{table}" IN SHARE ROW EXCLUSIVE MODE')


def _connection(url: str) -> Any:
    connection = expand_db_url(url)
    if not url.startswith("sqlite:"):
        return {**connection, "engine": "db.postgres"}
    given = connection["credentials"]
    return {**connection, "engine": "db.sqlite", "credentials": {**SQLITE_PRAGMAS, **given}}

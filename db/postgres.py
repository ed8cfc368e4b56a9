"""Tortoise's PostgreSQL client, with transactions that may be cancelled while they begin.

Tortoise's own would keep the connection it took from the pool for good.

Connections go back to the pool as they are: resetting them would be one more round trip after each
statement, and no statement of ours leaves anything behind (no SET but LOCAL, no LISTEN, no lock and
no cursor that outlives its transaction) but the bounds that every connection begins with.
"""

from typing import Any

import asyncpg
from tortoise.backends.asyncpg import client
from tortoise.backends.base.client import (
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections

BOUNDS = {
    # Rows and locks of a transaction whose process is not heard of: others wait for them.
    "idle_in_transaction_session_timeout": "3s",
    "tcp_keepalives_idle": "30s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "3",
}


class _Context(TransactionContextPooled):
    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        pool = self.client._parent._pool  # noqa: SLF001
        connection = await pool.acquire()
        self.client._connection = connection  # noqa: SLF001
        try:
            await self.client.begin()
        except BaseException:
            await pool.release(connection)  # rolls back what has begun
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client


async def _bound(connection: asyncpg.Connection) -> None:
    """Have the server let go of what a process holds that is cut off, or stands still."""
    await connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in BOUNDS.items()))


class _Connection(asyncpg.Connection):
    def get_reset_query(self) -> str:
        return ""


class _Client(client.AsyncpgDBClient):
    connection_class = _Connection

    async def create_pool(self, **given: Any) -> asyncpg.Pool:
        return await super().create_pool(init=_bound, **given)

    def _in_transaction(self) -> TransactionContext:
        return _Context(client.TransactionWrapper(self), self._pool_init_lock)


client_class = _Client  # the name Tortoise looks for

POOL_ONLY = {"max_queries", "max_inactive_connection_lifetime", "setup", "init", "reset"}


async def open_connection() -> Any:
    """Return a connection of asyncpg's to the database, beside the pool; the caller closes it."""
    pool = get_connections().get("default")
    assert isinstance(pool, _Client)  # noqa: S101 (whoever asks has such a database)
    extra = {name: value for name, value in pool.extra.items() if name not in POOL_ONLY}
    return await asyncpg.connect(  # type: ignore[no-untyped-call]
        host=pool.host,
        port=pool.port,
        user=pool.user,
        password=pool.password,
        database=pool.database,
        server_settings=pool.server_settings,
        **extra,
    )

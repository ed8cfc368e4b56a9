"""Tortoise's SQLite client, with transactions that take the write lock when they begin.

Tortoise begins them without it: one that reads first and writes later fails as soon as another
process has written in between, and no waiting helps. One whose beginning fails or is cancelled
would also keep the connection's lock for good.
"""

import asyncio
import sqlite3

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite import client
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError


class _Wrapper(client.SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


class _Context(client.SqliteTransactionContext):
    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self._begin()
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        transaction: TransactionalDBClient = self.connection
        return transaction

    async def _begin(self) -> None:
        """Begin, and end what has begun when that is no longer wanted."""
        begin = asyncio.ensure_future(self._connect_and_begin())
        try:
            await asyncio.shield(begin)
        except asyncio.CancelledError:
            await asyncio.wait({begin})
            if not begin.cancelled() and begin.exception() is None:
                await self.connection.rollback()
            raise

    async def _connect_and_begin(self) -> None:
        await self.ensure_connection()
        await self.connection.begin()


class _Client(client.SqliteClient):
    def _in_transaction(self) -> TransactionContext:
        return _Context(_Wrapper(self), self._lock)


client_class = _Client  # the name Tortoise looks for

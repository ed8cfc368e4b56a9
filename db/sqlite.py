"""Tortoise's SQLite client, with transactions that take the write lock when they begin.

What is read ends when whoever asked for it is cancelled.

Tortoise begins them without it: one that reads first and writes later fails as soon as another
process has written in between, and no waiting helps. One whose beginning fails or is cancelled
would also keep the connection's lock for good.
"""

import asyncio
import sqlite3
from collections.abc import Iterable
from typing import Any

import aiosqlite
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite import client
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

INTERRUPT_SECONDS = 0.05  # a question that has not begun yet cannot be interrupted


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


class _Connection(aiosqlite.Connection):
    async def execute_fetchall(  # type: ignore[override]
        self, sql: str, parameters: Iterable[Any] | None = None
    ) -> Iterable[sqlite3.Row]:
        """Return the rows; a question that nobody waits for any more is interrupted.

        The connection answers one at a time, so that no other is hit. What writes goes on to its
        end: interrupting it would undo the whole transaction.
        """
        work = asyncio.ensure_future(super().execute_fetchall(sql, parameters))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            while not work.done():
                if sql.lstrip().startswith(("SELECT", "WITH")):
                    self._conn.interrupt()
                await asyncio.wait({work}, timeout=INTERRUPT_SECONDS)
            if not work.cancelled():
                work.exception()
            raise


class _Client(client.SqliteClient):
    async def create_connection(self, with_db: bool) -> None:  # noqa: FBT001 - Tortoise's
        await super().create_connection(with_db)
        assert self._connection is not None  # noqa: S101 (it was just made)
        self._connection.__class__ = _Connection

    def _in_transaction(self) -> TransactionContext:
        return _Context(_Wrapper(self), self._lock)


client_class = _Client  # the name Tortoise looks for

"""Tortoise's SQLite client, with transactions that take the write lock when they begin.

What is read ends when whoever asked for it is cancelled. Who finds another process writing waits
beside the connection, so that reading goes on, and one waits at a time; then it is DatabaseBusy.

Tortoise begins them without it: one that reads first and writes later fails as soon as another
process has written in between, and no waiting helps. One whose beginning fails or is cancelled
would also keep the connection's lock for good.
"""

import asyncio
import base64
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import aiosqlite
from tortoise.backends.base.client import (
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite import client
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from db.trouble import DatabaseAway, DatabaseBusy, DatabaseFull, Trouble

T = TypeVar("T")

INTERRUPT_SECONDS = 0.05  # a question that has not begun yet cannot be interrupted
BUSY_MILLISECONDS = 10  # for which the connection waits, while others would read
REST_SECONDS = 0.05
NOTED_SECONDS = 0.2  # programs that write now and then are no trouble
READING = ("SELECT", "WITH")

AWAY = {
    sqlite3.SQLITE_BUSY: DatabaseBusy,
    sqlite3.SQLITE_FULL: DatabaseFull,
    sqlite3.SQLITE_IOERR: DatabaseAway,
    sqlite3.SQLITE_CANTOPEN: DatabaseAway,
}
NO_ROOM = {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}


def base64url(text: str) -> str:
    """Return a text in base64 for URLs, without padding: statements may call it."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def away(fault: Exception) -> DatabaseAway | None:
    """Return what *fault*, as Python or Tortoise raises it, says of the database; None: nothing."""
    inner = fault.args[0] if isinstance(fault, OperationalError) and fault.args else fault
    code = getattr(inner, "sqlite_errorcode", None)
    if code is None:
        return None
    kind = DatabaseFull if code in NO_ROOM else AWAY.get(code & 0xFF)
    return kind() if kind else None


class _Statements(client.SqliteClient):
    """Statements whose errors tell of the database what there is to tell."""

    trouble: Trouble

    async def _told(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do *act*; DatabaseAway where the database is why it fails."""
        try:
            return await act()
        except (OperationalError, sqlite3.OperationalError) as fault:
            found = away(fault)
            if found is None:
                raise
            raise found from fault

    async def _do(self, act: Callable[[], Awaitable[T]], query: str) -> T:  # noqa: ARG002
        """Do *act*, which says *query* to the database; see `_told`."""
        try:
            return await self._told(act)
        except DatabaseAway as fault:
            raise self.trouble.note(fault) from fault.__cause__

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        return await self._do(partial(super().execute_insert, query, values), query)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await self._do(partial(super().execute_many, query, values), query)

    async def execute_query(
        self, query: str, values: list[Any] | None = None
    ) -> tuple[int, Sequence[dict[str, Any]]]:
        return await self._do(partial(super().execute_query, query, values), query)

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        return await self._do(partial(super().execute_query_dict, query, values), query)

    async def execute_script(self, query: str) -> None:
        await self._do(partial(super().execute_script, query), query)


class _Wrapper(_Statements, client.SqliteTransactionWrapper):
    def __init__(self, connection: "_Statements") -> None:
        super().__init__(connection)
        self.trouble = connection.trouble

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(_Wrapper(self))

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error

    async def commit(self) -> None:
        """Commit; what cannot be is undone, else the next transaction would be within this one."""
        try:
            await self._do(super().commit, "COMMIT")
        except Exception:
            with suppress(sqlite3.Error):
                await self._connection.rollback()
            self._finalized = True
            raise


class _Context(client.SqliteTransactionContext):
    connection: _Wrapper

    async def __aenter__(self) -> TransactionalDBClient:
        await self.connection._parent.patiently(self._enter)  # type: ignore[attr-defined]  # noqa: SLF001
        self.token = get_connections().set(self.connection_name, self.connection)
        transaction: TransactionalDBClient = self.connection
        return transaction

    async def _enter(self) -> None:
        await self._trxlock.acquire()
        try:
            await self._begin()
        except BaseException:
            self._trxlock.release()
            raise

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
                if sql.lstrip().startswith(READING):
                    self._conn.interrupt()
                await asyncio.wait({work}, timeout=INTERRUPT_SECONDS)
            if not work.cancelled():
                work.exception()
            raise


class _Client(_Statements):
    def __init__(self, file_path: str, **given: Any) -> None:
        super().__init__(file_path, **given)
        self.trouble = Trouble()
        self._patience_seconds = float(self.pragmas["busy_timeout"]) / 1000
        self.pragmas["busy_timeout"] = str(BUSY_MILLISECONDS)
        self._turn = asyncio.Lock()  # of those who found somebody else writing

    async def _post_connect(self) -> None:
        await super()._post_connect()
        connection = self._connection
        assert connection is not None  # noqa: S101 (it has just been made)
        await connection.create_function("base64url", 1, base64url, deterministic=True)

    async def patiently(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do *act*, again while another process writes; DatabaseBusy when that takes too long."""
        until = monotonic() + self._patience_seconds
        try:
            if not self._turn.locked():
                with suppress(DatabaseBusy):
                    return await self._told(act)
            async with asyncio.timeout(until - monotonic()):
                await self._turn.acquire()
            try:
                return await self._until(until, act)
            finally:
                self._turn.release()
        except TimeoutError:
            raise self.trouble.note(DatabaseBusy()) from None
        except DatabaseAway as fault:
            raise self.trouble.note(fault) from fault.__cause__

    async def _until(self, until: float, act: Callable[[], Awaitable[T]]) -> T:
        begun = monotonic()
        while True:
            try:
                return await self._told(act)
            except DatabaseBusy as fault:
                if monotonic() > until:
                    raise
                if monotonic() - begun > NOTED_SECONDS:  # whom it is done for may not stay for it
                    self.trouble.note(fault)
            await asyncio.sleep(REST_SECONDS)

    async def _do(self, act: Callable[[], Awaitable[T]], query: str) -> T:
        if query.lstrip().startswith(READING):
            return await super()._do(act, query)
        return await self.patiently(act)

    async def create_connection(self, with_db: bool) -> None:  # noqa: FBT001 - Tortoise's
        await super().create_connection(with_db)
        assert self._connection is not None  # noqa: S101 (it was just made)
        self._connection.__class__ = _Connection

    def _in_transaction(self) -> TransactionContext:
        return _Context(_Wrapper(self), self._lock)


client_class = _Client  # the name Tortoise looks for

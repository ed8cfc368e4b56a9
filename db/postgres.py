"""Tortoise's PostgreSQL client, with transactions that may be cancelled while they begin.

Tortoise's own would keep the connection it took from the pool for good.

Waiting for a connection is bounded, and what the database cannot do now is told as DatabaseAway.

Connections go back to the pool as they are: resetting them would be one more round trip after each
statement, and no statement of ours leaves anything behind (no SET but LOCAL, no LISTEN, no lock and
no cursor that outlives its transaction) but the settings that every connection begins with.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg
from tortoise.backends.asyncpg import client
from tortoise.backends.base.client import (
    NestedTransactionContext,
    PoolConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections

from db.keeping import Keeping
from db.trouble import DatabaseAway, DatabaseFull, NoConnection, Trouble

CONNECTION_SECONDS = 5.0  # for one of the pool to be free, or a new one to be made
SETTINGS = {
    # Rows and locks of a transaction whose process is not heard of: others wait for them. Who is
    # silent within a statement is ended by `db.silence`.
    "idle_in_transaction_session_timeout": "3s",
    "tcp_keepalives_idle": "30s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "3",
    # What is read is in memory, or on a disk without arms. By the default of 4, a page by an index
    # seems dearer than all that a filter finds, gathered and sorted.
    "random_page_cost": "1.1",
}


AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # type: ignore[attr-defined] # of one that has just ended
)
CLOSED = ("connection is closed", "pool is clos")


def away(fault: BaseException) -> DatabaseAway | None:
    """Return what *fault* says of the database; None: nothing."""
    if isinstance(fault, DatabaseAway):
        return None
    if isinstance(fault, TimeoutError | asyncpg.TooManyConnectionsError):
        return NoConnection()
    if isinstance(fault, asyncpg.DiskFullError):
        return DatabaseFull()
    closed = isinstance(fault, asyncpg.InterfaceError) and any(  # type: ignore[attr-defined]
        each in str(fault) for each in CLOSED
    )
    return DatabaseAway() if closed or isinstance(fault, AWAY) else None


class _Context(TransactionContextPooled):
    client: "_Transaction"

    async def __aenter__(self) -> TransactionalDBClient:
        with self.client.telling():
            return await self._begin()

    async def __aexit__(self, *given: object) -> None:
        with self.client.telling():
            await super().__aexit__(*given)

    async def _begin(self) -> TransactionalDBClient:
        await self.ensure_connection()
        pool: Any = self.client._parent._pool  # noqa: SLF001
        connection = await pool.acquire(timeout=CONNECTION_SECONDS)
        self.client._connection = connection  # noqa: SLF001
        try:
            await self.client.begin()
        except BaseException:
            await pool.release(connection)  # rolls back what has begun
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client


async def _set(connection: asyncpg.Connection) -> None:
    settings = "; ".join(f"SET {name} = '{value}'" for name, value in SETTINGS.items())
    await connection.execute(settings)


_left: set["asyncio.Task[asyncpg.Connection]"] = set()  # that connect though nobody waits


async def _connect(*given: Any, **named: Any) -> asyncpg.Connection:
    """Connect, to the end also where nobody waits for it any more.

    asyncpg, cancelled while the server goes, leaves a future with an error that nobody asks for,
    which asyncio logs. It gives up by itself after a minute.
    """
    work = asyncpg.connect(*given, **named)  # type: ignore[no-untyped-call]
    connecting = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(connecting)
    except asyncpg.exceptions.PostgresError as fault:
        if away(fault):
            raise
        # It may not be used by us now: closed to all, gone, another password. Trying again helps.
        raise ConnectionError(str(fault)) from fault
    except asyncio.CancelledError:
        _left.add(connecting)
        connecting.add_done_callback(_let_go)
        raise


def _let_go(connecting: "asyncio.Task[asyncpg.Connection]") -> None:
    _left.discard(connecting)
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().terminate()  # type: ignore[no-untyped-call]


class _Connection(asyncpg.Connection):
    def get_reset_query(self) -> str:
        return ""


async def _release_failed(connection: Any, pool: Keeping, fault: BaseException) -> None:
    """Give back a connection by which a statement failed.

    Where asyncpg could not write the values, PostgreSQL has the text and waits for them, with the
    tables locked, until it is told something else.
    """
    try:
        if isinstance(fault, Exception):
            with suppress(Exception):
                await connection.execute("", timeout=CONNECTION_SECONDS)
    finally:
        await pool.release(connection)


class _Acquiring(PoolConnectionWrapper[Any]):
    async def __aenter__(self) -> Any:
        await self.ensure_connection()
        pool = self.client._pool  # noqa: SLF001
        self.connection = await pool.acquire(timeout=CONNECTION_SECONDS)
        return self.connection

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, *_: object
    ) -> None:
        pool: Keeping = self.client._pool  # noqa: SLF001
        if fault is None:
            await pool.give_back(self.connection)
        else:
            await _release_failed(self.connection, pool, fault)


class _Telling(client.AsyncpgDBClient):
    """Its errors tell of the database what there is to tell."""

    trouble: Trouble

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Raise DatabaseAway where the database is why something fails."""
        try:
            yield
        except Exception as fault:
            if found := away(fault):
                raise self.trouble.note(found) from fault
            raise

    async def _translate_exceptions(self, *given: Any, **named: Any) -> Any:
        with self.telling():
            return await super()._translate_exceptions(*given, **named)


class _Transaction(_Telling, client.TransactionWrapper):
    def __init__(self, connection: _Telling) -> None:
        super().__init__(connection)
        self.trouble = connection.trouble

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(_Transaction(self))


async def _failed(_: _Telling, fault: Exception) -> Any:
    raise fault


class _Client(_Telling):
    connection_class: Any = _Connection

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.trouble = Trouble()

    def acquire_connection(self) -> Any:
        return _Acquiring(self, self._pool_init_lock)

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        """Return rows, as Tortoise does; what is between is gone through only by what fails."""
        self.log.debug("%s: %s", query, values)
        try:
            if self._pool is None:
                await self.acquire_connection().ensure_connection()
            pool: Any = self._pool
            connection = await pool.acquire(timeout=CONNECTION_SECONDS)
            try:
                rows = await connection.fetch(query, *(values or ()))
            except BaseException as fault:
                await _release_failed(connection, pool, fault)
                raise
            await pool.give_back(connection)
        except Exception as fault:
            await self._translate_exceptions(_failed, fault)
            raise
        return [dict(each) for each in rows]

    async def create_pool(self, **given: Any) -> Keeping:  # type: ignore[override] # stands for it
        return Keeping(await super().create_pool(connect=_connect, init=_set, **given))

    def _in_transaction(self) -> TransactionContext:
        return _Context(_Transaction(self), self._pool_init_lock)


client_class = _Client  # the name Tortoise looks for

POOL_ONLY = {"max_queries", "max_inactive_connection_lifetime", "setup", "init", "reset"}


async def open_connection() -> Any:
    """Return a connection of asyncpg's to the database, beside the pool; the caller closes it."""
    pool = get_connections().get("default")
    assert isinstance(pool, _Client)  # noqa: S101 (whoever asks has such a database)
    extra = {name: value for name, value in pool.extra.items() if name not in POOL_ONLY}
    return await _connect(
        host=pool.host,
        port=pool.port,
        user=pool.user,
        password=pool.password,
        database=pool.database,
        server_settings=pool.server_settings,
        **extra,
    )

"""All rows of an SQLite database, copied into an empty PostgreSQL one, in one transaction there."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tortoise import Tortoise, fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model
from tortoise.transactions import in_transaction

from db.rows import reading_of

ROWS_MAX = 500  # read and written at a time; the largest have 64 KiB
BUSY_SECONDS = 5.0
HISTORY = "aerich"  # of migrations: the target has its own

Row = tuple[Any, ...]


class NotEmpty(Exception):
    """The target holds rows already: what is there would be mixed with what comes."""

    def __init__(self, table: str) -> None:
        super().__init__(f"the target is not empty: its table {table} has rows")


class Miscounted(Exception):
    """The target has other rows than the source; nothing was kept."""


class Source:
    """An SQLite database that nobody writes to meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        (count,) = self._connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608
        return int(count)

    def running(self) -> int:
        """Count the tasks that some worker has."""
        sql = "SELECT count(*) FROM task WHERE status = 'running' AND reported = false"
        (count,) = self._connection.execute(sql).fetchone()
        return int(count)

    def batches(self, model: type[Model]) -> Iterator[list[Row]]:
        """Yield the rows of a table in the order in which they came, as PostgreSQL takes them."""
        columns, table = columns_of(model), model._meta.db_table  # noqa: SLF001
        names = ", ".join(f'"{column}"' for column in columns)
        cursor = self._connection.execute(f'SELECT {names} FROM "{table}" ORDER BY rowid')  # noqa: S608
        readings = list(columns.values())
        while found := cursor.fetchmany(ROWS_MAX):
            yield [
                tuple(
                    value if read is None or value is None else read(value)
                    for value, read in zip(row, readings, strict=True)
                )
                for row in found
            ]


@contextmanager
def reading_from(path: Path) -> Iterator[Source]:
    """Give the database at *path*; others who write to it wait until the end of the block."""
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield Source(connection)
    finally:
        connection.close()


@asynccontextmanager
async def empty_target() -> AsyncIterator[BaseDBAsyncClient]:
    """Give a transaction on the connected PostgreSQL database, which stands still; NotEmpty."""
    tables = [model._meta.db_table for model in models()]  # noqa: SLF001
    async with in_transaction() as db:
        # It waits for the other database, as long as that takes; nobody else is served meanwhile.
        await db.execute_query("SET LOCAL idle_in_transaction_session_timeout = 0")
        listed = ", ".join(f'"{table}"' for table in tables)
        await db.execute_query(f"LOCK TABLE {listed} IN SHARE ROW EXCLUSIVE MODE")
        for table in tables:
            if await count(table, db):
                raise NotEmpty(table)
        yield db


async def copy(
    source: Source, db: BaseDBAsyncClient, told: Callable[[str, int, int], None]
) -> Mapping[str, int]:
    """Copy every row; return how many each table has. *told* hears: table, rows done, of how many.

    Miscounted when the target has not as many afterwards.
    """
    counts = {}
    for model in models():
        table, columns = model._meta.db_table, list(columns_of(model))  # noqa: SLF001
        total, done = source.count(table), 0
        told(table, done, total)
        batches = source.batches(model)
        while rows := await asyncio.to_thread(next, batches, None):
            await db._connection.copy_records_to_table(  # noqa: SLF001
                table, records=rows, columns=columns
            )
            done += len(rows)
            told(table, done, total)
        await _continue_numbers(model, db)
        counts[table] = await count(table, db)
        if counts[table] != total:
            raise Miscounted(f"the table {table} had {total} rows, and has {counts[table]} now")
    return counts


async def count(table: str, db: BaseDBAsyncClient) -> int:
    """Count the rows of a table of the target."""
    found = await db.execute_query_dict(f'SELECT count(*) AS count FROM "{table}"')  # noqa: S608
    return int(found[0]["count"])


async def _continue_numbers(model: type[Model], db: BaseDBAsyncClient) -> None:
    """Let rows that come later have numbers behind those that were copied."""
    meta = model._meta  # noqa: SLF001
    if meta.pk.generated:
        sql = (
            f"SELECT setval(pg_get_serial_sequence('{meta.db_table}', '{meta.db_pk_column}'),"  # noqa: S608
            f' (SELECT coalesce(max("{meta.db_pk_column}"), 0) + 1 FROM "{meta.db_table}"), false)'
        )
        await db.execute_query(sql)


def models() -> list[type[Model]]:
    """Return the tables, each behind those that it refers to."""
    found = [model for app in Tortoise.apps.values() for model in app.values()]
    waiting = [model for model in found if model._meta.db_table != HISTORY]  # noqa: SLF001
    ordered: list[type[Model]] = []
    while waiting:
        for model in waiting:
            if _referred(model) <= {*ordered, model}:
                ordered.append(model)
        waiting = [model for model in waiting if model not in ordered]
    return ordered


def _referred(model: type[Model]) -> set[type[Model]]:
    meta = model._meta  # noqa: SLF001
    names = meta.fk_fields | meta.o2o_fields
    return {meta.fields_map[name].related_model for name in names}  # type: ignore[attr-defined]


def columns_of(model: type[Model]) -> dict[str, Callable[[Any], Any] | None]:
    """Return the columns of a table, with what makes SQLite's values what PostgreSQL takes."""
    meta = model._meta  # noqa: SLF001
    return {
        column: None if isinstance(field, fields.JSONField) else reading_of(field, "sqlite")
        for name, column in sorted(meta.fields_db_projection.items())
        for field in (meta.fields_map[name],)
    }

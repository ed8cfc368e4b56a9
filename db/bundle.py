"""Statements that need not wait for each other's answers, sent together.

A round trip to PostgreSQL costs more than what most statements do there: they go as one. SQLite is
in the process, and does them one after the other.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model


class Bundle:
    """What is to be written within the transaction of *db*; nothing is, until it is sent.

    On PostgreSQL no statement sees what another one writes, and in which order they run is not
    said; foreign keys are looked at when all have.
    """

    def __init__(self, db: BaseDBAsyncClient) -> None:
        self.db = db
        self._statements: list[tuple[str, Sequence[Any]]] = []

    def insert(self, row: Model) -> None:
        """Have *row* stored as it is now; of a generated key it is not told."""
        text, columns = _inserting(type(row))
        fields = row._meta.fields_map  # noqa: SLF001
        self.add(text, [fields[name].to_db_value(getattr(row, name), row) for name in columns])
        row._saved_in_db = True  # noqa: SLF001

    def update(self, row: Model, names: Sequence[str]) -> None:
        """Have these fields of *row* stored as they are now."""
        text = _updating(type(row), tuple(names))
        fields = row._meta.fields_map  # noqa: SLF001
        given = (*names, row._meta.pk_attr)  # noqa: SLF001
        self.add(text, [fields[name].to_db_value(getattr(row, name), row) for name in given])

    def add(self, text: str, values: Sequence[Any]) -> None:
        """Add a statement that writes, where `{0}` stands for the first of *values*."""
        self._statements.append((text, values))

    async def send(self) -> list[int]:
        """Send all; return how many rows each has written."""
        if self.db.capabilities.dialect == "sqlite":
            return [await self._send_one(text, values) for text, values in self._statements]
        parts, counts, given = [], [], list[Any]()
        for at, (text, values) in enumerate(self._statements):
            marks = [f"${number}" for number in range(len(given) + 1, len(given) + len(values) + 1)]
            parts.append(f"w{at} AS ({text.format(*marks)} RETURNING 1)")
            counts.append(f"(SELECT count(*) FROM w{at})")  # noqa: S608
            given += values
        sql = f"WITH {', '.join(parts)} SELECT ARRAY[{', '.join(counts)}] AS counts"
        (row,) = await self.db.execute_query_dict(sql, given)
        return list(row["counts"])

    async def _send_one(self, text: str, values: Sequence[Any]) -> int:
        marks = [f"?{number}" for number in range(1, len(values) + 1)]
        written, _ = await self.db.execute_query(text.format(*marks), list(values))
        return written


@cache
def _inserting(model: type[Model]) -> tuple[str, tuple[str, ...]]:
    """Return the statement that stores a row, and the names of the fields it is given."""
    meta = model._meta  # noqa: SLF001
    names = tuple(name for name in meta.fields_db_projection if not meta.fields_map[name].generated)
    columns = ", ".join(f'"{meta.fields_db_projection[name]}"' for name in names)
    marks = ", ".join(f"{{{at}}}" for at in range(len(names)))
    return f'INSERT INTO "{meta.db_table}" ({columns}) VALUES ({marks})', names  # noqa: S608


@cache
def _updating(model: type[Model], names: tuple[str, ...]) -> str:
    """Return the statement that stores some fields of a row, of which the last is the key."""
    meta = model._meta  # noqa: SLF001
    columns = (meta.fields_db_projection[name] for name in names)
    changes = ", ".join(f'"{column}" = {{{at}}}' for at, column in enumerate(columns))
    return f'UPDATE "{meta.db_table}" SET {changes} WHERE "{meta.db_pk_column}" = {{{len(names)}}}'  # noqa: S608

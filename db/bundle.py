"""Statements that need not wait for each other's answers, sent together.

A round trip to PostgreSQL costs more than what most statements do there: they go as one. SQLite is
in the process, and does them one after the other.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A statement that answers with one row at most; `{0}` stands for the first of *values*.

    What *judge* raises, which is given the answer, undoes what was sent together with it.
    """

    text: str
    values: Sequence[Any]
    judge: Callable[[Row | None], None] | None = None

    async def __call__(self, db: BaseDBAsyncClient) -> None:
        """Ask by itself."""
        bundle = Bundle(db)
        bundle.ask(self)
        await bundle.send()


class Bundle:
    """What is to be written and asked within the transaction of *db*; nothing is, until it is sent.

    On PostgreSQL no statement sees what another one writes, and foreign keys are looked at when all
    have. They run one after the other, which nothing but the order of locks may depend on: it is
    not promised.
    """

    def __init__(self, db: BaseDBAsyncClient) -> None:
        self.db = db
        self._statements: list[tuple[str, Sequence[Any]] | Question] = []

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

    def add(self, text: str, values: Sequence[Any]) -> int:
        """Add a statement that writes, where `{0}` stands for the first of *values*.

        Returns where among the results its number of rows is.
        """
        self._statements.append((text, values))
        return len(self._statements) - 1

    def ask(self, question: Question) -> int:
        """Add a question; return where among the results its answer is."""
        self._statements.append(question)
        return len(self._statements) - 1

    async def send(self) -> list[Any]:
        """Send all; return how many rows each has written, and of questions the row or None."""
        if self.db.capabilities.dialect == "sqlite":
            return [await self._send_one(each) for each in self._statements]
        parts, results, given = [], [], list[Any]()
        for at, each in enumerate(self._statements):
            text, values = (each.text, each.values) if isinstance(each, Question) else each
            marks = [f"${number}" for number in range(len(given) + 1, len(given) + len(values) + 1)]
            returning = "" if isinstance(each, Question) else " RETURNING 1"
            result = f"row_to_json(w{at})" if isinstance(each, Question) else "count(*)"
            parts.append(f"w{at} AS ({text.format(*marks)}{returning})")
            results.append(f"(SELECT {result} FROM w{at}) AS r{at}")  # noqa: S608
            given += values
        sql = f"WITH {', '.join(parts)} SELECT {', '.join(results)}"
        (row,) = await self.db.execute_query_dict(sql, given)
        return list(map(_result, self._statements, row.values()))

    async def _send_one(self, each: tuple[str, Sequence[Any]] | Question) -> Any:
        text, values = (each.text, each.values) if isinstance(each, Question) else each
        sql = text.format(*(f"?{number}" for number in range(1, len(values) + 1)))
        if isinstance(each, Question):
            found = await self.db.execute_query_dict(sql, list(values))
            return _result(each, found[0] if found else None)
        written, _ = await self.db.execute_query(sql, list(values))
        return written


def _result(statement: tuple[str, Sequence[Any]] | Question, result: Any) -> Any:
    if not isinstance(statement, Question):
        return result
    row: Row | None = json.loads(result) if isinstance(result, str) else result
    if statement.judge:
        statement.judge(row)
    return row


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

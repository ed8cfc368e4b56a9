"""Rows read by sets: one statement for many keys, without the columns that nobody is shown.

Statements are of our own and take all keys as one parameter, so that their text is always the same
and the database knows it already. What comes is made into models without Tortoise's checks, which
cost five times what asking does.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Any, Generic, TypeVar

from tortoise import BaseDBAsyncClient, fields
from tortoise.context import require_context
from tortoise.models import Model

from db.models import Application, Delivery, Environment, Step, Task

M = TypeVar("M", bound=Model)

# Large, and read by none of those who look at many: whoever acts on one row reads it whole.
UNSHOWN: Mapping[type[Model], frozenset[str]] = {
    Application: frozenset({"environment"}),
    Delivery: frozenset({"headers", "body"}),
    Environment: frozenset({"trigger_spec", "secrets", "resource"}),
    Step: frozenset({"outputs"}),
    Task: frozenset(
        {"steps", "pipeline", "inputs", "trigger_payload", "secret_versions", "lines_before"}
    ),
}

Row = dict[str, Any]
Reading = Callable[[Any], Any]


class Shown(Generic[M]):
    """What is read of a model's rows, on one kind of database.

    *fields* are its columns under their own names. A model that is made of them has no others:
    asking for one is a fault, and so is saving it.
    """

    def __init__(self, model: type[M], dialect: str, unshown: frozenset[str]) -> None:
        meta = model._meta  # noqa: SLF001
        self._model = model
        self.table = meta.db_table
        self.fields = sorted(meta.db_fields - unshown)
        self._marks = {
            "_partial": bool(unshown),
            "_saved_in_db": True,
            "_custom_generated_pk": meta.db_pk_column not in meta.generated_db_fields,
        }
        self._readings: list[tuple[str, Reading]] = [
            (name, reading)
            for name in self.fields
            if (reading := reading_of(meta.fields_map[name], dialect))
        ]

    def columns(self, alias: str, prefix: str = "") -> str:
        """Return what to select of the table that stands in the statement as *alias*."""
        return ", ".join(f'{alias}."{each}" AS "{prefix}{each}"' for each in self.fields)

    def of(self, row: Row) -> M:
        """Return a model that is *row*, which may have more in it and belongs to it from now on."""
        for name, reading in self._readings:
            if row[name] is not None:
                row[name] = reading(row[name])
        row |= self._marks
        row["_await_when_save"] = {}
        made = self._model.__new__(self._model)
        object.__setattr__(made, "__dict__", row)  # the model's own looks at every attribute
        return made


def made(model: type[M], **values: Any) -> M:
    """Return a new row that is not stored, of *values* and the defaults of other columns."""
    defaults = _defaults(model)
    if unknown := values.keys() - defaults.keys():
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
    row = {**defaults, **values, "_await_when_save": {}}
    new = model.__new__(model)
    object.__setattr__(new, "__dict__", row)  # as above
    return new


@cache
def _defaults(model: type[Model]) -> Row:
    meta = model._meta  # noqa: SLF001
    fresh = {name: meta.fields_map[name].default for name in meta.db_fields}
    if shared := [each for each, value in fresh.items() if callable(value) or value in ({}, [])]:
        raise TypeError(f"rows would share the default of {', '.join(shared)}")
    return {**fresh, "_partial": False, "_saved_in_db": False, "_custom_generated_pk": False}


@cache
def _shown(model: type[Model], dialect: str, unshown: frozenset[str]) -> Shown[Any]:
    return Shown(model, dialect, unshown)


def shown(model: type[M]) -> Shown[M]:
    """Return what is read of the rows of *model*."""
    return _known(model, dialect(), whole=False)


def acted_on(model: type[M], unread: frozenset[str], dialect: str) -> Shown[M]:
    """Return what is read of a row of *model* to act on it: all but the columns *unread*."""
    return _shown(model, dialect, unread)


def database() -> BaseDBAsyncClient:
    """Return who is asked: the transaction that is under way, if there is one."""
    return require_context().connections.get("default")


def dialect() -> str:
    """Return which kind of database it is: sqlite or postgres."""
    name: str = database().capabilities.dialect
    return name


async def fetch(sql: str, values: Sequence[Any]) -> list[Row]:
    """Return the rows of a statement; *values* stand in it as `mark` says."""
    found: list[Row]
    found = await database().execute_query_dict(sql, list(values))
    return found


async def among(
    model: type[M],
    column: str,
    keys: Sequence[str],
    *,
    where: str = "",
    order: str = "",
    most: int | None = None,
    whole: bool = False,
) -> list[M]:
    """Return the rows whose *column* is one of *keys*, in the order of another; at most *most*.

    *whole*: with what is large, so that they can be acted on.
    """
    known = _known(model, dialect(), whole=whole)
    sql = _among(known, column, where, order, most)
    return [known.of(row) for row in await fetch(sql, [listing(keys)])]


@cache
def _among(known: Shown[Any], column: str, where: str, order: str, most: int | None) -> str:
    """Return the text of such a statement: there are few, and each is sent again and again."""
    terms = one_of(f'x."{column}"', 1) + (f" AND {where}" if where else "")
    sorting = f' ORDER BY x."{order}"' if order else ""
    limit = f" LIMIT {most}" if most is not None else ""
    return f'SELECT {known.columns("x")} FROM "{known.table}" x WHERE {terms}{sorting}{limit}'  # noqa: S608


async def large(
    model: type[Model], column: str, ids: Sequence[str], characters_max: int
) -> dict[str, Any] | None:
    """Return the documents in *column* of the rows *ids*, by id.

    None where they have more characters than *characters_max* together: then none is read.
    """
    table = model._meta.db_table  # noqa: SLF001
    sql = (
        f"SELECT id, CASE WHEN total <= {mark(1)} THEN document END AS document, total"  # noqa: S608
        f' FROM (SELECT x.id, x."{column}" AS document,'
        f' sum(length(CAST(x."{column}" AS text))) OVER () AS total'
        f' FROM "{table}" x WHERE {one_of("x.id", 2)}) found'
    )
    rows = await fetch(sql, [characters_max, listing(ids)])
    if rows and (rows[0]["total"] or 0) > characters_max:
        return None
    return {row["id"]: _document(row["document"]) for row in rows}


async def one(model: type[M], column: str, key: str, *path: str, whole: bool = False) -> M | None:
    """Return the row whose *column* is *key*, with the rows that relations lead to.

    The first of *path* is a relation of its own, the next one of the row that this leads to.
    *whole*: with what is large, so that it can be acted on.
    """
    sql, parts = _one(model, column, path, dialect(), whole)
    for row in await fetch(sql, [key]):
        made = [
            known.of({name: row[prefix + name] for name in known.fields}) for known, prefix in parts
        ]
        for name, (mine, other) in zip(path, pairwise(made), strict=True):
            setattr(mine, name, other)
        first: M = made[0]
        return first
    return None


@cache
def _one(
    model: type[Model],
    column: str,
    path: tuple[str, ...],
    dialect: str,
    whole: bool,  # noqa: FBT001 (a key)
) -> tuple[str, list[tuple[Shown[Any], str]]]:
    """Return such a statement, and what is read of each row under which prefix."""
    parts = [(_known(model, dialect, whole=whole), "")]
    tables = f'"{parts[0][0].table}" x0'
    for number, name in enumerate(path, start=1):
        relation = model._meta.fields_map[name]  # noqa: SLF001
        assert isinstance(relation, fields.relational.ForeignKeyFieldInstance)  # noqa: S101 (a caller's mistake)
        model = relation.related_model
        known = _known(model, dialect, whole=whole)
        here = f'x{number}.id = x{number - 1}."{relation.source_field}"'
        tables += f' JOIN "{known.table}" x{number} ON {here}'
        parts.append((known, f"{number}."))
    columns = ", ".join(
        known.columns(f"x{number}", prefix) for number, (known, prefix) in enumerate(parts)
    )
    return f'SELECT {columns} FROM {tables} WHERE x0."{column}" = {mark(1)}', parts  # noqa: S608


def _known(model: type[M], dialect: str, *, whole: bool) -> Shown[M]:
    unread = frozenset[str]() if whole else UNSHOWN.get(model, frozenset())
    return _shown(model, dialect, unread)


def mark(number: int) -> str:
    """Return what stands in a statement for its parameter of *number*, from 1."""
    return f"?{number}" if dialect() == "sqlite" else f"${number}"


def one_of(column: str, number: int) -> str:
    """Return the condition that *column* is in the list that is the parameter of *number*."""
    if dialect() == "sqlite":
        return f"{column} IN (SELECT value FROM json_each({mark(number)}))"  # noqa: S608
    return f"{column} = any({mark(number)}::text[])"


def listing(keys: Sequence[str]) -> str | list[str]:
    """Return a list as a parameter."""
    return json.dumps(list(keys)) if dialect() == "sqlite" else list(keys)


def reading_of(field: fields.Field[Any], dialect: str) -> Reading | None:
    """Return what makes a value of what the driver gives; None where that is the same."""
    if isinstance(field, fields.JSONField):
        return _document
    if dialect != "sqlite":
        return None
    if isinstance(field, fields.DatetimeField):
        return _time
    return bool if isinstance(field, fields.BooleanField) else None


def _document(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _time(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)

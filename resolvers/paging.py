"""Pages of related rows, by key and not by offset, for any number of parents in one statement."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from tortoise import connections
from tortoise.models import Model

from providers.refusal import Reason

PAGE_SIZE = 20
PAGE_SIZE_MAX = 100

Value = str | int | datetime

M_co = TypeVar("M_co", bound=Model, covariant=True)


class PageFlaw(Reason):
    """What is wrong with a page, a search or a filter that is asked for."""

    BOTH_SIZES = "give `first` or `last`, not both"
    BOTH_CURSORS = "give `after` or `before`, not both"
    CROSSED = "`first` goes with `after`, `last` with `before`"
    ENTRIES = "a page has 0 to {most} entries"
    EVENTS = "a page has 0 to {most} events"
    LINES = "a page has 0 to {most} lines"
    CURSOR = "the cursor is none of this list's"
    TIME = "a time lies outside of the calendar"
    SEARCH_SHORT = "a search has at least {least} characters"
    SEARCH_LONG = "a search has at most {most} characters"
    FOUND = "a search finds 1 to {most} users"
    TRIGGER_TYPES = "a filter has at most {most} trigger types"


@dataclass(eq=False)
class InvalidPage(Exception):
    """The page asked for cannot be given: {reason}."""

    reason: str


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows that belong to a parent.

    *source* is the FROM clause in which the rows are `x`, *parent* the expression that gives a
    row's parent, *order* the column it is sorted by before its id. Where the parent is made of two
    parts, `a:b`, *narrow* is the column that holds the first one, so that an index can be used.
    """

    name: str
    model: type[Model]
    source: str
    parent: str
    order: str
    descending: bool = False
    where: str = ""
    narrow: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A column of the rows, an operator, and the values it is compared with."""

    column: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a relation: conditions, and a window of the sorted list."""

    conditions: tuple[Condition, ...] = ()
    size: int = PAGE_SIZE
    cursor: str | None = None
    backwards: bool = False

    def unpaged(self) -> "Selection":
        """Return the same conditions without the window."""
        return replace(self, size=0, cursor=None, backwards=False)


@dataclass(frozen=True, slots=True)
class Edge(Generic[M_co]):
    """A row and its place in the list."""

    cursor: str
    node: M_co


@dataclass(frozen=True, slots=True)
class Page:
    """A page of one parent's rows; knows what it is a page of, for the total."""

    parent: str
    relation: Relation
    selection: Selection
    edges: list[Edge[Any]]
    has_next_page: bool
    has_previous_page: bool


def select(
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    conditions: tuple[Condition, ...] = (),
) -> Selection:
    """Return the selection that Relay's four arguments mean; InvalidPage says what contradicts."""
    if first is not None and last is not None:
        raise InvalidPage(PageFlaw.BOTH_SIZES)
    if after is not None and before is not None:
        raise InvalidPage(PageFlaw.BOTH_CURSORS)
    if (first is not None and before is not None) or (last is not None and after is not None):
        raise InvalidPage(PageFlaw.CROSSED)
    size = PAGE_SIZE if first is None and last is None else (first if last is None else last)
    if size is None or not 0 <= size <= PAGE_SIZE_MAX:
        raise InvalidPage(PageFlaw.ENTRIES.of(most=PAGE_SIZE_MAX))
    backwards = last is not None or before is not None
    cursor = before if backwards else after
    if cursor is not None:
        _decode(cursor)
    return Selection(conditions, size, cursor, backwards)


async def pages(relation: Relation, selection: Selection, parents: list[str]) -> list[Page]:
    """Return one page for each of *parents*."""
    statement = _Statement(relation, selection)
    rows = await statement.run(statement.page(parents))
    found: dict[str, list[Model]] = {parent: [] for parent in parents}
    for row in rows:
        found[row["page_parent"]].append(relation.model._init_from_db(**row))  # noqa: SLF001
    return [_page(relation, selection, parent, found[parent]) for parent in parents]


async def counts(relation: Relation, selection: Selection, parents: list[str]) -> list[int]:
    """Return how many rows each of *parents* has."""
    statement = _Statement(relation, selection)
    rows = await statement.run(statement.count(parents))
    found = {row["page_parent"]: row["page_count"] for row in rows}
    return [found.get(parent, 0) for parent in parents]


def _page(relation: Relation, selection: Selection, parent: str, rows: list[Model]) -> Page:
    more = len(rows) > selection.size
    rows = rows[: selection.size]
    if selection.backwards:
        rows.reverse()
    return Page(
        parent=parent,
        relation=relation,
        selection=selection,
        edges=[Edge(_encode(relation, row), row) for row in rows],
        has_next_page=selection.cursor is not None if selection.backwards else more,
        has_previous_page=more if selection.backwards else selection.cursor is not None,
    )


@dataclass(slots=True)
class _Statement:
    """Builds SQL that SQLite and PostgreSQL share but for their placeholders."""

    relation: Relation
    selection: Selection
    values: list[Any] = field(default_factory=list)

    async def run(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]]
        rows = await connections.get("default").execute_query_dict(sql, self.values)
        return rows

    def page(self, parents: Sequence[str]) -> str:
        relation, selection = self.relation, self.selection
        falling = relation.descending != selection.backwards
        direction = "DESC" if falling else "ASC"
        order = f"x.{relation.order} {direction}, x.id {direction}"
        cursor = ""
        if selection.cursor is not None:
            key, row_id = _decode(selection.cursor)
            compare = "<" if falling else ">"
            value = self._value(_typed(relation, key))
            again = self._value(_typed(relation, key))
            cursor = (
                f" AND (x.{relation.order} {compare} {value}"
                f" OR (x.{relation.order} = {again} AND x.id {compare} {self._value(row_id)}))"
            )
        table = relation.model._meta.db_table  # noqa: SLF001
        return (
            f"SELECT y.*, page_parent, page_row FROM (SELECT x.id AS page_id,"  # noqa: S608
            f" {relation.parent} AS page_parent, row_number() OVER"
            f" (PARTITION BY {relation.parent} ORDER BY {order}) AS page_row"
            f" FROM {relation.source} WHERE {self._conditions(parents)}{cursor}) paged"
            f' JOIN "{table}" y ON y.id = page_id'
            f" WHERE page_row <= {selection.size + 1} ORDER BY page_parent, page_row"
        )

    def count(self, parents: Sequence[str]) -> str:
        relation = self.relation
        return (
            f"SELECT {relation.parent} AS page_parent, count(*) AS page_count"  # noqa: S608
            f" FROM {relation.source} WHERE {self._conditions(parents)} GROUP BY {relation.parent}"
        )

    def _conditions(self, parents: Sequence[str]) -> str:
        terms = [f"{self.relation.parent} IN ({self._list(parents)})"]
        if self.relation.narrow:
            first_parts = dict.fromkeys(parent.partition(":")[0] for parent in parents)
            terms.append(f"{self.relation.narrow} IN ({self._list(list(first_parts))})")
        if self.relation.where:
            terms.append(self.relation.where)
        for condition in self.selection.conditions:
            values = self._list(condition.values) if condition.values else "NULL"
            listed = f"({values})" if condition.operator == "IN" else values
            escape = " ESCAPE '!'" if condition.operator == "LIKE" else ""
            terms.append(f"{condition.column} {condition.operator} {listed}{escape}")
        return " AND ".join(terms)

    def _list(self, values: Sequence[Value]) -> str:
        return ", ".join(self._value(value) for value in values)

    def _value(self, value: Value) -> str:
        """Add a parameter and return its placeholder."""
        sqlite = connections.get("default").capabilities.dialect == "sqlite"
        if isinstance(value, datetime):
            value = _utc(value).isoformat(" ") if sqlite else _utc(value)
        self.values.append(value)
        return f"?{len(self.values)}" if sqlite else f"${len(self.values)}"


def _encode(relation: Relation, row: Model) -> str:
    key = getattr(row, relation.order)
    text = key.isoformat() if isinstance(key, datetime) else key
    return base64.urlsafe_b64encode(json.dumps([text, row.pk]).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key, row_id = json.loads(base64.urlsafe_b64decode(padded))
        if isinstance(key, str) and isinstance(row_id, str):
            (key + row_id).encode()  # fails for a lone surrogate
            if "\0" not in key + row_id:
                return key, row_id
    except (ValueError, TypeError, binascii.Error, RecursionError):
        pass
    raise InvalidPage(PageFlaw.CURSOR)


def _typed(relation: Relation, key: str) -> str | datetime:
    if not relation.order.endswith("_time"):
        return key
    try:
        return datetime.fromisoformat(key)
    except ValueError as fault:
        raise InvalidPage(PageFlaw.CURSOR) from fault


def _utc(value: datetime) -> datetime:
    """Return *value* in UTC, which is what a time without an offset is taken for."""
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as fault:
        raise InvalidPage(PageFlaw.TIME) from fault

"""Pages of related rows, by key and not by offset, for any number of parents in one statement."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from tortoise.fields import IntField
from tortoise.models import Model

from db.moments import written
from db.rows import Shown, dialect, fetch, mark, shown
from providers.refusal import Reason

PAGE_SIZE = 20
PAGE_SIZE_MAX = 100
INT_MAX = 2**31 - 1  # of a number's column
PLACE = "page_place"
SPREAD_MAX = 8  # values; of more, all that lies between the rows they have is read

Value = str | int | datetime

T = TypeVar("T")
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

    *source* is the FROM clause in which the rows are `x`, *parent* the columns whose values, with
    colons between them, are the parent's id, *order* the column the rows are sorted by before their
    id. *numbered*: the last of the columns is a number. What makes a page cheap is an index on
    *parent* and *order*. Where the rows are those of the parent's rows in another table, *through*
    is that table, as `a` or so, and *joint* says which rows are whose: no more than a page is then
    read for each of those. *spread* are columns for which an index is there, between *parent* and
    *order*: where one of a few values is asked for in the last of them, and one in each of the
    others, no more than a page is read for each value.
    """

    name: str
    model: type[Model]
    source: str
    parent: tuple[str, ...]
    order: str
    descending: bool = False
    where: str = ""
    numbered: bool = False
    through: str = ""
    joint: str = ""
    spread: tuple[tuple[str, ...], ...] = ()


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
    """A row of a relation's list."""

    relation: Relation
    node: M_co

    @property
    def cursor(self) -> str:
        """Its place in the list."""
        return _encode(self.relation, self.node)


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
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
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
    known = shown(relation.model)
    found: list[list[Model]] = [[] for _ in parents]
    for row in await fetch(statement.page(parents, known), statement.values):
        found[row.pop(PLACE) - 1].append(known.of(row))
    return [
        _page(relation, selection, parent, rows)
        for parent, rows in zip(parents, found, strict=True)
    ]


async def counts(relation: Relation, selection: Selection, parents: list[str]) -> list[int]:
    """Return how many rows each of *parents* has."""
    statement = _Statement(relation, selection)
    rows = await fetch(statement.count(parents), statement.values)
    found = {row[PLACE]: row["page_count"] for row in rows}
    return [found[place] for place in range(1, len(parents) + 1)]


def _page(relation: Relation, selection: Selection, parent: str, rows: list[Model]) -> Page:
    more = len(rows) > selection.size
    rows = rows[: selection.size]
    if selection.backwards:
        rows.reverse()
    return Page(
        parent=parent,
        relation=relation,
        selection=selection,
        edges=[Edge(relation, row) for row in rows],
        has_next_page=selection.cursor is not None if selection.backwards else more,
        has_previous_page=more if selection.backwards else selection.cursor is not None,
    )


def spread_of(relation: Relation, selection: Selection) -> Condition | None:
    """Return the condition whose values each have a page of their own."""
    known = {column for columns in relation.spread for column in columns}
    single = (each.column for each in selection.conditions if each.operator == "=")
    equal = [column for column in single if column in known]
    fits = (each for each in selection.conditions if (*equal, each.column) in relation.spread)
    return next((each for each in fits if 1 < len({*each.values}) <= SPREAD_MAX), None)


@dataclass(slots=True)
class _Statement:
    """Builds SQL that looks at each parent's rows by themselves, and at no more than its page.

    SQLite has no LATERAL: there, the ids of each parent's page are a sub-select of their own.
    """

    relation: Relation
    selection: Selection
    values: list[Any] = field(default_factory=list)

    def page(self, parents: Sequence[str], known: Shown[Any]) -> str:
        relation, selection = self.relation, self.selection
        listed, mine = self._parents(parents), self._of_parent()
        falling = relation.descending != selection.backwards
        direction = "DESC" if falling else "ASC"
        sorting = "ORDER BY {0}." + f"{relation.order} {direction}, {{0}}.id {direction}"
        limit = f"LIMIT {selection.size + 1}"
        spread = spread_of(relation, selection)
        below = self._conditions(relation.joint or mine, spread) + self._behind(falling=falling)
        window = f"FROM {relation.source} WHERE {below} {sorting.format('x')} {limit}"
        rows = self._each("y", window)
        if tables := self._tables(spread):
            rows = self._each("z", window)
            whose = f"WHERE {mine}" if relation.through else ""
            window = f"FROM {tables} {rows} {whose} {sorting.format('z')} {limit}"
            rows = self._each("y", window, "z")
        return (
            f"SELECT {known.columns('y')}, {PLACE} FROM {listed} {rows}"  # noqa: S608
            f" ORDER BY {PLACE}, {sorting.format('y').removeprefix('ORDER BY ')}"
        )

    def _tables(self, spread: Condition | None) -> str:
        """Return the tables for each of whose rows a page is read, if there are any."""
        tables = [self.relation.through] if self.relation.through else []
        if spread:
            values = sorted({str(each) for each in spread.values})
            if dialect() == "sqlite":
                tables.append(f"json_each({self._value(json.dumps(values))}) v")
            else:
                tables.append(f"unnest({self._value(values)}::text[]) v(value)")
        return " CROSS JOIN ".join(tables)

    def _each(self, alias: str, window: str, of: str = "x") -> str:
        """Return the join of what *window* finds for each row on the left, as *alias*."""
        if dialect() != "sqlite":
            return f"CROSS JOIN LATERAL (SELECT {of}.* {window}) {alias}"
        table = self.relation.model._meta.db_table  # noqa: SLF001
        return f'CROSS JOIN "{table}" {alias} ON {alias}.id IN (SELECT {of}.id {window})'

    def count(self, parents: Sequence[str]) -> str:
        relation, listed = self.relation, self._parents(parents)
        source, where = relation.source, self._of_parent()
        if relation.through:
            source = f"{relation.source} JOIN {relation.through} ON {relation.joint}"
        return (
            f"SELECT {PLACE}, (SELECT count(*) FROM {source}"  # noqa: S608
            f" WHERE {self._conditions(where)}) AS page_count FROM {listed}"
        )

    def _parents(self, parents: Sequence[str]) -> str:
        """Return a table of the parents: their places, from 1, and the parts of their ids."""
        parts = len(self.relation.parent)
        split = [each.split(":", parts - 1) for each in parents]
        if dialect() == "sqlite":
            whole = self._value(json.dumps(split))
            columns = ", ".join(f"value ->> {each} AS part{each}" for each in range(parts))
            return f"(SELECT key + 1 AS {PLACE}, {columns} FROM json_each({whole})) p"  # noqa: S608
        lists = ", ".join(f"{self._value(list(each))}::text[]" for each in zip(*split, strict=True))
        columns = ", ".join(f"part{each}" for each in range(parts))
        return f"unnest({lists}) WITH ORDINALITY p({columns}, {PLACE})"

    def _of_parent(self) -> str:
        terms = [f"{each} = p.part{number}" for number, each in enumerate(self.relation.parent)]
        if self.relation.numbered and dialect() != "sqlite":
            terms[-1] += "::int"
        return " AND ".join(terms)

    def _conditions(self, first: str, spread: Condition | None = None) -> str:
        """Return *first* and what else must hold of a row; of *spread*, for the value `v`."""
        terms = [first]
        if self.relation.where:
            terms.append(self.relation.where)
        for condition in self.selection.conditions:
            if condition is spread:
                terms.append(f"{condition.column} = v.value")
                continue
            values = self._list(condition.values) if condition.values else "NULL"
            listed = f"({values})" if condition.operator == "IN" else values
            escape = " ESCAPE '!'" if condition.operator == "LIKE" else ""
            terms.append(f"{condition.column} {condition.operator} {listed}{escape}")
        return " AND ".join(terms)

    def _behind(self, *, falling: bool) -> str:
        """Return the condition that rows are behind the cursor."""
        if self.selection.cursor is None:
            return ""
        key, row_id = place_of(self.relation, self.selection.cursor)
        order, compare = self.relation.order, "<" if falling else ">"
        place = f"({self._value(key)}, {self._value(row_id)})"
        return f" AND (x.{order}, x.id) {compare} {place}"

    def _list(self, values: Sequence[Value]) -> str:
        return ", ".join(self._value(value) for value in values)

    def _value(self, value: Value | list[str]) -> str:
        """Add a parameter and return its placeholder."""
        self.values.append(stored(value, dialect()))
        return mark(len(self.values))


def _encode(relation: Relation, row: Model) -> str:
    key = getattr(row, relation.order)
    text = written(key) if isinstance(key, datetime) else str(key)
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


def place_of(relation: Relation, cursor: str) -> tuple[Value, str]:
    """Return what a row of *relation* is sorted by, and its id; InvalidPage for another cursor."""
    key, row_id = _decode(cursor)
    return _typed(relation, key), row_id


def stored(value: T, dialect: str) -> T | str | datetime:
    """Return *value* as a parameter; InvalidPage for a time outside of the calendar."""
    if not isinstance(value, datetime):
        return value
    return _utc(value).isoformat(" ") if dialect == "sqlite" else _utc(value)


def _typed(relation: Relation, key: str) -> Value:
    try:
        if isinstance(relation.model._meta.fields_map[relation.order], IntField):  # noqa: SLF001
            return max(-INT_MAX, min(int(key), INT_MAX))
        return datetime.fromisoformat(key) if relation.order.endswith("_time") else key
    except ValueError as fault:
        raise InvalidPage(PageFlaw.CURSOR) from fault


def _utc(value: datetime) -> datetime:
    """Return *value* in UTC, which is what a time without an offset is taken for."""
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as fault:
        raise InvalidPage(PageFlaw.TIME) from fault

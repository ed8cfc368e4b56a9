"""Pages of a relation, as SQL: where more than rows is asked for, the list is looked at once.

SQLite's parser has no room for that: there, once for the rows and once for what is said of them.
"""

import re
from typing import TYPE_CHECKING

from graphql import GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import FieldDetailsList

from db.rows import listing
from resolvers.paging import Condition, Selection, place_of, spread_of, stored
from schema.planning.declared import Paged
from schema.planning.dialect import Pairs

if TYPE_CHECKING:
    from schema.planning.statement import Writer

PLACE, NEXT = "page_place", "page_next"  # columns beside a list's own


class Pages:
    """One page of what belongs to a row that the statement calls *parent*.

    *informed*: more than its rows is asked for, so that it is gathered from a look at them and one
    row behind, each with its place.
    """

    def __init__(
        self,
        writer: "Writer",
        paged: Paged,
        selection: Selection,
        parent: str,
        *,
        informed: bool,
    ) -> None:
        self._writer = writer
        self._gathering = writer.dialect.gathered if informed else None
        self._gathered: dict[str, str] = {}
        self._joined: list[str] = []
        self._paged = paged
        self._relation = paged.relation
        self._selection = selection
        self._x = writer.alias()
        self._names = {"x": self._x, "a": f"{self._x}_a", "v": f"{self._x}_v"}
        self._whole = f"{self._x}_page"
        self._place = f"{self._x}.{PLACE}"
        self._on_page = f"{self._place} <= {selection.size}"
        self._spread = spread_of(paged.relation, selection)
        self._table = paged.relation.model._meta.db_table  # noqa: SLF001
        self._keys = [writer.filled(each, p=parent) for each in paged.parent]
        self._mine = " AND ".join(
            f"{self._renamed(column)} = {key}"
            for column, key in zip(paged.relation.parent, self._keys, strict=True)
        )
        self._seen = [writer.filled(paged.where, x=self._x, p=parent)] if paged.where else []
        self._where = [*self._seen, *self._conditions(self._spread)]
        self._tables = " CROSS JOIN ".join(self._each_of())
        falling = self._relation.descending != selection.backwards
        self._order = self._sorted(falling=falling)
        self._shown = self._sorted(falling=self._relation.descending)
        self._behind = self._beyond(falling=falling)

    def value(self, type_: GraphQLObjectType, name: str, details: FieldDetailsList) -> str:
        """Return a field of the connection."""
        writer, dialect = self._writer, self._writer.dialect
        match name:
            case "nodes":
                return self._list(name, writer.entries(self._paged.type, self._x, details))
            case "edges":
                edge = get_named_type(type_.fields[name].type)
                assert isinstance(edge, GraphQLObjectType)  # noqa: S101 (Relay says so)
                return self._list(name, self._edges(edge, details))
            case "pageInfo":
                info = get_named_type(type_.fields[name].type)
                assert isinstance(info, GraphQLObjectType)  # noqa: S101 (Relay says so)
                selected = list(writer.selected(info, details))
                writer.once(inner for _, inner, _ in selected)
                pairs = [(key, self._info(info, inner)) for key, inner, _ in selected]
                return dialect.object(pairs, "" if self._gathering else self._gathered_from())
            case "totalCount":
                return dialect.number(f"({self._count()})")
            case _:
                return dialect.constant(type_.name)

    def source(self) -> str:
        """Return where the values are from, which have been asked for; "": each is by itself."""
        return self._gathered_from() if self._gathering else ""

    def _gathered_from(self) -> str:
        if not self._gathered:
            return ""
        found = ", ".join(f"{value} AS {name}" for name, value in self._gathered.items())
        places = f"row_number() OVER w AS {PLACE}, lead({self._x}.id) OVER w AS {NEXT}"
        rows = self._derived(self._fetched(self._selection.size + 1))
        turned = f" {self._shown}" if self._selection.backwards else ""
        window = f"WINDOW w AS ({self._order}){turned}"
        placed = f"FROM (SELECT {self._x}.*, {places} {rows} {window}) {self._x}"
        return f"FROM (SELECT {found} {placed} {' '.join(self._joined)}) {self._whole}"

    def _list(self, name: str, pairs: Pairs) -> str:
        if self._gathering is None:
            return self._writer.dialect.array(pairs, self._page())
        value, joined = self._gathering(pairs, f'"{self._x} {name}"', self._on_page)
        self._joined.append(joined)
        return self._found(name, value)

    def _found(self, name: str, value: str) -> str:
        """Return what is known of the page by *name*, which is gathered as *value*."""
        self._gathered[name] = value
        return f"{self._whole}.{name}"

    def _edges(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Pairs:
        writer, pairs = self._writer, []
        for key, name, each in writer.selected(type_, details):
            if name == "node":
                inner = writer.entries(self._paged.type, self._x, each)
                pairs.append((key, writer.dialect.object(inner, "")))
            elif name == "cursor":
                place = f"{self._x}.{self._relation.order}"
                pairs.append((key, self._cursor(place, f"{self._x}.id")))
            else:
                pairs.append((key, writer.dialect.constant(type_.name)))
        return pairs

    def _info(self, type_: GraphQLObjectType, name: str) -> str:
        dialect, backwards = self._writer.dialect, self._selection.backwards
        match name:
            case "hasNextPage" | "hasPreviousPage":
                if backwards == (name == "hasPreviousPage"):
                    return self._found("more", dialect.flag(f"count(*) > {self._selection.size}"))
                return dialect.flag("FALSE" if self._selection.cursor is None else "TRUE")
            case "startCursor" | "endCursor":
                is_first = backwards == (name == "endCursor")
                end = f"{self._place} = 1" if is_first else self._is_last()
                return self._end(name, f"{self._on_page} AND {end}")
            case _:
                return dialect.constant(type_.name)

    def _end(self, name: str, where: str) -> str:
        """Return the cursor of the one row that is *where*."""
        x, order = self._x, self._relation.order
        key = self._found(f"{name}_key", f"min(CASE WHEN {where} THEN {x}.{order} END)")
        row_id = self._found(f"{name}_id", f"min(CASE WHEN {where} THEN {x}.id END)")
        return self._cursor(key, row_id)

    def _is_last(self) -> str:
        return f"({self._place} = {self._selection.size} OR {self._x}.{NEXT} IS NULL)"

    def _cursor(self, key: str, row_id: str) -> str:
        is_time = self._relation.order.endswith("_time")
        return self._writer.dialect.cursor(key, row_id, is_time=is_time)

    def _page(self) -> str:
        """Return the rows of the page in their order."""
        rows = self._fetched(self._selection.size)
        return f"{self._derived(rows)} {self._shown}" if self._selection.backwards else rows

    def _derived(self, rows: str) -> str:
        return f"FROM (SELECT {self._x}.* {rows}) {self._x}"

    def _fetched(self, limit: int) -> str:
        """Return rows as they are found, which is backwards for a page from the end."""
        mine = self._renamed(self._relation.joint) or self._mine
        where = " AND ".join([mine, *self._where, *self._behind])
        rows = f"{self._source()} WHERE {where} {self._order} LIMIT {limit}"
        if not self._tables:
            return rows
        each = self._writer.dialect.each(rows, self._table, self._x)
        whose = f"WHERE {self._mine}" if self._relation.through else ""
        return f"FROM {self._tables} {each} {whose} {self._order} LIMIT {limit}"

    def _each_of(self) -> list[str]:
        """Return the tables for each of whose rows a page is read."""
        tables = [self._renamed(self._relation.through)] if self._relation.through else []
        if self._spread:
            values = self._writer.constant(listing(sorted({*map(str, self._spread.values)})))
            tables.append(self._writer.dialect.rows(values, self._names["v"]))
        return tables

    def _count(self) -> str:
        source = self._source()
        where = [*self._seen, *self._conditions()] if self._spread else self._where
        if self._relation.through:
            joint = self._renamed(self._relation.joint)
            source += f" JOIN {self._renamed(self._relation.through)} ON {joint}"
        return f"SELECT count(*) {source} WHERE {' AND '.join([self._mine, *where])}"

    def _source(self) -> str:
        return f"FROM {self._renamed(self._relation.source)}"

    def _sorted(self, *, falling: bool) -> str:
        direction = "DESC" if falling else "ASC"
        x = self._x
        return f"ORDER BY {x}.{self._relation.order} {direction}, {x}.id {direction}"

    def _conditions(self, spread: Condition | None = None) -> list[str]:
        """Return what must hold of a row; of *spread*, for the value `v`."""
        found = [self._renamed(self._relation.where)] if self._relation.where else []
        for each in self._selection.conditions:
            if each is spread:
                found.append(self._renamed(f"{each.column} = v.value"))
                continue
            values = ", ".join(self._stored(value) for value in each.values) or "NULL"
            listed = f"({values})" if each.operator == "IN" else values
            escape = " ESCAPE '!'" if each.operator == "LIKE" else ""
            found.append(f"{self._renamed(each.column)} {each.operator} {listed}{escape}")
        return found

    def _beyond(self, *, falling: bool) -> list[str]:
        """Return the condition that rows are behind the cursor."""
        if self._selection.cursor is None:
            return []
        key, row_id = place_of(self._relation, self._selection.cursor)
        place = f"({self._stored(key)}, {self._stored(row_id)})"
        return [
            f"({self._x}.{self._relation.order}, {self._x}.id) {'<' if falling else '>'} {place}"
        ]

    def _stored(self, value: object) -> str:
        return self._writer.constant(stored(value, self._writer.dialect.name))

    def _renamed(self, sql: str) -> str:
        """Return SQL of the relation with the names that its tables have in this statement."""
        return re.sub(r"\b([xav])(?=\.|$)", lambda found: self._names[found[1]], sql)

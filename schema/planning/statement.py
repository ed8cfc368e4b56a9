"""The statement for an operation: its selections, walked with the schema and the tables."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    get_named_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.field import StrawberryField
from tortoise import fields

from auth.permissions import MAY, Action
from auth.remembered import GOOD, Proof
from auth.viewer import Viewer
from resolvers.operations.bounds import CHARACTERS_MAX, ROWS_MAX
from schema.planning.declared import Computed, Many, One, Paged, Rights, Table, Unplanned, Word
from schema.planning.dialect import KEY_BYTES_MAX, Dialect, Pairs, quoted
from schema.planning.pages import Pages
from schema.planning.reach import BOUNDS, Reach
from schema.planning.tables import ROOTS, TABLES

MOMENT_BYTES = len('"2026-01-01T00:00:00+00:00"')
NULL_BYTES = len("null")
PUNCTUATION_BYTES = len('"":,')
TYPENAME = "__typename"
OF_TEAMS = frozenset({"Org", "User"})  # of which one who reaches an application sees little


class Asked(NamedTuple):
    """What differs from one request for the same statement to the next."""

    viewer: Viewer
    variables: Mapping[str, Any]
    bytes_max: int
    proof: Proof | None


# The arguments of a field as its resolver gets them, of what graphql coerced.
Arguments = Callable[[StrawberryField, dict[str, Any]], dict[str, Any]]


class Room(NamedTuple):
    """How many fields an object has, objects inside counted and lists not, and its least bytes."""

    fields: int
    bytes: int


EDGE = Room(1, len('{"n":},'))  # beside its node

Parameter = Callable[[Asked], Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL, what its parameters are, and the least bytes that a field of its lists' entries takes.

    *fields* are those outside of lists. *rows_bytes_max*: a longer answer may have too many rows of
    lists without pages.
    """

    sql: str
    parameters: tuple[Parameter, ...]
    fields: int
    field_bytes: float
    rows_bytes_max: float

    def bytes_max(self, fields_max: int) -> int:
        """Return how long an answer is that certainly has no more than so many fields."""
        of_lists = max(0, fields_max - self.fields) * self.field_bytes
        return int(min(of_lists, self.rows_bytes_max, CHARACTERS_MAX))


class Writer:
    """Writes the statement for an operation with certain variables, but for those *given* later.

    It is for callers of one *reach*.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        variables: VariableValues,
        given: frozenset[str],
        arguments: Arguments,
        dialect: Dialect,
        *,
        reach: Reach,
    ) -> None:
        self.dialect = dialect
        self._reach = reach
        self._schema = schema
        self._operation = operation
        self._fragments = fragments
        self._variables = variables
        self._given = given
        self._arguments = arguments
        self._parameters: list[Parameter] = []
        self._marks: dict[object, str] = {}
        self._aliases = 0
        self._field_bytes = float("inf")
        self._rows_bytes_max = float("inf")

    def statement(self) -> Statement:
        """Return the statement; Unplanned where one cannot answer."""
        root = self._schema.query_type
        assert root is not None  # noqa: S101 (there is always one)
        chosen = collect_fields(
            self._schema, self._fragments, self._variables, root, self._operation
        )
        most = self._mark("bytes", lambda asked: asked.bytes_max, "int")
        good = self._good()
        pairs, room = self._pairs(root, ROOTS, "", chosen.grouped_field_set)
        sql = self.dialect.answer(pairs, most, good)
        given = tuple(self._parameters)
        return Statement(sql, given, room.fields, self._field_bytes, self._rows_bytes_max)

    def alias(self) -> str:
        """Return a name for a table that no other has."""
        self._aliases += 1
        return f"x{self._aliases}"

    def constant(self, value: object) -> str:
        """Return the parameter for a value that is the same for all requests."""
        self._parameters.append(lambda _: value)
        return self.dialect.parameter(len(self._parameters))

    def filled(self, sql: str, **names: str) -> str:
        """Return *sql* with what stands for its names."""

        def found(name: re.Match[str]) -> str:
            alias, _, bounds = name[1].rpartition("_")
            if alias and bounds in BOUNDS:
                return self._bounded(names.get(alias, alias), bounds)
            return self._viewer() if name[1] == "viewer" else names[name[1]]

        return re.sub(r"\{(\w+)\}", found, sql)

    def entries(self, type_name: str, alias: str, details: FieldDetailsList) -> Pairs:
        """Return the fields of the rows of a list, which are *alias*."""
        pairs, room = self._of_type(type_name, alias, details)
        self._entry(room)
        return pairs

    def selected(
        self, type_: GraphQLObjectType, details: FieldDetailsList
    ) -> Iterator[tuple[str, str, FieldDetailsList]]:
        """Yield the key, the name and the places of each field that is selected."""
        for key, each in self._grouped(type_, details).items():
            yield key, each[0].node.name.value, each

    @staticmethod
    def once(names: Iterable[str]) -> None:
        """Raise Unplanned where one comes twice: each would be worked out by itself."""
        found = [name for name in names if name != TYPENAME]
        if len(found) > len({*found}):
            raise Unplanned("copies")

    def _grouped(self, type_: GraphQLObjectType, details: FieldDetailsList) -> GroupedFieldSet:
        found = collect_subfields(
            self._schema, self._fragments, self._variables, self._operation, type_, details
        )
        return found.grouped_field_set

    def _of_type(self, type_name: str, alias: str, details: FieldDetailsList) -> tuple[Pairs, Room]:
        if type_name in OF_TEAMS and self._reach >= Reach.APPLICATION:
            raise Unplanned(type_name)
        type_ = self._schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)  # noqa: S101 (tables are objects)
        return self._pairs(type_, TABLES[type_name], alias, self._grouped(type_, details))

    def _pairs(
        self, type_: GraphQLObjectType, table: Table, alias: str, grouped: GroupedFieldSet
    ) -> tuple[Pairs, Room]:
        pairs, whole = [], Room(0, len("{}"))
        for key, details in grouped.items():
            name = details[0].node.name.value
            if len(key) > KEY_BYTES_MAX:
                raise Unplanned(key)
            if name == TYPENAME:
                value, room = self.dialect.constant(type_.name), Room(0, len(type_.name))
            elif name in type_.fields:
                value, room = self._value(type_.fields[name], table, name, alias, details)
            else:
                raise Unplanned(name)
            pairs.append((key, value))
            own = len(key) + PUNCTUATION_BYTES + room.bytes
            whole = Room(whole.fields + 1 + room.fields, whole.bytes + own)
        return pairs, whole

    def _value(
        self,
        field: GraphQLField,
        table: Table,
        name: str,
        alias: str,
        details: FieldDetailsList,
    ) -> tuple[str, Room]:
        match table.fields.get(name):
            case Word(sql):
                words = _words(field.type)
                least = min(map(len, words.values())) if is_non_null_type(field.type) else 0
                return self.dialect.word(self.filled(sql, p=alias), words), Room(0, least)
            case Computed(sql):
                return self.filled(sql(self.dialect), p=alias), Room(0, 1)
            case One() as one:
                return self._one(one, field, alias, details)
            case Many() as many:
                return self._many(many, alias, details)
            case Paged() as paged:
                return self._page(paged, field, alias, details)
            case Rights() as rights:
                return self._rights(rights, field, alias, details)
        return self._column(field, table, alias)

    def _column(self, field: GraphQLField, table: Table, alias: str) -> tuple[str, Room]:
        known = _definition(field)
        columns = table.model._meta.fields_map if table.model else {}  # noqa: SLF001
        column = columns.get(known.python_name)
        if column is None or known.base_resolver is not None:
            raise Unplanned(known.python_name)
        value = f'{alias}."{known.python_name}"'
        always = is_non_null_type(field.type)
        if always and column.null:
            raise Unplanned(known.python_name)
        match column:
            case fields.DatetimeField():
                least = MOMENT_BYTES if always else NULL_BYTES
                return self.dialect.moment(value), Room(0, least)
            case fields.IntField():
                large = isinstance(column, fields.BigIntField)
                return self.dialect.number(value, large=large), Room(0, 1)
            case fields.CharField() | fields.TextField():
                return self.dialect.text(value), Room(0, len('""'))
        raise Unplanned(known.python_name)

    def _one(
        self, one: One, field: GraphQLField, alias: str, details: FieldDetailsList
    ) -> tuple[str, Room]:
        x = self.alias()
        names = self._named(field, details) if field.args else {}
        where = self.filled(one.where, x=x, p=alias, **names)
        pairs, room = self._of_type(one.type, x, details)
        source = f'FROM "{_table(one.type)}" {x} WHERE {where}'
        least = room.bytes if is_non_null_type(field.type) else NULL_BYTES
        return self.dialect.object(pairs, source), Room(room.fields, least)

    def _many(self, many: Many, alias: str, details: FieldDetailsList) -> tuple[str, Room]:
        x = self.alias()
        pairs, room = self._of_type(many.type, x, details)
        self._entry(room)
        self._rows_bytes_max = min(self._rows_bytes_max, ROWS_MAX * room.bytes)
        where = self.filled(many.where, x=x, p=alias)
        source = f'FROM "{_table(many.type)}" {x} WHERE {where} ORDER BY {x}."{many.order}"'
        return self.dialect.array(pairs, source), Room(0, len("[]"))

    def _page(
        self, paged: Paged, field: GraphQLField, alias: str, details: FieldDetailsList
    ) -> tuple[str, Room]:
        given = self._coerced(field, details)
        selection = paged.select(**self._arguments(_definition(field), given))
        connection = get_named_type(field.type)
        assert isinstance(connection, GraphQLObjectType)  # noqa: S101 (a page is one)
        pairs, room = [], Room(0, len("{}"))
        selected = list(self.selected(connection, details))
        names = [name for _, name, _ in selected]
        self.once(names)
        pages = Pages(self, paged, selection, alias, informed="pageInfo" in names)
        for key, name, each in selected:
            pairs.append((key, pages.value(connection, name, each)))
            inner = get_named_type(connection.fields[name].type) if name == "pageInfo" else None
            more = len(self._grouped(inner, each)) if isinstance(inner, GraphQLObjectType) else 0
            own = len(key) + PUNCTUATION_BYTES
            room = Room(room.fields + 1 + more, room.bytes + own)
            if name == "edges":
                self._entry(EDGE)
        return self.dialect.object(pairs, pages.source()), room

    def _rights(
        self, rights: Rights, field: GraphQLField, alias: str, details: FieldDetailsList
    ) -> tuple[str, Room]:
        if self._reach >= Reach.APPLICATION:  # who has other rights than in their team
            raise Unplanned(rights.team)
        x, type_ = self.alias(), get_named_type(field.type)
        assert isinstance(type_, GraphQLObjectType)  # noqa: S101 (rights are one)
        team = self.filled(rights.team, p=alias)
        role = f'SELECT m.role FROM "org" m WHERE m.user_id = {self._viewer()} AND m.name = {team}'
        pairs, size = [], len("{}")
        for key, name, _ in self.selected(type_, details):
            pairs.append((key, self._right(type_, name, x)))
            size += len(key) + PUNCTUATION_BYTES + len("true")
        source = f"FROM (SELECT ({role}) AS role) {x}"
        return self.dialect.object(pairs, source), Room(len(pairs), size)

    def _right(self, type_: GraphQLObjectType, name: str, alias: str) -> str:
        if name == TYPENAME:
            return self.dialect.constant(type_.name)
        action = _action(_definition(type_.fields[name]))
        roles = ", ".join(quoted(role.value) for role, may in MAY.items() if action in may)
        allowed = self._mark(action, lambda asked: asked.viewer.allows(action), "boolean")
        return self.dialect.flag(f"(coalesce({alias}.role IN ({roles}), FALSE) AND {allowed})")

    def _named(self, field: GraphQLField, details: FieldDetailsList) -> dict[str, str]:
        """Return the parameters for a field's arguments, by the names of its resolver."""
        later = {
            each.name.value: each.value.name.value
            for each in details[0].node.arguments or ()
            if isinstance(each.value, VariableNode) and each.value.name.value in self._given
        }
        now = self._arguments(_definition(field), self._coerced(field, details))
        found = {}
        for argument, known in field.args.items():
            name = _python_name(known)
            if variable := later.get(argument):
                found[name] = self._mark(("given", variable), _variable(variable), "text")
            else:
                found[name] = self._mark(("constant", name, now[name]), _value(now[name]), "text")
        return found

    def _coerced(self, field: GraphQLField, details: FieldDetailsList) -> dict[str, Any]:
        return get_argument_values(field, details[0].node, self._variables)

    def _good(self) -> str:
        """Return the condition that the caller is who they were, or is known to be."""
        token = self._mark("hash", lambda asked: asked.proof and asked.proof.token_hash, "text")
        now = self._mark("now", lambda asked: asked.proof and asked.proof.now, "timestamptz")
        used = self._mark("used", lambda asked: asked.proof and asked.proof.used, "timestamptz")
        found = GOOD.format(hash=token, user=self._viewer(), now=now, used=used)
        return f"({token} IS NULL OR {found})"

    def _bounded(self, alias: str, bounds: str) -> str:
        """Return, behind another condition, that a row is of what the caller reaches."""
        found = ""
        for bound in BOUNDS[bounds]:
            if bound.reach <= self._reach:
                value = self._mark(bound.reach, _of_viewer(bound.value), "text")
                found += f" AND {alias}.{bound.column} = {value}"
        return found

    def _viewer(self) -> str:
        return self._mark("viewer", lambda asked: asked.viewer.user.id, "text")

    def _mark(self, what: object, parameter: Parameter, kind: str) -> str:
        """Return the parameter for something that may stand in many places."""
        if what not in self._marks:
            self._parameters.append(parameter)
            self._marks[what] = self.dialect.parameter(len(self._parameters), kind)
        return self._marks[what]

    def _entry(self, room: Room) -> None:
        """Take note of an object that there may be many of."""
        if room.fields:
            self._field_bytes = min(self._field_bytes, room.bytes / room.fields)


def _of_viewer(value: Callable[[Viewer], object]) -> Parameter:
    return lambda asked: value(asked.viewer)


def _variable(name: str) -> Parameter:
    return lambda asked: asked.variables[name]


def _value(value: object) -> Parameter:
    return lambda _: value


def _definition(field: GraphQLField) -> StrawberryField:
    found: StrawberryField = field.extensions["strawberry-definition"]
    return found


def _python_name(argument: Any) -> str:
    found: str = argument.extensions["strawberry-definition"].python_name
    return found


def _table(type_name: str) -> str:
    model = TABLES[type_name].model
    assert model is not None  # noqa: S101 (only the root has none)
    return model._meta.db_table  # noqa: SLF001


def _words(type_: GraphQLOutputType) -> dict[object, str]:
    """Return the names of an enum's values."""
    enum = get_named_type(type_)
    assert isinstance(enum, GraphQLEnumType)  # noqa: S101 (declared as one)
    return {each.value: name for name, each in enum.values.items()}


def _action(field: StrawberryField) -> Action:
    """Return what a field of `viewerCan` tells of: the action that its resolver says yes to."""
    assert field.base_resolver is not None  # noqa: S101 (each has one)
    can: Any = field.base_resolver.wrapped_func
    return next(each for each in Action if can(frozenset({each})))

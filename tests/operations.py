"""Operations that are valid by the schema, of any shape, for Hypothesis to draw."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st

from schema import schema
from schema.planning import tables
from tests.oddities import (
    APPLICATIONS,
    CURSORS,
    DOCUMENTS,
    ENVIRONMENTS,
    IDS,
    NAMES,
    NODES,
    NUMBERS,
    TASKS,
    TEXTS,
    TRIGGERS,
)

GRAPH = schema._schema
FIELDS_MAX = 60  # in one operation, before fragments are spread
DEPTH_MAX = 9
WIDTH_MAX = 5
# What differs from one time to the next, or asks other servers.
VOLATILE = {("RateLimit", "remaining"), ("RateLimit", "resetAt")}
ROOTS = ("viewer", "task", "application", "org", "applicationByName", "node")
PIPELINES = ("steps: [{run: a}]", "a: 1", "steps:\n- run: 'x\n", "\u2028: 😀", "")
TIMES = (
    *("2026-01-02T00:00:05Z", "2026-01-01T23:59:59.000000+00:00", "2026-01-02T08:00:03.12+08:00"),
    *("2026-01-02T00:00:04", "2026-01-02", "9999-12-31T23:59:59-14:00"),
    "0001-01-01T00:00:00+14:00",
)


def sayable(document: Any) -> bool:
    """Tell whether a document can stand in a query: there, keys are names."""
    if isinstance(document, list):
        return all(map(sayable, document))
    if not isinstance(document, dict):
        return True
    return all(re.fullmatch("[a-zA-Z]+", key) and sayable(document[key]) for key in document)


# Fields of one name have one type everywhere, or they need an alias where types meet.
SIGNATURES: dict[str, set[str]] = {}
for _type in GRAPH.type_map.values():
    for _name, _field in getattr(_type, "fields", {}).items():
        SIGNATURES.setdefault(_name, set()).add(str(_field.type))
ORDER = (*ROOTS, *SIGNATURES)
# Where many of a type are found: what is odd is with one of them.
TASKS_OF_WEB = 'application(id: "a_acme_web") { tasks(last: 36) { nodes { %s } } }'
OF_TEAMS = "viewer { orgs { nodes { applications { nodes { %s } } } } }"
WIDE = {
    "Query": "{ %s }",
    "User": "{ viewer { %s orgs { nodes { members { nodes { user { %s } } } } } } }",
    "Org": "{ viewer { orgs { nodes { members { nodes { %s } } } } } }",
    "Application": f"{{ {OF_TEAMS % '%s'} }}",
    "Environment": f"{{ {OF_TEAMS % 'environments { %s }'} }}",
    "Task": f"{{ {TASKS_OF_WEB} }}",
    "Step": f"{{ {TASKS_OF_WEB.replace('%s', 'steps { %s }')} }}",
    "Delivery": '{ application(id: "a_acme_web") { deliveries { nodes { %s } } } }',
}
# Values for arguments and input fields by their names; others have those of their type.
OF_NAMES = {
    "after": CURSORS,
    "before": CURSORS,
    "triggerTypes": TRIGGERS,
    "text": PIPELINES,
    "search": ("own", "We", "a", "%", "_", "!", "ow", *TEXTS, "x" * 101),
    "owner": ("", "o\u2028"),
    "actor": ("name 0", "name 1", *TEXTS),
    "headers": ({}, {"event": "push"}, {"a": 1}, []),
}
OF_TYPES = {
    "ID": IDS,
    "String": NAMES,
    "Int": (2, 1, 3, 0, 20, 100, 101, *NUMBERS),
    "Boolean": (True, False),
    "DateTime": TIMES,
    "JSON": [each for each in DOCUMENTS if sayable(each)],
}
# What is found in most cases, by the field and its argument.
FOUND = {
    "task.id": TASKS,
    "application.id": APPLICATIONS,
    "node.id": IDS[:60],
    "org.name": ("acme", "labs"),
    "applicationByName.orgName": ("acme", "labs"),
    "applicationByName.name": ("web", "api", "bare"),
    "environment.name": ENVIRONMENTS,
    "first": (2, 1, 3, 0, 5),
    "last": (2, 1, 3, 0, 5),
    "page": (1,),
}
# The arguments of pages that go together.
WINDOWS = (("first",), ("first", "after"), ("last",), ("last", "before"))
WRONG = (
    "wrong",
    7,
    1.5,
    True,
    [],
    {},
    2**31,
    [None],
    {"nothing": 1},
    "2026-13-01T00:00:00Z",
    [[1]],
)
# A ref to be looked up would be asked of another server.
ALWAYS_NULL = {("TriggerPreviewInput", "ref")}


def objects(type_: GraphQLNamedType) -> list[GraphQLObjectType]:
    """Return the object types that a type stands for."""
    return list(GRAPH.get_possible_types(type_)) if is_abstract_type(type_) else [type_]


@cache
def meeting(parent: GraphQLNamedType) -> list[GraphQLNamedType]:
    """Return the other types that something of type *parent* may have too."""
    return [
        each
        for name, each in GRAPH.type_map.items()
        if is_composite_type(each) and each is not parent and not name.startswith("__")
        if {*objects(parent)} & {*objects(each)}
    ]


def places() -> dict[str, str]:
    """Return for each type how it is got at: a query, with `%s` where its fields are to be."""
    found = dict(WIDE)
    waiting = [*found]
    while waiting:
        parent = waiting.pop(0)
        fields = GRAPH.type_map[parent].fields
        for name in sorted(fields, key=ORDER.index):
            known = fields[name]
            for type_ in objects(get_named_type(known.type)):
                if not is_composite_type(type_) or type_.name in found:
                    continue
                below = f"{{ ... on {type_.name} {{ %s }} }}"
                ways = [f"{name}{each} {below}" for each in asked(parent, name, type_.name)]
                texts = [f"k{number}: {each}" for number, each in enumerate(ways)]
                found[type_.name] = found[parent].replace("%s", " ".join(texts))
                waiting.append(type_.name)
    return found


def planned(parent: GraphQLNamedType, name: str) -> bool:
    """Tell whether a statement may answer a field, as far as its name says."""
    if parent is GRAPH.query_type:
        return name in tables.ROOTS.fields
    if parent.name not in tables.TABLES:
        return True
    field_ = getattr(parent, "fields", {})[name]
    is_column = field_.extensions["strawberry-definition"].base_resolver is None
    return is_column or name in tables.TABLES[parent.name].fields


def asked(parent: str, name: str, wanted: str = "Task") -> list[str]:
    """Return the arguments that a field is asked with, where something of type *wanted* is."""
    known = GRAPH.type_map[parent].fields[name]
    pool = {"task": TASKS[:2], "node": [NODES.get(wanted)], "application": APPLICATIONS[:2]}
    if parent == "Query" and name in pool:
        return [f"(id: {literal(each)})" for each in pool[name]]
    if name == "log":
        return ["(first: 5)"]  # or many logs together cost more than may be
    needed = {key: each for key, each in known.args.items() if is_required_argument(each)}
    if needed.keys() == {"input"}:
        return [
            f'(input: {{applicationId: "{APPLICATIONS[0]}", provider: GITHUB, {each}}})'
            for each in ("headers: {}, body: {}", "headers: [], body: {}")
        ]
    said = [f"{key}: {literal(FOUND.get(f'{name}.{key}', ['own'])[0])}" for key in needed]
    return [f"({', '.join(said)})" if said else ""]


class Word(str):
    """A name that stands in a document as it is: an enum's value, or a variable."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client sends."""

    text: str
    variables: dict[str, Any] | None
    name: str | None


@st.composite
def operations(draw: Callable[[Any], Any]) -> Operation:
    """Draw a valid query with its variables, of which some are missing or wrong."""
    return Author(draw).query()


@dataclass(slots=True)
class Author:
    """Writes one document.

    *narrow*: there are only fields that statements may answer. *tame*: what is asked for is there,
    as it is with most clients; *sound*: so are variables. A response key stands for one field with
    the same arguments throughout: so whatever is merged is valid.
    """

    draw: Callable[[Any], Any]
    narrow: bool = False
    tame: bool = True
    sound: bool = True
    left: int = FIELDS_MAX
    count: int = 0
    declared: dict[str, str] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    fragments: list[tuple[str, GraphQLNamedType, str]] = field(default_factory=list)
    plain: dict[tuple[str, str], str] = field(default_factory=dict)
    aliased: list[tuple[str, str, str, str]] = field(default_factory=list)

    def query(self) -> Operation:
        """Return a whole document."""
        self.narrow = self.of((False, True))
        self.tame = self.of((True, True, False))
        self.sound = self.of((True, True, True, False))
        body = self.selection(GRAPH.query_type, 0, mixed=False)
        declared = ", ".join(f"${name}: {said}" for name, said in self.declared.items())
        name = self.of(("", "Q"))
        head = f"query {name}{f'({declared})' if declared else ''} " if name or declared else ""
        parts = [f"{head}{body}", *(text for _, _, text in self.fragments)]
        if name and self.rarely():
            parts.append("query Other { viewer { id } }")
        elif name and self.rarely():
            name = "Missing"
        variables = self.given or self.of((None, {}))
        return Operation("\n".join(parts), variables, name or None)

    def of(self, choices: Any) -> Any:
        """Draw one of *choices*; the first is the simplest."""
        return self.draw(st.sampled_from(choices))

    def rarely(self) -> bool:
        """Tell whether something is done that seldom is."""
        return self.draw(st.integers(0, 9)) == 9

    def selection(self, parent: GraphQLNamedType, depth: int, *, mixed: bool) -> str:
        """Return a selection set; *mixed*: it may be merged with those of other types."""
        mixed = mixed or is_abstract_type(parent)
        width = self.draw(st.integers(1, WIDTH_MAX)) if self.left > 0 else 1
        parts = [self.part(parent, depth, mixed=mixed) for _ in range(width)]
        return f"{{ {' '.join(parts)} }}"

    def part(self, parent: GraphQLNamedType, depth: int, *, mixed: bool) -> str:
        """Return a field or a fragment."""
        self.left -= 1
        kinds = (self.field, self.field, self.field, self.field, self.branch, self.spread)
        if self.left < 0 or depth >= DEPTH_MAX:
            return self.leaf(parent)
        if is_abstract_type(parent):
            kinds = (self.branch, self.branch, *kinds[3:])
        return self.of(kinds)(parent, depth, mixed=mixed)

    def leaf(self, parent: GraphQLNamedType) -> str:
        """Return a field that ends here."""
        fields = getattr(parent, "fields", {})
        plain = [
            name
            for name, each in fields.items()
            if is_leaf_type(get_named_type(each.type))
            and not each.args
            and len(SIGNATURES[name]) == 1
            and self.may_be(parent, name)
        ]
        return self.of(["__typename", *plain])

    def may_be(self, parent: GraphQLNamedType, name: str) -> bool:
        """Tell whether a field may stand in this document."""
        return (parent.name, name) not in VOLATILE and (not self.narrow or planned(parent, name))

    def field(self, parent: GraphQLNamedType, depth: int, *, mixed: bool) -> str:
        """Return a field with its arguments, directives and what is below it."""
        fields: dict[str, GraphQLField] = getattr(parent, "fields", {})
        names = [each for each in fields if self.may_be(parent, each)]
        names += [each for each in names if is_composite_type(get_named_type(fields[each].type))]
        of_schema = [] if self.narrow else ["__schema", "__type"]
        often = [each for each in ROOTS if each in names] * 6
        roots = [*often, *of_schema] if parent is GRAPH.query_type else []
        name = self.of([*roots, *names, "__typename"])
        if name.startswith("__"):
            return self.meta(name)
        known, below = fields[name], get_named_type(fields[name].type)
        head = self.again(parent, name) if self.rarely() else None
        head = head or self.head(parent, name, known, mixed=mixed)
        inner = ""
        if is_composite_type(below):
            inner = f" {self.selection(below, depth + 1, mixed=mixed)}"
        return f"{head}{self.directives()}{inner}"

    def meta(self, name: str) -> str:
        """Return what every schema has."""
        match name:
            case "__schema":
                return "__schema { queryType { name } types { name } }"
            case "__type":
                self.count += 1
                return f'm{self.count}: __type(name: "{self.of(("Task", "None"))}") {{ name kind }}'
        return f"{self.of(('', 'kind_: '))}__typename"

    def again(self, parent: GraphQLNamedType, name: str) -> str | None:
        """Return the head of a field that stands somewhere already, to be merged with it."""
        for alias, type_name, field_name, arguments in self.aliased:
            if (type_name, field_name) == (parent.name, name):
                return f"{alias}: {name}{arguments}"
        return None

    def head(self, parent: GraphQLNamedType, name: str, known: GraphQLField, *, mixed: bool) -> str:
        """Return the response key of a field, and its arguments."""
        needed = any(map(is_required_argument, known.args.values()))
        differs = mixed and (needed or len(SIGNATURES[name]) > 1)
        if not differs and not self.rarely():
            place = (parent.name, name)
            if place not in self.plain:
                self.plain[place] = "" if mixed else self.arguments(name, known)
            return f"{name}{self.plain[place]}"
        arguments = self.arguments(name, known)
        self.count += 1
        self.aliased.append((f"k{self.count}", parent.name, name, arguments))
        return f"k{self.count}: {name}{arguments}"

    def arguments(self, name: str, known: GraphQLField) -> str:
        """Return the arguments of a field; those that may be left out often are."""
        wanted = [
            each
            for each, place in known.args.items()
            if is_required_argument(place) or self.of((False, False, True))
        ]
        if self.tame and "before" in known.args:
            paging = {*("first", "after", "last", "before")}
            wanted = [*self.of(WINDOWS), *(each for each in wanted if each not in paging)]
        parts = []
        for each in wanted:
            hint = f"{name}.{each}" if f"{name}.{each}" in FOUND else each
            parts.append(
                f"{each}: {literal(self.value(known.args[each].type, hint, known.args[each]))}"
            )
        return f"({', '.join(parts)})" if parts else ""

    def directives(self) -> str:
        """Return what leaves a field out, or not."""
        if not self.rarely():
            return ""
        known = GRAPH.directives[0].args["if"]
        name = self.of(("include", "skip"))
        return f" @{name}(if: {literal(self.value(known.type, 'if', known))})"

    def branch(self, parent: GraphQLNamedType, depth: int, *, mixed: bool) -> str:
        """Return an inline fragment."""
        if self.rarely():
            return f"...{self.directives()} {self.selection(parent, depth, mixed=mixed)}"
        type_ = self.condition(parent)
        inner = self.selection(type_, depth, mixed=mixed or type_ is not parent)
        return f"... on {type_.name}{self.directives()} {inner}"

    def condition(self, parent: GraphQLNamedType) -> GraphQLNamedType:
        """Return a type that something of *parent* may have."""
        others = meeting(parent)
        return self.of([*others, parent] if is_abstract_type(parent) else [parent, *others])

    def spread(self, parent: GraphQLNamedType, depth: int, *, mixed: bool) -> str:
        """Return a fragment by its name: one that is there, or a new one."""
        fitting = [name for name, type_, _ in self.fragments if type_ is parent]
        if not fitting or self.rarely():
            # Where it will be spread is not known, so it must fit everywhere.
            body = self.selection(parent, depth, mixed=True)
            self.count += 1
            name = f"F{self.count}"
            self.fragments.append((name, parent, f"fragment {name} on {parent.name} {body}"))
            fitting = [name]
        return f"...{self.of(fitting)}{self.directives()}"

    def value(
        self, type_: Any, name: str, place: GraphQLArgument | GraphQLInputField, owner: str = ""
    ) -> Any:
        """Return a value that may stand in a document: some of it may be variables."""
        if (owner, name) in ALWAYS_NULL:
            return None
        if self.of((False, False, False, True)):
            return self.variable(type_, name, place)
        if isinstance(type_, GraphQLNonNull):
            return self.there(type_.of_type, name, self.value)
        if self.rarely():
            return None
        return self.there(type_, name, self.value)

    def there(self, type_: Any, name: str, nested: Callable[..., Any]) -> Any:
        """Return a value that is not null."""
        if isinstance(type_, GraphQLNonNull):
            return self.there(type_.of_type, name, nested)
        if isinstance(type_, GraphQLList):
            if self.rarely():
                return self.there(type_.of_type, name, nested)  # one stands for a list of one
            entry = GraphQLArgument(type_.of_type)
            size = self.draw(st.integers(0, 3))
            return [nested(type_.of_type, name, entry) for _ in range(size)]
        if isinstance(type_, GraphQLEnumType):
            return Word(self.of([*type_.values]))
        if isinstance(type_, GraphQLInputObjectType):
            return {
                key: nested(each.type, key, each, type_.name)
                for key, each in type_.fields.items()
                if is_required_input_field(each) or self.of((False, True))
            }
        if self.tame and name in FOUND:
            return self.of(FOUND[name])
        named = type_.name in {"String", "JSON"}
        return self.of((named and OF_NAMES.get(name)) or OF_TYPES[type_.name])

    def variable(self, type_: Any, name: str, place: GraphQLArgument | GraphQLInputField) -> Word:
        """Declare a variable for a place of this type; return it."""
        self.count += 1
        key = f"v{self.count}"
        needed = isinstance(type_, GraphQLNonNull)
        nullable = type_.of_type if needed else type_
        has_default = self.of((False, True))
        default = self.there(nullable, name, self.plain_value)
        if has_default:  # what has one may be declared as null, and stand where null may not
            said = f"{nullable} = {literal(default)}"
        elif needed and place.default_value is Undefined:
            said = f"{nullable}!"
        else:
            said = f"{nullable}{self.of(('', '!'))}"
        self.declared[key] = said
        state = "fit" if self.sound else self.of(("fit", "fit", "fit", "missing", "null", "wrong"))
        match state:
            case "fit":
                self.given[key] = self.there(nullable, name, self.plain_value)
            case "null":
                self.given[key] = None
            case "wrong":
                self.given[key] = self.of(WRONG)
        return Word(f"${key}")

    def plain_value(self, type_: Any, name: str, place: Any, owner: str = "") -> Any:
        """Return a value without variables."""
        if (owner, name) in ALWAYS_NULL:
            return None
        if not isinstance(type_, GraphQLNonNull) and self.rarely():
            return None
        return self.there(type_, name, self.plain_value)


def literal(value: Any) -> str:
    """Return a value as it stands in a document."""
    match value:
        case Word():
            return str(value)
        case list() | tuple():
            return f"[{', '.join(map(literal, value))}]"
        case dict():
            inner = ", ".join(f"{key}: {literal(each)}" for key, each in value.items())
            return f"{{{inner}}}"
    return json.dumps(value, ensure_ascii=False)

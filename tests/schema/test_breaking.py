"""Clients of the last release go on working: what they could miss is deprecated first."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from graphql import (
    REMOVE,
    BreakingChangeType,
    DangerousChangeType,
    GraphQLSchema,
    Visitor,
    build_ast_schema,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
    is_interface_type,
    parse,
    visit,
)

ROOT = Path(__file__).parents[2]
LAST = ROOT / "docs" / "schema" / "last.graphql"
DEPRECATED_DAYS_MIN = 180
DATED = re.compile(r"[Dd]eprecated since (\d{4}-\d\d-\d\d)\b")
DEFAULTS = {
    DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE,
    DangerousChangeType.INPUT_FIELD_DEFAULT_VALUE_CHANGE,
}
TODAY = date(2026, 7, 1)


class Due(Visitor):
    """Takes out what was deprecated so long ago that it may be missing."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self._until = today - timedelta(days=DEPRECATED_DAYS_MIN)

    def enter(self, node, *_):
        """Remove a field, an argument or a value whose reason has a day that is long past."""
        for directive in getattr(node, "directives", None) or ():
            reasons = [each.value.value for each in directive.arguments or ()]
            dated = DATED.search(" ".join(reasons))
            if directive.name.value == "deprecated" and dated:
                return REMOVE if date.fromisoformat(dated[1]) <= self._until else None
        return None


def reached(schema: GraphQLSchema) -> set[str]:
    """Return the types that an operation can come to or name; others nobody misses."""
    found: set[str] = set()
    implementing: list = []
    while True:
        known = GraphQLSchema(
            schema.query_type, schema.mutation_type, schema.subscription_type, implementing
        ).type_map
        if known.keys() == found:
            return found
        found = set(known)
        interfaces = [schema.type_map[name] for name in known if name in schema.type_map]
        implementing = [
            each
            for interface in interfaces
            if is_interface_type(interface)
            for each in schema.get_possible_types(interface)
        ]


def broken(last: str, now: str, today: date) -> list[str]:
    """Return the changes from one SDL to another that break clients whose time has not come."""
    before = build_ast_schema(visit(parse(last), Due(today)), assume_valid=True)
    after = build_schema(now)
    needed = reached(before)
    gone = BreakingChangeType.TYPE_REMOVED
    changes = [
        each
        for each in find_breaking_changes(before, after)
        if each.type is not gone or any(f" {name} " in f" {each.description} " for name in needed)
    ]
    changes += [each for each in find_dangerous_changes(before, after) if each.type in DEFAULTS]
    return [each.description for each in changes]


def test_nothing_is_broken_against_the_last_release():
    """No type, field, argument or value that a client could use is gone or has become another."""
    now = (ROOT / "schema.graphql").read_text()

    assert broken(LAST.read_text(), now, datetime.now(UTC).date()) == []


def test_what_is_deprecated_says_since_when():
    """The reason names the day, from which the half year counts, and what to use instead."""
    reasons = re.findall(r"@deprecated\b(.*)", (ROOT / "schema.graphql").read_text())

    assert [each for each in reasons if not DATED.search(each)] == []


SDL = """
interface Node { id: ID! }
type Query { a(x: Int = 1 w: Int): Int b: Int! c(in: In, e: E): U node: Node }
type T implements Node { id: ID! t: Int }
type V { v: [Int!]! }
union U = T | V
input In { i: Int = 1 o: Int }
enum E { X Y }
scalar S
directive @d(r: Int) on FIELD
"""


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("b: Int!", ""),  # a field is gone
        ("b: Int!", "b: String!"),
        ("b: Int!", "b: [Int!]!"),
        ("b: Int!", "b: Int"),  # it may be null now
        ("v: [Int!]!", "v: [Int]!"),
        ("x: Int = 1", ""),  # an argument is gone
        ("x: Int = 1", "x: String"),
        ("x: Int = 1", "x: Int!"),  # it may not be null any more
        ("x: Int = 1", "x: Int = 2"),
        ("x: Int = 1", "x: Int"),
        ("a(x: Int = 1 w: Int)", "a(x: Int = 1 w: Int y: Int!)"),
        ("i: Int = 1", ""),
        ("i: Int = 1", "i: [String]"),
        ("i: Int = 1", "i: Int!"),
        ("i: Int = 1", "i: Int = 2"),
        ("i: Int = 1", "i: Int"),
        ("o: Int", "o: Int, p: Int!"),
        ("X Y", "X"),
        ("T | V", "T"),
        ("type T implements Node", "type T"),
        ("type V { v: [Int!]! }\nunion U = T | V", "union U = T"),
        ("enum E { X Y }", "scalar E"),
        ("directive @d(r: Int) on FIELD", ""),
        ("@d(r: Int)", "@d"),
        ("on FIELD", "on QUERY"),
    ],
)
def test_what_breaks_clients_is_refused(was, now):
    """What is gone, has another type, is needed now, may be null now, or has another default."""
    changed = SDL.replace(was, now)

    assert changed != SDL
    assert broken(SDL, changed, TODAY)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("b: Int!", "b: Int! n: Int"),
        ("a(x: Int = 1 w: Int): Int", "a(x: Int = 1 w: Int y: Int): Int!"),
        ("i: Int = 1 o: Int", "i: Int = 1 o: Int p: Int"),
        ("X Y", "X Y Z"),
        ("T | V", "T | V | W"),
        ("scalar S", ""),  # nothing leads to it
    ],
)
def test_what_clients_do_not_notice_passes(was, now):
    """Additions, and answers that promise more; clients take values and members they don't know."""
    changed = SDL.replace(was, now) + ("type W { w: Int }" if "W" in now else "")

    assert changed != SDL
    assert broken(SDL, changed, TODAY) == []


@pytest.mark.parametrize("reason", [None, "", "Use b.", "Deprecated.", "2020-01-01"])
def test_what_was_deprecated_without_a_day_may_not_go(reason):
    """Nobody could tell when its time is over."""
    marked = "@deprecated" if reason is None else f'@deprecated(reason: "{reason}")'

    assert broken(SDL.replace("b: Int!", f"b: Int! {marked}"), SDL.replace("b: Int!", ""), TODAY)


@pytest.mark.parametrize(("days", "refused"), [(-1, True), (0, True), (179, True), (180, False)])
@pytest.mark.parametrize(
    ("element", "marked"),
    [
        ("b: Int!", "b: Int! {}"),
        ("x: Int = 1", "x: Int = 1 {}"),
        ("i: Int = 1", "i: Int = 1 {}"),
        (" Y }", " Y {} }}"),
    ],
)
def test_what_was_deprecated_long_enough_may_go(element, marked, days, refused):
    """Half a year after the day that its reason had in the last release; else never."""
    day = TODAY - timedelta(days=days)
    reason = f'@deprecated(reason: "Deprecated since {day}: use another.")'
    last = SDL.replace(element, marked.format(reason))
    now = SDL.replace(element, "}" if "}" in element else "")

    assert bool(broken(last, now, TODAY)) == refused


def test_a_type_goes_with_the_last_that_led_to_it():
    """Types cannot be deprecated; those that were reached by what is due alone are due too."""
    reason = '@deprecated(reason: "Deprecated since 2020-01-01: use b.")'
    field = "c(in: In, e: E): U"
    last = SDL.replace(field, f"{field} {reason}")
    now = "\n".join(
        line
        for line in SDL.replace(field, "").splitlines()
        if not line.startswith(("type V", "union", "input", "enum"))
    )

    assert broken(last, now, TODAY) == []
    kept = last.replace("a(x: Int = 1 w: Int)", "z: E a(x: Int = 1 w: Int)")
    assert broken(kept, now.replace("a(x: Int = 1 w: Int)", "z: Int a(x: Int = 1 w: Int)"), TODAY)

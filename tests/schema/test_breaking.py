"""Clients of the last release go on working: what they could miss is deprecated first."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, find_breaking_changes

ROOT = Path(__file__).parents[2]
LAST = ROOT / "docs" / "schema" / "last.graphql"
DEPRECATED_DAYS_MIN = 180
# What may be missing: the change as the test names it, and the day of the release that deprecated
# what it takes away. A release copies schema.graphql over docs/schema/last.graphql and empties it.
DEPRECATED: dict[str, date] = {}


def broken(before: GraphQLSchema, after: GraphQLSchema, today: date) -> list[str]:
    """Return the changes that break clients, but for those whose time has come."""
    changes = [each.description for each in find_breaking_changes(before, after)]
    due = today - timedelta(days=DEPRECATED_DAYS_MIN)
    return [each for each in changes if each not in DEPRECATED or DEPRECATED[each] > due]


def schema_of(path: Path) -> GraphQLSchema:
    """Return the schema in a file."""
    return build_schema(path.read_text())


def test_nothing_is_broken_against_the_last_release():
    """No type, field, argument or value that a client could use is gone or has become another."""
    assert (
        broken(schema_of(LAST), schema_of(ROOT / "schema.graphql"), datetime.now(UTC).date()) == []
    )


@pytest.mark.parametrize(("days", "refused"), [(0, True), (179, True), (180, False)])
def test_what_was_deprecated_long_enough_may_go(monkeypatch, days, refused):
    """Half a year; without a line in the table, never."""
    before, after = (
        build_schema("type Query { a: Int b: Int }"),
        build_schema("type Query { a: Int }"),
    )
    today = date(2026, 7, 1)
    (change,) = broken(before, after, today)
    monkeypatch.setitem(DEPRECATED, change, today - timedelta(days=days))

    assert bool(broken(before, after, today)) == refused

"""Variables that are read without a walk through their types are what GraphQL makes of them."""

import math

import pytest
from graphql import parse, print_ast
from graphql.execution.values import get_variable_values

from schema import schema
from schema.planning.variables import INT_MAX, Variables

CORE = schema._schema
KINDS = (
    *("ID", "ID!", "String", "String!", "Boolean", "Boolean!", "Int", "Int!", "Float"),
    *("TaskFilter", "TaskStatus!", "[ID!]", "DateTime"),
)
VALUES = (
    *("", "a", "1", "ü\N{ROCKET}", 0, 1, -1, INT_MAX, INT_MAX + 1, -INT_MAX - 1, -INT_MAX - 2),
    *(True, False, None, 1.0, 0.5, math.pi, [], ["a"], {}, {"envName": "live"}, "LOST"),
)


def both(head, given):
    """Return what both make of what is given for an operation; None where they refuse it."""
    (operation,) = parse(f"query ({head}) {{ __typename }}").definitions
    definitions = operation.variable_definitions
    theirs = get_variable_values(CORE, definitions, given)
    ours = Variables(CORE, definitions).read(given)
    # A type that may not be null is made anew each time, and is like no other.
    return shown(ours), shown(None if isinstance(theirs, list) else theirs)


def shown(values):
    """Return what can be compared: what was read, and from what."""
    return values and (values.coerced, {key: told(*each) for key, each in values.sources.items()})


def told(signature, value):
    """Return what is known of a variable."""
    default = signature.default and print_ast(signature.default.literal)
    return signature.name, str(signature.type), default, signature.default_value, value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_what_graphql_makes_of_it(kind, value):
    """Of the same type too: 1 is no true, and no 1.0."""
    ours, theirs = both(f"$x: {kind}", {"x": value})
    assert ours == theirs
    assert ours is None or type(ours[0]["x"]) is type(theirs[0]["x"])


@pytest.mark.parametrize(
    "head",
    ["$x: ID", "$x: ID!", "$x: Int = 3", "$x: Boolean! = true", "$x: String = null", "$x: Nobody"],
)
@pytest.mark.parametrize("given", [{}, {"x": None}, {"y": 1}, {"x": "a", "y": 1}, {"x": 7}])
def test_what_is_missing_or_too_much_is_as_graphql_has_it(head, given):
    """Defaults, nulls, and values that nobody asked for."""
    ours, theirs = both(head, given)
    assert ours == theirs


def test_several_are_read_together():
    """Plain ones and others, whichever come first."""
    given = {"a": "x", "b": {"envName": "live"}, "c": 3}
    for head in ("$a: ID!, $b: TaskFilter, $c: Int", "$b: TaskFilter, $a: ID!, $c: Int"):
        ours, theirs = both(head, given)
        assert ours == theirs
        assert ours is not None

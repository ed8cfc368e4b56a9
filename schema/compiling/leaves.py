"""How leaves are shown, many at a time: what is one already is left as it is."""

import json
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from math import isfinite
from types import NoneType
from typing import Any

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLEnumType,
    GraphQLScalarType,
    Undefined,
)

from db.moments import written
from schema.compiling.run import Run, Uncompiled

Column = list[Any]
Showing = Callable[[Run, Column], Column]


class Leaf:
    """A scalar or an enum. Values of the usual class are shown by one call for all of them."""

    def __init__(self, kind: GraphQLScalarType | GraphQLEnumType, *, nullable: bool) -> None:
        self._nullable = nullable
        self._coerced = kind.coerce_output_value
        self._names: dict[Any, str] = {}
        self._usual, self._showing = self._way(kind)

    def shown(self, run: Run, values: Column) -> Column:
        """Return *values* as they are shown; Uncompiled for null where there must be none."""
        kinds = set(map(type, values))
        if NoneType not in kinds:
            return self._all(run, values, kinds)
        if not self._nullable:
            raise Uncompiled
        there = [each for each in values if each is not None]
        shown = iter(self._all(run, there, kinds - {NoneType}))
        return [None if each is None else next(shown) for each in values]

    def _all(self, run: Run, values: Column, kinds: set[type]) -> Column:
        return (self._showing if kinds <= self._usual else self._unusual)(run, values)

    def _way(self, kind: GraphQLScalarType | GraphQLEnumType) -> tuple[set[type], Showing]:
        """Return the usual class of values, and how these are shown."""
        if isinstance(kind, GraphQLEnumType):
            members = [each.value for each in kind.values.values()]
            wrapped: type[Enum] | None = getattr(kind, "wrapped_cls", None)
            if wrapped is None:
                return set(), self._unusual
            self._names = {each: self._coerced(each) for each in wrapped if each.value in members}
            return {wrapped}, self._named
        ways: dict[str, tuple[set[type], Showing]] = {
            "String": ({str}, _texts),
            "ID": ({str}, _texts),
            "Int": ({int}, _integers),
            "Float": ({float}, _floats),
            "Boolean": ({bool}, _themselves),
            "DateTime": ({datetime}, _moments),
        }
        return ways.get(kind.name, (set(), self._unusual))

    def _named(self, run: Run, values: Column) -> Column:
        return _texts(run, [self._names[each] for each in values])

    def _unusual(self, run: Run, values: Column) -> Column:
        """Show values one by one, as the library does; an exception is an error of the field."""
        return [self._one(run, each) for each in values]

    def _one(self, run: Run, value: Any) -> Any:
        if isinstance(value, Exception):
            raise Uncompiled
        shown = self._coerced(value)
        if shown is None or shown is Undefined:
            raise Uncompiled
        kind = type(shown)
        if kind is str:
            run.spell(len(shown))
        elif kind is dict or kind is list:
            run.spell(len(json.dumps(shown)))
        return shown


def _texts(run: Run, values: Column) -> Column:
    run.spell(sum(map(len, values)))
    return values


def _moments(run: Run, values: Column) -> Column:
    return _texts(run, list(map(written, values)))


def _integers(_: Run, values: Column) -> Column:
    if values and (min(values) < GRAPHQL_MIN_INT or max(values) > GRAPHQL_MAX_INT):
        raise Uncompiled
    return values


def _floats(_: Run, values: Column) -> Column:
    if not all(map(isfinite, values)):
        raise Uncompiled
    return values


def _themselves(_: Run, values: Column) -> Column:
    return values

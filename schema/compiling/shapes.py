"""How objects, lists and values of many types are shown: a level at a time, not one by one.

Whatever the entries of a level ask for, they ask at once, so that it is loaded by sets; and no task
of asyncio is made for a row, but one for each field of the document that waits beside another.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, islice
from types import NoneType
from typing import Any, Protocol, TypeAlias

from graphql import GraphQLAbstractType, GraphQLObjectType
from graphql.pyutils import gather_with_cancel
from tortoise.models import Model

from schema.compiling.calls import Call
from schema.compiling.leaves import Column, Leaf
from schema.compiling.run import Run, Uncompiled
from schema.executing.turns import turns
from schema.node import Shows

LINE = "LogLine"  # however many of its fields are asked for, a line counts as one
PART_VALUES = 4096  # shown before others may have a turn
KINDS_AT_ONCE = 256  # whose types are found before that
ROWS_KEPT = 64

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = Callable[[Iterable[tuple[Any, ...]]], list[Row]]


class Shape(Protocol):
    """How values that are there, objects or lists, are shown.

    *fields* is how many a value has, without lists inside; *waits*: something in it is waited for.
    """

    fields: int
    waits: bool

    async def shown(self, run: Run, call: Call, values: Column) -> Column:
        """Return *values*, which *call* found, as they are shown; Uncompiled for an error."""
        ...


class Maybe:
    """What may be null; what is null counts as if it were there."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.fields, self.waits = shape.fields, shape.waits

    async def shown(self, run: Run, call: Call, values: Column) -> Column:
        """Return *values* as they are shown."""
        there = [each for each in values if each is not None]
        if len(there) == len(values):
            return await self._shape.shown(run, call, values)
        run.count((len(values) - len(there)) * self.fields)
        shown = iter(await self._shape.shown(run, call, there))
        return [None if each is None else next(shown) for each in values]


class Leaves:
    """Leaves where objects may stand: in lists, and behind what is waited for."""

    fields = 0
    waits = False

    def __init__(self, leaf: Leaf) -> None:
        self._leaf = leaf

    async def shown(self, run: Run, _: Call, values: Column) -> Column:
        """Return *values* as they are shown."""
        return self._leaf.shown(run, values)


class Lists:
    """Lists, all of whose entries are shown together."""

    fields = 0

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.waits = shape.waits

    async def shown(self, run: Run, call: Call, values: Column) -> Column:
        """Return *values* as they are shown; there must be room for all their entries."""
        if not set(map(type, values)) <= {list, tuple}:
            raise Uncompiled
        entries = list(chain.from_iterable(values))
        run.room(len(entries) * self._shape.fields)
        shown = iter(await self._shape.shown(run, call, entries))
        return [list(islice(shown, len(each))) for each in values]


class Kinds:
    """Values of an interface or a union: each is shown as the type that it turns out to be of."""

    fields = 0

    def __init__(self, kind: GraphQLAbstractType, shapes: Mapping[str, "Objects"]) -> None:
        self._kind, self._shapes = kind, shapes
        self.waits = any(each.waits for each in shapes.values())

    async def shown(self, run: Run, call: Call, values: Column) -> Column:
        """Return *values* as they are shown."""
        resolve: Any = self._kind.resolve_type or run.executor.type_resolver
        info = run.info(call)
        names: list[Any] = []
        for start in range(0, len(values), KINDS_AT_ONCE):
            if start and turns.over:
                await turns.next()
            part = values[start : start + KINDS_AT_ONCE]
            names += [resolve(each, info, self._kind) for each in part]
        groups: dict[str, Column] = {}
        for name, value in zip(names, values, strict=True):
            groups.setdefault(name, []).append(value)
        if not groups.keys() <= self._shapes.keys():
            raise Uncompiled
        shown = await together(
            [self._shapes[name].shown(run, call, each) for name, each in groups.items()]
        )
        rows = {name: iter(each) for name, each in zip(groups, shown, strict=True)}
        return [next(rows[name]) for name in names]


class Field:
    """A field of an object type, whose values are shown as *shape*."""

    def __init__(self, call: Call, shape: Shape) -> None:
        self._call, self._shape = call, shape
        self.fields = shape.fields
        self.waits = call.waits or shape.waits

    async def column(self, run: Run, objects: Column) -> Column:
        """Return the field's values of *objects* as they are shown."""
        call = self._call
        values: Column = list(map(run.resolver(call), objects))
        if call.is_coroutine:
            values = await together(values)
        elif call.waits:
            values = [await each for each in values]
        return await self._shape.shown(run, call, values)


class LeafField:
    """A field of leaves that nobody waits for."""

    def __init__(self, call: Call, leaf: Leaf) -> None:
        self._call, self._leaf = call, leaf

    def column(self, run: Run, objects: Column) -> Column:
        """Return the field's values of *objects* as they are shown."""
        return self._leaf.shown(run, list(map(run.resolver(self._call), objects)))


class Typename:
    """The name of the object type, which is known."""

    def __init__(self, name: str) -> None:
        self._name = name

    def column(self, run: Run, objects: Column) -> Column:
        """Return the name, as often as there are objects."""
        run.spell(len(self._name) * len(objects))
        return [self._name] * len(objects)


Part: TypeAlias = Field | LeafField | Typename


class Objects:
    """Objects of one type, with the same fields of each, by the names they have in the answer."""

    def __init__(self, kind: GraphQLObjectType, fields: Mapping[str, Part]) -> None:
        self._is_type_of: Callable[..., Any] | None = kind.is_type_of
        self._rows = _rows(len(fields))(*fields)
        self._parts = tuple(fields.values())
        branches = [each for each in self._parts if isinstance(each, Field)]
        self._waited = [each for each in branches if each.waits]
        self.waits = bool(self._waited)
        self._own = 1 if kind.name == LINE else len(fields)
        self.fields = 1 if kind.name == LINE else len(fields) + sum(b.fields for b in branches)
        self._at_once = max(1, PART_VALUES // max(1, len(fields)))

    async def shown(self, run: Run, call: Call, values: Column) -> Column:
        """Return objects as they are shown: first what is waited for, then what is at hand."""
        if not self._fits(run, call, values, set(map(type, values))):
            raise Uncompiled
        return await self.rows(run, values)

    def _fits(self, run: Run, call: Call, values: Column, kinds: set[type]) -> bool:
        """Tell whether *values*, of these classes, are of this type."""
        fits = self._is_type_of
        if isinstance(fits, Shows):
            return all(map(fits.shows, kinds))
        if not all(map(is_object, kinds)):
            return False
        return fits is None or all(fits(each, run.info(call)) for each in values)

    async def rows(self, run: Run, objects: Column) -> list[Row]:
        """Return what is shown of *objects*, which are of this type."""
        run.count(len(objects) * self._own)
        if not objects:
            return []
        loaded = await together([each.column(run, objects) for each in self._waited])
        waited = dict(zip(self._waited, loaded, strict=True))
        rows: list[Row] = []
        for start in range(0, len(objects), self._at_once):
            if start and turns.over:
                await turns.next()
            part = slice(start, start + self._at_once)
            some, columns = objects[part], []
            for each in self._parts:
                if not isinstance(each, Field):
                    columns.append(each.column(run, some))
                elif each.waits:
                    columns.append(waited[each][part])
                else:
                    columns.append(await each.column(run, some))
            rows += self._made(columns, len(some))
        return rows

    def _made(self, columns: Sequence[Column], count: int) -> list[Row]:
        return self._rows(zip(*columns, strict=True)) if columns else [{} for _ in range(count)]


@cache
def is_object(kind: type) -> bool:
    """Tell whether a value of this class may be an object: no null, no error, not to be awaited."""
    awaited = hasattr(kind, "__await__") and not issubclass(kind, Model)
    return not awaited and not issubclass(kind, NoneType | Exception)


@lru_cache(ROWS_KEPT)
def _rows(count: int) -> Callable[..., Rows]:
    """Return what takes so many keys, and returns what makes rows of tuples of as many values.

    Python itself is told how many there are: `dict(zip(...))` for each row takes six times as long.
    """
    keys = [f"key{each}" for each in range(count)]
    values = [f"value{each}" for each in range(count)]
    pairs = ", ".join(f"{key}: {value}" for key, value in zip(keys, values, strict=True))
    row = "".join(f"{value}, " for value in values) or "()"
    source = f"lambda {', '.join(keys)}: lambda rows: [{{{pairs}}} for {row} in rows]"
    made: Callable[..., Rows] = eval(source)  # noqa: S307 - nothing of a client's is in it
    return made


async def together(waiting: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Return what all of *waiting* come to; they begin at the same time."""
    if len(waiting) > 1:
        return await gather_with_cancel(*waiting)
    return [await each for each in waiting]

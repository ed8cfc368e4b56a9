"""What is declared of a type that is a table: how its fields are columns, rows and lists of rows.

SQL is written with `{x}` for the rows of a relation and `{p}` for the row it belongs to (of values
and rights: the row itself), `{viewer}` for the caller's id, and the names of a field's arguments.
`{x_within}`, behind a condition, is that a row of a team, which is called `x` in the statement, is
of the only team the caller reaches; nothing where that is all of theirs. So are `{x_application}`,
`{x_environment}` and `{x_task}` for rows of those (`reach.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tortoise.models import Model

from resolvers.paging import Relation, Selection
from schema.planning.dialect import Dialect


class Unplanned(Exception):
    """Something of an operation is not answered by a statement."""


@dataclass(frozen=True, slots=True)
class Word:
    """A column whose values are those of the field's enum; or SQL for one."""

    sql: str


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that is worked out by SQL, given the dialect; *sql* has `{p}` in it."""

    sql: Callable[[Dialect], str]


@dataclass(frozen=True, slots=True)
class One:
    """A row of a table, or none: the one for which *where* holds."""

    type: str
    where: str


@dataclass(frozen=True, slots=True)
class Many:
    """All rows for which *where* holds, in the order of a column."""

    type: str
    where: str
    order: str


@dataclass(frozen=True, slots=True)
class Paged:
    """Pages of a relation; *parent* are its parent's columns, *select* what the arguments mean.

    *where* says which of the rows the caller may see, where that is not all.
    """

    type: str
    relation: Relation
    parent: tuple[str, ...]
    select: Callable[..., Selection]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What the caller may do in the team whose name *team* is."""

    team: str


Field: TypeAlias = Word | Computed | One | Many | Paged | Rights


@dataclass(frozen=True, slots=True)
class Table:
    """A type whose objects are rows of *model*; fields that are columns need not be declared."""

    model: type[Model] | None
    fields: Mapping[str, Field] = field(default_factory=dict)

"""How far a caller reaches, as conditions of a statement."""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import NamedTuple

from auth.viewer import Viewer


class Reach(IntEnum):
    """What a caller reaches at most, from all that is their user's to one environment."""

    __hash__ = int.__hash__  # an enum's own is ten times as slow

    ALL = 0
    TEAM = 1
    APPLICATION = 2
    ENVIRONMENT = 3

    @staticmethod
    def of(viewer: Viewer) -> "Reach":
        """Return how far a caller reaches."""
        if viewer.token is None:
            return Reach.ALL
        if viewer.env_name is not None:
            return Reach.ENVIRONMENT
        if viewer.application_id is not None:
            return Reach.APPLICATION
        return Reach.ALL if viewer.org_name is None else Reach.TEAM


class Bound(NamedTuple):
    """A column that has one value, for whoever reaches no further than *reach*."""

    reach: Reach
    column: str
    value: Callable[[Viewer], str | None]


_TEAM = Bound(Reach.TEAM, "name", lambda viewer: viewer.org_name)
_APPLICATION = Bound(Reach.APPLICATION, "id", lambda viewer: viewer.application_id)
_ENVIRONMENT = Bound(Reach.ENVIRONMENT, "name", lambda viewer: viewer.env_name)

# By the word that stands for them in a declaration: those of a row of a team, and so on.
BOUNDS: Mapping[str, tuple[Bound, ...]] = {
    "within": (_TEAM,),
    "application": (_APPLICATION,),
    "environment": (_ENVIRONMENT,),
    "task": (_APPLICATION._replace(column="app_id"), _ENVIRONMENT._replace(column="env_name")),
}

"""Why the database cannot be used for a while, told alike of each kind of database."""

from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import cast

from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

RETRY_SECONDS = 5
FULL_SECONDS = 10.0


@dataclass(eq=False)
class DatabaseAway(OperationalError):
    """The database cannot be reached."""

    retry_after: int = field(default=RETRY_SECONDS, repr=False)

    def __str__(self) -> str:
        return type(self).__doc__ or ""


class DatabaseFull(DatabaseAway):
    """The database has no room left on its disk."""


class DatabaseBusy(DatabaseAway):
    """The database is being written to by another program, and that takes too long."""


class NoConnection(DatabaseAway):
    """The database has no connection to spare."""


def reason(fault: BaseException) -> str:
    """Return what the driver or the system says of *fault*, for the operator."""
    cause = fault.__cause__ if isinstance(fault, DatabaseAway) else None
    return str(cause or fault)


class Trouble:
    """What a process last met; *last* is None again once it is known to be over."""

    def __init__(self) -> None:
        self.last: DatabaseAway | None = None
        self._at = -inf

    def note(self, fault: DatabaseAway) -> DatabaseAway:
        """Remember *fault*, and return it."""
        self.last, self._at = fault, monotonic()
        return fault

    def within(self, seconds: float) -> bool:
        """Tell whether there was any in the last *seconds*, over or not."""
        return monotonic() - self._at < seconds


def trouble() -> Trouble:
    """Return what was met with the database that is open."""
    return cast("Trouble", get_connections().get("default").trouble)  # type: ignore[attr-defined]


async def usable() -> None:
    """Return where the database can be used; DatabaseAway where not.

    Where there was trouble, SQLite must take a write before it counts as over. PostgreSQL's disk
    counts as full for a while after somebody was told so.
    """
    met, client = trouble(), get_connections().get("default")
    if met.last is None or client.capabilities.dialect != "sqlite":
        await client.execute_query("SELECT 1")
        if isinstance(met.last, DatabaseFull) and met.within(FULL_SECONDS):
            raise met.last
        return
    async with in_transaction() as transaction:
        (row,) = await transaction.execute_query_dict("PRAGMA user_version")
        await transaction.execute_query(f"PRAGMA user_version = {row['user_version']}")
    met.last = None

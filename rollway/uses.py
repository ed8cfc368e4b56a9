"""What `rollway schema uses` prints: who still uses what is deprecated."""

from collections.abc import AsyncIterator

from db import connect
from db.models import ApiToken, User
from db.uses import DeprecatedUse

HEAD = ("element", "caller", "name", "uses", "first", "last")
LINES_MAX = 10_000


async def report(database: str) -> list[str]:
    """Return the lines of the report on what is kept in the *database*."""
    async with connect(database):
        return [line async for line in lines()]


async def lines() -> AsyncIterator[str]:
    """Yield a head and a line for each element and caller, with tabs between."""
    yield "\t".join(HEAD)
    rows = await DeprecatedUse.all().order_by("element", "caller").limit(LINES_MAX)
    ids = [row.caller.partition(" ")[2] for row in rows]
    names = {row.id: row.username for row in await User.filter(id__in=ids)}
    async for token in ApiToken.filter(id__in=ids).select_related("user"):
        names[token.id] = f"{token.name} of {token.user.username}"
    for row, known in zip(rows, ids, strict=True):
        first, last = (f"{time:%Y-%m-%d}" for time in (row.first_time, row.last_time))
        name = names.get(known, "")
        yield "\t".join((row.element, row.caller, name, str(row.count), first, last))

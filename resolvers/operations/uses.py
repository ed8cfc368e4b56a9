"""Counts who still uses what is deprecated: in memory, and in the background in the database."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import strawberry
from tortoise.expressions import F

from auth.viewer import Viewer
from db.models import ApiToken
from db.uses import DeprecatedUse

log = logging.getLogger("rollway.api")

WRITE_SECONDS = 10.0
NOTED_MAX = 10_000  # callers and elements between two writes; others are not counted
KEPT_MAX = 100_000  # rows; new ones are not kept beyond
KEPT_DAYS = 90  # after the last use
ELEMENT_CHARACTERS_MAX = 200
COUNT_MAX = 2**31 - 1  # that a GraphQL Int can hold
GUEST = "guest"


@dataclass(slots=True)
class Noted:
    """What was not written yet."""

    first_time: datetime
    last_time: datetime
    count: int = 0


class Uses:
    """Notes uses on the path of a request, and writes them off it; a failure costs counts alone."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], Noted] = {}

    def note(self, viewer: Viewer | None, elements: Iterable[str]) -> None:
        """Count a use of each of *elements*; nothing is asked of the database."""
        now = datetime.now(UTC)
        for element in elements:
            key = caller_of(viewer), element[:ELEMENT_CHARACTERS_MAX]
            if key not in self._noted and len(self._noted) >= NOTED_MAX:
                continue
            noted = self._noted.setdefault(key, Noted(now, now))
            noted.last_time = now
            noted.count += 1

    async def write(self) -> None:
        """Write what was noted since the last time."""
        noted, self._noted = self._noted, {}
        for (caller, element), use in noted.items():
            row = DeprecatedUse.filter(id=f"{caller} {element}")
            if await row.update(count=F("count") + use.count, last_time=use.last_time):
                continue
            if await DeprecatedUse.all().count() < KEPT_MAX:
                new = DeprecatedUse(
                    id=f"{caller} {element}",
                    caller=caller,
                    element=element,
                    first_time=use.first_time,
                    last_time=use.last_time,
                    count=use.count,
                )
                await DeprecatedUse.bulk_create([new], ignore_conflicts=True)

    async def work(self) -> None:
        """Write now and then, for ever."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            try:
                await self.write()
            except Exception:
                log.exception("some uses of what is deprecated were not counted")

    async def prune(self) -> None:
        """Forget what nobody has used for long."""
        old = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
        await DeprecatedUse.filter(last_time__lt=old).delete()


def caller_of(viewer: Viewer | None) -> str:
    """Return how a caller is told in the report."""
    if viewer is None:
        return GUEST
    return f"token {viewer.token.id}" if viewer.token else f"user {viewer.user.id}"


async def by_token(ids: list[str]) -> list[list[DeprecatedUse]]:
    """Return the uses of each API token, by element."""
    found: dict[str, list[DeprecatedUse]] = {f"token {each}": [] for each in ids}
    for row in await DeprecatedUse.filter(caller__in=list(found)).order_by("caller", "element"):
        row.count = min(row.count, COUNT_MAX)
        found[row.caller].append(row)
    return [found[f"token {each}"] for each in ids]


async def of_token(
    parent: strawberry.Parent[ApiToken], info: strawberry.Info
) -> list[DeprecatedUse]:
    """Return what an API token still uses."""
    found: list[DeprecatedUse] = await info.context.loaders.uses.load(parent.id)
    return found

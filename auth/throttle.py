"""Throttles: how often something may be tried, counted in the database before it is tried.

A row is one key's count until its window ends. Its key is a hash, so that the table tells nobody
what was typed. Several processes share it.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from db.models import Throttle

NETWORK_BITS = 64  # of an IPv6 address: what one customer gets at least
CLEANED_MAX = 100

# One statement, so that of many at once no more get through than may.
TAKE = """
INSERT INTO "throttle" ("key", "count", "expires_time") VALUES ({0}, 1, {1})
ON CONFLICT ("key") DO UPDATE SET
  "count" = CASE WHEN "throttle"."expires_time" <= {2} THEN 1 ELSE "throttle"."count" + 1 END,
  "expires_time" = CASE WHEN "throttle"."expires_time" <= {2}
    THEN excluded."expires_time" ELSE "throttle"."expires_time" END
WHERE "throttle"."expires_time" <= {2} OR "throttle"."count" < {3}
RETURNING "count"
"""


@dataclass(eq=False)
class Throttled(Exception):
    """Too many attempts."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Limit:
    """At most *count_max* for what *parts* name, in windows of *seconds*."""

    parts: tuple[str, ...]
    count_max: int
    seconds: float

    @property
    def key(self) -> str:
        """Return what the row is found by."""
        return sha256("\0".join(self.parts).encode("utf-8", "surrogatepass")).hexdigest()


async def take(*limits: Limit) -> None:
    """Count one attempt under each of *limits*; Throttled when one is used up: nothing is counted.

    Always give them in the same order of kinds: rows are locked in it.
    """
    now = datetime.now(UTC)
    new = False
    async with in_transaction() as db:
        for limit in limits:
            count = await _take(limit, now, db)
            new = new or count == 1
    if new:
        await _clean(now)


async def _take(limit: Limit, now: datetime, db: BaseDBAsyncClient) -> int:
    sqlite = db.capabilities.dialect == "sqlite"
    times = now + timedelta(seconds=limit.seconds), now
    ends, begins = [each.isoformat(" ", "microseconds") for each in times] if sqlite else times
    mark = "?" if sqlite else "$"
    sql = TAKE.format(*(f"{mark}{number}" for number in range(1, 5)))
    rows = await db.execute_query_dict(sql, [limit.key, ends, begins, limit.count_max])
    if rows:
        count: int = rows[0]["count"]
        return count
    row = await Throttle.get(key=limit.key, using_db=db)
    left = (row.expires_time - now).total_seconds()
    raise Throttled(max(1, ceil(left)))


async def give_back(*limits: Limit) -> None:
    """Take back one attempt each: it was none of those that are counted."""
    for limit in limits:
        mine = Throttle.filter(key=limit.key, count__gt=0)
        await mine.update(count=F("count") - 1)


async def clear(*limits: Limit) -> None:
    """Forget the attempts under each of *limits*."""
    await Throttle.filter(key__in=[limit.key for limit in limits]).delete()


async def mark(limit: Limit) -> None:
    """Remember that something happened, for the time of the limit's window."""
    await clear(limit)
    with suppress(Throttled):  # somebody else did the same this moment
        await take(replace(limit, count_max=1))


async def marked(limit: Limit) -> bool:
    """Tell whether something was marked and the time is not over."""
    return await Throttle.filter(key=limit.key, expires_time__gt=datetime.now(UTC)).exists()


def network(address: str) -> str:
    """Return what an address is counted as: an IPv6 address with its neighbours of the same /64."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), NETWORK_BITS), strict=False))


async def _clean(now: datetime) -> None:
    """Delete rows whose window is over: at least as many as come."""
    async with in_transaction() as db:
        old = Throttle.filter(expires_time__lt=now).limit(CLEANED_MAX).using_db(db)
        keys = await old.select_for_update(skip_locked=True).values_list("key", flat=True)
        if keys:
            await Throttle.filter(key__in=list(keys)).using_db(db).delete()

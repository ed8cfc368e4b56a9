"""Budgets: what a caller's operations may cost in a minute, kept in this process's memory.

A budget is a bucket that fills evenly. Several servers of one database each keep their own.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

MINUTE_SECONDS = 60.0
BUCKETS_MAX = 10_000


@dataclass(eq=False)
class OverBudget(Exception):
    """The operation costs {cost}, and {remaining} are left."""

    cost: int
    remaining: int
    retry_after: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left of a budget of *limit* a minute, and when it is whole again."""

    limit: int
    remaining: int
    reset_time: datetime


class Budgets:
    """The budgets of all callers; whoever was not heard of for longest is forgotten first.

    A caller who was silent for a minute has their whole budget, so little is lost by forgetting.
    *clock* counts seconds and never goes back.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, key: str, cost: int) -> Balance:
        """Take *cost* out of the budget of *key*; OverBudget takes nothing."""
        now = self._clock()
        a_second = self.limit / MINUTE_SECONDS
        level, then = self._levels.get(key, (float(self.limit), now))
        level = min(float(self.limit), level + (now - then) * a_second)
        if cost > level:
            raise OverBudget(cost, int(level), max(1, ceil((cost - level) / a_second)))
        self._levels[key] = level - cost, now
        self._levels.move_to_end(key)
        while len(self._levels) > BUCKETS_MAX:
            self._levels.popitem(last=False)
        missing_seconds = (self.limit - level + cost) / a_second
        whole = datetime.now(UTC) + timedelta(seconds=missing_seconds)
        return Balance(self.limit, int(level - cost), whole)

"""Budgets: what a caller's operations may cost in a minute, kept in this process's memory.

A budget is a bucket that fills evenly. Several servers of one database each keep their own.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import NamedTuple

MINUTE_SECONDS = 60.0
BUCKETS_MAX = 10_000


@dataclass(eq=False)
class OverBudget(Exception):
    """The operation costs {cost}, and {remaining} are left."""

    cost: int
    remaining: int
    retry_after: int


class Balance(NamedTuple):
    """What is left of a budget of *limit* a minute, and when it is whole again."""

    limit: int
    remaining: int
    reset_time: datetime


class Budgets:
    """The budgets of all callers; whoever was not heard of for longest is forgotten first.

    A caller who was silent for a minute has their whole budget, so little is lost by forgetting.
    *clock* counts seconds and never goes back. *at_once* is how much may be saved up; default: all
    of a minute.
    """

    def __init__(
        self,
        limit: int,
        clock: Callable[[], float] = time.monotonic,
        at_once: float | None = None,
    ) -> None:
        self.limit = limit
        self._a_second = limit / MINUTE_SECONDS
        self._whole = float(limit) if at_once is None else at_once
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, key: str, cost: int) -> Balance:
        """Take *cost* out of the budget of *key*; OverBudget takes nothing."""
        now = self._clock()
        level = self._level(key, now)
        if cost > level:
            seconds = (cost - level) / self._a_second
            raise OverBudget(cost, int(level), max(1, ceil(seconds)))
        self._keep(key, level - cost, now)
        missing_seconds = (self._whole - level + cost) / self._a_second
        whole = datetime.fromtimestamp(time.time() + missing_seconds, UTC)
        return Balance(self.limit, int(level - cost), whole)

    def owe(self, key: str, cost: float) -> None:
        """Take *cost*, which was spent already, though there may be less."""
        now = self._clock()
        self._keep(key, self._level(key, now) - cost, now)

    def debt_seconds(self, key: str) -> float:
        """Return how long it takes until what *key* owes is paid; not positive: nothing is."""
        return -self._level(key, self._clock()) / self._a_second

    def _level(self, key: str, now: float) -> float:
        known = self._levels.get(key)
        if known is None:
            return self._whole
        level, then = known
        return min(self._whole, level + (now - then) * self._a_second)

    def _keep(self, key: str, level: float, now: float) -> None:
        self._levels[key] = level, now
        self._levels.move_to_end(key)
        while len(self._levels) > BUCKETS_MAX:
            self._levels.popitem(last=False)

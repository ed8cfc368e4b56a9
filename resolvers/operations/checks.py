"""What it may cost to read and check what a caller sends: charged as it turns out, before it runs.

It is apart from what operations cost, so that who sends what is refused cannot take the server,
however much they may have executed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from math import ceil
from time import thread_time
from typing import TypeAlias

from auth.budgets import Budgets
from resolvers.refusals import OverChecks

UNIT_SECONDS = 10e-6
AT_ONCE = 1 / 6  # of a minute's: others wait as long as that takes
LARGE_CHARACTERS = 16 * 1024  # less is read in no time

# Charges what is done within a block; OverChecks when too much was done before.
Charging: TypeAlias = Callable[[], AbstractContextManager[None]]


class Checks:
    """The budgets for that: *limit* units a minute each.

    Nobody knows before how long it takes, so that a budget may be overdrawn; nothing more is
    checked until that is paid.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._budgets = Budgets(limit, at_once=limit * AT_ONCE)

    def admit(self, caller: str) -> None:
        """Raise OverChecks when *caller* is in debt."""
        seconds = self._budgets.debt_seconds(caller)
        if seconds > 0:
            raise OverChecks(self._limit, max(1, ceil(seconds)))

    def debt_seconds(self, caller: str) -> float:
        """Return how long it takes until *caller* is out of debt; not positive: they are."""
        return self._budgets.debt_seconds(caller)

    @contextmanager
    def charged(self, caller: str) -> Iterator[None]:
        """Charge what is done within the block, which waits for nothing; OverChecks in debt."""
        self.admit(caller)
        began = thread_time()
        try:
            yield
        finally:
            self.owe(caller, thread_time() - began)

    def owe(self, caller: str, seconds: float) -> None:
        """Charge so many seconds of the processor."""
        self._budgets.owe(caller, seconds / UNIT_SECONDS)

"""The bounds of one operation, and what it was charged."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import strawberry

from auth.budgets import Budgets
from resolvers.operations.checks import Checks
from resolvers.operations.documents import Documents
from resolvers.operations.reads import Reads

CHARACTERS_MAX = 8 * 1024 * 1024  # of an answer; one page of a log has up to half of them
FIELDS = "fields"
CHARACTERS = "characters"
ROWS_MAX = 20_000  # of lists that have no pages, for one of an operation's fields
ROWS = "rows"


@dataclass(eq=False)
class AnswerTooLong(Exception):
    """The answer has more than {most} {what}."""

    most: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What an operation may cost, how long a query may take, and what may be sent at all.

    *reads* is the first that is asked for an answer; *reads_shown*: answers say who made them.
    """

    cost_max: int
    query_seconds: float
    introspection: bool
    budgets: Budgets
    checks: Checks
    documents: Documents
    reads: Reads = Reads.PLANNED
    reads_shown: bool = False


class Bill(NamedTuple):
    """What an operation costs, and what is left of its caller's budget."""

    cost: int
    limit: int
    remaining: int
    reset_at: datetime

    @property
    def formatted(self) -> Mapping[str, object]:
        """Return it as `extensions.cost` shows it."""
        return {
            "requested": self.cost,
            "remaining": self.remaining,
            "resetAt": self.reset_at.isoformat(),
        }

    @property
    def written(self) -> str:
        """Return the same as JSON."""
        known = f'"requested":{self.cost},"remaining":{self.remaining}'
        return f'{{{known},"resetAt":"{self.reset_at.isoformat()}"}}'


def rate_limit(info: strawberry.Info) -> Bill | None:
    """Return what the operation was charged."""
    bill: Bill | None = info.context.bill
    return bill

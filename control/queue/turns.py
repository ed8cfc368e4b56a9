"""Who decides which task runs next: the part of the queue that differs between databases.

The rows of tasks are the truth. Whatever else is kept for the order follows them in the same
transaction, and locks come in the same order everywhere: task, order, application.
"""

from datetime import datetime
from typing import NamedTuple, Protocol

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import RawSQL

from control.port import Reach
from db.bundle import Bundle
from db.models import Task

AHEAD_MAX = 100


class Turn(NamedTuple):
    """A task whose turn it is, and what *time* it is by the clock that all workers share."""

    task: Task
    time: datetime


class Turns(Protocol):
    """One task of an environment at a time, in the order they were submitted.

    Of environments those with the higher priority go first, then those whose task is older.
    """

    def add(self, task: Task, bundle: Bundle) -> None:
        """Have *task* lined up behind all of its environment; it is stored with the *bundle*."""

    async def rank(self, environment_id: str, db: BaseDBAsyncClient) -> None:
        """Have all that waits in an environment, whose row is locked, get its priority."""

    async def next(self, db: BaseDBAsyncClient, reach: Reach) -> Turn | None:
        """Return the task in *reach* whose turn it is, locked; None when there is none.

        Nobody else gets it unless this transaction is undone.
        """

    async def ahead(self, task: Task, db: BaseDBAsyncClient, *, running: bool) -> list[str]:
        """Return ids of the tasks that *task* comes after in its environment, the oldest first.

        Up to AHEAD_MAX that wait; with *running* then the one that runs.
        """

    async def again(self, task: Task, db: BaseDBAsyncClient) -> None:
        """Have *task*, which is locked and was running, wait where it did before its turn."""

    async def end(self, task: Task, db: BaseDBAsyncClient) -> None:
        """Have *task* be out of the way: it is locked, and ends next in this transaction."""

    async def alone(self, db: BaseDBAsyncClient) -> bool:
        """Tell whether nobody else tidies up until this transaction ends."""

    async def mend(self, db: BaseDBAsyncClient) -> None:
        """Have the order agree with the tasks again, if somebody changed one without the other.

        Of many that wait some are looked at each time; what disagrees is mended everywhere.
        """

    def time_in(self, seconds: float) -> datetime | RawSQL:
        """Return the time in *seconds* by the clock that all workers share, for a statement."""

"""A queue that passes everything on to another one, for those that look at what goes through."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from control.port import (
    ANYTHING,
    Assignment,
    Beat,
    Draft,
    Entry,
    Keyed,
    Lease,
    Queue,
    Reach,
    Shown,
    Watched,
    WorkerQueue,
)
from db.audit import Told
from db.models import Task
from engine.events import Event, TaskChanged


class WorkWrapper:
    """Implements `control.port.WorkerQueue` by another one; what each method does stands there."""

    def __init__(self, queue: WorkerQueue) -> None:
        self._queue = queue

    async def claim(
        self, worker: str, wait_seconds: float = 0.0, reach: Reach = ANYTHING
    ) -> Assignment | None:
        """Pass on."""
        return await self._queue.claim(worker, wait_seconds, reach)

    async def beat(self, worker: str, leases: Collection[Lease]) -> Beat:
        """Pass on."""
        return await self._queue.beat(worker, leases)

    async def append(self, lease: Lease, position: int, events: Sequence[Event]) -> None:
        """Pass on."""
        await self._queue.append(lease, position, events)

    async def finish(self, lease: Lease, event: TaskChanged) -> None:
        """Pass on."""
        await self._queue.finish(lease, event)

    async def abandon(self, lease: Lease) -> None:
        """Pass on."""
        await self._queue.abandon(lease)

    def control(self, worker: str) -> AsyncGenerator[None, None]:
        """Pass on."""
        return self._queue.control(worker)


class QueueWrapper(WorkWrapper):
    """Implements `control.port.Queue` in the same way."""

    _queue: Queue

    def __init__(self, queue: Queue) -> None:
        super().__init__(queue)

    def control(
        self, worker: str, told: Collection[str] | None = None
    ) -> AsyncGenerator[None, None]:
        """Pass on."""
        return self._queue.control(worker, told)

    async def submit(self, draft: Draft, told: Told | None = None) -> Task:
        """Pass on."""
        return await self._queue.submit(draft, told)

    async def known(self, request: Keyed) -> Task | None:
        """Pass on."""
        return await self._queue.known(request)

    async def cancel(self, task_id: str, reason: str, told: Told | None = None) -> None:
        """Pass on."""
        await self._queue.cancel(task_id, reason, told)

    async def rank(self, environment_id: str, db: BaseDBAsyncClient) -> None:
        """Pass on."""
        await self._queue.rank(environment_id, db)

    async def reap(self, *, abandoned: bool = False, mend: bool = True) -> list[str]:
        """Pass on."""
        return await self._queue.reap(abandoned=abandoned, mend=mend)

    def changes(
        self, tasks: Watched, since: datetime | None = None
    ) -> AsyncGenerator[Task | Shown, None]:
        """Pass on."""
        return self._queue.changes(tasks, since)

    def tail(self, after: Mapping[str, int]) -> AsyncGenerator[Entry, None]:
        """Pass on."""
        return self._queue.tail(after)

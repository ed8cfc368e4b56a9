"""The queue, with what goes through it counted and told to the log."""

import logging
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from control.port import Assignment, Beat, Draft, Entry, Keyed, Lease, LeaseLost, Queue, Watched
from db.audit import Told
from db.models import Task
from engine.events import Event, TaskChanged
from rollway.observing.metrics import Metrics

log = logging.getLogger("rollway.queue")


class MeteredQueue:
    """Implements `control.port.Queue` by another one; see there."""

    def __init__(self, queue: Queue, metrics: Metrics) -> None:
        self._queue = queue
        self._metrics = metrics

    async def submit(self, draft: Draft, told: Told | None = None) -> Task:
        """Store the task."""
        task = await self._queue.submit(draft, told)
        if task.id == draft.id:
            self._metrics.submitted.inc()
            log.info("task %s is queued", task.id)
        return task

    async def known(self, request: Keyed) -> Task | None:
        """Return the task made under the request's key."""
        return await self._queue.known(request)

    async def claim(self, worker: str, wait_seconds: float = 0.0) -> Assignment | None:
        """Give *worker* the next task."""
        given = await self._queue.claim(worker, wait_seconds)
        if given is not None:
            self._metrics.claims.inc()
            row = await Task.filter(id=given.lease.task_id).only("created_time").first()
            if row is not None:
                self._metrics.queue_wait.observe(_since(row.created_time))
            log.info("task %s is given to worker %s", given.lease.task_id, worker)
        return given

    async def beat(self, worker: str, leases: Collection[Lease]) -> Beat:
        """Extend the leases."""
        try:
            beat = await self._queue.beat(worker, leases)
        except Exception:
            self._metrics.beats.labels("failed").inc()
            raise
        self._metrics.beats.labels("answered").inc()
        self._metrics.leases_lost.inc(len(beat.lost))
        return beat

    async def append(self, lease: Lease, position: int, events: Sequence[Event]) -> None:
        """Store what happened."""
        with self._metrics.store.time():
            try:
                await self._queue.append(lease, position, events)
            except LeaseLost:
                self._metrics.leases_lost.inc()
                raise
        self._metrics.stored.inc(len(events))

    async def finish(self, lease: Lease, event: TaskChanged) -> None:
        """End the task."""
        await self._queue.finish(lease, event)
        self._ended(lease.task_id, event.status.value)

    async def abandon(self, lease: Lease) -> None:
        """End the task without a result."""
        await self._queue.abandon(lease)
        self._ended(lease.task_id, "abandoned")

    async def cancel(self, task_id: str, reason: str, told: Told | None = None) -> None:
        """Cancel the task."""
        await self._queue.cancel(task_id, reason, told)

    def control(self, worker: str) -> AsyncGenerator[None, None]:
        """Yield whenever *worker* should beat."""
        return self._queue.control(worker)

    async def reap(self, *, abandoned: bool = False) -> list[str]:
        """End the tasks whose worker is gone."""
        lost = await self._queue.reap(abandoned=abandoned)
        for task_id in lost:
            self._ended(task_id, "lost")
        return lost

    async def changes(self, tasks: Watched) -> AsyncGenerator[Task, None]:
        """Yield tasks that change."""
        with self._metrics.readers.labels("tasks").track_inprogress():
            async with aclosing(self._queue.changes(tasks)) as changed:
                async for task in changed:
                    yield task

    async def tail(self, task_id: str, after: int) -> AsyncGenerator[Entry, None]:
        """Yield the entries behind *after*; how late those are that come live is measured."""
        begun = datetime.now(UTC)
        with self._metrics.readers.labels("journals").track_inprogress():
            async with aclosing(self._queue.tail(task_id, after)) as entries:
                async for entry in entries:
                    if entry.time > begun:
                        self._metrics.event_lag.observe(_since(entry.time))
                    yield entry

    def _ended(self, task_id: str, how: str) -> None:
        self._metrics.ended.labels(how).inc()
        log.info("task %s has ended: %s", task_id, how)


def _since(moment: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())

"""The queue, with what goes through it counted and told to the log."""

import logging
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from control.port import (
    ANYTHING,
    Assignment,
    Beat,
    Draft,
    Entry,
    Lease,
    LeaseLost,
    Queue,
    Reach,
    Shown,
    Watched,
)
from db.audit import Told
from db.models import Task
from engine.events import Event, TaskChanged
from rollway.observing.metrics import Metrics
from rollway.observing.wrapping import QueueWrapper

log = logging.getLogger("rollway.queue")


class MeteredQueue(QueueWrapper):
    """A queue of which `Metrics` shows how it does."""

    def __init__(self, queue: Queue, metrics: Metrics) -> None:
        super().__init__(queue)
        self._metrics = metrics

    async def submit(self, draft: Draft, told: Told | None = None) -> Task:
        """Count the task, unless it was there before."""
        task = await super().submit(draft, told)
        if task.id == draft.id:
            self._metrics.submitted.inc()
            log.info("task %s is queued", task.id)
        return task

    async def claim(
        self, worker: str, wait_seconds: float = 0.0, reach: Reach = ANYTHING
    ) -> Assignment | None:
        """Measure how long the task has waited."""
        given = await super().claim(worker, wait_seconds, reach)
        if given is not None:
            self._metrics.claims.inc()
            row = await Task.filter(id=given.lease.task_id).only("created_time").first()
            if row is not None:
                self._metrics.queue_wait.observe(_since(row.created_time))
            log.info("task %s is given to worker %s", given.lease.task_id, worker)
        return given

    async def beat(self, worker: str, leases: Collection[Lease]) -> Beat:
        """Count the heartbeat and what it was answered."""
        try:
            beat = await super().beat(worker, leases)
        except Exception:
            self._metrics.beats.labels("failed").inc()
            raise
        self._metrics.beats.labels("answered").inc()
        self._metrics.leases_lost.inc(len(beat.lost))
        return beat

    async def append(self, lease: Lease, position: int, events: Sequence[Event]) -> None:
        """Measure how long it takes."""
        with self._metrics.store.time():
            try:
                await super().append(lease, position, events)
            except LeaseLost:
                self._metrics.leases_lost.inc()
                raise
        self._metrics.stored.inc(len(events))

    async def finish(self, lease: Lease, event: TaskChanged) -> None:
        """Count the task by its status."""
        await super().finish(lease, event)
        self._ended(lease.task_id, event.status.value)

    async def abandon(self, lease: Lease) -> None:
        """Count the task as given up."""
        await super().abandon(lease)
        self._ended(lease.task_id, "abandoned")

    async def reap(self, *, abandoned: bool = False) -> list[str]:
        """Count the tasks that were lost."""
        lost = await super().reap(abandoned=abandoned)
        for task_id in lost:
            self._ended(task_id, "lost")
        return lost

    async def changes(
        self, tasks: Watched, since: datetime | None = None
    ) -> AsyncGenerator[Task | Shown, None]:
        """Count who follows tasks."""
        with self._metrics.readers.labels("tasks").track_inprogress():
            async with aclosing(super().changes(tasks, since)) as changed:
                async for each in changed:
                    yield each

    async def tail(self, after: Mapping[str, int]) -> AsyncGenerator[Entry, None]:
        """Measure how late the entries are that come live."""
        begun = datetime.now(UTC)
        with self._metrics.readers.labels("journals").track_inprogress():
            async with aclosing(super().tail(after)) as entries:
                async for entry in entries:
                    if entry.time > begun:
                        self._metrics.event_lag.observe(_since(entry.time))
                    yield entry

    def _ended(self, task_id: str, how: str) -> None:
        self._metrics.ended.labels(how).inc()
        log.info("task %s has ended: %s", task_id, how)


def _since(moment: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())

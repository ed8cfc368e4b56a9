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
    WorkerQueue,
)
from db.audit import Told
from db.models import Task
from engine.events import Event, TaskChanged
from rollway.observing.metrics import Metrics, WorkerFigures, WorkFigures
from rollway.observing.wrapping import QueueWrapper, WorkWrapper

log = logging.getLogger("rollway.queue")


class MeteredWork(WorkWrapper):
    """The part of a queue that workers need, with what goes through it counted."""

    def __init__(self, queue: WorkerQueue, figures: WorkFigures) -> None:
        super().__init__(queue)
        self._figures = figures

    async def claim(
        self, worker: str, wait_seconds: float = 0.0, reach: Reach = ANYTHING
    ) -> Assignment | None:
        """Count the task that is given."""
        given = await super().claim(worker, wait_seconds, reach)
        if given is not None:
            self._figures.claims.inc()
            log.info("task %s is given to worker %s", given.lease.task_id, worker)
        return given

    async def beat(self, worker: str, leases: Collection[Lease]) -> Beat:
        """Count the heartbeat and what it was answered."""
        try:
            beat = await super().beat(worker, leases)
        except Exception:
            self._figures.beats.labels("failed").inc()
            raise
        self._figures.beats.labels("answered").inc()
        self._figures.leases_lost.inc(len(beat.lost))
        return beat

    async def append(self, lease: Lease, position: int, events: Sequence[Event]) -> None:
        """Measure how long it takes."""
        with self._figures.store.time():
            try:
                await super().append(lease, position, events)
            except LeaseLost:
                self._figures.leases_lost.inc()
                raise
        self._figures.stored.inc(len(events))

    async def finish(self, lease: Lease, event: TaskChanged) -> None:
        """Count the task by its status."""
        await super().finish(lease, event)
        self._ended(lease.task_id, event.status.value)

    async def abandon(self, lease: Lease) -> None:
        """Count the task as given up."""
        await super().abandon(lease)
        self._ended(lease.task_id, "abandoned")

    def _ended(self, task_id: str, how: str) -> None:
        self._figures.ended.labels(how).inc()
        log.info("task %s has ended: %s", task_id, how)


class MeteredWorker(MeteredWork):
    """The same for one worker, which shows how it does itself."""

    _figures: WorkerFigures

    def __init__(self, queue: WorkerQueue, figures: WorkerFigures) -> None:
        super().__init__(queue, figures)

    async def beat(self, worker: str, leases: Collection[Lease]) -> Beat:
        """Note what the worker has, and that it was answered."""
        self._figures.running.set(len(leases))
        beat = await super().beat(worker, leases)
        self._figures.hear()
        return beat


class MeteredQueue(MeteredWork, QueueWrapper):
    """A queue of which `Metrics` shows how it does."""

    _queue: Queue

    def __init__(self, queue: Queue, metrics: Metrics) -> None:
        super().__init__(queue, metrics)
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
        if given and given.created_time:
            self._metrics.queue_wait.observe(_since(given.created_time))
        return given

    async def reap(self, *, abandoned: bool = False, mend: bool = True) -> list[str]:
        """Count the tasks that were lost."""
        lost = await super().reap(abandoned=abandoned, mend=mend)
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


def _since(moment: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())

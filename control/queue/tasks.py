"""What is true of tasks: their rows, leases and journals, whoever decides which one runs next."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import or_
from time import monotonic

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from control import assignment, journal
from control.port import (
    ANYTHING,
    AlreadyCompleted,
    Assignment,
    Beat,
    Draft,
    Entry,
    EventsRefused,
    IdempotencyKeyReused,
    Keyed,
    Lease,
    LeaseLost,
    LogFull,
    Reach,
    Shown,
    Watched,
)
from control.pubsub import QUEUE, PubSub, task_topic, worker_topic
from control.queue import ends
from control.queue.held import hold, read
from control.queue.log_room import TASK_LOG_BYTES_MAX, LogRoom
from control.queue.looks import Looks
from control.queue.presence import Workers
from control.queue.submission import Submission
from control.queue.turns import AHEAD_MAX, Turns
from control.watching import changes, tails
from db import audit
from db.audit import Told
from db.models import Environment, Task
from db.vault import NotSealedHere, Vault
from engine.events import Event, Planned, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus

log = logging.getLogger("rollway.queue")

RUNS_MAX = 3
RUNNING = TaskStatus.RUNNING.value
PENDING = TaskStatus.PENDING.value
REAPED_MAX = 1000  # tasks in one pass; the next one comes soon
UNNAMED_LEASE_SHARE_MAX = 0.6  # three heartbeats: a task that has not begun is given back then
EPOCH_MAX = 20  # and is lost then: it may be what its workers do not survive
CLAIMED = ("epoch", "worker", "unconfirmed", "secret_versions")


class TaskQueue:
    """Implements `control.port.Queue`; *turns* decide which task runs next.

    *lease_seconds*: how long a worker may be silent before its tasks count as lost. *runs_max*: how
    often a task is run where its environment has lost ones queued again. *log_bytes_max*: see
    `LogRoom`. *workers* say whether there is one for a new task. *poll_seconds*: how often
    followers look though no bell rang.
    """

    def __init__(
        self,
        turns: Turns,
        pubsub: PubSub,
        vault: Vault,
        *,
        workers: Workers | None = None,
        lease_seconds: float = 10.0,
        poll_seconds: float = 1.0,
        runs_max: int = RUNS_MAX,
        log_bytes_max: int = TASK_LOG_BYTES_MAX,
    ) -> None:
        self.pubsub = pubsub
        self.lease_seconds = lease_seconds
        self._turns = turns
        self._workers = workers or Workers()
        self._poll_seconds = poll_seconds
        self._runs_max = runs_max
        self._log_room = LogRoom(log_bytes_max)
        self._vault = vault
        self._reading = asyncio.Lock()
        self._looks = Looks()

    async def submit(self, draft: Draft, told: Told | None = None) -> Task:
        """Store the task as PENDING; see `Queue.submit`."""
        stranded = not self._workers.take(draft.team or "", draft.runs_on)
        submission = Submission(draft, told, self._turns, stranded=stranded)
        try:
            superseded = await submission.store()
        except IntegrityError:
            if known := await self.known(draft):
                return known
            await submission.refuse()
            raise
        await changes.ring(submission.task, self.pubsub)
        self.pubsub.ring(QUEUE)
        await self._tell(superseded)
        while len(superseded) >= AHEAD_MAX:  # the environment's queue was longer than one cancels
            superseded = await submission.supersede_more()
            await self._tell(superseded)
        return submission.task

    async def _tell(self, superseded: Sequence[Task]) -> None:
        for task in superseded:
            await changes.ring(task, self.pubsub)
            if task.status == RUNNING:
                self.pubsub.ring(worker_topic(task.worker or ""))

    async def known(self, request: Keyed) -> Task | None:
        """Return the task made under the request's key; see `Queue.known`."""
        if request.idempotency_key is None:
            return None
        same_key = Task.filter(app_id=request.app_id, idempotency_key=request.idempotency_key)
        task = await same_key.first()
        if task is not None and task.idempotency_hash != request.idempotency_hash:
            raise IdempotencyKeyReused(request.idempotency_key)
        return task

    async def claim(
        self, worker: str, wait_seconds: float = 0.0, reach: Reach = ANYTHING
    ) -> Assignment | None:
        """Give *worker* the next task; see `Queue.claim`."""
        until = monotonic() + wait_seconds
        with self.pubsub.listen(QUEUE) as bell:
            claimed = await self._claim(worker, reach)
            while True:
                if claimed and (given := await self._assign(*claimed)):
                    return given
                if claimed is None:
                    rest_seconds = until - monotonic()
                    if rest_seconds <= 0:
                        return None
                    await bell.wait(rest_seconds)
                claimed = await self._looks.look(reach, partial(self._claim, worker, reach))

    async def _claim(self, worker: str, reach: Reach) -> tuple[Task, Environment | None] | None:
        try:
            async with in_transaction() as db:
                turn = await self._turns.next(db, reach)
                if turn is None:
                    return None
                task = turn.task
                environment = await assignment.environment_of(task)
                task.epoch += 1
                task.worker = worker
                task.lease_expires_time = turn.time + timedelta(seconds=self.lease_seconds)
                task.unconfirmed = True
                task.received = 0
                task.secret_versions = assignment.versions_of(task, environment)
                running = TaskChanged(time=now(), status=TaskStatus.RUNNING)
                await journal.Writer(task, db, CLAIMED).write([running])
        except IntegrityError:  # another claim of the same environment was faster
            return None
        await changes.ring(task, self.pubsub)
        return task, environment

    async def _assign(self, task: Task, environment: Environment | None) -> Assignment | None:
        """Return what the worker needs; a task for which that cannot be had ends here."""
        lease = Lease(task.id, task.epoch)
        try:
            return assignment.build(task, environment, self._vault)
        except NotSealedHere as fault:
            failed = StepChanged(time=now(), index=0, status=StepStatus.FAILURE, error=str(fault))
            with suppress(LeaseLost):
                await self.append(lease, 0, [failed])
                await self.finish(lease, TaskChanged(time=now(), status=TaskStatus.FAILURE))
            return None
        except Exception:
            try:
                await self.abandon(lease)
            except LeaseLost:  # deleted with its application, this very moment
                return None
            raise

    async def beat(self, worker: str, leases: Collection[Lease]) -> Beat:
        """Extend the leases; see `Queue.beat`."""
        if not leases:
            return Beat({}, ())
        by_epoch: dict[int, list[str]] = {}
        for lease in leases:
            by_epoch.setdefault(lease.epoch, []).append(lease.task_id)
        ours = reduce(or_, [Q(id__in=ids, epoch=epoch) for epoch, ids in by_epoch.items()])
        mine = Task.filter(ours, status=RUNNING, worker=worker)
        await mine.update(lease_expires_time=self._turns.time_in(self.lease_seconds))
        held = await mine.only("id", "cancel_requested", "cancel_reason")
        cancel = {task.id: task.cancel_reason or "" for task in held if task.cancel_requested}
        lost = {lease.task_id for lease in leases} - {task.id for task in held}
        return Beat(cancel, lost)

    async def append(self, lease: Lease, position: int, events: Sequence[Event]) -> None:
        """Store what happened; see `Queue.append`."""
        async with self._leased(lease) as (task, time, db):
            if position > task.received:
                raise EventsRefused(f"those from {task.received} to {position} never came")
            before = task.received - position
            events = events[before:]
            also = ["unconfirmed"] if task.unconfirmed else []
            task.unconfirmed = False
            if position == 0:  # who begins a task may have read late that they have it
                task.lease_expires_time = time + timedelta(seconds=self.lease_seconds)
                also.append("lease_expires_time")
            kept = events[: self._log_room.take(task, events)]
            task.received += len(kept)
            if kept:
                await journal.Writer(task, db, [*also, "reported_bytes"]).write(kept)
            elif also:
                await task.save(using_db=db, update_fields=also)
        if kept:
            self.pubsub.ring(task_topic(task.id))
        if any(isinstance(event, StepChanged | Planned) for event in kept):
            await changes.ring(task, self.pubsub)
        if len(kept) < len(events):
            raise LogFull(self._log_room.refusal, stored=before + len(kept))

    async def finish(self, lease: Lease, event: TaskChanged) -> None:
        """End the task; see `Queue.finish`."""
        async with self._leased(lease) as (task, _, db):
            await self._turns.end(task, db)
            cancelled = task.cancel_requested
            status = TaskStatus.CANCELLED if cancelled else event.status
            await journal.Writer(task, db).write([TaskChanged(time=event.time, status=status)])
        await changes.ring(task, self.pubsub)
        self.pubsub.ring(QUEUE)

    async def abandon(self, lease: Lease) -> None:
        """End the task without a result; see `Queue.abandon`."""
        async with self._leased(lease) as (task, _, db):
            await self._leave(task, db)
        await changes.ring(task, self.pubsub)
        self.pubsub.ring(QUEUE)

    @asynccontextmanager
    async def _leased(
        self, lease: Lease
    ) -> AsyncIterator[tuple[Task, datetime, BaseDBAsyncClient]]:
        """Lock the task's row while its lease holds; yield it, and the time by the shared clock."""
        async with in_transaction() as db:
            held = await hold(lease, db)
            if held is None:
                raise LeaseLost(lease.task_id)
            yield *held, db

    async def cancel(self, task_id: str, reason: str, told: Told | None = None) -> None:
        """Cancel the task; see `Queue.cancel`."""
        async with audit.telling(told) as (db, end):
            unfinished = Task.filter(id=task_id, finished_time=None).using_db(db)
            changed = await unfinished.update(cancel_requested=True, cancel_reason=reason)
            if changed and told is not None:
                await told.write(db, end)
            task = await read(task_id, db)
            status = TaskStatus(task.status)
            if status.completed and status is not TaskStatus.CANCELLED:
                raise AlreadyCompleted(status.name)
            if not status.completed and (status is TaskStatus.PENDING or task.reported):
                await self._turns.end(task, db)
                await ends.end(task, db)
        if status is TaskStatus.RUNNING and not task.reported:
            self.pubsub.ring(worker_topic(task.worker or ""))
        else:
            self.pubsub.ring(QUEUE)
        await changes.ring(task, self.pubsub)

    async def rank(self, environment_id: str, db: BaseDBAsyncClient) -> None:
        """Have what waits get the environment's priority; see `Queue.rank`."""
        await self._turns.rank(environment_id, db)

    async def reap(self, *, abandoned: bool = False, mend: bool = True) -> list[str]:
        """End or requeue the tasks whose worker is gone; see `Queue.reap`."""
        if mend:
            async with in_transaction() as db:
                if await self._turns.alone(db):
                    await self._turns.mend(db)
        running = Task.filter(status=RUNNING, reported=False)
        lost = Q() if abandoned else self._silent()
        left = []
        for found in await running.filter(lost).only("id", "epoch").limit(REAPED_MAX):
            async with in_transaction() as db:
                if not await self._turns.alone(db):
                    break
                same = Task.filter(lost, id=found.id, epoch=found.epoch, status=RUNNING)
                if not await same.using_db(db).update(epoch=found.epoch):
                    continue
                task = await Task.filter(id=found.id).using_db(db).get()
                await self._leave(task, db)
            left.append(task)
            await changes.ring(task, self.pubsub)
        if left:
            self.pubsub.ring(QUEUE)
        return [task.id for task in left if task.status != PENDING]

    def _silent(self) -> Q:
        """Return what is true of tasks whose worker was silent for too long."""
        rest_seconds = self.lease_seconds * (1 - UNNAMED_LEASE_SHARE_MAX)
        early = self._turns.time_in(rest_seconds)
        unnamed = Q(unconfirmed=True, received=0, lease_expires_time__lt=early)
        return unnamed | Q(lease_expires_time__lt=self._turns.time_in(0))

    async def _leave(self, task: Task, db: BaseDBAsyncClient) -> None:
        """Have *task*, which has no worker any more, wait for another one, or end.

        One that has not begun waits, at its place.
        """
        begun = task.received or not task.unconfirmed
        if not (begun or task.cancel_requested or task.epoch >= EPOCH_MAX):
            await self._turns.again(task, db)
            waits = TaskChanged(time=now(), status=TaskStatus.PENDING)
            await journal.Writer(task, db).write([waits])
        elif await ends.may_begin_again(task, self._runs_max, db):
            log.warning("task %s: run %s lost its worker; queued again", task.id, task.epoch)
            await self._turns.again(task, db)
            await ends.begin_again(task, db)
        else:
            await self._turns.end(task, db)
            await ends.end(task, db)

    async def control(
        self, worker: str, told: Collection[str] | None = None
    ) -> AsyncGenerator[None, None]:
        """Yield whenever *worker* should beat at once; see `Queue.control`."""
        with self.pubsub.listen(worker_topic(worker)) as bell:
            if told is not None:
                cancelled = Task.filter(status=RUNNING, worker=worker, cancel_requested=True)
                if {*map(str, await cancelled.values_list("id", flat=True))} - {*told}:
                    yield
            while True:
                await bell.wait(self.lease_seconds / 5)
                yield

    def changes(
        self, tasks: Watched, since: datetime | None = None
    ) -> AsyncGenerator[Task | Shown, None]:
        """Yield tasks that change; see `Queue.changes`."""
        return changes.follow(tasks, since, self.pubsub, self._poll_seconds)

    def tail(self, after: Mapping[str, int]) -> AsyncGenerator[Entry, None]:
        """Yield the entries behind *after*; see `Queue.tail`."""
        return tails.follow(after, self.pubsub, self._poll_seconds, self._reading)

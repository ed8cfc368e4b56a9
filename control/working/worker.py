"""The local worker: claims tasks, runs them, reports what happens."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

from control.port import (
    Assignment,
    Dismissed,
    EventsRefused,
    Lease,
    LeaseLost,
    QueueAway,
    Reach,
    StoreAway,
    WorkerQueue,
)
from control.remote.spool import Spool
from control.streams import whole
from control.tidying import Folders, tidy
from control.working.link import HERE, Link
from control.working.outbox import RETRY_SECONDS, Report
from control.working.switch import Switch
from db.ids import new_id
from db.trouble import DatabaseAway
from engine.cancel import Cancel
from engine.events import Event, StepChanged, TaskChanged, now
from engine.executors import Executor
from engine.git import Source
from engine.run import Job, Limits, run
from engine.state import StepStatus, TaskStatus
from engine.workspace import dispose
from providers.repository import AddressNotAllowed, AddressUnknown, Policy, check_address

log = logging.getLogger("rollway.worker")

DRAIN_SECONDS = 10.0
LEASE_SHARE_UNANSWERED_MAX = 0.8  # the rest is for stopping before the task counts as lost
LEASE_SHARE_STILL_MAX = 0.9  # for a worker that does not even stop by itself
LEASE_SHARE_PATIENCE_MIN = 0.05  # with a heartbeat that is late already

task_id: ContextVar[str | None] = ContextVar("task_id", default=None)  # that is being run


@dataclass(slots=True)
class Held:
    """A task that this worker has: what runs it and what cancels it.

    *heard* is when was asked what was last answered for it: its lease lasts from then at least.
    One that is *over* runs nothing any more, and asks for its end to be stored.
    """

    runner: asyncio.Task[None]
    cancel: Cancel
    heard: float
    over: bool = False


class Worker:
    """Runs up to *slots* tasks at a time, each in a workspace of its own.

    Nothing that writes to the queue is ever cancelled half-way (`whole`): what a task printed last
    and how it ended are stored also when the worker is being stopped. *switch* ends this process
    when it stands still while it has tasks; None: nobody else could be given them.
    """

    def __init__(
        self,
        queue: WorkerQueue,
        executor: Executor,
        folders: Folders,
        *,
        slots: int,
        lease_seconds: float,
        policy: Policy,
        limits: Limits,
        link: Link = HERE,
        switch: Switch | None = None,
    ) -> None:
        self.name = link.name or new_id("w")
        self._link = link
        self._queue = queue
        self._executor = executor
        self._folders = folders
        self._free = asyncio.Semaphore(slots)
        self._lease_seconds = lease_seconds
        self._unanswered_seconds_max = lease_seconds * LEASE_SHARE_UNANSWERED_MAX
        self._policy = policy
        self._limits = limits
        self._running: dict[Lease, Held] = {}
        self._unheard: set[Lease] = set()  # whose log may still be taken once the queue is back
        self._live: set[str] = set()  # ids of the tasks that may have processes
        self._switch = switch
        self._draining = asyncio.Event()

    def drain(self) -> None:
        """Take no new task; `run` returns once those that run have ended."""
        self._draining.set()

    async def run(self) -> None:
        """Work until drained, or until cancelled: what runs then is ended and reported.

        Raises Dismissed, in a group, when the queue wants this worker no more.
        """
        try:
            await self._work()
        finally:
            if self._switch:
                self._switch.close()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            keepers = [
                group.create_task(self._beat()),
                group.create_task(tidy(self._executor, self._folders, self._live)),
            ]
            runners: dict[Lease, asyncio.Task[None]] = {}
            while await self._has_room():
                if assignment := await self._next():
                    cancel, lease = Cancel(), assignment.lease
                    runners = {of: each for of, each in runners.items() if not each.done()}
                    before = [each for of, each in runners.items() if of.task_id == lease.task_id]
                    # No heartbeat says so: the task is ours, by this lease.
                    self._stop([of for of in self._running if of.task_id == lease.task_id])
                    run = self._perform(assignment, cancel, before)
                    runner = group.create_task(run)
                    runners[lease] = runner
                    # The answer may be old: before it begins, it asks again.
                    self._running[lease] = Held(runner, cancel, monotonic())
                    self._watch()
                else:
                    self._free.release()
            if running := [each for each in runners.values() if not each.done()]:
                log.info("taking no new tasks; %s still run", len(running))
                await asyncio.wait(running)
            for keeper in keepers:
                keeper.cancel()

    async def _has_room(self) -> bool:
        """Wait for a free slot; False once the worker is being drained."""
        room = asyncio.ensure_future(self._free.acquire())
        drained = asyncio.ensure_future(self._draining.wait())
        try:
            await asyncio.wait({room, drained}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            room.cancel()
            drained.cancel()
        return not self._draining.is_set()

    async def _next(self) -> Assignment | None:
        """Claim a task; one that is given while the worker is being stopped is handed back."""
        wait_seconds, reach = self._link.claim_wait_seconds, Reach(labels=self._link.labels)
        claim = asyncio.ensure_future(self._queue.claim(self.name, wait_seconds, reach))
        try:
            return await asyncio.shield(claim)
        except asyncio.CancelledError:
            await asyncio.wait({claim}, timeout=DRAIN_SECONDS)
            if claim.done() and not claim.exception() and (assignment := claim.result()):
                await whole(self._abandon(assignment.lease))
            raise
        except Dismissed:
            raise
        except (QueueAway, DatabaseAway) as fault:
            log.warning("the queue is away: %r; trying again in %s s", fault, RETRY_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)
            return None
        except Exception:
            log.exception("claim failed; trying again in %s s", RETRY_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)
            return None

    async def _beat(self) -> None:
        """Keep the leases; stop what is cancelled, lost, or out of touch for too long."""
        async with aclosing(self._queue.control(self.name)) as calls:
            async for _ in calls:
                await self._beat_once()

    async def _beat_once(self) -> None:
        """Beat, again if need be; what was not heard of for as long as its lease allows stops."""
        while not await self._beaten() and self._running:
            unheard = [lease for lease in self._running if self._rest_seconds([lease]) <= 0]
            self._unheard.update(unheard)
            self._stop(unheard)
            await asyncio.sleep(min(self._rest_seconds(self._running), RETRY_SECONDS))

    def _rest_seconds(self, leases: Collection[Lease]) -> float:
        """Return for how long the first of *leases* still allows that it is not heard of."""
        heard = [self._running[lease].heard for lease in leases if lease in self._running]
        return min(heard, default=monotonic()) + self._unanswered_seconds_max - monotonic()

    async def _beaten(self) -> bool:
        """Beat; tell whether that was answered in time, and do what the answer says."""
        leases, asked = list(self._running), monotonic()
        patience_seconds = max(
            self._rest_seconds(leases), self._lease_seconds * LEASE_SHARE_PATIENCE_MIN
        )
        try:
            async with asyncio.timeout(patience_seconds):
                beat = await self._queue.beat(self.name, leases)
        except Dismissed:
            raise
        except StoreAway as away:
            self._hear(leases, asked + away.after_seconds)
            return True
        except Exception as fault:  # noqa: BLE001 (whatever the database says)
            log.warning("heartbeat not answered: %r", fault)
            if self._link.alone and isinstance(fault, DatabaseAway | TimeoutError):
                self._hear(leases, asked)
                return True
            return False
        self._hear(leases, asked)
        for lease in leases:
            if lease.task_id in beat.cancel and (found := self._running.get(lease)):
                found.cancel.set(beat.cancel[lease.task_id])
        self._stop([lease for lease in leases if lease.task_id in beat.lost and self._runs(lease)])
        return True

    def _runs(self, lease: Lease) -> bool:
        """Tell whether there is something to stop: an end that was just stored is no loss."""
        found = self._running.get(lease)
        return found is not None and not found.over

    def _stop(self, leases: Collection[Lease]) -> None:
        for lease in leases:
            if found := self._running.pop(lease, None):
                self._live.discard(lease.task_id)
                log.warning("task %s: lease lost, stopping its processes", lease.task_id)
                found.runner.cancel()
        self._watch()

    def _hear(self, leases: Collection[Lease], asked: float) -> None:
        """Take note of an answer for *leases* to what was *asked* then."""
        for lease in leases:
            if found := self._running.get(lease):
                found.heard = asked
        self._watch()

    def _watch(self) -> None:
        """Have this process ended in time should it stand still, while it has tasks."""
        if self._switch:
            heard = min((each.heard for each in self._running.values()), default=None)
            still_seconds = self._lease_seconds * LEASE_SHARE_STILL_MAX
            self._switch.set(None if heard is None else heard + still_seconds)

    async def _perform(
        self,
        assignment: Assignment,
        cancel: Cancel,
        before: Sequence[asyncio.Task[None]],
    ) -> None:
        """Run a task, once the runs *before* of it have ended here: what they leave is killed."""
        lease = assignment.lease
        task_id.set(lease.task_id)
        workspace = self._folders.workspaces / f"{lease.task_id}-{lease.epoch}"
        spool = self._spool()
        report = Report(self._queue, lease, spool)
        sender = asyncio.create_task(report.send())
        # Nobody waits for one that gives up late.
        sender.add_done_callback(lambda done: done.cancelled() or done.exception())
        work = self._read(assignment, workspace, cancel, report, before)
        reader = asyncio.create_task(work)
        try:
            await asyncio.wait({reader, sender}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            try:
                await whole(self._leave(reader, report, sender, workspace))
            finally:
                if spool:
                    spool.close()
                self._running.pop(lease, None)
                self._unheard.discard(lease)
                self._watch()
                self._free.release()

    def _spool(self) -> Spool | None:
        folder = self._folders.spools
        return Spool(folder, self._link.spool_bytes_max) if folder else None

    async def _read(
        self,
        assignment: Assignment,
        workspace: Path,
        cancel: Cancel,
        report: Report,
        before: Sequence[asyncio.Task[None]],
    ) -> TaskChanged | None:
        """Run the task and report what happens; return how it ended."""
        if before:
            await asyncio.wait(before)
        self._live.add(assignment.lease.task_id)
        last: TaskChanged | None = None
        async with aclosing(self._events(assignment, workspace, cancel, report)) as events:
            async for event in events:
                if isinstance(event, TaskChanged):
                    last = event
                else:
                    await report.add(event)
        return last

    async def _leave(
        self,
        reader: asyncio.Task[TaskChanged | None],
        report: Report,
        sender: asyncio.Task[None],
        workspace: Path,
    ) -> None:
        """End what runs, store what it printed and how it ended, and clean up, in this order."""
        lease, last = report.lease, None
        reader.cancel()
        await asyncio.wait({reader})
        if found := self._running.get(lease):
            found.over = True
        if not reader.cancelled():
            if fault := reader.exception():
                log.error("task %s: the worker failed", lease.task_id, exc_info=fault)
            else:
                last = reader.result()
        await self._conclude(report, sender, last)
        self._running.pop(lease, None)
        self._live.discard(lease.task_id)
        await self._dispose(workspace)

    async def _conclude(
        self, report: Report, sender: asyncio.Task[None], last: TaskChanged | None
    ) -> None:
        """Have what was reported stored, then the end, also when the worker is being stopped."""
        lease = report.lease
        report.close()
        stopped = last is None and lease not in self._unheard
        patience_seconds = DRAIN_SECONDS if stopped else self._link.conclude_seconds
        until = monotonic() + patience_seconds
        await asyncio.wait({sender}, timeout=patience_seconds)
        report.give_up()
        try:
            if sender.done():
                sender.result()
                if last is not None:
                    await self._finish(lease, last, until)
                    return
            else:
                log.error("task %s: what it last printed could not be stored", lease.task_id)
        except (LeaseLost, Dismissed):
            return
        except Exception:
            log.exception("task %s: its end could not be stored", lease.task_id)
        await self._abandon(lease)

    async def _finish(self, lease: Lease, last: TaskChanged, until: float) -> None:
        while True:
            try:
                await self._queue.finish(lease, last)
            except DatabaseAway:
                if monotonic() > until:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _dispose(self, workspace: Path) -> None:
        try:
            await dispose(workspace)
        except Exception:
            log.exception("the workspace %s could not be deleted", workspace)

    async def _abandon(self, lease: Lease) -> None:
        try:
            await self._queue.abandon(lease)
        except (LeaseLost, Dismissed):
            pass
        except Exception:
            log.exception("task %s: its end is left to the sweeper", lease.task_id)

    async def _events(
        self, assignment: Assignment, workspace: Path, cancel: Cancel, report: Report
    ) -> AsyncGenerator[Event, None]:
        """Run the task, but only against an address that is allowed now, and no other.

        Its first event, before anything of it has begun, asks whether it is still held.
        """
        try:
            pin = await check_address(assignment.repo_url, self._policy)
        except (AddressNotAllowed, AddressUnknown) as refusal:
            for event in _refused(str(refusal)):
                yield event
            return
        job = Job(
            task_id=assignment.lease.task_id,
            epoch=assignment.lease.epoch,
            source=Source(
                assignment.repo_url,
                assignment.ref,
                assignment.commit,
                pin,
                assignment.credential,
                assignment.trusted,
            ),
            protocols=self._policy.schemes,
            workspace=workspace,
            pipeline_path=assignment.pipeline_path,
            pipeline=assignment.pipeline,
            contexts=assignment.contexts,
            limits=self._limits,
            runtimes=self._folders.runtimes,
            mirrors=self._folders.mirrors,
            tenant=assignment.team,
            store=self._folders.store,
            debug=assignment.debug,
            admit=partial(self._admit, assignment.lease),
            overflow=report.overflow,
            machine=self._link.machine,
        )
        async with aclosing(run(job, self._executor, cancel)) as events:
            await self._begin(assignment.lease, await anext(events))
            report.stored(1)
            async for event in events:
                yield event

    async def _admit(self, lease: Lease) -> None:
        """Return once a command may begin: at once where a heartbeat was answered lately."""
        if self._rest_seconds([lease]) <= 0:
            await self._begin(lease)

    async def _begin(self, lease: Lease, *first: Event) -> None:
        """Return once the queue has said, and not long ago, that *lease* is still held.

        It is told the *first* event of its task, if that comes now.

        This process may have stood still since it claimed. Where the lease is lost its task is
        stopped, and this waits for that.
        """
        while True:
            asked = monotonic()
            try:
                await self._queue.append(lease, 0, first)
            except LeaseLost:
                self._stop([lease])
                await asyncio.Event().wait()
            except (Dismissed, EventsRefused):
                raise
            except Exception as fault:  # noqa: BLE001 (whatever the database says)
                log.warning("task %s may not begin yet: %r", lease.task_id, fault)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._hear([lease], asked)
                if self._rest_seconds([lease]) > 0:
                    return


def _refused(reason: str) -> tuple[Event, ...]:
    time = now()
    return (
        StepChanged(time=time, index=0, status=StepStatus.RUNNING),
        StepChanged(time=time, index=0, status=StepStatus.FAILURE, error=reason),
        TaskChanged(time=time, status=TaskStatus.FAILURE),
    )

"""The queue of a worker elsewhere: what the port asks for, by HTTP."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import suppress
from time import monotonic

from control.port import (
    ANYTHING,
    Assignment,
    Beat,
    Dismissed,
    EventsRefused,
    Lease,
    LeaseLost,
    LogFull,
    QueueAway,
    Reach,
)
from control.remote.wire import (
    LEASES_MAX,
    Unreadable,
    read_assignment,
    write_event,
    write_lease,
    write_leases,
)
from engine.events import Event, Output, Planned, StepChanged, TaskChanged
from rollway.remote.line import Line, Unreachable

log = logging.getLogger("rollway.worker")

CLAIM_WAIT_SECONDS = 10.0  # a power cut leaves a claim behind for as long
MARGIN_SECONDS = 5.0
STORE_SECONDS = 30.0
SLICE_CHARACTERS = 512 * 1024
SLICE_EVENTS = 5_000
EVENT_CHARACTERS = 256  # what an event counts for, besides its texts
FINISH_SECONDS = 3600.0  # how long a task that has ended waits for its database
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0)  # then the last one again
CALLS_SECONDS_MIN = 0.2


class RemoteQueue:
    """Implements `control.port.WorkerQueue` by what a server answers.

    Every call can be made again: events say their position, writes their epoch, and a claim
    names what the worker holds, so that a task whose answer was lost is given again.
    """

    def __init__(self, line: Line, lease_seconds: float) -> None:
        self._line = line
        self._lease_seconds = lease_seconds
        self._held: dict[Lease, None] = {}
        self._told: set[str] = set()  # ids of the tasks that the last heartbeat said to cancel
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Ask for no new task; one that is on its way still comes."""
        self._leaving.set()

    async def claim(
        self,
        worker: str,  # noqa: ARG002 - the session says it
        wait_seconds: float = 0.0,
        reach: Reach = ANYTHING,  # noqa: ARG002 - the server knows it
    ) -> Assignment | None:
        """Ask for a task; see `WorkerQueue.claim`."""
        if not self._leaving.is_set():
            asking = asyncio.create_task(self._ask(wait_seconds))
            leaving = asyncio.create_task(self._leaving.wait())
            try:
                await asyncio.wait({asking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                leaving.cancel()
                if not asking.done():
                    asking.cancel()
                    await asyncio.wait({asking})
            if not asking.cancelled():
                return asking.result()
        return await self._ask(0.0, only_lost=True)

    async def _ask(self, wait_seconds: float, *, only_lost: bool = False) -> Assignment | None:
        held = write_leases(list(self._held)[-LEASES_MAX:])
        asked = {"waitSeconds": round(wait_seconds), "held": held, "onlyLost": only_lost}
        answer = await self._line.ask("claim", asked, wait_seconds + MARGIN_SECONDS)
        if answer.get("assignment") is None:
            return None
        try:
            given = read_assignment(answer["assignment"])
        except Unreadable as fault:
            raise Unreachable(f"the server gives what is no task: {fault}") from fault
        self._held[given.lease] = None
        return given

    async def beat(self, worker: str, leases: Collection[Lease]) -> Beat:  # noqa: ARG002
        """Extend the leases; see `WorkerQueue.beat`."""
        body = {"leases": write_leases(leases)}
        answer = await self._line.ask_soon(
            "beat", body, self._lease_seconds / 2, self._lease_seconds / 10
        )
        cancel, lost = answer.get("cancel"), answer.get("lost")
        if not isinstance(cancel, dict) or not isinstance(lost, list):
            raise Unreachable("the server answers a heartbeat with something else")
        self._told = set(cancel)
        return Beat({str(key): str(reason) for key, reason in cancel.items()}, set(map(str, lost)))

    async def append(self, lease: Lease, position: int, events: Sequence[Event]) -> None:
        """Have the server store events; see `WorkerQueue.append`."""
        stored = 0
        for part in _slices(events):
            written = [write_event(event) for event in part]
            body = {**write_lease(lease), "position": position + stored, "events": written}
            try:
                await self._tell("append", lease, body)
            except LogFull as full:
                raise LogFull(full.reason, stored=stored + full.stored) from full
            stored += len(part)

    async def finish(self, lease: Lease, event: TaskChanged) -> None:
        """End the task; see `WorkerQueue.finish`. Tries for an hour: it may keep its lease."""
        until, rest = monotonic() + FINISH_SECONDS, _rests()
        while True:
            try:
                body = {**write_lease(lease), "event": write_event(event)}
                await self._tell("finish", lease, body)
            except QueueAway:
                if monotonic() > until:
                    raise
                await asyncio.sleep(next(rest))
            else:
                self._held.pop(lease, None)
                return

    async def abandon(self, lease: Lease) -> None:
        """End the task without a result; see `WorkerQueue.abandon`."""
        await self._tell("abandon", lease, write_lease(lease))
        self._held.pop(lease, None)

    async def control(self, worker: str) -> AsyncGenerator[None, None]:  # noqa: ARG002
        """Yield when the server calls, and a fifth of the lease after the last time at most."""
        while True:
            due = monotonic() + self._lease_seconds / 5
            early = monotonic() + CALLS_SECONDS_MIN
            with suppress(QueueAway, LeaseLost, EventsRefused, TimeoutError):
                async with asyncio.timeout_at(
                    asyncio.get_running_loop().time() + due - monotonic()
                ):
                    told = {"told": sorted(self._told)[:LEASES_MAX]}
                    await self._line.ask("control", told, self._lease_seconds / 5)
                    due = early
            await asyncio.sleep(max(0.0, due - monotonic()))
            yield

    async def end(self) -> None:
        """Tell the server that this process ends in good order."""
        with suppress(QueueAway, Dismissed):
            await self._line.ask("leave", {}, MARGIN_SECONDS)

    async def _tell(self, path: str, lease: Lease, body: dict[str, object]) -> None:
        try:
            await self._line.ask(path, body, STORE_SECONDS, lease.task_id)
        except LeaseLost:
            self._held.pop(lease, None)
            raise


def _slices(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield events in portions that a server takes, one at least: it says that the task begins."""
    part: list[Event] = []
    characters = 0
    for event in events:
        part.append(event)
        characters += _characters(event)
        if characters >= SLICE_CHARACTERS or len(part) >= SLICE_EVENTS:
            yield part
            part, characters = [], 0
    if part or not events:
        yield part


def _characters(event: Event) -> int:
    match event:
        case Output():
            return len(event.text)
        case Planned():
            return len(event.pipeline) + sum(map(len, event.steps))
        case StepChanged(error=error, outputs=outputs):
            said = sum(len(name) + len(value) for name, value in (outputs or {}).items())
            return EVENT_CHARACTERS + len(error or "") + said
        case TaskChanged():
            return EVENT_CHARACTERS


def _rests() -> Iterator[float]:
    yield from RETRY_SECONDS
    while True:
        yield RETRY_SECONDS[-1]

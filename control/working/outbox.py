"""What a task's run has to say, on its way to the queue."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from time import monotonic

from control.port import Dismissed, EventsRefused, Lease, LeaseLost, LogFull, QueueAway, WorkerQueue
from control.remote.spool import Spool
from db.trouble import DatabaseAway
from engine.cancel import Cancel
from engine.events import Event, LogStream, Output, StepChanged

log = logging.getLogger("rollway.worker")

RETRY_SECONDS = 1.0
BUFFER_BYTES_MAX = 1024 * 1024
HURRY_BYTES = BUFFER_BYTES_MAX // 2
REST_SECONDS = 0.05  # between two writes of a task that is not in a hurry, or as long as one took
REST_SECONDS_MAX = 0.5
EVENT_BYTES = 256  # what an event without text counts for


class Report:
    """Carries events from a run to the queue.

    What comes while one write is under way, or within 50 ms of it, goes along in the next one: a
    write costs more than what is in it. Where everybody is busy and it takes longer, the rest does
    too, up to half a second. Half a megabyte, and the end, do not wait. A run that is
    faster than the database does, but where there is a *spool*: then it waits once that is full.
    A write that fails is tried again: the queue knows what it has by the events' positions.
    Once the queue has no room for what is printed, *overflow* says so and that is left out.
    """

    def __init__(self, queue: WorkerQueue, lease: Lease, spool: Spool | None = None) -> None:
        self._queue = queue
        self.lease = lease
        self._spool = spool
        self._events: list[Event] = []
        self._bytes = 0
        self._position = 0
        self._news = asyncio.Event()
        self._hurry = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False
        self._given_up = False
        self.overflow = Cancel()
        self._left_out = Counter[int]()  # bytes, by the step that printed them

    async def add(self, event: Event) -> None:
        """Take *event*; waits while more than a megabyte, or a full spool, is unsent."""
        await self._room.wait()
        if self.overflow.requested and isinstance(event, Output):
            self._leave_out(event)
            return
        while self._spool and (self._spool.count or self._bytes > BUFFER_BYTES_MAX):
            if self._spool.put(event):
                self._news.set()
                return
            self._room.clear()
            await self._room.wait()
        self._events.append(event)
        self._bytes += len(event.text) if isinstance(event, Output) else EVENT_BYTES
        if self._bytes > HURRY_BYTES:
            self._hurry.set()
        if self._bytes > BUFFER_BYTES_MAX and not self._spool:
            self._room.clear()
        self._news.set()

    def stored(self, count: int) -> None:
        """Take note that the first events, so many, are with the queue already."""
        self._position += count

    def close(self) -> None:
        """No more events come."""
        self._closed = True
        self._hurry.set()
        self._news.set()

    def give_up(self) -> None:
        """Try nothing again."""
        self._given_up = True
        self.close()

    async def send(self) -> None:
        """Store events until closed and empty; LeaseLost when the lease is gone."""
        try:
            while self._events or self._spooled or not self._closed:
                await self._news.wait()
                self._news.clear()
                batch = self._take()
                if not self._closed:
                    self._hurry.clear()
                if self._spooled:
                    self._hurry.set()
                    self._news.set()
                if batch:
                    begun = monotonic()
                    await self._store(batch)
                    rest_seconds = min(max(monotonic() - begun, REST_SECONDS), REST_SECONDS_MAX)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._hurry.wait(), rest_seconds)
        finally:
            self._room.set()  # nobody waits for a sender that has ended

    @property
    def _spooled(self) -> bool:
        return self._spool is not None and self._spool.count > 0

    def _take(self) -> list[Event]:
        """Return what is to be sent next: what is in memory is older than the spool."""
        if self._spool and not self._events:
            batch = self._spool.take(HURRY_BYTES)
        else:
            batch, self._events, self._bytes = self._events, [], 0
        self._room.set()
        return self._but_for_output(batch) if self.overflow.requested else batch

    def _flow_over(self, full: LogFull, batch: Sequence[Event]) -> list[Event]:
        """Return what is left to be stored of *batch*; raises *full* where that was left out."""
        if self.overflow.requested:
            raise full
        log.warning("task %s: %s", self.lease.task_id, full.reason)
        self.overflow.set(full.reason)
        self._position += full.stored
        return self._but_for_output(batch[full.stored :])

    def _leave_out(self, event: Output) -> None:
        if event.stream is LogStream.OUTPUT:
            self._left_out[event.index] += len(event.text.encode())

    def _but_for_output(self, events: Sequence[Event]) -> list[Event]:
        left: list[Event] = []
        for event in events:
            match event:
                case Output():
                    self._leave_out(event)
                case StepChanged(index=index, log_bytes=log_bytes) if index in self._left_out:
                    kept_bytes = max(log_bytes - self._left_out[index], 0)
                    left.append(replace(event, truncated=True, log_bytes=kept_bytes))
                case _:
                    left.append(event)
        return left

    async def _store(self, batch: list[Event]) -> None:
        said = False
        while batch:
            try:
                await self._queue.append(self.lease, self._position, batch)
            except LogFull as full:
                batch = self._flow_over(full, batch)
            except (LeaseLost, EventsRefused, Dismissed, AssertionError):
                raise
            except Exception as fault:
                if self._given_up:
                    raise
                if not isinstance(fault, QueueAway | DatabaseAway):
                    log.exception("task %s: not stored, trying again", self.lease.task_id)
                elif not said:
                    said = True
                    log.warning("task %s: the queue is away: %r", self.lease.task_id, fault)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._position += len(batch)
                return

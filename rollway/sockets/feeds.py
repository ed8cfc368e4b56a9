"""Answers for many at once: each is executed and encoded once, and written to all.

Nobody is waited for: a reader who is behind leaves, and comes back when they have caught up, from
what is kept here or by themselves. So nobody misses anything.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import TypeAlias

from rollway.sockets.looks import retrieved
from rollway.sockets.outlets import Event, Made, Outlet, State

KEPT_BYTES_MAX = 256 * 1024  # of one feed
ALL_KEPT_BYTES_MAX = 32 * 1024 * 1024
BATCH_BYTES_MAX = 64 * 1024
PAUSE_SECONDS_MAX = 0.02
AHEAD_MAX = 100  # events that a reader may be ahead of the feed they join


class Left(Enum):
    """Why a reader is with a feed no longer."""

    ENDED = auto()
    """The stream has ended, and they have all of it."""
    BEHIND = auto()
    """They read slower than events come."""
    BROKEN = auto()
    """The feed cannot go on."""
    LOST = auto()
    """They may have lost the right to look."""


Events: TypeAlias = AsyncGenerator[Event, None]
Begin: TypeAlias = Callable[[], Events]


@dataclass(slots=True)
class Place:
    """How far somebody has got: *position* in a feed, and *since* when they may lack tasks.

    *shown* is what they were shown of tasks besides the feed, up to *shown_time*.
    """

    position: int
    since: datetime | None = None
    shown: Mapping[str, State] = field(default_factory=dict)
    shown_time: datetime | None = None

    def lacks(self, event: Event) -> bool:
        """Tell whether *event* is new here."""
        if event.seq <= self.position:
            return False
        state = event.state
        return state is None or state.task_id not in self.shown or self.shown[state.task_id] < state

    def got(self, event: Event) -> None:
        """Move behind *event*."""
        self.position, self.since = event.seq, event.since
        if self.shown and event.since and self.shown_time and event.since > self.shown_time:
            self.shown = {}  # what comes now was read later


class Reader:
    """Who reads along: one operation of one connection."""

    __slots__ = ("_framed", "_outlet", "left", "place")

    def __init__(self, outlet: Outlet, operation_id: str, place: Place) -> None:
        self._outlet = outlet
        self._framed = outlet.framed(operation_id)
        self.place = place
        self.left: asyncio.Future[Left] = asyncio.get_running_loop().create_future()

    def leave(self, why: Left) -> None:
        """Read no more; the first reason counts."""
        if not self.left.done():
            self.left.set_result(why)

    def take(self, batch: Sequence[Event], made: Made) -> None:
        """Write what of *batch* is new to them; leave when they are behind, or have a gap.

        *made* is what of the batch's frames is made already.
        """
        if self.left.done():
            return
        if self._outlet.full:
            self.leave(Left.BEHIND)
        elif self.place.position + 1 < batch[0].seq:
            self.leave(Left.BROKEN)
        elif self.place.position < batch[-1].seq:
            if new := self._framed(batch, self.place.lacks, made):
                self._outlet.write(new)
            self.place.got(batch[-1])


class Feed:
    """One stream for all who asked the same; what comes is behind *place*.

    While nobody reads along a journal waits. Where tasks stand cannot: it would be old by then.
    """

    def __init__(self, begin: Begin, place: Place, kept_bytes_max: Callable[[], int]) -> None:
        self.position = place.position
        self.since = place.since
        self._waits = place.since is None
        self.users = 0
        self._kept_bytes_max = kept_bytes_max
        self._readers: dict[Reader, None] = {}
        self._kept: deque[Event] = deque()
        self._kept_bytes = 0
        self._batch: list[Event] = []
        self._batch_bytes = 0
        self._pause_seconds = 0.0
        self._joined = asyncio.Event()
        self._flushing: asyncio.TimerHandle | None = None
        self._running: asyncio.Task[None] | None = asyncio.create_task(self._run(begin))
        self._running.add_done_callback(self._done)

    @property
    def over(self) -> bool:
        """Tell whether nothing follows any more."""
        return self._running is None or self._running.done()

    def covers(self, position: int) -> bool:
        """Tell whether who has got all up to *position* can go on from here without a gap."""
        floor = self._kept[0].seq - 1 if self._kept else self.position
        return not self.over and floor <= position <= self.position + AHEAD_MAX

    @contextmanager
    def joined(self, reader: Reader) -> Iterator[None]:
        """Have *reader* read along, from their place on, for the duration of the block."""
        self._readers[reader] = None
        self._joined.set()
        rest = [event for event in self._kept if event.seq > reader.place.position]
        # In parts, so that who has not caught up gets no more than they can take.
        while rest and not reader.left.done():
            part, rest = _split(rest)
            reader.take(part, {})
        if self.over:
            reader.leave(Left.BROKEN)
        try:
            yield
        finally:
            self._readers.pop(reader, None)
            if not self._readers:
                self._joined.clear()

    async def close(self) -> None:
        """Stop; whoever still reads goes on elsewhere."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    def _done(self, running: asyncio.Task[None]) -> None:
        retrieved(running)
        self._running = None  # where it was cancelled holds all that it had

    async def _run(self, begin: Begin) -> None:
        why = Left.BROKEN
        try:
            async with aclosing(begin()) as events:
                async for event in events:
                    self._add(event)
                    if self._waits:
                        await self._joined.wait()
            why = Left.ENDED
        finally:
            self._flush()
            for reader in self._readers:
                reader.leave(why)

    def _add(self, event: Event) -> None:
        self.position, self.since = event.seq, event.since
        self._kept.append(event)
        self._kept_bytes += len(event.payload)
        while self._kept_bytes > self._kept_bytes_max() and len(self._kept) > len(self._batch) + 1:
            self._kept_bytes -= len(self._kept.popleft().payload)
        self._batch.append(event)
        self._batch_bytes += len(event.payload)
        if self._batch_bytes > BATCH_BYTES_MAX:
            self._flush()
        elif self._flushing is None:
            loop = asyncio.get_running_loop()
            self._flushing = loop.call_later(self._pause_seconds, self._flush)

    def _flush(self) -> None:
        """Write what has come to all who read; the longer that takes, the rarer it is done."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        if not batch:
            return
        loop = asyncio.get_running_loop()
        began = loop.time()
        made: Made = {}
        for reader in self._readers:
            reader.take(batch, made)
        self._pause_seconds = min(loop.time() - began, PAUSE_SECONDS_MAX)


def _split(events: list[Event]) -> tuple[list[Event], list[Event]]:
    size = 0
    for number, event in enumerate(events, start=1):
        size += len(event.payload)
        if size >= BATCH_BYTES_MAX:
            return events[:number], events[number:]
    return events, []


class Feeds:
    """The feeds of a server, by what was asked for."""

    def __init__(self) -> None:
        self._feeds: dict[tuple[str, ...], Feed] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextmanager
    def use(self, key: tuple[str, ...], begin: Begin, place: Place) -> Iterator[Feed]:
        """Give the feed of *key*, begun at *place* where there is none."""
        feed = self._feeds.get(key)
        if feed is None or feed.over:
            feed = self._feeds[key] = Feed(begin, place, self._kept_bytes_max)
        feed.users += 1
        try:
            yield feed
        finally:
            feed.users -= 1
            if not feed.users:
                if self._feeds.get(key) is feed:
                    del self._feeds[key]
                closing = asyncio.create_task(feed.close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    def _kept_bytes_max(self) -> int:
        return min(KEPT_BYTES_MAX, ALL_KEPT_BYTES_MAX // max(len(self._feeds), 1))

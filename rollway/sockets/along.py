"""How somebody watches together with others: by a feed, by themselves where it does not reach.

Journals have numbers of their own, so that a place in one is a place in every feed of it. Tasks
have none: there a feed counts its events, and who joins it notes its place *before* looking at the
tasks by themselves. Whatever the feed gave out by then was stored by then, and is seen; whatever it
gives out later, they get. So nothing is missed; a state may come twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from strawberry.types import ExecutionResult

from auth import viewer as viewers
from auth.sessions import Unauthenticated
from control.journal import last_seq
from control.watching.changes import OVERLAP
from db.models import Task
from resolvers.context import Context
from resolvers.watching import dashboards, events
from resolvers.watching.looking import Find, look
from rollway.sockets.documents import Watching
from rollway.sockets.feeds import Begin, Events, Feed, Left, Place, Reader
from rollway.sockets.frames import encoded
from rollway.sockets.looks import Looks
from rollway.sockets.outlets import Event, State
from schema.catalogue import CATALOGUE

NOWHERE = -1  # in a feed that has not been looked at
JOURNAL = "taskEvents"
FINDS: Mapping[str, Callable[[Context, Mapping[str, Any]], Find]] = {
    JOURNAL: lambda context, given: events.of_tasks(context, given["taskId"]),
    "applicationTasks": lambda context, given: dashboards.of_application(
        context, given["applicationId"], given["envName"]
    ),
    "orgTasks": lambda context, given: dashboards.of_org(context, given["orgName"]),
}


class NotShared(Exception):
    """An answer is not for everybody: it has errors."""


class Alone(Protocol):
    """Answers by itself until it is enough; False when the operation is over by that."""

    def __call__(
        self, context: Context, enough: Callable[[Context], bool] = ..., /
    ) -> Awaitable[bool]:
        """Answer."""


@dataclass(slots=True)
class Along:
    """Somebody who watches: *alone* answers them without others, *results* what a feed gives."""

    context: Context
    watched: Watching
    looks: Looks
    results: Callable[[Context], Awaitable[Any]]
    alone: Alone
    place: Place = field(init=False)

    def __post_init__(self) -> None:
        self.place = Place(self.watched.after if self._journal else NOWHERE)

    @property
    def _journal(self) -> bool:
        return self.watched.field == JOURNAL

    async def begin(self) -> tuple[Begin, Place]:
        """Return how a feed is begun, which runs under the rights of who began it, and where.

        Not further on than the journal is: others would never meet it.
        """
        at = Place(0) if self._journal else Place(0, datetime.now(UTC) - OVERLAP)
        if self._journal and self.place.position:
            at = Place(min(self.place.position, await last_seq(self.watched.given["taskId"])))
        position, since = at.position, at.since
        return lambda: self._events(position, since), at

    async def _events(self, position: int, since: datetime | None) -> Events:
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        own = replace(self.context, seen=position, since=since, lost=lost)
        with self._watched(lambda: _fail(lost)):
            async with aclosing(await self.results(own)) as results:
                async for result in results:
                    if not isinstance(result, ExecutionResult) or result.errors:
                        raise NotShared
                    position = own.seen if self._journal else position + 1
                    payload = encoded({"data": result.data}) + b"}"
                    state = _state(own.shown) if own.shown else None
                    yield Event(position, payload, own.since, state)

    async def catch_up(self, feed: Feed) -> bool:
        """Watch alone until *feed* can be joined; False when nothing follows any more."""
        own = await self._from_here()
        if self._journal:
            goes_on = await self.alone(own, lambda seen: feed.over or feed.covers(seen.seen))
            self.place = Place(own.seen)
            return goes_on
        place, begun = Place(feed.position, feed.since), own.since
        own.live = False
        shown: dict[str, State] = {}

        def note(context: Context) -> bool:
            if context.shown is not None:
                shown[context.shown.id] = _state(context.shown)
            return False

        await self.alone(own, note)
        place.shown, place.shown_time = shown, datetime.now(UTC)
        self.place = place
        return own.since is not begun  # else it did not come to its end

    async def one(self) -> bool:
        """Watch alone until something came that has no error; False when nothing follows."""
        own = await self._from_here()
        goes_on = await self.alone(own, lambda _: True)
        self.place = Place(own.seen) if self._journal else Place(NOWHERE, own.since)
        return goes_on

    async def _from_here(self) -> Context:
        own = await now(self.context)
        return replace(own, seen=max(self.place.position, 0), since=self.place.since)

    async def together(self, feed: Feed, reader: Reader) -> Left:
        """Read along from the reader's place on; return why that ended."""
        with self._watched(lambda: reader.leave(Left.LOST)):
            if not await self._allowed():
                return Left.LOST
            with feed.joined(reader):
                return await reader.left

    def _watched(self, lost: Callable[[], None]) -> AbstractContextManager[None]:
        """Have *lost* called when the caller may look no more, for the duration of the block."""
        viewer, given = self.context.signed_in(), encoded(self.watched.given).decode()
        return self.looks.watch(
            (viewer.via, self.watched.field, given),
            lambda: _look(self.context, self._find),
            lost,
        )

    def _find(self, context: Context) -> Find:
        return FINDS[self.watched.field](context, self.watched.given)

    async def _allowed(self) -> bool:
        try:
            await self._find(await now(self.context))()
        except tuple(CATALOGUE):
            return False
        return True

    def leave(self) -> None:
        """Take note that it will go on by another feed, whose numbers are its own."""
        if not self._journal:
            self.place = Place(NOWHERE, self.place.since)


async def now(context: Context) -> Context:
    """Return a context to begin with: of a caller who may have signed out meanwhile."""
    viewer = context.viewer
    if viewer is not None and not await viewers.alive(viewer):
        viewer = None
    return replace(context, viewer=viewer)


async def _look(context: Context, find: Callable[[Context], Find]) -> None:
    """Raise as soon as the caller may not look at what is watched any more."""
    own = replace(context)
    await look(own, find(own))


def _fail(lost: asyncio.Future[None]) -> None:
    if not lost.done():
        lost.set_exception(Unauthenticated())
        lost.exception()  # who does not wait for it any more needs no warning


def _state(task: Task) -> State:
    return State(task.id, task.next_seq, task.updated_time)

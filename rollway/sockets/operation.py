"""One operation of a socket: alone, or together with all who watch the same."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import GraphQLError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from auth import viewer as viewers
from auth.permissions import Action
from auth.viewer import Viewer
from db.models import Task
from resolvers.context import Context
from resolvers.events import look
from rollway.sockets.documents import Watching, refusal, watching
from rollway.sockets.door import Door
from rollway.sockets.feeds import Begin, Events, Feeds, Left, Reader
from rollway.sockets.frames import encoded
from rollway.sockets.looks import Looks
from rollway.sockets.messages import Subscribe
from rollway.sockets.outlets import Event, Outlet
from schema import schema
from schema.catalogue import CATALOGUE

TRIES_MAX = 2  # of joining others without getting anything; then it is done alone

log = logging.getLogger("rollway.api")


@dataclass(frozen=True, slots=True)
class Sockets:
    """What the sockets of a server have in common."""

    door: Door
    feeds: Feeds = field(default_factory=Feeds)
    looks: Looks = field(default_factory=Looks)


class NotShared(Exception):
    """An answer is not for everybody: it has errors."""


class Operation:
    """An operation as it runs; *over* is called once, before its last message."""

    def __init__(
        self, said: Subscribe, outlet: Outlet, sockets: Sockets, over: Callable[[], None]
    ) -> None:
        self._said = said
        self._outlet = outlet
        self._sockets = sockets
        self._over = over
        self._ended = False
        self._reader: Reader | None = None
        self._running: asyncio.Task[None] | None = None

    def begin(self, context: Context) -> None:
        """Run, until stopped."""
        self._running = asyncio.create_task(self._run(context))

    def stop(self) -> None:
        """Send nothing any more, from now on."""
        self._ended = True
        if self._reader is not None:
            self._reader.leave(Left.LOST)
        if self._running is not None:
            self._running.cancel()

    async def stopped(self) -> None:
        """Wait until nothing of it runs."""
        if self._running is not None:
            await asyncio.wait({self._running})

    async def _run(self, context: Context) -> None:
        try:
            await self._answer(context)
        except Exception:
            fault = secrets.token_hex(6)
            log.exception("fault %s in an operation of a socket", fault)
            error = GraphQLError(f"Internal error ({fault})", extensions={"code": "INTERNAL"})
            self._fail([error])

    async def _answer(self, context: Context) -> None:
        try:
            text = schema.text(self._said.query or None, self._said.extensions, context)
        except GraphQLError as unknown:
            self._fail([unknown])
            return
        self._said = replace(self._said, query=text or "")
        if refused := refusal(self._said):
            self._fail([refused])
            return
        watched = watching(self._said, context.language)
        if watched is None or context.viewer is None:
            await self._alone(await _now(context))
            return
        with self._sockets.feeds.interest(watched.key):
            await self._watch(context, context.viewer, watched)

    async def _watch(self, context: Context, viewer: Viewer, watched: Watching) -> None:
        """Give every event of a task: by a feed wherever one has them, from the journal else."""
        feeds, key, position, tries = self._sockets.feeds, watched.key, max(watched.after, 0), 0
        while not self._ended:
            if tries < TRIES_MAX and feeds.offers(key, position):
                why, reached = await self._together(context, viewer, watched, position)
                tries = tries + 1 if reached == position else 0
                position = reached
                if why is Left.ENDED:
                    self._complete()
                elif why is Left.LOST:
                    tries = TRIES_MAX
                elif why is Left.BEHIND:
                    tries = 0
                    await self._outlet.drained()
                continue
            position = await self._alone(
                await _now(context, position), lambda seen: feeds.offers(key, seen)
            )
            tries = 0

    async def _together(
        self, context: Context, viewer: Viewer, watched: Watching, position: int
    ) -> tuple[Left, int]:
        """Read along from *position* on; return why that ended, and how far it went."""
        reader = self._reader = Reader(self._outlet, self._said.id, position)
        with self._sockets.looks.watch(
            (viewer.via, watched.task_id),
            lambda: _look(context, watched.task_id),
            lambda: reader.leave(Left.LOST),
        ):
            if not await _allowed(context, watched.task_id):
                return Left.LOST, position
            feeds = self._sockets.feeds
            with (
                feeds.use(watched.key, position, self._events(context)) as feed,
                feed.joined(reader),
            ):
                why = await reader.left
        return why, reader.position

    def _events(self, context: Context) -> Begin:
        """Return how to begin a feed; it runs under the rights of who began it."""

        async def begin(position: int) -> Events:
            own = replace(context, seen=position)
            async with aclosing(await self._results(own)) as results:
                async for result in results:
                    if not isinstance(result, ExecutionResult) or result.errors:
                        raise NotShared
                    yield Event(own.seen, encoded({"data": result.data}) + b"}")

        return begin

    async def _alone(
        self, context: Context, enough: Callable[[int], bool] = lambda _: False
    ) -> int:
        """Answer to the end, or until it is *enough*; return the sequence of the last event."""
        async with aclosing(await self._results(context)) as results:
            async for result in results:
                if not isinstance(result, ExecutionResult):
                    text = "`@defer` and `@stream` are not supported over WebSocket."
                    self._fail([GraphQLError(text, extensions={"code": "INVALID"})])
                    return context.seen
                if isinstance(result, PreExecutionError):
                    self._fail(result.errors or ())
                    return context.seen
                await self._outlet.drained()
                self._next(result)
                if not result.errors and enough(context.seen):
                    return context.seen
        self._complete()
        return context.seen

    async def _results(self, context: Context) -> Any:
        said = self._said
        return await schema.stream(
            said.query,
            variable_values=said.variables,
            context_value=context,
            operation_name=said.name,
            operation_extensions=said.extensions,
        )

    def _next(self, result: ExecutionResult) -> None:
        payload: dict[str, Any] = {"data": result.data}
        if result.errors:
            payload["errors"] = [error.formatted for error in result.errors]
        if result.extensions:
            payload["extensions"] = result.extensions
        self._send({"id": self._said.id, "type": "next", "payload": payload})

    def _fail(self, errors: Sequence[GraphQLError]) -> None:
        shown = [error.formatted for error in errors]
        self._end({"id": self._said.id, "type": "error", "payload": shown})

    def _complete(self) -> None:
        self._end({"id": self._said.id, "type": "complete"})

    def _end(self, message: dict[str, Any]) -> None:
        if not self._ended:
            self._over()
            self._send(message)
            self._ended = True

    def _send(self, message: dict[str, Any]) -> None:
        if not self._ended:
            self._outlet.send(message)


async def _now(context: Context, seen: int = 0) -> Context:
    """Return a context to begin with: of a caller who may have signed out meanwhile."""
    viewer = context.viewer
    if viewer is not None and not await viewers.alive(viewer):
        viewer = None
    return replace(context, viewer=viewer, seen=seen)


async def _look(context: Context, task_id: str) -> None:
    """Raise as soon as the caller may not look at the task any more."""
    own = replace(context)

    async def find() -> Task:
        return await own.task(task_id, Action.READ)

    await look(own, find)


async def _allowed(context: Context, task_id: str) -> bool:
    try:
        await (await _now(context)).task(task_id, Action.READ)
    except tuple(CATALOGUE):
        return False
    return True

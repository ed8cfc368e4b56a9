"""One operation of a socket: alone, or together with all who watch the same."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import GraphQLError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from resolvers.context import Context
from rollway.connections.running import Running
from rollway.sockets.along import Along, now
from rollway.sockets.documents import Watching, refusal, watching
from rollway.sockets.door import Door
from rollway.sockets.feeds import Feed, Feeds, Left, Reader
from rollway.sockets.looks import Looks
from rollway.sockets.messages import Subscribe
from rollway.sockets.outlets import Outlet
from schema import schema
from schema.catalogue import error
from schema.errors import refused
from schema.problems import ProblemCode
from schema.requests import NotIncremental

TRIES_MAX = 2  # of joining others without getting anything; then it is done alone


@dataclass(frozen=True, slots=True)
class Sockets:
    """What the sockets of a server have in common."""

    door: Door
    running: Running
    feeds: Feeds = field(default_factory=Feeds)
    looks: Looks = field(default_factory=Looks)


class Operation:
    """An operation as it runs; *over* is called once, before its last message.

    *signed_out* is called, if somebody is to hear of it, instead of an answer that nobody is signed
    in: whoever notices first that a session has gone, its socket ends in the same way.
    """

    def __init__(
        self,
        said: Subscribe,
        outlet: Outlet,
        sockets: Sockets,
        over: Callable[[], None],
        signed_out: Callable[[], None] | None = None,
    ) -> None:
        self._said = said
        self._outlet = outlet
        self._sockets = sockets
        self._over = over
        self._signed_out = signed_out
        self._ended = False
        self._reader: Reader | None = None
        self._running: asyncio.Task[None] | None = None

    def begin(self, context: Context, ended: Callable[[], None] = lambda: None) -> None:
        """Run, until stopped; call *ended* when nothing of it runs any more."""
        self._running = asyncio.create_task(self._run(context))
        self._running.add_done_callback(self._done)
        self._running.add_done_callback(lambda _: ended())

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

    def _done(self, _: asyncio.Task[None]) -> None:
        self._running = None  # where it was cancelled holds all that it had

    async def _run(self, context: Context) -> None:
        try:
            await self._answer(context)
        except Exception as cause:  # noqa: BLE001 - logged there
            refusal = refused(cause, "in an operation of a socket")
            self._fail([error(refusal, context.language)])

    async def _answer(self, context: Context) -> None:
        try:
            text = schema.text(self._said.query or None, self._said.extensions, context)
        except GraphQLError as unknown:
            self._fail([unknown])
            return
        self._said = replace(self._said, query=text or "")
        if refused := refusal(self._said, context):
            self._fail([refused])
            return
        viewer = context.viewer
        env_name = viewer.env_name if viewer else None
        watched = watching(self._said, context.language, env_name, context.checking)
        own = replace(context)
        if watched is None or viewer is None or not self._admitted(watched, own):
            await self._alone(await now(context))
            return
        looks = self._sockets.looks
        await self._watch(Along(own, watched, looks, self._results, self._alone))

    def _admitted(self, watched: Watching, context: Context) -> bool:
        """Tell whether the caller may watch, and charge for it: once, whoever runs it."""
        said = self._said
        return schema.admits(watched.document, said.variables, said.name, context)

    async def _watch(self, along: Along) -> None:
        """Give all that comes: by feeds wherever these have it, alone else."""
        failed = 0
        while not self._ended:
            if failed == TRIES_MAX:
                if not await along.one():
                    return
                failed = 0
            begin, place = await along.begin()
            with self._sockets.feeds.use(along.watched.key, begin, place) as feed:
                why, moved = await self._by(feed, along)
            if why is Left.ENDED:
                self._complete()
            along.leave()
            failed = TRIES_MAX if why is Left.LOST else 0 if moved else failed + 1

    async def _by(self, feed: Feed, along: Along) -> tuple[Left, bool]:
        """Read along with *feed* for as long as that goes.

        Return why it ended, and whether anything came by it.
        """
        moved = False
        while not self._ended:
            while not feed.covers(along.place.position):
                if feed.over:
                    return Left.BROKEN, moved
                if not await along.catch_up(feed):
                    self._complete()
                    return Left.ENDED, moved
            position = along.place.position
            reader = self._reader = Reader(self._outlet, self._said.id, along.place)
            why = await along.together(feed, reader)
            moved = moved or along.place.position != position
            if why is not Left.BEHIND:
                return why, moved
            await self._outlet.drained()
        return Left.LOST, moved

    async def _alone(
        self, context: Context, enough: Callable[[Context], bool] = lambda _: False
    ) -> bool:
        """Answer to the end, or until it is *enough*: then return True.

        The end of what is not live is no end of the operation.
        """
        async with aclosing(await self._results(context)) as results:
            async for result in results:
                if not isinstance(result, ExecutionResult):
                    self._fail([error(NotIncremental(), context.language)])
                    return False
                await self._outlet.drained()
                if isinstance(result, PreExecutionError):
                    self._fail(result.errors or ())
                    return False
                self._next(result)
                if not result.errors and enough(context):
                    return True
        if context.live:
            self._complete()
        return False

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
        if self._signed_out and _says_signed_out(result):
            self._signed_out()
            return
        payload: dict[str, Any] = {"data": result.data}
        if result.errors:
            payload["errors"] = [each.formatted for each in result.errors]
        if result.extensions:
            payload["extensions"] = result.extensions
        self._send({"id": self._said.id, "type": "next", "payload": payload})

    def _fail(self, errors: Sequence[GraphQLError]) -> None:
        shown = [each.formatted for each in errors]
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


def _says_signed_out(result: ExecutionResult) -> bool:
    codes = [(each.extensions or {}).get("code") for each in result.errors or ()]
    return ProblemCode.UNAUTHENTICATED in codes

"""Answers that come one by one over HTTP, for as long as the client listens."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager

from starlette.types import Message, Receive, Scope, Send

from auth.throttle import network
from rollway.api.framing import Framing
from rollway.connections.cutting import cut
from rollway.connections.seats import Full, Seats
from schema.requests import Leaving, TooManyStreams

GUESTS_MAX = 1000
GUESTS_PER_ADDRESS_MAX = 100
WRITE_SECONDS = 20.0


class Streams:
    """The open streams of a server: how many there may be, and when all of them have to end.

    *per_user*: how many one user may have; *users_max*: how many all users may have together.
    """

    def __init__(self, per_user: int, users_max: int) -> None:
        self.users = Seats(per_user, users_max)
        self.guests = Seats(GUESTS_PER_ADDRESS_MAX, GUESTS_MAX)
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Have every stream end, in a way that makes clients connect again; open no other."""
        self._leaving.set()

    async def left(self) -> None:
        """Wait until that is so."""
        await self._leaving.wait()

    @contextmanager
    def seat(self, user_id: str | None, address: str) -> Iterator[None]:
        """Count a stream; TooManyStreams, or Leaving, where none may be opened.

        A guest, who has no *user_id*, is counted by address.
        """
        if self._leaving.is_set():
            raise Leaving
        with ExitStack() as held:
            try:
                if user_id is None:
                    held.enter_context(self.guests.seat(network(address)))
                else:
                    held.enter_context(self.users.seat(user_id))
            except Full:
                raise TooManyStreams from None
            yield


class Stream:
    """A response that sends *frames* as they come, of answers in the form of *framing*.

    *running* counts its operation. One that is *whole*, the single answer of a query or mutation,
    is never stopped half-way.
    """

    def __init__(
        self,
        frames: AsyncGenerator[bytes, None],
        framing: Framing,
        streams: Streams,
        *,
        running: AbstractContextManager[None],
        user_id: str | None,
        address: str,
        language: str,
        headers: Mapping[str, str],
        whole: bool,
    ) -> None:
        self._frames = frames
        self._framing = framing
        self._streams = streams
        self._running = running
        self._user_id = user_id
        self._address = address
        self._language = language
        self._headers = headers
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the answers end, the client goes or reads too slowly, or the server stops."""
        with self._streams.seat(self._user_id, self._address), self._running:
            gone = asyncio.create_task(_gone(receive))
            left = asyncio.create_task(self._streams.left())
            try:
                await _write(send, _start({**self._headers, **self._framing.headers}))
                await _write(send, _body(self._framing.opening))
                await self._pump(send, gone, left)
            except TimeoutError:
                if cut(scope):
                    await asyncio.wait({gone}, timeout=WRITE_SECONDS)
            finally:
                gone.cancel()
                left.cancel()
                await asyncio.wait({gone, left})
                await self._frames.aclose()

    async def _pump(self, send: Send, *ends: asyncio.Task[None]) -> None:
        ending = self._framing.completion
        try:
            while (frames := await self._next(send, ends)) is not None:
                await _write(send, _body(frames))
        except _Interrupted:
            ending = self._framing.farewell(self._language)
        await _write(send, _body(ending, more=False))

    async def _next(self, send: Send, ends: tuple[asyncio.Task[None], ...]) -> bytes | None:
        """Return the next frames, None behind the last; heartbeats are sent meanwhile."""
        interrupting = () if self._whole else ends
        coming = asyncio.ensure_future(anext(self._frames, None))
        try:
            while not coming.done():
                if any(each.done() for each in interrupting):
                    raise _Interrupted
                seconds, first = self._framing.heartbeat_seconds, asyncio.FIRST_COMPLETED
                done, _ = await asyncio.wait(
                    {coming, *interrupting}, timeout=seconds, return_when=first
                )
                if not done:
                    await _write(send, _body(self._framing.heartbeat))
            return coming.result()
        finally:
            if not coming.done():
                if not self._whole:
                    coming.cancel()
                await asyncio.wait({coming})


class _Interrupted(Exception):
    """The client has gone, or the server stops."""


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, message: Message) -> None:
    """Send; TimeoutError when the client does not read what was sent before."""
    async with asyncio.timeout(WRITE_SECONDS):
        await send(message)


def _start(headers: Mapping[str, str]) -> Message:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": 200, "headers": raw}


def _body(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}

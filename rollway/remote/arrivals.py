"""Artifacts that workers elsewhere send: `PUT /worker/artifact`, the tar file as the body."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from errno import EDQUOT, ENOSPC
from time import monotonic

from starlette.requests import ClientDisconnect, Request

from control.remote.answers import running_epoch, team_of
from control.remote.wire import ID_CHARACTERS_MAX, Fields, Unreadable
from db.machines import WorkerMachine
from engine.keeping import InvalidKeeping, check_name
from engine.store import DiskFull, Store
from rollway.body import BodiesFull
from rollway.connections.seats import Full, Seats
from rollway.remote.refusals import NotYours
from schema.requests import BodyBroken, BodyTooSlow

log = logging.getLogger("rollway.server")

AT_ONCE_MAX = 8
OF_A_TEAM_MAX = 4
SILENCE_SECONDS = 30.0
BYTES_PER_SECOND_MIN = 16 * 1024  # of what comes; what is slower is as good as silent
SECONDS_MAX = 3600.0
LOOK_SECONDS = 5.0  # between two looks whether who sends it may
SIZE_BYTES_MAX = 2**53
NO_ROOM = {ENOSPC, EDQUOT}

Caller = Callable[[Request], Awaitable[WorkerMachine]]


class Arrivals:
    """Takes artifacts of tasks that run, as large as the *store* keeps them, a few at a time.

    *caller* tells whose request it is, and refuses it where it is nobody's.
    """

    def __init__(self, store: Store, caller: Caller) -> None:
        self._store = store
        self._caller = caller
        self._seats = Seats(OF_A_TEAM_MAX, AT_ONCE_MAX)

    async def offer(self, session: str, offered: Fields) -> None:
        """Return where what a worker offers would be taken now; raises what `take` does."""
        task_id, name = _named(offered)
        size_bytes = offered.whole("bytes", 0, SIZE_BYTES_MAX)
        if await running_epoch(task_id, session) is None:
            raise NotYours
        await self._store.expect_artifact(task_id, name, size_bytes)

    async def take(self, request: Request) -> int:
        """Keep what a worker sends of a task that it runs, to the last byte; return the bytes.

        Raises NotYours, Unreadable, BodiesFull, BodyTooSlow, BodyBroken, TooLarge, TooMany,
        DiskFull, and what the caller is refused by.
        """
        machine = await self._caller(request)
        task_id, name = _named(Fields(dict(request.query_params), "the address"))
        epoch = await running_epoch(task_id, machine.session or "")

        async def check() -> None:
            mine = await self._caller(request)
            if epoch is None or await running_epoch(task_id, mine.session or "") != epoch:
                raise NotYours

        await check()
        team = await team_of(task_id)
        declared = request.headers.get("content-length", "")
        size_bytes = int(declared) if declared.isdecimal() else None
        try:
            with self._seats.seat(machine.org_name or machine.id):
                async with asyncio.timeout(SECONDS_MAX):
                    chunks = _chunks(request, check)
                    return await self._store.receive_artifact(
                        team, task_id, name, chunks, size_bytes, check
                    )
        except Full:
            raise BodiesFull from None
        except TimeoutError:
            raise BodyTooSlow from None
        except ClientDisconnect:
            raise BodyBroken from None
        except OSError as fault:
            if fault.errno not in NO_ROOM:
                raise
            log.warning("task %s: no room for its artifact %r: %s", task_id, name, fault)
            raise DiskFull from fault


def _named(named: Fields) -> tuple[str, str]:
    """Return the task and the name of an artifact."""
    task_id, name = named.text("task", ID_CHARACTERS_MAX), named.get("name", str)
    try:
        check_name(name)
    except InvalidKeeping as refusal:
        raise Unreadable(str(refusal)) from None
    return task_id, name


async def _chunks(request: Request, check: Callable[[], Awaitable[None]]) -> AsyncIterator[bytes]:
    """Yield the body; TimeoutError when nothing comes for long, or little for longer."""
    stream = request.stream()
    patience_seconds = SILENCE_SECONDS
    looked = monotonic()
    while True:
        begun = monotonic()
        try:
            async with asyncio.timeout(patience_seconds):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        spent_seconds = monotonic() - begun
        won_seconds = len(chunk) / BYTES_PER_SECOND_MIN
        patience_seconds = min(SILENCE_SECONDS, patience_seconds - spent_seconds + won_seconds)
        if monotonic() - looked > LOOK_SECONDS:
            await check()
            looked = monotonic()
        yield chunk

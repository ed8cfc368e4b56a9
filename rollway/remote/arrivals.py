"""Artifacts that workers elsewhere send: `PUT /worker/artifact`, the tar file as the body."""

import asyncio
import logging
from collections.abc import AsyncIterator
from errno import EDQUOT, ENOSPC

from starlette.requests import ClientDisconnect, Request

from control.remote.answers import runs
from control.remote.wire import Unreadable
from engine.keeping import NAME_CHARACTERS_MAX
from engine.store import Store
from rollway.body import BodiesFull
from rollway.remote.refusals import DiskFull, NotYours
from schema.requests import BodyBroken, BodyTooSlow

log = logging.getLogger("rollway.server")

AT_ONCE_MAX = 8
SILENCE_SECONDS = 30.0
SECONDS_MAX = 3600.0
NO_ROOM = {ENOSPC, EDQUOT}


class Arrivals:
    """Takes artifacts of tasks that run, as large as the *store* keeps them, a few at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._taking = 0

    async def take(self, request: Request, session: str) -> int:
        """Keep what the worker of *session* sends; return its bytes.

        Raises NotYours, Unreadable, BodiesFull, BodyTooSlow, BodyBroken, TooLarge,
        DiskFull.
        """
        task_id, name = (request.query_params.get(key, "") for key in ("task", "name"))
        if not 0 < len(name) <= NAME_CHARACTERS_MAX:
            raise Unreadable(f"name must have 1 to {NAME_CHARACTERS_MAX} characters")
        if not await runs(task_id, session):
            raise NotYours
        if self._taking >= AT_ONCE_MAX:
            raise BodiesFull
        self._taking += 1
        try:
            async with asyncio.timeout(SECONDS_MAX):
                return await self._store.receive_artifact(task_id, name, _chunks(request))
        except TimeoutError:
            raise BodyTooSlow from None
        except ClientDisconnect:
            raise BodyBroken from None
        except OSError as fault:
            if fault.errno not in NO_ROOM:
                raise
            log.warning("task %s: no room for its artifact %r: %s", task_id, name, fault)
            raise DiskFull from fault
        finally:
            self._taking -= 1


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body; TimeoutError when nothing comes for long."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        yield chunk

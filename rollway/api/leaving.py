"""Clients who go away before they are answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

PATIENCE_SECONDS = 0.5  # most answers take less, and are not worth looking after


@asynccontextmanager
async def while_waited_for(request: Request) -> AsyncIterator[None]:
    """Stop what runs in the block when the client goes: ClientDisconnect."""
    running, looking = asyncio.current_task(), None
    gone = False

    async def look() -> None:
        nonlocal gone
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone = True
        if running is not None:
            running.cancel()

    def begin() -> None:
        nonlocal looking
        looking = asyncio.create_task(look())

    timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, begin)
    try:
        yield
    except asyncio.CancelledError:
        if not gone or running is None or running.uncancel():
            raise
        raise ClientDisconnect from None
    finally:
        timer.cancel()
        if looking is not None:
            looking.cancel()

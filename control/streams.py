"""Streams that end early, and work that does not."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")

WHOLE_SECONDS = 30.0


async def while_running(
    items: AsyncGenerator[T, None], other: asyncio.Future[Any]
) -> AsyncGenerator[T, None]:
    """Yield *items* until they end, or until *other* has ended, whichever is first.

    Where it ends early, *items* have cleaned up by then, whoever is cancelled meanwhile.
    """
    while not other.done():
        following = asyncio.ensure_future(anext(items))
        try:
            await asyncio.wait({following, other}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not following.done():
                following.cancel()
                await whole(asyncio.wait({following}))
            if not following.cancelled():
                following.exception()  # looked at, also by who is cancelled at this moment
        if following.cancelled() or isinstance(following.exception(), StopAsyncIteration):
            return
        yield following.result()


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Do *work* to its end, also when cancelled meanwhile; then for 30 s at most."""
    doing = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        until = monotonic() + WHOLE_SECONDS
        while not doing.done() and (left_seconds := until - monotonic()) > 0:
            with suppress(asyncio.CancelledError):
                await asyncio.wait({doing}, timeout=left_seconds)
        raise

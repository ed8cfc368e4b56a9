"""How an operation ends that nobody waits for any more."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

BEGUN_SECONDS = 0.1  # by then all that is executed at once has begun
ENDING_SECONDS = 5.0


async def to_its_end(execution: Awaitable[T], stop: Callable[[], None]) -> T:
    """Return the result of *execution*; who is cancelled has it stopped, and waits for that.

    It is given a moment to end by itself: graphql-core leaves coroutines behind, each a warning,
    when it is cancelled before they begin. *stop* ends what it waits for.
    """
    running = asyncio.ensure_future(execution)
    try:
        return await asyncio.shield(running)
    finally:
        if not running.done():
            try:
                await asyncio.wait({running}, timeout=BEGUN_SECONDS)
            finally:
                running.cancel()
                stop()
            await asyncio.wait({running}, timeout=ENDING_SECONDS)

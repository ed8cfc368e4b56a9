"""How an operation ends that nobody waits for any more."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

ENDING_SECONDS = 5.0


async def to_its_end(execution: Awaitable[T]) -> T:
    """Return the result of *execution*; who is cancelled waits for it, though not for long.

    graphql-core leaves coroutines behind, each a warning, when it is cancelled before they begin.
    """
    running = asyncio.ensure_future(execution)
    try:
        return await asyncio.shield(running)
    finally:
        if not running.done():
            try:
                await asyncio.wait({running}, timeout=ENDING_SECONDS)
            finally:
                running.cancel()

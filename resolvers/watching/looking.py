"""For how long somebody may watch: until what they watch refuses them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeAlias, TypeVar

from auth import viewer as viewers
from auth.sessions import Unauthenticated
from control.streams import while_running
from resolvers.context import Context

T = TypeVar("T")
# Raises why the caller may not look, if they may not.
Find: TypeAlias = Callable[[], Awaitable[object]]


async def while_allowed(
    context: Context, items: AsyncGenerator[T, None], find: Find
) -> AsyncGenerator[T, None]:
    """Yield *items*, each with fresh loaders, until *find* refuses: then raise what it says.

    It is asked again whenever the caller may have lost a right.
    """
    looking = context.lost or asyncio.create_task(look(context, find))
    try:
        async with aclosing(items):
            async for item in while_running(items, looking):
                context.forget()
                yield item
        if looking.done():
            looking.result()
    finally:
        looking.cancel()
        await asyncio.wait({looking})


async def look(context: Context, find: Find) -> None:
    """Raise as soon as the caller may not look any more: *find* says so, or they are signed out."""
    viewer = context.signed_in()
    rights = context.services.rights
    async with aclosing(rights.looks(viewer.user.id, viewer.expires_time)) as looks:
        async for _ in looks:
            if not await viewers.alive(viewer):
                raise Unauthenticated
            context.forget()
            await find()

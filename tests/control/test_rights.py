"""Whoever goes on for long is told when to look whether it still may."""

import asyncio
import time
from contextlib import aclosing

from control.pubsub import MemoryPubSub
from control.rights import Rights


async def test_it_looks_once_it_listens_and_whenever_it_is_told():
    """At once, so that what was lost since it was allowed is not overlooked; for its user alone."""
    rights = Rights(MemoryPubSub(), poll_seconds=30)
    async with aclosing(rights.looks("u_1")) as looks, asyncio.timeout(20):
        await anext(looks)
        following = asyncio.ensure_future(anext(looks))
        await asyncio.sleep(0.05)
        rights.changed("u_2")
        await asyncio.sleep(0.05)
        assert not following.done()
        rights.changed("u_2", "u_1")
        await following
        rights.changed("u_1")
        await anext(looks)


async def test_it_looks_though_nobody_tells():
    """A token expires, and another process takes rights away."""
    rights = Rights(MemoryPubSub(), poll_seconds=0.05)
    begin = time.monotonic()
    async with aclosing(rights.looks("u_1")) as looks, asyncio.timeout(20):
        for _ in range(4):
            await anext(looks)
    assert time.monotonic() - begin >= 0.1


async def test_nobody_listens_when_it_is_over():
    """A stream that ends leaves no bell behind."""
    pubsub = MemoryPubSub()
    async with aclosing(Rights(pubsub, poll_seconds=30).looks("u_1")) as looks:
        await anext(looks)
        assert pubsub._bells
    assert not pubsub._bells

"""Streams that end early leave nothing running, however they are ended."""

import asyncio
import gc

import pytest

from control.streams import while_running, whole


class Items:
    """A stream whose end takes two turns of the loop and then some."""

    def __init__(self):
        self.cleaning = asyncio.Event()
        self.clean = False

    async def stream(self):
        """Give one item, then wait until it is closed."""
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            self.cleaning.set()
            await asyncio.sleep(0.05)
            self.clean = True


async def read(items, other, seen):
    stream = items.stream()
    try:
        async for item in while_running(stream, other):
            seen.append(item)
    finally:
        await stream.aclose()


async def test_a_reader_cancelled_while_the_stream_cleans_up_waits_for_it():
    items, seen = Items(), []
    other = asyncio.create_task(asyncio.sleep(0.01))
    reader = asyncio.create_task(read(items, other, seen))
    await items.cleaning.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert items.clean
    assert seen == [1]


async def test_the_stream_ends_with_the_other():
    items, seen = Items(), []
    await read(items, asyncio.create_task(asyncio.sleep(0.01)), seen)
    assert (seen, items.clean) == ([1], True)


async def test_whole_work_is_done_however_often_its_waiter_is_cancelled():
    done = []

    async def work():
        await asyncio.sleep(0.05)
        done.append(1)

    waiter = asyncio.create_task(whole(work()))
    for _ in range(3):
        await asyncio.sleep(0.005)
        waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert done == [1]


async def test_whole_work_gives_its_result_and_its_error():
    async def fail():
        raise ValueError("as it is")

    assert await whole(asyncio.sleep(0, 7)) == 7
    with pytest.raises(ValueError, match="as it is"):
        await whole(fail())


async def test_an_end_that_nobody_waits_for_any_more_is_no_fault():
    """Who is cancelled in the moment in which the items end leaves nothing for the log."""
    faults = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))

    async def nothing():
        return
        yield

    other = asyncio.create_task(asyncio.sleep(60))
    for turns in range(4):
        waiting = asyncio.ensure_future(anext(while_running(nothing(), other)))
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        del waiting
        gc.collect()
    other.cancel()

    assert faults == []

"""A pipe is read until it ends, or until nobody wants to read it any more."""

import asyncio
import os

import pytest

from engine.executors.pipe import OutputPipe


@pytest.mark.parametrize("order", ["cancelled, then readable", "readable, then cancelled"])
async def test_a_reader_that_is_cancelled_as_bytes_come(order):
    """Both in one turn of the loop: the loop has nothing to complain about."""
    loop, complaints = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    pipe = OutputPipe()
    reading = asyncio.create_task(pipe.read())
    told, tell = os.pipe()
    loop.add_reader(told, reading.cancel)
    try:
        await asyncio.sleep(0)
        written = [tell, pipe.write_end]
        for end in written if order.startswith("cancelled") else reversed(written):
            os.write(end, b"x")
        await asyncio.wait({reading})
    finally:
        loop.remove_reader(told)
        os.close(told)
        os.close(tell)
        pipe.close()
    assert not complaints

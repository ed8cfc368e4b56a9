"""The pipe that a command's output comes through."""

import asyncio
import fcntl
import os
from contextlib import suppress

PIPE_BYTES = 1024 * 1024
READ_BYTES = 256 * 1024


class OutputPipe:
    """A pipe whose read end is ours; close the `write_end` once somebody else has it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended = False  # there is no writer any more
        self._read_end, self.write_end = os.pipe2(os.O_CLOEXEC)
        with suppress(OSError):  # beyond the user's limit: then it keeps its size
            fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(self._read_end, False)

    async def read(self) -> bytes:
        """Return up to 256 KiB of output, b"" at its end; one read each turn of the loop."""
        while True:
            await self._readable()
            with suppress(BlockingIOError):
                data = os.read(self._read_end, READ_BYTES)
                self.ended = not data
                return data

    def close_write_end(self) -> None:
        """Leave the writing to others."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        """Close what we hold; it can be done twice."""
        self.close_write_end()
        if self._read_end >= 0:
            self._loop.remove_reader(self._read_end)
            os.close(self._read_end)
            self._read_end = -1

    async def _readable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._read_end, _tell, ready)
        try:
            await ready
        finally:
            if self._read_end >= 0:
                self._loop.remove_reader(self._read_end)


def _tell(ready: asyncio.Future[None]) -> None:
    if not ready.done():  # whoever waited may have been cancelled in the same turn of the loop
        ready.set_result(None)

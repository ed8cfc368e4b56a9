"""A watch over the space a folder takes."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BLOCK_BYTES = 512  # of what the system counts, whatever the file system's own
PAUSE_FACTOR = 20  # a look that takes long is taken less often


class Disk:
    """Looks at *folder* now and then, and calls *exceeded* with a reason when it is too large."""

    def __init__(
        self, folder: Path, bytes_max: int, pause_seconds: float, exceeded: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._pause_seconds = pause_seconds
        self._exceeded = exceeded
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Look no more."""
        self._watching.cancel()
        await asyncio.wait([self._watching])

    async def _watch(self) -> None:
        pause_seconds = self._pause_seconds
        while True:
            await asyncio.sleep(pause_seconds)
            began = time.monotonic()
            if await asyncio.to_thread(size, self._folder, self._bytes_max) > self._bytes_max:
                self._exceeded(f"the task's files take more than {self._bytes_max} bytes")
            took_seconds = time.monotonic() - began
            pause_seconds = max(self._pause_seconds, took_seconds * PAUSE_FACTOR)


def size(folder: Path, enough_bytes: int) -> int:
    """Return the space below *folder*, bytes; once beyond *enough_bytes* it looks no further.

    Links are not followed; a file with several names counts for each.
    """
    total, folders = 0, [str(folder)]
    while folders and total <= enough_bytes:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * BLOCK_BYTES
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
    return total

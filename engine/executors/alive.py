"""A FIFO that is open as long as this process lives: who reads it learns of our end."""

import os
from contextlib import suppress
from pathlib import Path


class Alive:
    """Holds a FIFO at *path* open until `close`; a reader then, or when we die, sees its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def open(self) -> None:
        """Make the FIFO. Raises OSError."""
        os.mkfifo(self.path, 0o600)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def close(self) -> None:
        """Let readers see the end; it can be done twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        with suppress(OSError):
            self.path.unlink()

"""Events on a worker's disk, for as long as nobody takes them."""

import json
import os
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from control.remote.wire import read_event, write_event
from engine.events import Event


class Spool:
    """Events of one task in a file without a name in *folder*, first in, first out.

    The file has at most *bytes_max* and goes with the process: a worker that begins anew has lost
    the task, and with it the right to say what it printed.
    """

    def __init__(self, folder: Path, bytes_max: int) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._file: IO[bytes] | None = None
        self._begin = self._end = 0
        self.count = 0

    def put(self, event: Event) -> bool:
        """Keep *event*; False where there is no room for it now."""
        line = json.dumps(write_event(event)).encode() + b"\n"
        if self._end + len(line) > self._bytes_max:
            return False
        try:
            if self._file is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - `close`
            written = os.pwrite(self._file.fileno(), line, self._end)
        except OSError:  # the disk is full, say
            return False
        if written < len(line):
            return False
        self._end += len(line)
        self.count += 1
        return True

    def take(self, bytes_max: int) -> list[Event]:
        """Return the oldest events, at least one and no more than *bytes_max* where it can be."""
        if self._file is None or not self.count:
            return []
        self._file.seek(self._begin)
        found: list[Event] = []
        taken = 0
        with os.fdopen(os.dup(self._file.fileno()), "rb") as lines:
            while len(found) < self.count:
                line = lines.readline()
                if found and taken + len(line) > bytes_max:
                    break
                taken += len(line)
                found.append(read_event(json.loads(line)))
        self._begin += taken
        self.count -= len(found)
        if not self.count:
            self._begin = self._end = 0
            self._file.truncate(0)
        return found

    def close(self) -> None:
        """Forget what is left."""
        if self._file:
            self._file.close()
        self.count = 0

"""Numbers of users for tasks, of which each is one task's at a time on the whole machine."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from engine.executors import NotStarted

FOLDER = Path("/run/rollway/uids")  # root's alone: no step can take a number there
UIDS = 1000


class Uid:
    """A number that nobody else is given until it is released, or this process ends."""

    def __init__(self, number: int, lock: int) -> None:
        self.number = number
        self._lock = lock

    def release(self) -> None:
        """Let others have it; it can be done twice."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


class Uids:
    """So many numbers from *first* on, given out in turn."""

    def __init__(self, first: int, count: int = UIDS) -> None:
        self._first = first
        self._count = count
        self._next = 0

    def take(self) -> Uid:
        """Return a number that no Rollway of this machine uses. Raises NotStarted."""
        try:
            FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
            for _ in range(self._count):
                number = self._first + self._next
                self._next = (self._next + 1) % self._count
                with suppress(BlockingIOError):
                    return Uid(number, _lock(number))
        except OSError as error:
            raise NotStarted(f"no user could be taken for it: {error}") from error
        raise NotStarted(f"all {self._count} users from {self._first} on are in use")


def _lock(number: int) -> int:
    lock = os.open(FOLDER / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(lock)
        raise
    return lock

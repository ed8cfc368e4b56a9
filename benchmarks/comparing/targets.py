"""Servers in processes of their own, and what they take: processor time, memory."""

import os
import re
import select
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

NANOSECONDS = 1_000_000_000
TICKS = os.sysconf("SC_CLK_TCK")
REAPED = 0
READY_SECONDS = 90.0
END_SECONDS = 15.0
LOG_CHARACTERS = 2000


class NotStarted(Exception):
    """A server ended, or said nothing in time, before it said where it listens."""


class Processes:
    """A process and all that it starts."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def cpu_seconds(self) -> dict[int, float]:
        """Return the processor time each process has taken, in all its threads."""
        return {pid: _cpu_seconds(pid) for pid in self._pids()}

    def peak_megabytes(self) -> float:
        """Return the most memory that was held, added up over the processes."""
        return sum(map(_peak_bytes, self._pids())) / 2**20

    def _pids(self) -> list[int]:
        found = [self.pid]
        for pid in found:
            found += _children(pid)
        return found


def spent(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Return the seconds that were taken in between by processes that are still there."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


class Target(Processes):
    """A server that is measured; it prints a line that ends with its port once it listens.

    What it says besides is written to *log*.
    """

    def __init__(
        self,
        command: Iterable[str],
        core: int | None,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        mine = os.sched_getaffinity(0)
        if core is not None:
            os.sched_setaffinity(0, {core})  # is handed on to what is started, and its threads
        try:
            with log.open("w") as said:
                self.process = subprocess.Popen(
                    list(command),
                    stdout=subprocess.PIPE,
                    stderr=said,
                    text=True,
                    env={**os.environ, **(environment or {})},  # noqa: TID251 - handed on
                    start_new_session=True,  # Ctrl-C reaches us alone, who then end it
                )
        finally:
            os.sched_setaffinity(0, mine)
        super().__init__(self.process.pid)

    def cpu_seconds(self) -> dict[int, float]:
        """Return the same, and under `REAPED` what its children took that have ended."""
        fields = _text(Path(f"/proc/{self.pid}/stat")).rpartition(")")[2].split()
        reaped = sum(map(int, fields[13:15])) / TICKS if fields else 0.0
        return {**super().cpu_seconds(), REAPED: reaped}

    def wait(self) -> int:
        """Return where it listens once it does; NotStarted if it does not."""
        output = self.process.stdout
        ready, _, _ = select.select([output], [], [], READY_SECONDS)
        line = output.readline() if ready else ""
        found = re.search(r"(\d+)\s*$", line)
        if found is None:
            raise NotStarted(f"{self.process.args} printed {line!r}: {self.said()}")
        return int(found[1])

    def said(self) -> str:
        """Return the end of its log."""
        return self.log.read_text()[-LOG_CHARACTERS:]

    def end(self) -> None:
        """End it and what it started."""
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def _cpu_seconds(pid: int) -> float:
    taken = 0
    for thread in _listed(Path(f"/proc/{pid}/task")):
        text = _text(thread / "schedstat")
        taken += int(text.split()[0]) if text else 0
    return taken / NANOSECONDS


def _peak_bytes(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", _text(Path(f"/proc/{pid}/status")))
    return int(found[1]) * 1024 if found else 0


def _children(pid: int) -> list[int]:
    texts = [_text(each / "children") for each in _listed(Path(f"/proc/{pid}/task"))]
    return [int(each) for text in texts for each in text.split()]


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # it has ended meanwhile
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""

"""The dead-man's switch of a worker: ends the worker when it stands still, and so its commands.

A worker that is stopped, starved or swapped out cannot end what it runs, while its leases run out
and others begin the same. So a process of its own watches it: this file, run as `python -I -S -B
switch.py`, with nothing but the standard library. On its stdin come times of the monotonic clock,
8 bytes each; when the last one has passed, the parent is killed. Whatever runs for a worker ends
with it, in whatever sandbox or container.
"""

import math
import os
import select
import signal
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

TIME = struct.Struct("d")
CLOSE_SECONDS = 5.0
TIMES_MAX = 4096
SAID = "rollway: it stood still for as long as its leases last, and was ended with what it ran\n"


class Switch:
    """Kills this process at the time that was set last; there is none in the beginning."""

    def __init__(self) -> None:
        self._until = math.inf
        self._process = self._start()

    def set(self, until: float | None) -> None:
        """Have this process killed at *until*, of the monotonic clock; None: not."""
        self._until = math.inf if until is None else until
        try:
            self._send()
        except OSError:  # it was killed itself, by a command that may do so
            self.close()
            self._process = self._start()
            self._send()

    def close(self) -> None:
        """End the watch; it can be done twice."""
        assert self._process.stdin  # noqa: S101 - a pipe was asked for
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-I", "-S", "-B", str(Path(__file__).absolute())]
        process = subprocess.Popen(  # noqa: S603 - this file
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={},
            start_new_session=True,
        )
        assert process.stdin  # noqa: S101 - a pipe was asked for
        os.set_blocking(process.stdin.fileno(), False)
        return process

    def _send(self) -> None:
        assert self._process.stdin  # noqa: S101 - a pipe was asked for
        with suppress(BlockingIOError):  # it has some thousands to read, and stands still itself
            os.write(self._process.stdin.fileno(), TIME.pack(self._until))


def main() -> None:
    """Watch the parent until it closes our stdin, or its time is over."""
    parent = os.pidfd_open(os.getppid())
    until = math.inf
    while True:
        rest = None if until == math.inf else max(0.0, until - time.monotonic())
        if select.select([0], [], [], rest)[0]:
            times = os.read(0, TIMES_MAX * TIME.size)
            if not times:
                return
            (until,) = TIME.unpack(times[-TIME.size :])
        elif time.monotonic() >= until:
            signal.pidfd_send_signal(parent, signal.SIGKILL)
            sys.stderr.write(SAID)
            return


if __name__ == "__main__":
    main()

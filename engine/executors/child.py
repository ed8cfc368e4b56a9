"""A child process on the event loop: one pipe for its output, one pidfd for its end.

Not asyncio's own subprocesses, which wait for the pipe where they should wait for the process.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from engine.executors.pipe import OutputPipe

REAP_SECONDS = 2.0


class Child:
    """A process in a session and group of its own, without stdin unless it is given one.

    stderr goes to the pipe, stdout as well unless a file is given for it. It gets *descriptors*
    under their own numbers. Raises OSError, or ValueError for text no process can be given.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        stdout: IO[bytes] | None = None,
        descriptors: Sequence[int] = (),
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = self._loop.create_future()
        self._pipe = OutputPipe()
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - running commands is what we are for
                arguments,
                env=env,
                cwd=folder,
                stdin=stdin,
                stdout=self._pipe.write_end if stdout is None else stdout,
                stderr=self._pipe.write_end,
                start_new_session=True,
                pass_fds=descriptors,
            )
        except BaseException:
            self._pipe.close()
            raise
        self._pipe.close_write_end()
        self.pid = self._popen.pid
        self._pidfd = os.pidfd_open(self.pid)
        self._loop.add_reader(self._pidfd, self._exit)

    async def read(self) -> bytes:
        """Return the next output; b"" at its end."""
        return await self._pipe.read()

    def close(self) -> None:
        """Kill the group, reap the child, and close what we hold; it can be done twice."""
        if self._pidfd < 0:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # not reaped yet: the number is still its own
        self._loop.remove_reader(self._pidfd)
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(REAP_SECONDS)
        self.exited.cancel()
        os.close(self._pidfd)
        self._pidfd = -1
        self._pipe.close()

    def _exit(self) -> None:
        """Learn how the child ended, without reaping it."""
        self._loop.remove_reader(self._pidfd)
        info = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOWAIT)
        if info is not None and not self.exited.done():
            exited = info.si_code == os.CLD_EXITED
            self.exited.set_result(info.si_status if exited else -info.si_status)

"""One command, from its start to its result."""

import asyncio
import math
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

from engine.cancel import Cancel
from engine.events import Output
from engine.executors import Command, NotStarted, Process, Sandbox
from engine.output.log import Log

EOF_SECONDS = 0.5  # between the shell's end and the end of its output
DRAIN_SECONDS = 2.0  # for the rest of the output, once the background processes were killed
DRAIN_BYTES = 8 * 1024 * 1024  # more than the pipe holds: somebody goes on writing
SLICE_BYTES = 16 * 1024  # masking one takes 15 ms if all of it is secrets
KILL_SECONDS = 10.0  # for a process to vanish that was killed


class Outcome(StrEnum):
    """How a command ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    TIMEOUT = "timeout"
    ENDED = "ended"  # because the token was set


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended; without *error* it succeeded. Minus a signal is an exit code too."""

    exit_code: int | None
    error: str | None = None
    outcome: Outcome = Outcome.FAILURE


class Attempt:
    """Runs a command: `output` gives its log, and `result` is there when that has ended.

    The end of the shell counts, not the end of the pipe, which a background process may hold. It
    begins when *admit* has returned. After *step_seconds*, or once *cancel* is set, whose reason
    then is the error, SIGTERM is sent, and SIGKILL *grace_seconds* later.
    """

    def __init__(
        self,
        command: Command,
        log: Log,
        cancel: Cancel,
        admit: Callable[[], Awaitable[None]],
        step_seconds: float,
        grace_seconds: float,
    ) -> None:
        self.result = Result(None, "did not run")
        self._command = command
        self._log = log
        self._cancel = cancel
        self._admit = admit
        self._step_seconds = step_seconds
        self._grace_seconds = grace_seconds
        self._stop_at = monotonic() + step_seconds
        self._kill_at = math.inf
        self._killed_at = math.inf
        self._timed_out = False
        self._waited_seconds = 0.0  # without the time our reader takes for the pieces
        self._read_bytes = 0

    async def output(self, sandbox: Sandbox) -> AsyncGenerator[Output, None]:
        """Run the command, unless it is over already. Closing this generator kills it."""
        if self._cancel.requested:
            self.result = Result(None, self._cancel.reason, Outcome.ENDED)
            return
        await self._admit()
        try:
            self._process: Process = await sandbox.start(self._command)
        except NotStarted as refusal:
            self.result = Result(None, f"not started: {refusal.reason}")
            return
        self._exited = asyncio.ensure_future(self._process.exited)
        self._cancelled = asyncio.ensure_future(self._cancel.wait())
        self._reading: asyncio.Task[bytes] | None = self._read()
        try:
            while not self._exited.done() and monotonic() < self._killed_at + KILL_SECONDS:
                for piece in await self._stop_if_due():
                    yield piece
                for piece in await self._advance(self._next_stop):
                    yield piece
            async with aclosing(self._drain()) as rest:
                async for piece in rest:
                    yield piece
            self.result = self._judge()
        finally:
            await self._process.close()
            ours = {future for future in (self._reading, self._cancelled) if future is not None}
            for future in ours:
                future.cancel()
            await asyncio.wait(ours)

    async def _drain(self) -> AsyncGenerator[Output, None]:
        """Give out the rest of the output, and end what the command left behind.

        After SIGTERM, what it started has the same grace as itself.
        """
        grace_seconds = self._kill_at - monotonic() if self._kill_at < math.inf else 0.0
        left = 0
        for number, seconds in enumerate((max(EOF_SECONDS, grace_seconds), DRAIN_SECONDS)):
            self._waited_seconds, self._read_bytes = 0.0, 0
            while self._reading and self._waited_seconds < seconds and not self._flooded:
                for piece in await self._advance(monotonic() + seconds - self._waited_seconds):
                    yield piece
            if self._reading or number == 0:
                left += await self._process.kill()
        for piece in [*self._log.finish(), *self._left_behind(left)]:
            yield piece

    @property
    def _flooded(self) -> bool:
        """Tell whether what the command left behind writes without end; in the grace it may."""
        in_grace = monotonic() < self._kill_at < math.inf
        return self._read_bytes > DRAIN_BYTES and not in_grace

    @property
    def _next_stop(self) -> float:
        return min(self._stop_at, self._kill_at, self._killed_at + KILL_SECONDS)

    def _read(self) -> asyncio.Task[bytes]:
        return asyncio.ensure_future(self._process.read())

    async def _advance(self, until: float) -> list[Output]:
        """Wait until then for output, the shell's end or a cancel; return what is to report."""
        waiting = {
            future
            for future in (self._reading, self._exited, self._cancelled)
            if future is not None and not future.done()
        }
        wake_at = min(until, self._log.deadline or math.inf)
        if self._reading is None or not self._reading.done():
            began = monotonic()
            seconds = max(0.0, wake_at - began)
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            self._waited_seconds += monotonic() - began
        pieces: list[Output] = []
        if self._reading and self._reading.done():
            chunk = self._reading.result()
            self._read_bytes += len(chunk)
            for at in range(0, len(chunk), SLICE_BYTES):
                if at:
                    await asyncio.sleep(0)  # others are served between two slices
                pieces += self._log.write(chunk[at : at + SLICE_BYTES])
            self._reading = self._read() if chunk else None
        return pieces + self._log.due()

    async def _stop_if_due(self) -> list[Output]:
        """Send SIGTERM when the time or a cancel has come, SIGKILL when the grace is over."""
        time_now = monotonic()
        if time_now >= self._kill_at:
            self._kill_at = math.inf
            self._killed_at = time_now
            await self._process.kill()
            return self._log.system(f"[still running {self._grace_seconds:g} s later: killed]")
        stopping = min(self._kill_at, self._killed_at) < math.inf
        if stopping or not (self._cancelled.done() or time_now >= self._stop_at):
            return []
        self._timed_out = not self._cancelled.done()
        self._stop_at = math.inf
        self._kill_at = time_now + self._grace_seconds
        self._process.terminate()
        why = (
            f"took longer than {self._step_seconds:g} s" if self._timed_out else self._cancel.reason
        )
        return self._log.system(f"[{why}: asked to end]")

    def _left_behind(self, count: int) -> list[Output]:
        if not count:
            return []
        were = "1 background process was" if count == 1 else f"{count} background processes were"
        return self._log.system(f"[{were} ended]")

    def _judge(self) -> Result:
        code = self._exited.result() if self._exited.done() else None
        if self._cancel.requested:
            return Result(code, self._cancel.reason, Outcome.ENDED)
        if self._timed_out:
            return Result(code, f"took longer than {self._step_seconds:g} s", Outcome.TIMEOUT)
        if code is None:
            return Result(code, "does not end, even by SIGKILL")
        if code < 0:
            return Result(code, f"killed by signal {-code}{_signal_name(-code)}")
        if code:
            return Result(code, f"exit code {code}")
        return Result(code, None, Outcome.SUCCESS)


def _signal_name(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""

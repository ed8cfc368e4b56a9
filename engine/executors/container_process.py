"""A command in a container: its output and its end come through the stream of an exec."""

import asyncio
import signal
from contextlib import suppress
from typing import Protocol

from aiodocker.execs import Exec

from engine.executors import NotStarted
from engine.executors.container_engine import FAULTS, reason

CONTROL = 2  # stderr of the wrapper: what it tells us
CHUNKS_MAX = 32  # of 32 KiB at most, as engines send them
READ_BYTES = 256 * 1024
CONTROL_BYTES_MAX = 4096
START_SECONDS = 60.0
END_SECONDS = 10.0
INSPECTIONS_MAX = 50
INSPECTION_SECONDS = 0.1


class Owner(Protocol):
    """What a process asks of the container it runs in."""

    memory_text: str

    async def signal(self, process: "ContainerProcess", name: str) -> int:
        """Send TERM or KILL to what the process started; return how many processes that were."""

    def forget(self, process: "ContainerProcess") -> None:
        """Take note that nothing of the process is left."""


class OutputEnd:
    """Finds the mark with which a command's output ends, in however many pieces it comes."""

    def __init__(self, mark: str) -> None:
        self.found = False
        self._mark = b"\x04" + mark.encode()
        self._held = b""  # what may be the beginning of the mark

    def feed(self, data: bytes) -> bytes:
        """Return the output in *data*, as far as it is certain to be that."""
        if self.found:
            return b""
        data = self._held + data
        output, mark, _ = data.partition(self._mark)
        self.found = bool(mark)
        begin = output.rfind(self._mark[:1], max(0, len(output) - len(self._mark) + 1))
        if self.found or begin < 0 or not self._mark.startswith(output[begin:]):
            begin = len(output)
        self._held = output[begin:]
        return output[:begin]

    def flush(self) -> bytes:
        """Return what was held back, once there is no more."""
        return b"" if self.found else self._held


class ContainerProcess:
    """A command and whatever it started in a container; see `container_programs.WRAPPER`."""

    def __init__(self, owner: Owner, execution: Exec, mark: str) -> None:
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = loop.create_future()
        self.mark = mark
        self.pid = 0  # the wrapper's, as the container numbers it
        self._owner = owner
        self._execution = execution
        self._stream = execution.start(detach=False)
        self._started: asyncio.Future[str] = loop.create_future()
        self._end = OutputEnd(mark)
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue(CHUNKS_MAX)
        self._told = b""
        self._first = b""
        self._last = b""
        self._signals: set[asyncio.Task[int]] = set()
        self._sent: set[str] = set()
        self.refused = False  # by the wrapper, which ran
        self._alone = False  # it has ended, and nothing it started is left
        self._ended = False  # its output has been read to the end
        self._pumping = asyncio.create_task(self._pump())

    async def started(self) -> None:
        """Wait until the command runs. Raises NotStarted."""
        try:
            async with asyncio.timeout(START_SECONDS):
                refusal = await asyncio.shield(self._started)
        except TimeoutError:
            refusal = f"it did not run within {START_SECONDS:g} s"
        if refusal:
            raise NotStarted(refusal)

    async def read(self) -> bytes:
        """Return the next output, at most 256 KiB; b"" at the end."""
        if self._first:
            first, self._first = self._first, b""
            return first
        if self._ended:
            return b""
        chunk = await self._chunks.get()
        output = bytearray(chunk)
        while chunk and len(output) < READ_BYTES and not self._chunks.empty():
            chunk = self._chunks.get_nowait()
            output += chunk
        self._ended = not chunk
        return bytes(output)

    def tell(self, text: str) -> None:
        """Put a text in front of the output that is read next."""
        self._first += text.encode()

    def terminate(self) -> None:
        """Send SIGTERM to the command and to all it started."""
        task = asyncio.create_task(self._send("TERM"))
        self._signals.add(task)
        task.add_done_callback(self._signals.discard)

    async def kill(self) -> int:
        """Kill everything that is left; return how many processes the command had left behind."""
        if self._alone or not await self._known():
            return 0
        running = not self.exited.done()
        left = await self._send("KILL")
        return 0 if running else left

    async def close(self) -> None:
        """Give back what it holds; a command that still runs, or left something, is killed."""
        if not self._alone:
            await self.kill()
        ours = {self._pumping, *self._signals}
        for task in ours:
            task.cancel()
        await asyncio.wait(ours)
        with suppress(*FAULTS):
            await self._stream.close()
        self.exited.cancel()
        self._owner.forget(self)

    async def _send(self, name: str) -> int:
        self._sent.add(name)
        try:
            async with asyncio.timeout(END_SECONDS):
                left = await self._owner.signal(self, name)
        except FAULTS:
            return 0
        if name == "KILL":
            self._done()
        return left

    async def _known(self) -> bool:
        """Wait until it is known where the command runs, if it does; it may be starting still."""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await asyncio.shield(self._started)
        return self.pid > 0

    async def _pump(self) -> None:
        """Carry output from the engine to the reader, no faster than that reads."""
        refusal = ""
        try:
            while (message := await self._stream.read_out()) is not None:
                if message.stream == CONTROL:
                    self._hear(message.data)
                elif output := self._end.feed(message.data):
                    await self._chunks.put(output)
                if self._end.found and self.exited.done():
                    break
        except FAULTS as fault:
            refusal = reason(fault)
        if not self._started.done():
            self._start(refusal or self._said())
        if not self.exited.done():
            self._exit(await self._code())
        if last := self._end.flush() + self._last:
            await self._chunks.put(last)
        await self._chunks.put(b"")

    def _said(self) -> str:
        """Return what there is in the way of output of a command that did not come to run."""
        said = b""
        while not self._chunks.empty():
            said += self._chunks.get_nowait()
        return said.decode(errors="replace").strip()[:CONTROL_BYTES_MAX] or "the container is gone"

    def _hear(self, data: bytes) -> None:
        """Take what the wrapper says, a line at a time."""
        *lines, self._told = (self._told + data)[-CONTROL_BYTES_MAX:].split(b"\n")
        for line in lines:
            match line.decode(errors="replace").split(" "):
                case ["pid", number] if number.isdecimal():
                    self.pid = int(number)
                    self._start("")
                case ["refused", *words]:
                    self.refused = self._alone = True
                    self._start(" ".join(words))
                case ["exit", code, company, oom] if code.isdecimal():
                    if oom:
                        text = f"[the container has {self._owner.memory_text} of memory]\n"
                        self._last = text.encode()
                    if company == "alone":
                        self._done()
                    self._exit(int(code))

    def _start(self, refusal: str) -> None:
        if not self._started.done():
            self._started.set_result(refusal)

    def _done(self) -> None:
        self._alone = True
        self._owner.forget(self)

    def _exit(self, code: int) -> None:
        """Report the end. A shell says 128 + n for signal n: it is taken so for what we sent."""
        for name in self._sent:
            number = signal.Signals[f"SIG{name}"]
            if code == 128 + number:
                code = -number
        if not self.exited.done():
            self.exited.set_result(code)

    async def _code(self) -> int:
        """Ask the engine for the exit code, where the wrapper did not live to tell it.

        Then it was killed. What engines know of that at once may be nothing, which reads as 0.
        """
        for _ in range(INSPECTIONS_MAX):
            try:
                found = await self._execution.inspect()
            except FAULTS:
                break
            if not found["Running"]:
                return int(found["ExitCode"]) or -signal.SIGKILL
            await asyncio.sleep(INSPECTION_SECONDS)
        return -signal.SIGKILL

"""An executor without processes, for tests of what stands above."""

import asyncio
import signal
from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.executors import Command, Place


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command does: write *output*, then exit.

    With *waits* it goes on until it is ended; *stubborn* ones take no notice of SIGTERM, and
    *stuck* ones of SIGKILL either, as a process that waits for a disk.
    """

    output: bytes = b""
    exit_code: int = 0
    waits: bool = False
    stubborn: bool = False
    stuck: bool = False


class FakeExecutor:
    """Answers commands by their script, unknown ones with success and silence.

    *commands* are those started so far, *scripts* their texts, *places* what sandboxes were
    opened for, *closed* the tasks whose sandboxes were closed.
    """

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self.commands: list[Command] = []
        self.scripts: list[str] = []
        self.places: list[Place] = []
        self.closed: list[str] = []
        self.answers = answers or {}

    async def open(self, place: Place) -> "FakeSandbox":
        """Record the place."""
        self.places.append(place)
        return FakeSandbox(self, place)

    async def sweep(self, live: Collection[str]) -> int:  # noqa: ARG002 - a fake leaves nothing
        """Find nothing."""
        return 0


class FakeSandbox:
    """Starts commands that are none."""

    notes = ()

    def __init__(self, executor: FakeExecutor, place: Place) -> None:
        self._executor = executor
        self._place = place

    async def start(self, command: Command) -> "FakeProcess":
        """Record the command and answer it."""
        script = Path(command.arguments[-1]).read_text()  # noqa: ASYNC240 - a test's
        self._executor.commands.append(command)
        self._executor.scripts.append(script)
        return FakeProcess(self._executor.answers.get(script, Answer()))

    async def give(self, path: Path) -> None:
        """Nobody is there to take it."""

    async def close(self) -> int:
        """Record the task."""
        self._executor.closed.append(self._place.task_id)
        return 0


class FakeProcess:
    """A command that does what its answer says."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._output = answer.output
        self._exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if not answer.waits:
            self._exited.set_result(answer.exit_code)

    @property
    def exited(self) -> Awaitable[int]:
        """The exit code, or minus the signal that ended it."""
        return self._exited

    async def read(self) -> bytes:
        """Return the output, then the end once it has exited."""
        output, self._output = self._output, b""
        if not output:
            await asyncio.wait([self._exited])
        return output

    def terminate(self) -> None:
        """End it unless it is stubborn."""
        if not self._answer.stubborn and not self._answer.stuck:
            self._end(signal.SIGTERM)

    async def kill(self) -> int:
        """End it."""
        if not self._answer.stuck:
            self._end(signal.SIGKILL)
        return 0

    async def close(self) -> None:
        """End it."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        if not self._exited.done():
            self._exited.set_result(-number)

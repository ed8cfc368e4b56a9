"""Where commands run: an executor opens a sandbox for a task, and that starts its commands."""

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.language.steps import Service
from engine.refusal import Refusal

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a sandbox is made for: one run of a task in a *workspace* of its own.

    *image* is the container image its commands run in, None for the machine itself. *path* are
    folders to put in front of the PATH.
    """

    task_id: str
    epoch: int
    workspace: Path
    image: str | None = None
    services: tuple[Service, ...] = ()
    path: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program with its arguments and all it is given.

    *env* holds the declared variables only, the sandbox adds PATH, HOME and its like. Paths are
    the same within the sandbox and outside. *image* is set where a step names one of its own.
    *trusted* commands are ours (built-in plugins): they run on the machine in whatever image.
    """

    arguments: tuple[str, ...]
    env: Mapping[str, str]
    working_directory: Path
    image: str | None = None
    trusted: bool = False


@dataclass(eq=False)
class NotStarted(Refusal):
    """The command could not be started: {reason}."""

    reason: str


class Process(Protocol):
    """A command that was started; `close` it in the end."""

    @property
    def exited(self) -> Awaitable[int]:
        """The exit code, or minus the number of the signal that ended the command's shell."""

    async def read(self) -> bytes:
        """Return the next output, stdout and stderr as they came; b"" at the end."""

    def terminate(self) -> None:
        """Ask the command and all it started to end."""

    async def kill(self) -> int:
        """End whatever of the command still runs; return how many processes it had left behind."""

    async def close(self) -> None:
        """Give back what the process holds, ending it first if need be."""


class Sandbox(Protocol):
    """The place the commands of one task run in, one after the other or several at a time."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the isolation, a sentence each, for the task's log."""

    async def start(self, command: Command) -> Process:
        """Start a command. Raises NotStarted."""

    async def give(self, path: Path) -> None:
        """Let commands read and write *path* in the workspace, and all below it."""

    async def close(self) -> int:
        """End every process and give everything back; return how many had been left behind.

        Does not raise, and takes seconds at most.
        """


class Executor(Protocol):
    """Opens sandboxes of one kind."""

    async def open(self, place: Place) -> Sandbox:
        """Open a sandbox. Raises NotStarted."""

    async def sweep(self, live: Collection[str]) -> int:
        """End what tasks not in *live* have left behind, in a crash say; return how many."""

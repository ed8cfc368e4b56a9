"""The facts a run reports, in the order they happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from engine.state import StepStatus, TaskStatus


class LogStream(StrEnum):
    """Who wrote a line of a step's log."""

    OUTPUT = "output"
    SYSTEM = "system"


def now() -> datetime:
    """Return the time an event happens: now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The pipeline was read: these steps follow the set-up step, in this order."""

    time: datetime
    steps: tuple[str, ...]
    pipeline: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChanged:
    """A step has a new status. *error* says what happened and how to put it right.

    *truncated*: the step printed more than is kept, which is *log_bytes*.
    """

    time: datetime
    index: int
    status: StepStatus
    exit_code: int | None = None
    error: str | None = None
    truncated: bool = False
    outputs: Mapping[str, str] | None = None
    log_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A piece of a step's log, at most 64 KiB and 250 lines.

    Lines are the pieces of *text* between line breaks, the first of them has the number
    *first_line* (from 1). Text behind the last line break is a line that may go on in the next
    piece: under the same number where it was waiting for more, under the next number where it
    was cut for its length.
    """

    time: datetime
    index: int
    first_line: int
    text: str
    stream: LogStream = LogStream.OUTPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChanged:
    """The task has a new status."""

    time: datetime
    status: TaskStatus


Event = Planned | StepChanged | Output | TaskChanged

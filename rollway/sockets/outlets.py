"""What the answers of an operation are written to: a socket, or a stream over HTTP."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias


class State(NamedTuple):
    """Which state of which task an event shows; a later one is greater."""

    task_id: str
    seq: int
    time: datetime


class Event(NamedTuple):
    """An event, finished: its answer, encoded, and the brace that ends the message.

    Events of a feed are numbered without gaps. One of tasks shows a *state*; it, and all events
    behind it, are of tasks that changed after *since*.
    """

    seq: int
    payload: bytes
    since: datetime | None = None
    state: State | None = None


# What of a batch is made already, for all who read it in the same form.
Made: TypeAlias = dict[object, list[bytes]]
# Returns what is written of a batch to somebody who lacks some of its events.
Framed: TypeAlias = Callable[[Sequence[Event], Callable[[Event], bool], Made], bytes]


class Outlet(Protocol):
    """What one client is sent; never more than it reads, and a batch."""

    @property
    def full(self) -> bool:
        """Tell whether the reader is behind: nothing more should be written."""

    async def drained(self) -> None:
        """Wait until the reader has caught up, or has gone."""

    def write(self, frames: bytes) -> None:
        """Write what is finished, at once."""

    def send(self, message: Any) -> None:
        """Write a message of graphql-transport-ws, or what stands for it."""

    def framed(self, operation_id: str) -> Framed:
        """Return how events of an operation are finished."""

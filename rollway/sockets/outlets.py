"""What the answers of an operation are written to: a socket, or a stream over HTTP."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias


class Event(NamedTuple):
    """An event, finished: its answer, encoded, and the brace that ends the message."""

    seq: int
    payload: bytes


# What of a batch is made already, for all who read it in the same form.
Made: TypeAlias = dict[object, list[bytes]]
# Returns what is written of a batch to who has got all up to a sequence.
Framed: TypeAlias = Callable[[Sequence[Event], int, Made], bytes]


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

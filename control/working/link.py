"""How a worker is linked to its queue."""

from dataclasses import dataclass

CLAIM_WAIT_SECONDS = 1.0  # how long a worker that is stopped may wait for its claim
CONCLUDE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Link:
    """How a worker is linked to its queue; by default they are in the same house.

    *name*: what the queue knows it by; None: a new one. *machine*: what people call it. It waits
    *claim_wait_seconds* for a task, and *conclude_seconds* for the end of one to be stored.
    *spool_bytes_max*: see `Report`. A queue that does not know its *labels* otherwise is told them
    with each claim. One that works *alone* keeps its tasks however long the database is away:
    nobody else could be given them.
    """

    name: str | None = None
    claim_wait_seconds: float = CLAIM_WAIT_SECONDS
    conclude_seconds: float = CONCLUDE_SECONDS
    spool_bytes_max: int = 0
    labels: tuple[str, ...] = ()
    machine: str = ""
    alone: bool = False


HERE = Link()

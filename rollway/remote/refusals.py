"""What the doors for workers answer when they refuse."""

from collections.abc import Mapping
from dataclasses import dataclass

from auth.machines import MachineUnknown, RegistrationRefused, SessionGone
from control.port import EventsRefused, LeaseLost, LogFull, StoreAway
from control.remote.wire import Unreadable
from engine.store import DiskFull, TooLarge, TooMany
from rollway.body import BodiesFull
from rollway.connections.seats import Full
from schema.requests import BodyBroken, BodyTooLarge, BodyTooSlow


@dataclass(eq=False)
class NotYours(Exception):
    """This worker was given no such task."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a refusal is answered."""

    status: int
    code: str


UNREADABLE = "INVALID"
UNKNOWN = "WORKER_UNKNOWN"
REFUSED = "REGISTRATION_REFUSED"
NOT_YOURS = "TASK_OF_ANOTHER"
LOST = "LEASE_LOST"
GONE = "SESSION_GONE"
IMPOSSIBLE = "EVENTS_REFUSED"
AWAY = "STORE_AWAY"
LOG_FULL = "LOG_FULL"
BUSY = "BUSY"
FULL = "DISK_FULL"
AFTER = "afterSeconds"  # beside AWAY: see StoreAway


def explained(refusal: Exception) -> dict[str, object]:
    """Return what a worker is told besides the code."""
    said = str(refusal) or (type(refusal).__doc__ or "").partition("\n")[0]
    more = {"stored": refusal.stored} if isinstance(refusal, LogFull) else {}
    return {"error": said, **more}


REFUSALS: Mapping[type[Exception], Shown] = {
    Unreadable: Shown(400, UNREADABLE),
    BodyBroken: Shown(400, UNREADABLE),
    MachineUnknown: Shown(401, UNKNOWN),
    RegistrationRefused: Shown(401, REFUSED),
    NotYours: Shown(403, NOT_YOURS),
    BodyTooSlow: Shown(408, BUSY),
    LeaseLost: Shown(409, LOST),
    SessionGone: Shown(410, GONE),
    BodyTooLarge: Shown(413, UNREADABLE),
    TooLarge: Shown(413, UNREADABLE),
    TooMany: Shown(413, UNREADABLE),
    LogFull: Shown(413, LOG_FULL),
    EventsRefused: Shown(422, IMPOSSIBLE),
    BodiesFull: Shown(503, BUSY),
    Full: Shown(503, BUSY),
    StoreAway: Shown(503, AWAY),
    DiskFull: Shown(503, FULL),
}

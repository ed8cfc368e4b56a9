"""What the doors for workers answer when they refuse."""

from collections.abc import Mapping
from dataclasses import dataclass

from auth.machines import MachineUnknown, RegistrationRefused, SessionGone
from control.port import EventsRefused, LeaseLost, LogFull, StoreAway
from control.remote.wire import Unreadable
from engine.store import DiskFull, TooLarge, TooMany
from rollway.body import BodiesFull
from rollway.connections.seats import Full
from rollway.remote import codes
from schema.requests import BodyBroken, BodyTooLarge, BodyTooSlow


@dataclass(eq=False)
class NotYours(Exception):
    """This worker was given no such task."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a refusal is answered."""

    status: int
    code: str


def explained(refusal: Exception) -> dict[str, object]:
    """Return what a worker is told besides the code."""
    said = str(refusal) or (type(refusal).__doc__ or "").partition("\n")[0]
    more = {"stored": refusal.stored} if isinstance(refusal, LogFull) else {}
    return {"error": said, **more}


REFUSALS: Mapping[type[Exception], Shown] = {
    Unreadable: Shown(400, codes.UNREADABLE),
    BodyBroken: Shown(400, codes.UNREADABLE),
    MachineUnknown: Shown(401, codes.UNKNOWN),
    RegistrationRefused: Shown(401, codes.REFUSED),
    NotYours: Shown(403, codes.NOT_YOURS),
    BodyTooSlow: Shown(408, codes.BUSY),
    LeaseLost: Shown(409, codes.LOST),
    SessionGone: Shown(410, codes.GONE),
    BodyTooLarge: Shown(413, codes.UNREADABLE),
    TooLarge: Shown(413, codes.UNREADABLE),
    TooMany: Shown(413, codes.UNREADABLE),
    LogFull: Shown(413, codes.LOG_FULL),
    EventsRefused: Shown(422, codes.IMPOSSIBLE),
    BodiesFull: Shown(503, codes.BUSY),
    Full: Shown(503, codes.BUSY),
    StoreAway: Shown(503, codes.AWAY),
    DiskFull: Shown(503, codes.FULL),
}

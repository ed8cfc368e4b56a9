"""How many sockets there may be: of users, of guests, and of those who have not said which."""

from typing import NamedTuple

from rollway.connections.seats import Seats, Waiting

WAITING_MAX = 1000
WAITING_PER_ADDRESS_MAX = 200
GUESTS_MAX = 1000
GUESTS_PER_ADDRESS_MAX = 200
INIT_SECONDS = 5

# Clients take 1012 and 1013 for a reason to come back, and 4400 to 4499 for one not to.
TRY_AGAIN_LATER = 1013


class Goodbye(NamedTuple):
    """Why a connection is closed."""

    code: int
    reason: str


TOO_LATE = Goodbye(4408, "Connection initialisation timeout")
TOO_MANY_WAIT = Goodbye(TRY_AGAIN_LATER, "Too many connections wait to be introduced")


class Door:
    """Where sockets wait to be introduced, and the seats they get then.

    *per_user*: how many one user may have, over all sessions and tokens; *users_max*: how many all
    users may have together.
    """

    def __init__(self, per_user: int, users_max: int) -> None:
        self.waiting = Waiting(WAITING_PER_ADDRESS_MAX, WAITING_MAX)
        self.guests = Seats(GUESTS_PER_ADDRESS_MAX, GUESTS_MAX)
        self.users = Seats(per_user, users_max)

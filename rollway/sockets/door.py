"""How many sockets there may be: of users, of guests, and of those who have not said which."""

from rollway.connections.seats import Seats, Waiting

WAITING_MAX = 1000
WAITING_PER_ADDRESS_MAX = 200
GUESTS_MAX = 1000
GUESTS_PER_ADDRESS_MAX = 200


class Door:
    """Where sockets wait to be introduced, and the seats they get then.

    *per_user*: how many one user may have, over all sessions and tokens; *users_max*: how many all
    users may have together.
    """

    def __init__(self, per_user: int, users_max: int) -> None:
        self.waiting = Waiting(WAITING_PER_ADDRESS_MAX, WAITING_MAX)
        self.guests = Seats(GUESTS_PER_ADDRESS_MAX, GUESTS_MAX)
        self.users = Seats(per_user, users_max)

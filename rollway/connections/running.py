"""How many operations run at once on what stays open: sockets, and streams over HTTP."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from resolvers.context import Context
from resolvers.refusals import TooManyOperations
from rollway.connections.seats import Full, Seats

GUESTS_PER_ADDRESS_MAX = 1000
GUESTS_MAX = 5000


class Running:
    """Counts them: of one user over all sessions and tokens, of guests by network.

    *per_user*: how many one user may have; *users_max*: how many all users may have together.
    """

    def __init__(self, per_user: int, users_max: int) -> None:
        self.users = Seats(per_user, users_max)
        self.guests = Seats(GUESTS_PER_ADDRESS_MAX, GUESTS_MAX)

    @contextmanager
    def seat(self, context: Context) -> Iterator[None]:
        """Count an operation for the duration of the block; TooManyOperations refuses it."""
        seats = self.guests if context.viewer is None else self.users
        with ExitStack() as held:
            try:
                held.enter_context(seats.seat(context.caller))
            except Full:
                raise TooManyOperations from None
            yield

"""How many sockets there may be: of users, and of guests, who may not have said who they are."""

from collections import Counter

GUESTS_MAX = 1000
GUESTS_PER_ADDRESS_MAX = 200


class Door:
    """Counts the sockets that are open.

    *per_user*: how many one user may have, over all sessions and tokens.
    """

    def __init__(self, per_user: int) -> None:
        self._per_user = per_user
        self._guests: Counter[str] = Counter()
        self._users: Counter[str] = Counter()

    @property
    def guests(self) -> int:
        """Return how many guests are in."""
        return self._guests.total()

    @property
    def users(self) -> int:
        """Return how many sockets of users there are."""
        return self._users.total()

    def enter(self, address: str) -> bool:
        """Let a guest in; False when there are too many already."""
        if self._guests[address] >= GUESTS_PER_ADDRESS_MAX or self._guests.total() >= GUESTS_MAX:
            return False
        self._guests[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Let a guest out."""
        _less(self._guests, address)

    def enter_user(self, user_id: str) -> bool:
        """Let a user in; False when they have too many already."""
        if self._users[user_id] >= self._per_user:
            return False
        self._users[user_id] += 1
        return True

    def leave_user(self, user_id: str) -> None:
        """Let a user out."""
        _less(self._users, user_id)


def _less(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]

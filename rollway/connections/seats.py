"""How many may come in: so many of each caller, so many in all; who says nothing gives way."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from auth.throttle import network


class Full(Exception):
    """There is no seat left, for this caller or at all."""


class Seats:
    """Counts who is in: at most *each_max* of one caller, *all_max* of all."""

    def __init__(self, each_max: int, all_max: int) -> None:
        self._each_max = each_max
        self._all_max = all_max
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """Return how many are in."""
        return self._taken.total()

    @contextmanager
    def seat(self, caller: str) -> Iterator[None]:
        """Hold a seat for the duration of the block; Full when there is none."""
        if self._taken[caller] >= self._each_max or self._taken.total() >= self._all_max:
            raise Full
        self._taken[caller] += 1
        try:
            yield
        finally:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]


class Waiting:
    """Those who have come and not said yet what they want.

    Nobody is refused: whoever has waited longest gives way, of the same address if it has too many,
    else of the address that has most. So who speaks at once gets in, however many are silent.
    """

    def __init__(self, each_max: int, all_max: int) -> None:
        self._each_max = each_max
        self._all_max = all_max
        self._rooms: dict[str, dict[int, Callable[[], None]]] = {}
        self._waiting = 0
        self._numbers = count()

    @property
    def count(self) -> int:
        """Return how many wait."""
        return self._waiting

    def enter(self, address: str, give_way: Callable[[], None]) -> Callable[[], None]:
        """Wait; return what is called, once or more, when the waiting is over.

        *give_way* is called when another one takes the place.
        """
        room, number = network(address), next(self._numbers)
        self._rooms.setdefault(room, {})[number] = give_way
        self._waiting += 1
        if len(self._rooms[room]) > self._each_max:
            self._oldest_out(room)
        elif self._waiting > self._all_max:
            self._oldest_out(max(self._rooms, key=lambda each: len(self._rooms[each])))
        return lambda: self._leave(room, number)

    def _oldest_out(self, room: str) -> None:
        number, give_way = next(iter(self._rooms[room].items()))
        self._leave(room, number)
        give_way()

    def _leave(self, room: str, number: int) -> None:
        waiting = self._rooms.get(room, {})
        if waiting.pop(number, None) is None:
            return
        self._waiting -= 1
        if not waiting:
            del self._rooms[room]

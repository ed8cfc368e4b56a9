"""What was worked out of the documents used last, bounded in number and in memory."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

KEPT_MAX = 512
# Of all that is kept together. A character may become 300 bytes of syntax tree.
CHARACTERS_MAX = 256 * 1024

V = TypeVar("V")


class Kept(Generic[V]):
    """Values by their keys; those used least recently go when there are too many, or too long.

    Who writes values into documents instead of sending variables never finds theirs again, and
    takes no more room than anybody.
    """

    def __init__(self, most: int = KEPT_MAX, characters_max: int = CHARACTERS_MAX) -> None:
        self._most = most
        self._characters_max = characters_max
        self._values: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self.characters = 0

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._values)

    def find(self, key: Hashable) -> V | None:
        """Return the value of *key*; None where it is not kept."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def keep(self, key: Hashable, value: V, characters: int) -> None:
        """Keep *value*, worked out of a text of so many characters; one that is too long is not."""
        self.drop(key)
        if characters > self._characters_max:
            return
        self._values[key] = value, characters
        self.characters += characters
        while len(self._values) > self._most or self.characters > self._characters_max:
            self.drop(next(iter(self._values)))

    def drop(self, key: Hashable) -> None:
        """Forget *key*."""
        found = self._values.pop(key, None)
        self.characters -= found[1] if found else 0

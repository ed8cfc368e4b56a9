"""A name that globs are matched against, as sets of its places.

A set of places is an int: bit *i* stands for the place in front of character *i*, and one more bit
for the end.
"""

from enum import Enum, auto


class Kind(Enum):
    """What a name is: it decides what `/` and a leading dot mean."""

    REF = auto()  # `*` stops at a slash, and names with a leading dot must be asked for
    PATH = auto()  # `*` stops at a slash
    TEXT = auto()  # `*` is anything


class Subject:
    """A name, and where in it each character stands."""

    def __init__(self, text: str, kind: Kind) -> None:
        self.text = text
        self.size = len(text)
        self.end = 1 << self.size
        self.characters = self.end - 1
        self.everywhere = self.end | self.characters
        self._places: dict[str, int] = {}
        self.memory: dict[object, int] = {}  # what a part of a pattern found out about this name
        for index, character in enumerate(text):
            self._places[character] = self._places.get(character, 0) | 1 << index
        self.slashes = 0 if kind is Kind.TEXT else self.where("/")
        self.dots = self.where(".") if kind is Kind.REF else 0
        # in front of the slash that leads to a hidden name, or of one that begins it all
        self.hidden = self.slashes & self.dots >> 1 | self.dots & 1

    def where(self, character: str) -> int:
        """Return the places in front of *character*."""
        return self._places.get(character, 0)

    @property
    def alphabet(self) -> dict[str, int]:
        """Return each character of the name with its places."""
        return self._places

    def reach(self, ends: int, over: int) -> int:
        """Return the places from which one of *ends* is reached over the characters *over*."""
        step = 1
        while step <= self.size:
            ends |= over & ends >> step
            over &= over >> step
            step <<= 1
        return ends

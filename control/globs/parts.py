"""The parts of a pattern. Each says from which places of a name it leads to given ends.

All places are looked at at once, and what a repetition found is kept while the name is matched,
so that the time grows with the pattern and the name only, whatever the pattern is.
"""

from dataclasses import dataclass
from typing import Protocol

from control.globs.subject import Subject


class Part(Protocol):
    """A part of a pattern."""

    def starts(self, subject: Subject, ends: int) -> int:
        """Return the places from which this part leads to one of *ends*."""
        ...


@dataclass(frozen=True, slots=True)
class Literal:
    """A text."""

    text: str

    def starts(self, subject: Subject, ends: int) -> int:
        """Go back over the text."""
        for character in reversed(self.text):
            ends = subject.where(character) & ends >> 1
        return ends


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """A character of a class; *ranges* are inclusive."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def starts(self, subject: Subject, ends: int) -> int:
        """Go back over one character."""
        if self not in subject.memory:
            subject.memory[self] = self._places(subject)
        return subject.memory[self] & ends >> 1

    def _places(self, subject: Subject) -> int:
        found = 0
        for character, places in subject.alphabet.items():
            if any(first <= character <= last for first, last in self.ranges):
                found |= places
        return subject.characters & ~found & ~subject.slashes if self.negated else found


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """One of many words, such as the numbers of a range."""

    words: frozenset[str]

    def starts(self, subject: Subject, ends: int) -> int:
        """Go back over a word."""
        found = 0
        for size in {len(word) for word in self.words}:
            found |= self._places(subject, size) & ends >> size
        return found

    def _places(self, subject: Subject, size: int) -> int:
        key = (self, size)
        if key not in subject.memory:
            last = subject.size - size
            subject.memory[key] = sum(
                1 << index
                for index in range(last + 1)
                if subject.text[index : index + size] in self.words
            )
        return subject.memory[key]


@dataclass(frozen=True, slots=True)
class AnyOne:
    """`?`: a character that is no slash."""

    visible: bool

    def starts(self, subject: Subject, ends: int) -> int:
        """Go back over one character."""
        barred = subject.slashes | (subject.dots if self.visible else 0)
        return subject.characters & ~barred & ends >> 1


@dataclass(frozen=True, slots=True)
class Star:
    """`*`: characters that are no slashes."""

    def starts(self, subject: Subject, ends: int) -> int:
        """Go back as far as there is no slash."""
        return subject.reach(ends, subject.characters & ~subject.slashes)


@dataclass(frozen=True, slots=True)
class Globstar:
    """`**`: any characters, but no way into a name with a leading dot."""

    def starts(self, subject: Subject, ends: int) -> int:
        """Go back as far as nothing is hidden."""
        return subject.reach(ends, subject.characters & ~subject.hidden)


@dataclass(frozen=True, slots=True)
class Visible:
    """In front of a wildcard that begins a name: no dot follows, and *some* character does."""

    some: bool

    def starts(self, subject: Subject, ends: int) -> int:
        """Keep the places that will do."""
        return ends & ~subject.dots & ~(subject.end if self.some else 0)


@dataclass(frozen=True, slots=True)
class Named:
    """Behind a dot and in front of a `*`: more follows than another dot."""

    def starts(self, subject: Subject, ends: int) -> int:
        """Keep the places that will do."""
        over = subject.end | subject.slashes
        return ends & ~over & ~(subject.where(".") & over >> 1)


@dataclass(frozen=True, slots=True)
class Border:
    """The beginning of the name, or its end."""

    end: bool

    def starts(self, subject: Subject, ends: int) -> int:
        """Keep the border."""
        return ends & (subject.end if self.end else 1)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts, one after the other."""

    parts: tuple[Part, ...]

    def starts(self, subject: Subject, ends: int) -> int:
        """Go back over all parts."""
        for part in reversed(self.parts):
            if not ends:
                return 0
            ends = part.starts(subject, ends)
        return ends


@dataclass(frozen=True, slots=True)
class Either:
    """One of several parts."""

    options: tuple[Part, ...]

    def starts(self, subject: Subject, ends: int) -> int:
        """Go back over any of them."""
        found = 0
        for option in self.options:
            found |= option.starts(subject, ends)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """A part several times; not at all only where it *may_lack*."""

    part: Part
    may_lack: bool

    def starts(self, subject: Subject, ends: int) -> int:
        """Go back over the part until no new place is found."""
        reached = ends | subject.memory.get(self, 0)
        while True:
            further = reached | self.part.starts(subject, reached)
            if further == reached:
                break
            reached = further
        subject.memory[self] = reached
        return reached if self.may_lack else self.part.starts(subject, reached)


@dataclass(frozen=True, slots=True)
class Not:
    """`!(…)`: anything that does not begin with *barred*, as far as the next slash if not *wide*.

    With *whole*, only what is *barred* up to the end of the name is meant.
    """

    barred: Part
    whole: bool
    wide: bool

    def starts(self, subject: Subject, ends: int) -> int:
        """Go back over anything, but not to where the barred begins."""
        barred = self.barred.starts(subject, subject.end if self.whole else subject.everywhere)
        anything = Globstar() if self.wide else Star()
        return anything.starts(subject, ends) & ~barred

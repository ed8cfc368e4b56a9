"""Globs in micromatch's language: a name matches or does not, in bounded time. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from control.globs.parts import Part
from control.globs.reader import (
    PATTERN_CHARACTERS_MAX,
    Flaw,
    InvalidGlob,
    Reader,
    is_barred,
)
from control.globs.subject import Kind, Subject

__all__ = ["Flaw", "Glob", "InvalidGlob", "Kind", "Subject", "decide"]


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern; in a list, one that *excludes* takes names away instead of adding them."""

    text: str
    excludes: bool
    _part: Part
    _negated: bool
    _leading: bool

    @classmethod
    def read(cls, text: str, *, leading: bool = False) -> "Glob":
        """Read a pattern; *leading*: of names that begin with it. Raises InvalidGlob."""
        if not text:
            raise InvalidGlob(Flaw.EMPTY)
        if len(text) > PATTERN_CHARACTERS_MAX:
            raise InvalidGlob(Flaw.LONG)
        marks, rest = _negations(text)
        rest = rest.removeprefix("./")
        reader = Reader(rest)
        part = reader.read()
        if leading:
            part = Reader(f"{rest}*").read()
        negated = marks % 2 == 1
        return cls(text, negated or reader.begins_barred, part, negated, leading)

    def matches(self, subject: Subject) -> bool:
        """Tell whether the pattern says yes to a name; one equal to it always does."""
        ends = subject.everywhere if self._leading else subject.end
        found = self._part.starts(subject, ends) & 1 == 1
        return found != self._negated or subject.text == self.text


def _negations(text: str) -> tuple[int, str]:
    """Take the `!` off that negate a pattern; that of `!(…)` does not."""
    rest = text
    while rest.startswith("!") and not is_barred(rest):
        rest = rest[1:]
    return len(text) - len(rest), rest


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a list takes a name, and the index of the pattern that decided, if one did."""

    taken: bool
    by: int | None


def decide(globs: Iterable[Glob], subject: Subject) -> Decision:
    """Say what a list of patterns says of a name.

    A name is taken when a pattern took it and no later one took it away again; a list of nothing
    but exclusions takes all the rest.
    """
    taken = removed = None
    only_exclusions = True
    for index, glob in enumerate(globs):
        if glob.excludes:
            removed = removed if glob.matches(subject) else index
            continue
        only_exclusions = False
        if glob.matches(subject):
            taken, removed = index, None
    if removed is not None:
        return Decision(taken=False, by=removed)
    return Decision(taken=taken is not None or only_exclusions, by=taken)

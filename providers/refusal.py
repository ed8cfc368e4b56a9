"""Refusals: the docstring of each is the message people read."""

from collections.abc import Mapping
from enum import StrEnum


class Refusal(Exception):
    """This cannot be done."""

    def __str__(self) -> str:
        return (type(self).__doc__ or "").format(**vars(self))


class Reason(StrEnum):
    """Why something is refused, in English; a member with braces is filled by `of`."""

    def of(self, **facts: object) -> "Told":
        """Return the reason with *facts* in its braces."""
        told = Told(self.format(**facts))
        told.reason, told.facts = self, facts
        return told


class Told(str):
    """A reason that is filled in, and remembers of what: so it can be told in other languages."""

    __slots__ = ("facts", "reason")
    reason: Reason
    facts: Mapping[str, object]

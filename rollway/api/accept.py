"""What a client can read: the Accept header, and the media types we speak."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rollway.headers import kept

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
EVENTS = "text/event-stream"
PARTS = "multipart/mixed"
ANSWERS = (JSON, GRAPHQL)  # the first is what clients get who take anything
STREAMS = (EVENTS, PARTS)


@dataclass(frozen=True, slots=True)
class Range:
    """Media types that a client reads, and how gladly, from 0 (not at all) to 1."""

    name: str
    parameters: Mapping[str, str]
    quality: float

    def covers(self, name: str) -> int:
        """Return how exactly it names a media type; 0: it does not."""
        if self.parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
            return 0
        if self.name == name:
            apollo = self.parameters.get("subscriptionspec", "").startswith("1.")
            return 3 if name != PARTS or apollo else 0
        if name in STREAMS:
            return 0  # whoever takes anything does not mean to be answered for ever
        return {f"{name.partition('/')[0]}/*": 2, "*/*": 1}.get(self.name, 0)


def read(header: str | None) -> list[Range]:
    """Return what an Accept header says; without one, anything will do."""
    pieces = [piece for piece in (header or "").split(",") if piece.strip()]
    return [_range(piece) for piece in pieces] or [Range("*/*", {}, 1.0)]


@kept
def best(header: str | None, offered: tuple[str, ...]) -> str | None:
    """Return the media type to answer with; None when the client reads none of those *offered*."""
    return pick(read(header), offered)


def pick(ranges: Sequence[Range], offered: Sequence[str]) -> str | None:
    """Return the media type to answer with; None when the client reads none of those *offered*.

    What the client likes best; of equals what it names first, then what is offered first.
    """
    best, found = (0.0, 0), None
    for name in offered:
        matches = [(each.covers(name), -index) for index, each in enumerate(ranges)]
        exactness, place = max(matches)
        wish = (ranges[-place].quality, place)
        if exactness and wish[0] > 0 and (found is None or wish > best):
            best, found = wish, name
    return found


def _range(piece: str) -> Range:
    name, *rest = (part.strip() for part in piece.split(";"))
    pairs = (part.partition("=") for part in rest)
    parameters = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
    try:
        quality = min(max(float(parameters.get("q", "1")), 0.0), 1.0)
    except ValueError:
        quality = 1.0
    return Range(name.lower(), parameters, quality)

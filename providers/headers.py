"""The headers of a delivery: names in any case, values as ASGI servers decode them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from providers.refusal import Reason, Refusal

Headers = Mapping[str, str]

HEADER_CHARACTERS_MAX = 4_096
NAME_CHARACTERS_MAX = 64
DELIVERY_ID_CHARACTERS_MAX = 128
PRINTABLE = re.compile(r"[ -~]+")
SPELLINGS = {"x-codeup-event": "codeup-event"}  # as it comes, and as its service's manual has it


class HeaderFlaw(Reason):
    """What is wrong with a header."""

    TWICE = "it comes twice and differs"
    LONG = "it has more than {most} characters"
    UNPRINTABLE = "it is not {most} printable characters at most"


@dataclass(eq=False)
class HeaderMissing(Refusal):
    """The delivery has no header {name}."""

    name: str


@dataclass(eq=False)
class HeaderUnusable(Refusal):
    """The delivery's header {name} cannot be used: {reason}."""

    name: str
    reason: str


def find(headers: Headers, name: str) -> str | None:
    """Return the header's value; None where it is missing or empty."""
    names = {name, SPELLINGS.get(name, name)}
    values = {value for key, value in headers.items() if key.lower() in names}
    if len(values) > 1:
        raise HeaderUnusable(name, HeaderFlaw.TWICE)
    value = values.pop() if values else ""
    if len(value) > HEADER_CHARACTERS_MAX:
        raise HeaderUnusable(name, HeaderFlaw.LONG.of(most=HEADER_CHARACTERS_MAX))
    return value or None


def need(headers: Headers, name: str, characters_max: int = NAME_CHARACTERS_MAX) -> str:
    """Return the header's value, which must be there, short and printable."""
    value = find(headers, name)
    if value is None:
        raise HeaderMissing(name)
    if len(value) > characters_max or not PRINTABLE.fullmatch(value):
        raise HeaderUnusable(name, HeaderFlaw.UNPRINTABLE.of(most=characters_max))
    return value


def delivery_id(headers: Headers, body: bytes, *, named: str, else_by: str = "") -> str:
    """Return the id in the header *named*.

    Where the service sends none, it is the digest of the header *else_by* and the body.
    """
    if named and find(headers, named):
        return need(headers, named, DELIVERY_ID_CHARACTERS_MAX)
    moment = (find(headers, else_by) or "") if else_by else ""
    return hashlib.sha256(octets(moment) + body).hexdigest()


def octets(value: str) -> bytes:
    """Return the bytes that came over the wire."""
    return value.encode("latin-1", "backslashreplace")

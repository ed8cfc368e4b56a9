"""What proves that a delivery comes from who knows the webhook's secret."""

import hmac
import re
from dataclasses import dataclass

from providers.headers import octets
from providers.refusal import Refusal

STAMP = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Proof:
    """The header that proves a delivery, and whether it proves its body too."""

    header: str
    covers_body: bool


class Unproven(Refusal):
    """Nothing proves who sent the delivery."""


class SecretMissing(Unproven):
    """No webhook secret is set, so nothing can prove a delivery."""


@dataclass(eq=False)
class ProofMissing(Unproven):
    """The delivery has no header {header}, so nothing proves who sent it."""

    header: str


@dataclass(eq=False)
class ProofTooWeak(Unproven):
    """The header {header} proves too little: {needed} is missing."""

    header: str
    needed: str


@dataclass(eq=False)
class ProofWrong(Unproven):
    """The header {header} does not fit the webhook's secret and the delivery."""

    header: str


@dataclass(eq=False)
class ProofOutdated(Unproven):
    """The header {header} is more than {seconds} seconds off this server's clock."""

    header: str
    seconds: int


def key_of(secret: str | None) -> bytes:
    """Return the secret's bytes; SecretMissing where there is none."""
    if not secret or not secret.strip():
        raise SecretMissing
    return secret.encode("utf-8", "surrogatepass")


def same(value: str, expected: bytes) -> bool:
    """Compare what came with what is expected, in constant time."""
    return hmac.compare_digest(octets(value), expected)


def require_recent(header: str, stamp: str, *, seconds: int, unit: int, now: float) -> None:
    """Refuse a time stamp too far from *now*; *unit* is how many of its units make a second."""
    if not STAMP.fullmatch(stamp):
        raise ProofWrong(header)
    if abs(now - int(stamp) / unit) > seconds:
        raise ProofOutdated(header, seconds)

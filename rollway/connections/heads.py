"""The head of a request, beyond what the parser looks at."""

from collections.abc import Sequence
from typing import Any

HEAD_BYTES_MAX = 64 * 1024  # of one that is complete
HEADERS_MAX = 256
LINE_BYTES = len(": \r\n")
VERSIONS = frozenset({"1.0", "1.1"})
TUNNEL = b"CONNECT"
DIGITS_MAX = 18  # of a length; a number with more is too large for anybody

Headers = Sequence[tuple[bytes, bytes]]


class BadHead(Exception):
    """Not the head of a request that is answered here."""


class Head:
    """Counts what there is of a head; BadHead for what is no good."""

    __slots__ = ("_bytes", "_headers")

    def __init__(self) -> None:
        self._bytes = 0
        self._headers = 0

    def grow(self, size_bytes: int) -> None:
        """Count so many bytes more."""
        self._bytes += size_bytes
        if self._bytes > HEAD_BYTES_MAX:
            raise BadHead

    def add(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._bytes += len(name) + len(value) + LINE_BYTES
        self._headers += 1
        if self._bytes > HEAD_BYTES_MAX or self._headers > HEADERS_MAX:
            raise BadHead

    def check(self, method: bytes, version: str, headers: Headers) -> None:
        """Refuse what others might read in another way: https://www.rfc-editor.org/rfc/rfc9112.

        Several hosts, or none where there must be one; a transfer coding that is not undone here;
        what a proxy is asked for, behind which the parser expects another protocol.
        """
        if method == TUNNEL:
            raise BadHead
        names = [name for name, _ in headers]
        hosts = names.count(b"host")
        if version not in VERSIONS or hosts > 1 or (version != "1.0" and not hosts):
            raise BadHead
        if b"transfer-encoding" in names and [
            value.lower() for name, value in headers if name == b"transfer-encoding"
        ] != [b"chunked"]:
            raise BadHead

    @staticmethod
    def without_upgrade(scope: Any, url: bytes) -> bytes:
        """Return the head of a request, but for its offer to change to another protocol."""
        first = f"{scope['method']} ".encode() + url + f" HTTP/{scope['http_version']}".encode()
        lines = [name + b": " + value for name, value in scope["headers"] if name != b"upgrade"]
        return b"\r\n".join([first, *lines, b"", b""])


def announced(length: bytes) -> int | None:
    """Return how long a body is said to be; None where that is not said.

    Any number of zeros may stand before it.
    """
    return int(length.lstrip(b"0")[:DIGITS_MAX] or 0) if length.isdigit() else None

"""Answers to operations over HTTP: headers, length, compression."""

from functools import lru_cache

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

HEADERS = {
    "Cache-Control": "no-store",  # it is one person's, and may hold a token
    "X-Content-Type-Options": "nosniff",
}
COMPRESSED_BYTES_MIN = 1024
COMPRESSION = 5

_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


class Answer(Response):
    """An answer that is given cookies while its operation is executed, and then its body.

    Starlette's own works out its headers first, which are known here.
    """

    def __init__(self) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self.raw_headers = [*_RAW_HEADERS]

    def write(self, body: bytes, media_type: str) -> None:
        """Set what is answered, JSON in UTF-8."""
        self.raw_headers += (
            (b"content-length", str(len(body)).encode()),
            _content_type(media_type),
        )
        self.body = body

    def compressed(self, request: Request) -> ASGIApp:
        """Return the answer, compressed where it is long and its reader can."""
        if len(self.body) < COMPRESSED_BYTES_MIN:
            return self
        if "gzip" in request.headers.get("accept-encoding", ""):
            return GZipMiddleware(self, COMPRESSED_BYTES_MIN, COMPRESSION)
        self.raw_headers.append((b"vary", b"Accept-Encoding"))
        return self


@lru_cache
def _content_type(media_type: str) -> tuple[bytes, bytes]:
    return b"content-type", f"{media_type}; charset=utf-8".encode()

"""The body of a request: read once, within bounds of size and time."""

import asyncio
from collections import Counter
from typing import Self

from starlette.requests import Request

from providers.refusal import Refusal
from rollway.connections.cutting import arrived
from rollway.connections.heads import announced
from schema.requests import BodyBroken, BodyTooLarge, BodyTooSlow

BODY_SECONDS = 30.0
SMALL_BYTES = 256 * 1024


class BodiesFull(Refusal):
    """Too many large bodies are being sent at once; send it again in a moment."""


class Room:
    """Memory for the large part of bodies that are read or worked on; small ones need none.

    Of all of it one caller gets *each_bytes_max* at most, where that is said.
    """

    def __init__(self, bytes_max: int, each_bytes_max: int | None = None) -> None:
        self._free_bytes = bytes_max
        self._each_bytes_max = bytes_max if each_bytes_max is None else each_bytes_max
        self._taken = Counter[str]()

    def place(self, caller: str = "") -> "Place":
        """Return where one body is put; a context that gives its memory back."""
        return Place(self, caller)

    def take(self, size_bytes: int, caller: str) -> None:
        """Take memory, or give it back; BodiesFull where there is none left."""
        taken = self._taken[caller] + size_bytes
        if size_bytes > 0 and (size_bytes > self._free_bytes or taken > self._each_bytes_max):
            raise BodiesFull
        self._free_bytes -= size_bytes
        self._taken[caller] = taken
        if not taken:
            del self._taken[caller]


class Place:
    """Where one body is put, for as long as it is needed."""

    def __init__(self, room: Room, caller: str) -> None:
        self._room = room
        self._caller = caller
        self._taken_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.take(-self._taken_bytes, self._caller)

    def grow(self, size_bytes: int) -> None:
        """Have room for that much in all; BodiesFull where there is none."""
        large_bytes = max(size_bytes - SMALL_BYTES, 0)
        self._room.take(large_bytes - self._taken_bytes, self._caller)
        self._taken_bytes = large_bytes


async def read_body(request: Request, bytes_max: int, place: Place | None = None) -> bytes:
    """Read the body, but not one that is or says it is too large.

    Raises BodyTooLarge, BodyTooSlow and BodyBroken, and with a *place* BodiesFull.
    """
    if arrived(request.scope):
        return await _read(request, bytes_max, place)
    length = announced(request.headers.get("content-length", "").encode())
    if length is not None and length > bytes_max:
        raise BodyTooLarge(bytes_max)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request, bytes_max, place)
    except TimeoutError:
        raise BodyTooSlow from None


async def _read(request: Request, bytes_max: int, place: Place | None) -> bytes:
    body = bytearray()
    while (message := await request.receive())["type"] == "http.request":
        body += message.get("body", b"")
        if len(body) > bytes_max:
            raise BodyTooLarge(bytes_max)
        if place is not None:
            place.grow(len(body))
        if not message.get("more_body"):
            return bytes(body)
    raise BodyBroken

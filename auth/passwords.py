"""Passwords: argon2id, off the event loop, and a check that takes as long for nobody's name."""

import asyncio
import re
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LENGTH_MIN = 8
LENGTH_MAX = 256
THREADS = 2  # so much of the cost in memory at a time, whoever comes
WAITING_MAX = 100
BUSY_SECONDS = 5
SALT_BYTES = 16
HASH_BYTES = 32
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL, and halves of a character

T = TypeVar("T")


@dataclass(eq=False)
class Busy(Exception):
    """More people are signing in than this server can check."""

    retry_after: int = BUSY_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a hash costs whoever makes one: memory, passes over it, lanes that run in parallel."""

    memory_kib: int
    passes: int
    lanes: int


class Passwords:
    """Makes and checks hashes, two at a time; Busy refuses whoever would wait too long."""

    def __init__(self, cost: Cost) -> None:
        self._hasher = PasswordHasher(
            memory_cost=cost.memory_kib,
            time_cost=cost.passes,
            parallelism=cost.lanes,
            salt_len=SALT_BYTES,
            hash_len=HASH_BYTES,
        )
        self._nobody = (
            f"$argon2id$v=19$m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
            f"${_random(SALT_BYTES)}${_random(HASH_BYTES)}"
        )
        self._threads = ThreadPoolExecutor(THREADS, "argon2")
        self._places = BoundedSemaphore(THREADS + WAITING_MAX)

    async def hash(self, password: str) -> str:
        """Return the argon2id hash to store of a password that meets the policy."""
        return await self._run(lambda: self._hasher.hash(normal(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether *password* belongs to the hash *stored*.

        None (no such user, or one without a password) costs what a wrong password costs.
        """
        return await self._run(lambda: self._verify(stored, password))

    def outdated(self, stored: str) -> bool:
        """Tell whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            given = normal(password).encode()
        except UnicodeEncodeError:  # an unpaired surrogate: nobody's password, and as dear as any
            given, stored = b"", None
        try:
            self._hasher.verify(stored or self._nobody, given)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise Busy
        future = self._threads.submit(work)
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)


def normal(password: str) -> str:
    """Return *password* as it is hashed: in NFKC, whatever keyboard or input method wrote it.

    What is longer than any password is cut, so that no text keeps the thread busy.
    """
    return unicodedata.normalize("NFKC", password[: LENGTH_MAX + 1])


def _random(length_bytes: int) -> str:
    return b64encode(secrets.token_bytes(length_bytes)).decode().rstrip("=")

"""An answer of a service: what it says, and how long it wants to be left alone."""

import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from providers.api.refusals import AnswerTooLarge, Excess, Nonsense, Riddle
from providers.payloads import Fields, InvalidPayload

TOO_MANY = 429
FORBIDDEN = 403
UNKNOWN_WAIT_SECONDS = 60.0
WAIT_SECONDS_MAX = 24 * 3_600.0
EPOCH_AT_LEAST = 1_000_000_000  # less is a number of seconds
DIGITS = re.compile(r"[0-9]{1,12}")
SAID_CHARACTERS_MAX = 300
VALUES_MAX = 200_000  # of an answer: reading them takes a fraction of a second
ITEMS_MAX = 1_000  # of a list; pages have 100
HIDDEN = "***"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What *service* answered."""

    service: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def read(self, reader: Callable[[Fields], T]) -> T:
        """Return what *reader* makes of the object that the body is."""
        found = self.value()
        if not isinstance(found, dict):
            raise Nonsense(self.service, Riddle.OBJECT)
        try:
            return reader(Fields(found))
        except InvalidPayload as fault:
            raise self._nonsense(fault) from None

    def each(self, reader: Callable[[Fields], T]) -> list[T]:
        """Return what *reader* makes of each object of the list that the body is."""
        found = self.value()
        if not isinstance(found, list):
            raise Nonsense(self.service, Riddle.LIST)
        if len(found) > ITEMS_MAX:
            raise AnswerTooLarge(self.service, Excess.ENTRIES.of(most=ITEMS_MAX))
        try:
            return [reader(each) for each in Fields({"list": found}).list("list")]
        except InvalidPayload as fault:
            raise self._nonsense(fault) from None

    def value(self) -> Any:
        """Return the JSON of the body."""
        if self.body.count(b",") > VALUES_MAX:
            raise AnswerTooLarge(self.service, Excess.VALUES.of(most=VALUES_MAX))
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Nonsense(self.service, Riddle.NO_JSON) from None

    def wait_seconds(self) -> float | None:
        """Return how long to wait before the next request; None where the service is not tired."""
        spent = self._number("x-ratelimit-remaining", "ratelimit-remaining") == 0
        after = self._retry_after()
        refused = self.status == TOO_MANY or (
            self.status == FORBIDDEN and (spent or after is not None)
        )
        if not refused:
            return None
        told = self._reset() if after is None else after
        return UNKNOWN_WAIT_SECONDS if told is None else told

    def rest_seconds(self) -> float:
        """Return how long the next request would be refused after this one was answered."""
        spent = self._number("x-ratelimit-remaining", "ratelimit-remaining") == 0
        return (self._reset() or 0.0) if spent else 0.0

    def retry_after(self) -> float:
        """Return the seconds of `Retry-After`, 0 without it."""
        return self._retry_after() or 0.0

    def said(self, hidden: Sequence[str]) -> str:
        """Return the service's own words, short and without what is *hidden*."""
        try:
            text = "; ".join(_words(self.value()))
        except (Nonsense, RecursionError):
            text = ""
        text = text or f"status {self.status}"
        for secret in filter(None, hidden):
            text = text.replace(secret, HIDDEN)
        printable = "".join(each if each.isprintable() else " " for each in text)
        return printable[:SAID_CHARACTERS_MAX].strip().rstrip(".")

    def _nonsense(self, fault: InvalidPayload) -> Nonsense:
        return Nonsense(self.service, Riddle.FIELD.of(where=fault.where, reason=fault.reason))

    def _retry_after(self) -> float | None:
        value = self.headers.get("retry-after", "")
        if DIGITS.fullmatch(value):
            return _bounded(int(value))
        try:
            return _bounded(parsedate_to_datetime(value).timestamp() - time.time())
        except (ValueError, OverflowError):
            return None

    def _reset(self) -> float | None:
        moment = self._number("x-ratelimit-reset", "ratelimit-reset")
        if moment is None:
            return None
        return _bounded(moment if moment < EPOCH_AT_LEAST else math.ceil(moment - time.time()))

    def _number(self, *names: str) -> int | None:
        found = (self.headers.get(name, "") for name in names)
        return next((int(each) for each in found if DIGITS.fullmatch(each)), None)


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), WAIT_SECONDS_MAX)


def _words(found: object) -> list[str]:
    """Return the texts under the names that services use for what is wrong."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, list):
        return [word for each in found[:3] for word in _words(each)]
    if not isinstance(found, dict):
        return []
    names = ("message", "errorMessage", "error_description", "error", "errors")
    return [word for name in names for word in _words(found.get(name))]

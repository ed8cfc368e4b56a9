"""The body of a delivery: read once, within bounds; a mistake in it is named by its place."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote_plus

from providers.headers import Headers, find
from providers.refusal import Reason, Refusal

BODY_BYTES_MAX = 8 * 1024**2
DEPTH_MAX = 32
COMMAS_MAX = 1_000_000
REF_CHARACTERS_MAX = 1_024
NUMBER_MAX = 2**63 - 1
KEY_CHARACTERS_SHOWN = 40

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# Git has no `fix/[bug]` or `.config`, but rules are written about them and give verdicts.
NO_NAME = re.compile(r"[\x00-\x20\x7f~^:?*\\]|\.\.|@\{|//|^[-/]|[/.]$|(?:^|/)\./|\.lock(?:/|$)")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


T = TypeVar("T")


class Part(Reason):
    """The parts of a delivery."""

    CONTENT_TYPE = "its content-type"
    FORM = "its form"
    BODY = "its body"


class PayloadFlaw(Reason):
    """What is wrong with a part of a delivery, or with a value in it."""

    OBJECT = "must be an object"
    OBJECTS = "must be a list of objects"
    TEXTS = "must be a list of texts"
    TEXT = "must be a text"
    REF_NAME = "must be the name of a branch or a tag"
    COMMIT = "must be the id of a commit"
    NUMBER = "must be a number above 0"
    KIND = "must be {kind}"
    FORM_FIELD = "must have one field {name}"
    NO_UTF8 = "is not UTF-8"
    NO_UTF8_AT = "is not UTF-8 (byte {byte})"
    VALUES = "has more than {most} values"
    NO_JSON = "is no JSON (line {line}, column {column})"
    DEPTH = "is nested deeper than {most}"
    NUMBER_LONG = "has a number that is too long"
    TWICE = "has an object that names {name} twice"
    CONSTANT = "has {name}, which is no JSON"


@dataclass(eq=False)
class PayloadTooLarge(Refusal):
    """The delivery has {size} bytes; {size_max} are read at most."""

    size: int
    size_max: int


@dataclass(eq=False)
class InvalidPayload(Refusal):
    """The delivery cannot be read: {where} {reason}."""

    where: str
    reason: str


class Fields:
    """An object of the payload, and where it stands.

    What is *needed* is refused where it is missing or of another type; all else is empty then.
    """

    def __init__(self, values: dict[str, Any], where: str = "") -> None:
        self._values = values
        self._where = where

    def __bool__(self) -> bool:
        return bool(self._values)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def fields(self, name: str) -> "Fields":
        """Return the object *name*; without fields where there is none."""
        found = self._values.get(name)
        return Fields(found if isinstance(found, dict) else {}, self._at(name))

    def needed_fields(self, name: str) -> "Fields":
        """Return the object *name*."""
        if not isinstance(self._values.get(name), dict):
            self._refuse(name, PayloadFlaw.OBJECT)
        return self.fields(name)

    def list(self, name: str) -> list["Fields"]:
        """Return the objects of the list *name*; null is an empty list."""
        found = self._values.get(name)
        if found is None:
            return []
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            self._refuse(name, PayloadFlaw.OBJECTS)
        return [Fields(each, f"{self._at(name)}[{index}]") for index, each in enumerate(found)]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of the list *name*; null is an empty list."""
        found = self._values.get(name)
        if found is None:
            return ()
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            self._refuse(name, PayloadFlaw.TEXTS)
        return tuple(_storable(each) for each in found)

    def text(self, name: str) -> str:
        """Return the text *name*."""
        found = self._values.get(name)
        return _storable(found) if isinstance(found, str) else ""

    def needed_text(self, name: str) -> str:
        """Return the text *name*."""
        return self.text(name) or self._refuse(name, PayloadFlaw.TEXT)

    def needed_name(self, name: str, below: str = "") -> str:
        """Return what can be the name of a branch, of a tag, or of a whole ref."""
        found = self.needed_text(name).removeprefix(below)
        whole = not UNSTORABLE.search(self._values[name])
        if not whole or not 0 < len(found) <= REF_CHARACTERS_MAX or NO_NAME.search(found):
            self._refuse(name, PayloadFlaw.REF_NAME)
        return found

    def sha(self, name: str) -> str:
        """Return the id of a commit."""
        found = self.text(name)
        if found and not SHA.fullmatch(found):
            self._refuse(name, PayloadFlaw.COMMIT)
        return found

    def needed_sha(self, name: str) -> str:
        """Return the id of a commit."""
        return self.sha(name) or self._refuse(name, PayloadFlaw.COMMIT)

    def number(self, name: str) -> int:
        """Return the number *name*, which is not negative."""
        found = self._values.get(name)
        if isinstance(found, bool) or not isinstance(found, int):
            return 0
        return found if 0 <= found <= NUMBER_MAX else 0

    def needed_number(self, name: str) -> int:
        """Return the number *name*, which is positive."""
        return self.number(name) or self._refuse(name, PayloadFlaw.NUMBER)

    def flag(self, name: str) -> bool:
        """Tell whether *name* is true."""
        return self._values.get(name) is True

    def _at(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def _refuse(self, name: str, reason: str) -> NoReturn:
        raise InvalidPayload(self._at(name), reason)


def read(headers: Headers, body: bytes, *, form_field: str = "") -> Fields:
    """Read the body's JSON; where a service sends forms, it stands in their *form_field*."""
    if len(body) > BODY_BYTES_MAX:
        raise PayloadTooLarge(len(body), BODY_BYTES_MAX)
    kind = (find(headers, "content-type") or "").partition(";")[0].strip().lower()
    if kind == FORM and form_field:
        return Fields(_parsed(_field(body, form_field)))
    if kind != JSON:
        raise InvalidPayload(Part.CONTENT_TYPE, PayloadFlaw.KIND.of(kind=JSON))
    return Fields(_parsed(_decoded(body)))


def if_told(reader: Callable[[Fields], T], payload: Fields) -> T | None:
    """Return what *reader* makes of the payload; None where it refuses."""
    try:
        return reader(payload)
    except InvalidPayload:
        return None


def _field(body: bytes, name: str) -> str:
    prefix = f"{name}=".encode()
    found = [each for each in body.split(b"&") if each.startswith(prefix)]
    if len(found) != 1:
        raise InvalidPayload(Part.FORM, PayloadFlaw.FORM_FIELD.of(name=name))
    try:
        return unquote_plus(found[0][len(prefix) :].decode("ascii"), errors="strict")
    except UnicodeDecodeError as fault:
        raise InvalidPayload(Part.FORM, PayloadFlaw.NO_UTF8) from fault


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as fault:
        raise InvalidPayload(Part.BODY, PayloadFlaw.NO_UTF8_AT.of(byte=fault.start)) from fault


def _parsed(text: str) -> dict[str, Any]:
    if text.count(",") > COMMAS_MAX:
        raise InvalidPayload(Part.BODY, PayloadFlaw.VALUES.of(most=COMMAS_MAX))
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as fault:
        reason = PayloadFlaw.NO_JSON.of(line=fault.lineno, column=fault.colno)
        raise InvalidPayload(Part.BODY, reason) from fault
    except RecursionError as fault:
        raise InvalidPayload(Part.BODY, PayloadFlaw.DEPTH.of(most=DEPTH_MAX)) from fault
    except ValueError as fault:  # a number of thousands of digits
        raise InvalidPayload(Part.BODY, PayloadFlaw.NUMBER_LONG) from fault
    if not isinstance(found, dict):
        raise InvalidPayload(Part.BODY, PayloadFlaw.OBJECT)
    if _deeper(found, DEPTH_MAX):
        raise InvalidPayload(Part.BODY, PayloadFlaw.DEPTH.of(most=DEPTH_MAX))
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        shown = ascii(twice[:KEY_CHARACTERS_SHOWN])
        raise InvalidPayload(Part.BODY, PayloadFlaw.TWICE.of(name=shown))
    return found


def _no_constant(name: str) -> NoReturn:
    raise InvalidPayload(Part.BODY, PayloadFlaw.CONSTANT.of(name=name))


def _deeper(value: Any, levels: int) -> bool:
    level = [value]
    for _ in range(levels):
        parents = [each for each in level if isinstance(each, dict | list)]
        level = [
            child
            for each in parents
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def _storable(text: str) -> str:
    return UNSTORABLE.sub("\ufffd", text)

"""Values of expressions and how they become text, numbers and truth, as JavaScript has it.

A value is UNDEFINED, None, a bool, a number, a text, a list or a mapping of texts to values.
Where JavaScript only surprises (a list equal to a text), two values are just different.
"""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal

from engine.language.syntax import UNDEFINED

Scalar = str | float  # a float: truth and whole numbers too

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,3})?")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,250}")
_FIXED_FROM, _FIXED_BELOW = 1e-6, 1e21  # beyond these JavaScript writes an exponent too


def text(value: object) -> str:
    """Return *value* as text: lists joined by commas, mappings as JSON, no value as ''."""
    if value is None or value is UNDEFINED:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, list | tuple):
        return ",".join(map(text, value))
    return json_text(value)


def number_text(value: float) -> str:
    """Return a number as JavaScript writes it: 1 for 1.0, 1e-7, Infinity."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    if value.is_integer() and abs(value) < _FIXED_BELOW:
        return str(int(value))
    written = repr(value)
    if "e" in written and _FIXED_FROM <= abs(value) < _FIXED_BELOW:
        return f"{Decimal(written):f}"
    return written.replace("e-0", "e-")


def json_text(value: object) -> str:
    """Return *value* as JSON without blanks; what JSON has no word for is null."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items() if each is not UNDEFINED}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is UNDEFINED or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < _FIXED_BELOW:
        return int(value)
    return value


def truth(value: object) -> bool:
    """Tell whether *value* counts as true; an empty list or mapping does."""
    if isinstance(value, float) and math.isnan(value):
        return False
    return isinstance(value, Mapping | list | tuple) or (value is not UNDEFINED and bool(value))


def number(value: object) -> float:
    """Return *value* as a number, NaN where it is none."""
    if isinstance(value, int | float):
        return _floated(value)
    if not isinstance(value, str | None):
        return math.nan
    written = (value or "").strip()
    if not written:
        return 0.0
    return _read_number(written)


def _floated(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _read_number(written: str) -> float:
    if _HEXADECIMAL.fullmatch(written):
        return float(int(written, 16))
    if written in {"Infinity", "+Infinity", "-Infinity"}:
        return float(written)
    return float(written) if _NUMBER.fullmatch(written) else math.nan


def same(left: object, right: object) -> bool:
    """Compare as `===`: values of different types differ."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return number(left) == number(right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return left is right


def equal(left: object, right: object) -> bool:
    """Compare as `==`: null is undefined, texts and truth are read as numbers beside a number."""
    nothing = (None, UNDEFINED)
    if left in nothing or right in nothing:
        return left in nothing and right in nothing
    if type(left) is type(right) or not (_simple(left) and _simple(right)):
        return same(left, right)
    return number(left) == number(right)


def less(left: object, right: object, *, or_equal: bool) -> bool:
    """Compare as `<` or `<=`: two texts by their characters, everything else as numbers."""
    if isinstance(left, str) and isinstance(right, str):
        return left <= right if or_equal else left < right
    low, high = number(left), number(right)
    return low <= high if or_equal else low < high


def member(owner: object, key: object) -> object:
    """Return what *owner* has under *key*, UNDEFINED where it has nothing."""
    if isinstance(owner, Mapping):
        return owner.get(text(key), UNDEFINED)
    if isinstance(owner, str | list | tuple):
        if key == "length":
            return len(owner)
        place = number(key) if isinstance(key, str | int | float) else math.nan
        if place.is_integer() and 0 <= place < len(owner):
            return owner[int(place)]
    return UNDEFINED


def _simple(value: object) -> bool:
    return isinstance(value, bool | int | float | str)

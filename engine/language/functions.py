"""The functions and methods of the language, over plain values."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.language.syntax import UNDEFINED
from engine.language.values import json_text, number, same, text
from engine.refusal import Refusal

TEXT_CHARACTERS_MAX = 128 * 1024  # the kernel takes no longer argument or variable
JSON_DEPTH_MAX = 32
LIST_ENTRIES_MAX = 10_000

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([0-9]{1,3})\}|[{}]")


@dataclass(eq=False)
class Inapplicable(Refusal):
    """{reason}"""  # noqa: D400 - the reason is a sentence's end

    reason: str


def _contains(whole: object, part: object) -> bool:
    if isinstance(whole, str):
        return text(part) in whole
    if isinstance(whole, Mapping):
        whole = [*whole.values()]
    return isinstance(whole, list | tuple) and any(same(each, part) for each in whole)


def _from_json(written: object) -> object:
    try:
        value = json.loads(text(written), parse_int=float, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise Inapplicable("the text is not JSON") from fault
    _check_shape(value)
    return value


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _check_shape(value: object) -> None:
    waiting = [(value, 1)]
    entries = 0
    while waiting:
        each, depth = waiting.pop()
        entries += 1
        if depth > JSON_DEPTH_MAX or entries > LIST_ENTRIES_MAX:
            raise Inapplicable("the JSON is too deep or has too many values")
        if isinstance(each, dict):
            waiting += ((child, depth + 1) for child in each.values())
        elif isinstance(each, list):
            waiting += ((child, depth + 1) for child in each)


def _join(whole: object, separator: object = ",") -> str:
    if not isinstance(whole, list | tuple):
        return text(whole)
    between, texts = text(separator), [*map(text, whole)]
    _check_size(len(between) * len(texts) + sum(map(len, texts)))
    return between.join(texts)


def _format(pattern: object, *arguments: object) -> str:
    size = 0

    def filled(found: re.Match[str]) -> str:
        nonlocal size
        if found[0] in {"{{", "}}"}:
            return found[0][0]
        if found[1] is None:
            raise Inapplicable(f"a single '{found[0]}' is written '{found[0] * 2}'")
        if int(found[1]) >= len(arguments):
            raise Inapplicable(f"there is nothing for {found[0]}")
        value = text(arguments[int(found[1])])
        size += len(value)
        _check_size(size)
        return value

    return _PLACEHOLDER.sub(filled, text(pattern))


def _check_size(characters: int) -> None:
    if characters > TEXT_CHARACTERS_MAX:
        raise Inapplicable(f"the text is longer than {TEXT_CHARACTERS_MAX} characters")


def _includes(owner: object, part: object) -> bool:
    if isinstance(owner, Mapping):
        raise Inapplicable("it is a method of texts and lists")
    return _contains(owner if isinstance(owner, list | tuple) else _text(owner), part)


def _slice(owner: object, start: object, end: object = UNDEFINED) -> object:
    if not isinstance(owner, str | list | tuple):
        raise Inapplicable("it is a method of texts and lists")
    last = len(owner) if end is UNDEFINED else _place(end, len(owner))
    return owner[_place(start, len(owner)) : last]


def _place(value: object, size: int) -> int:
    """Return a place in something of *size*; a negative one counts from its end."""
    place = number(value)
    if math.isnan(place):
        return 0
    whole = int(max(-size, min(size, place)))
    return whole + size if whole < 0 else whole


def _replace(owner: object, old: object, new: object) -> str:
    return _text(owner).replace(text(old), text(new), 1)


def _text(owner: object) -> str:
    if not isinstance(owner, str):
        raise Inapplicable("it is a method of texts")
    return owner


FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "contains": _contains,
    "startsWith": lambda whole, part: text(whole).startswith(text(part)),
    "endsWith": lambda whole, part: text(whole).endswith(text(part)),
    "toJSON": json_text,
    "fromJSON": _from_json,
    "join": _join,
    "format": _format,
}
METHODS: Mapping[str, Callable[..., object]] = {
    "toUpperCase": lambda owner: _text(owner).upper(),
    "toLowerCase": lambda owner: _text(owner).lower(),
    "trim": lambda owner: _text(owner).strip(),
    "includes": _includes,
    "startsWith": lambda owner, part: _text(owner).startswith(text(part)),
    "endsWith": lambda owner, part: _text(owner).endswith(text(part)),
    "slice": _slice,
    "replace": _replace,
}

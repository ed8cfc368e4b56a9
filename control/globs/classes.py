"""Classes of characters: `[a-c]`, `[^0-9]`, `[[:alpha:]]`."""

import re
from dataclasses import dataclass

from control.globs.parts import Either, Literal, OneOf, Part

_Ranges = tuple[tuple[str, str], ...]

_LETTERS: _Ranges = (("A", "Z"), ("a", "z"))
_DIGITS: _Ranges = (("0", "9"),)
NAMED: dict[str, _Ranges] = {
    "alnum": _LETTERS + _DIGITS,
    "alpha": _LETTERS,
    "ascii": (("\x00", "\x7f"),),
    "blank": ((" ", " "), ("\t", "\t")),
    "cntrl": (("\x00", "\x1f"), ("\x7f", "\x7f")),
    "digit": _DIGITS,
    "graph": (("\x21", "\x7e"),),
    "lower": (("a", "z"),),
    "print": (("\x20", "\x7e"),),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")),
    "space": ((" ", " "), ("\t", "\r")),
    "upper": (("A", "Z"),),
    "word": (*_LETTERS, *_DIGITS, ("_", "_")),
    "xdigit": (("A", "F"), ("a", "f"), ("0", "9")),
}
_SPECIAL = re.compile(r"[-*+?.^${}(|)\[\]]")


@dataclass(eq=False)
class InvalidClass(Exception):
    """The class is not closed, or holds what is none."""

    open: bool


def read_class(text: str, at: int) -> tuple[Part, int]:
    """Return the class behind the `[` in front of *at*, and the place behind its `]`.

    One of plain characters also stands for its own text: `fix/[bug]` is a branch to some.
    """
    begin = at
    negated = text.startswith("^", at)
    at += negated
    items: list[str | _Ranges] = []
    while not text.startswith("]", at) or not items:
        if at >= len(text):
            raise InvalidClass(open=True)
        item, at = _item(text, at)
        items.append(item)
    part = OneOf(_ranges(items), negated)
    inside = text[begin:at]
    if _SPECIAL.search(inside) or "\\" in inside:
        return part, at + 1
    return Either((Literal(f"[{inside}]"), part)), at + 1


def _item(text: str, at: int) -> tuple[str | _Ranges, int]:
    """Read a character, a `-` that makes a range (as an empty text), or a named class."""
    if text.startswith("[:", at):
        found = re.compile(r"\[:(\w*):\]").match(text, at)
        if found is None or found[1] not in NAMED:
            raise InvalidClass(open="]" not in text[at:])
        return NAMED[found[1]], found.end()
    if text[at] == "\\":
        following = text[at + 1 : at + 2]
        if not following or (following.isascii() and following.isalnum()):
            raise InvalidClass(open=not following)
        return following, at + 2
    if text[at] == "-" and not text.startswith("-]", at):
        return "", at + 1
    return text[at], at + 1


def _ranges(items: list[str | _Ranges]) -> _Ranges:
    """Join the characters on both sides of a `-`."""
    found: list[tuple[str, str]] = []
    index = 0
    while index < len(items):
        item = items[index]
        if isinstance(item, tuple):
            found += item
            index += 1
            continue
        last = items[index + 2] if items[index + 1 : index + 2] == [""] else item
        if not isinstance(last, str) or item == "" or last == "":
            found += [(each or "-", each or "-") for each in (item,)]
            index += 1
            continue
        if last < item:
            raise InvalidClass(open=False)
        found.append((item, last))
        index += 3 if items[index + 1 : index + 2] == [""] else 1
    return tuple(found)

"""What `{1..12}` and `{a..f}` stand for."""

import re

RANGE_MAX = 1000

_NUMBERS = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})(?:\.\.(-?\d{1,9}))?", re.ASCII)
_LETTERS = re.compile(r"([A-Za-z])\.\.([A-Za-z])(?:\.\.(-?\d{1,9}))?", re.ASCII)


def words_of_range(text: str) -> frozenset[str] | None:
    """Return the words between the braces of a range; None when it is none, or too long."""
    numbers, letters = _NUMBERS.fullmatch(text), _LETTERS.fullmatch(text)
    found = numbers or letters
    if found is None:
        return None
    first, last = (int(found[1]), int(found[2])) if numbers else (ord(found[1]), ord(found[2]))
    step = max(abs(int(found[3] or 1)), 1)
    values = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    if len(values) > RANGE_MAX:
        return None
    if letters:
        return frozenset(map(chr, values))
    padded = any(re.match(r"-?0\d", found[group]) for group in (1, 2))
    width = max(len(found[1]), len(found[2])) if padded else 0
    return frozenset(f"{value:0{width}d}" for value in values)

"""Whether two servers give the same answer: field by field, whatever each writes of a moment."""

from datetime import datetime
from typing import Any

MOMENT = "Time"
CURSOR = "endCursor"  # each server's own; only whether there is one


class Disagreement(Exception):
    """Two answers differ; the text says where first."""


def require(expected: Any, found: Any, path: str = "data") -> None:
    """Raise Disagreement at the first field that differs."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if expected.keys() != found.keys():
            raise Disagreement(f"{path} has {sorted(found)} instead of {sorted(expected)}")
        for name, value in expected.items():
            require(_meant(name, value), _meant(name, found[name]), f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            raise Disagreement(f"{path} has {len(found)} entries instead of {len(expected)}")
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            require(one, other, f"{path}[{number}]")
    elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
        raise Disagreement(f"{path} is {found!r:.200} instead of {expected!r:.200}")


def _meant(name: str, value: Any) -> Any:
    if name == CURSOR:
        return bool(value)
    if name.endswith(MOMENT) and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value

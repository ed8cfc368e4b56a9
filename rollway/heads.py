"""Heads of audit chains as text: a line a chain, printed by one run and expected by a later one."""

from collections.abc import Mapping
from pathlib import Path

from db.audit import Head, Verdict
from rollway.refused import Refused

FINE = "ok"
BROKEN = "BROKEN"
EMPTY = "-"


class Unreadable(Refused):
    """What should hold the heads of an earlier run does not; the text says why."""


def line(verdict: Verdict) -> str:
    """Return a verdict as a line: ok or BROKEN, chain, entries, hash of the last, what is wrong."""
    state = BROKEN if verdict.fault else FINE
    words = [state, verdict.chain, str(verdict.entries), verdict.head or EMPTY, verdict.fault or ""]
    return " ".join(words).rstrip()


def read(path: Path) -> Mapping[str, Head]:
    """Return the heads in a file of such lines; Unreadable when it has others."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise Unreadable(f"{path} cannot be read: {fault}") from fault
    if not lines:
        raise Unreadable(f"{path} is empty, so nothing would be compared")
    found = {}
    for number, text in enumerate(lines, 1):
        match text.split():
            case [state, chain, seq, head, *_] if state in (FINE, BROKEN) and seq.isdecimal():
                found[chain] = Head(int(seq), "" if head == EMPTY else head)
            case _:
                raise Unreadable(f"{path}, line {number}: not of `rollway audit verify`")
    return found

"""`if:` of a step: written text goes in, whether the step runs comes out."""

import re

from engine.expressions import Scope, Warn, substitute
from engine.language.syntax import STATUS_WORDS, calls, expressions

_BARE = re.compile(rf"({'|'.join(sorted(STATUS_WORDS))})\(\)")


def condition(written: str | bool, scope: Scope, warn: Warn) -> bool:  # noqa: FBT001 - a value of the file
    """Tell whether a step with the `if:` *written* runs: only if its text is exactly `true`.

    The status words are functions of *scope*. Raises InvalidExpression, TextTooLong.
    """
    if isinstance(written, bool):
        return written
    if _BARE.fullmatch(written):
        written = f"${{{{ {written} }}}}"
    return substitute(written, scope, warn) == "true"


def names_status_word(written: str | bool) -> bool:  # noqa: FBT001 - a value of the file
    """Tell whether *written* asks how the steps before ended, or whether the task was cancelled."""
    if isinstance(written, bool):
        return False
    return bool(_BARE.fullmatch(written)) or any(
        each.node is not None and not STATUS_WORDS.isdisjoint(calls(each.node))
        for each in expressions(written)
    )


def doubt(written: str) -> str | None:
    """Say why *written* may never be true, None where nothing speaks for it."""
    if written in {"true", "false"} or _BARE.fullmatch(written):
        return None
    found = list(expressions(written))
    if not found:
        return f"this 'if' is never true; wrap it: if: ${{{{ {written.strip()} }}}}"
    if len(found) == 1 and (found[0].start, found[0].end) == (0, len(written)):
        return None
    return "this 'if' is true only if the whole text becomes 'true'; put all of it in one ${{ }}"

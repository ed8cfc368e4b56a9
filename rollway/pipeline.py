"""The command `rollway pipeline`: what is wrong with a file is said before it is pushed."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.language.document import DOCUMENT_BYTES_MAX, Issue
from engine.language.pipeline_schema import pipeline_schema
from engine.language.verdict import Verdict, examine
from rollway.refused import Refused


class Unreadable(Refused):
    """The file cannot be read; the text says why."""


def check(file: str, *, as_json: bool) -> tuple[str, bool]:
    """Check *file*, `-` is standard input; return what to print and whether it can be run.

    Raises Unreadable.
    """
    verdict = examine(_read(file))
    if as_json:
        return json.dumps(_document(file, verdict), ensure_ascii=False, indent=2), verdict.valid
    return "\n".join(_lines(file, verdict)), verdict.valid


def schema_text() -> str:
    """Return the JSON Schema of pipeline files as it is committed."""
    return json.dumps(pipeline_schema(), indent=2)


def _read(file: str) -> str:
    try:
        if file == "-":
            content = sys.stdin.buffer.read(DOCUMENT_BYTES_MAX + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(DOCUMENT_BYTES_MAX + 1)
        if len(content) > DOCUMENT_BYTES_MAX:
            raise Unreadable(f"{file} is larger than {DOCUMENT_BYTES_MAX} bytes")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{file} is not UTF-8 text") from error
    except (OSError, ValueError) as error:
        raise Unreadable(f"{file} cannot be read: {error}") from error


def _lines(file: str, verdict: Verdict) -> Iterator[str]:
    for mark, said in (("", verdict.issues), ("warning: ", verdict.warnings)):
        for each in said:
            yield f"{file}:{each.line}:{each.column}: {mark}{each.message}"
    if verdict.valid:
        count = len(verdict.steps)
        yield f"{file}: {count} step{'s' * (count != 1)}, can be run"


def _document(file: str, verdict: Verdict) -> dict[str, object]:
    return {
        "file": file,
        "valid": verdict.valid,
        "errors": [_issue(each) for each in verdict.issues],
        "warnings": [_issue(each) for each in verdict.warnings],
        "steps": [step.name for step in verdict.steps],
    }


def _issue(issue: Issue) -> dict[str, object]:
    return {"line": issue.line, "column": issue.column, "message": issue.message}

"""Log lines: as text for people, or as JSON for programs; both say which request and task."""

import logging
import re
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from control.working.worker import task_id
from rollway.observing.requests import request_id

TEXT = "text"
JSON = "json"
FORMATS = (TEXT, JSON)
LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s%(about)s"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
TASK = re.compile(r"t_[0-9a-f]{32}")
NAMES = {"levelname": "level", "name": "logger", "exc_info": "traceback"}


class About(logging.Filter):
    """Adds to each record which request or task it is about."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        known = {"request": request_id.get(), "task": task_id.get()}
        said = ", ".join(f"{name} {value}" for name, value in known.items() if value)
        if known["task"] is None:  # the message may name one
            known["task"] = _named(record.args)
        vars(record).update(known, about=f" [{said}]" if said else "")
        return True


def _named(arguments: object) -> str | None:
    texts = (
        (each for each in arguments if isinstance(each, str))
        if isinstance(arguments, tuple)
        else ()
    )
    return next(filter(TASK.fullmatch, texts), None)


class Lines(logging.Formatter):
    """A line for each record, and lines further in for a traceback.

    So what a stranger wrote, which may stand in both, is taken for no record of its own.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line."""
        return _escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Return the traceback."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {_escaped(each)}" for each in lines)


def set_up(level: str, form: str) -> None:
    """Have the process log to stderr from *level* on, as TEXT or JSON."""
    handler = logging.StreamHandler()
    handler.addFilter(About())
    handler.setFormatter(Lines(LINE) if form == TEXT else _json())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)  # tracebacks while none is to be had
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # else a line for each request


def _escaped(text: str) -> str:
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _json() -> logging.Formatter:
    return JsonFormatter(
        ["levelname", "name", "message", "request", "task"],
        rename_fields=NAMES,
        timestamp="time",
        reserved_attrs=[*RESERVED_ATTRS, "about"],
        json_ensure_ascii=False,
    )

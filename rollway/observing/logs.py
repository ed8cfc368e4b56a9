"""Log lines: as text for people, or as JSON for programs; both say which request and task."""

import logging

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from control.worker import task_id
from rollway.observing.ids import request_id

TEXT = "text"
JSON = "json"
FORMATS = (TEXT, JSON)
LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s%(about)s"
NAMES = {"levelname": "level", "name": "logger", "exc_info": "traceback"}


class About(logging.Filter):
    """Adds to each record which request or task it is about."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        known = {"request": request_id.get(), "task": task_id.get()}
        said = ", ".join(f"{name} {value}" for name, value in known.items() if value)
        vars(record).update(known, about=f" [{said}]" if said else "")
        return True


def set_up(level: str, form: str) -> None:
    """Have the process log to stderr from *level* on, as TEXT or JSON."""
    handler = logging.StreamHandler()
    handler.addFilter(About())
    handler.setFormatter(logging.Formatter(LINE) if form == TEXT else _json())
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _json() -> logging.Formatter:
    return JsonFormatter(
        ["levelname", "name", "message", "request", "task"],
        rename_fields=NAMES,
        timestamp="time",
        reserved_attrs=[*RESERVED_ATTRS, "about"],
        json_ensure_ascii=False,
    )

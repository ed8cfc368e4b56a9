"""The commands: a module for each, with a function `run`, loaded by whoever gives it."""

import argparse
import logging
import sys
from importlib import import_module

from rollway.observing import logs
from rollway.refused import Refused
from rollway.settings import SERVE, UP, load

CHATTY = ("tortoise", "uvicorn.error")  # every connection, opened and closed
QUOTING = (  # passwords, tokens
    "tortoise.db_client",
    "aiosqlite",
    "websockets",
    "uvicorn.error",
    "httpx2",
    "httpcore2",
)


def run(parsed: argparse.Namespace) -> int:
    """Run the command that was given; return its exit code."""
    given = {
        name: str(value)
        for name, value in vars(parsed).items()
        if name.startswith("ROLLWAY_") and value is not None
    }
    try:
        settings = load(UP if parsed.command == UP else SERVE, given)
        logs.set_up(settings.log_level, settings.log_format)
        for quoting in QUOTING:
            logging.getLogger(quoting).setLevel(max(logging.INFO, logging.root.level))
        if settings.log_level != "debug":
            for chatty in CHATTY:
                logging.getLogger(chatty).setLevel(logging.WARNING)
        code: int = import_module(module_of(parsed.command)).run(parsed, settings)
    except Refused as refusal:
        print(f"rollway: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def module_of(command: str) -> str:
    """Return the name of the module with a command's `run`."""
    return f"{__name__}.{command.replace('-', '_')}"

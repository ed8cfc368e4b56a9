"""`rollway worker`: works by the database, or elsewhere by a server's address; invites workers."""

import argparse
from importlib import import_module

from rollway.refused import Refused
from rollway.settings import Settings


def run(parsed: argparse.Namespace, settings: Settings) -> int:
    """Do what the arguments say with what that needs; return the exit code."""
    code: int
    if parsed.action:
        code = import_module("rollway.working.operating").run(parsed, settings)
        return code
    if not settings.worker_slots:
        raise Refused("ROLLWAY_WORKER_SLOTS is 0: this worker would do nothing")
    way = "elsewhere" if settings.worker_urls else "beside"
    code = import_module(f"rollway.working.{way}").run(settings)
    return code

"""`rollway move`: copies all from SQLite to PostgreSQL."""

import argparse

from rollway.moving import move
from rollway.settings import Settings
from rollway.terminal import progress, say


def run(parsed: argparse.Namespace, settings: Settings) -> int:
    """Copy, and show how far it is."""
    move(settings, parsed.to, say, progress)
    return 0

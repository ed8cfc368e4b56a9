"""`rollway key`: shows, rotates or retires the master keys that seal secrets."""

import argparse

from rollway.keys import Keys
from rollway.settings import Settings
from rollway.starting import reaching, require_head
from rollway.terminal import progress, say


def run(parsed: argparse.Namespace, settings: Settings) -> int:
    """Run beside a server: what it changes is locked row by row, and the file replaced whole."""
    require_head(settings)
    keys = Keys(settings, say, progress)
    with reaching(settings):
        return {"status": keys.status, "rotate": keys.rotate, "retire": keys.retire}[
            parsed.action
        ]()

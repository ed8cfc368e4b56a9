"""`rollway migrate`: brings the database to this version."""

import argparse
import asyncio
from pathlib import Path

from rollway import migrations
from rollway.settings import Settings
from rollway.starting import make_folder, reaching


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Migrate, and say what was applied."""
    make_folder(settings)
    applied = to_head(settings)
    print("\n".join(applied) or "The database is up to date.")
    return 0


def to_head(settings: Settings) -> list[str]:
    """Bring the database to this version; return what was applied."""
    with reaching(settings):
        if settings.embedded:  # its journal gets the same mode
            file = Path(settings.database.partition("://")[2].partition("?")[0])
            file.touch(mode=0o600)
            file.chmod(0o600)
        return asyncio.run(migrations.upgrade(settings.database))

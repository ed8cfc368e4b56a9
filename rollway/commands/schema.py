"""`rollway schema`: prints the schema, or who uses what is deprecated."""

import argparse
import asyncio

from rollway import uses
from rollway.settings import Settings
from rollway.starting import require_head
from schema import schema


def run(parsed: argparse.Namespace, settings: Settings) -> int:
    """Print it."""
    if parsed.what is None:
        print(schema.as_str())
        return 0
    require_head(settings)
    print("\n".join(asyncio.run(uses.report(settings.database))))
    return 0

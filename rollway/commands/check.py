"""`rollway check`: says what is configured, what is missing, how steps are isolated."""

import argparse
import asyncio

from rollway import check
from rollway.settings import Settings


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Print the findings; 1 where one is not fine."""
    findings = asyncio.run(check.findings(settings))
    print("\n".join(str(finding) for finding in findings))
    return 0 if all(finding.fine for finding in findings) else 1

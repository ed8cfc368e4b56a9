"""`rollway audit`: verifies the audit log, or lists what the operator did to the server."""

import argparse
import asyncio
import sys

from db import audit, connect
from rollway import acts, heads
from rollway.settings import Settings
from rollway.starting import require_head


def run(parsed: argparse.Namespace, settings: Settings) -> int:
    """Print chain by chain, or act by act; 1 where a chain is broken."""
    if parsed.action == "list":
        return _list_acts(settings)
    kept = heads.read(parsed.expect) if parsed.expect else {}

    async def verify() -> list[audit.Verdict]:
        async with connect(settings.database):
            verdicts = []
            async for verdict in audit.verify(kept):
                print(heads.line(verdict), flush=True)
                verdicts.append(verdict)
            return verdicts

    require_head(settings)
    verdicts = asyncio.run(verify())
    broken = sum(verdict.fault is not None for verdict in verdicts)
    entries = sum(verdict.entries for verdict in verdicts)
    print(f"{len(verdicts)} chains, {entries} entries: {broken} broken", file=sys.stderr)
    return 1 if broken else 0


def _list_acts(settings: Settings) -> int:
    async def told() -> None:
        async for line in acts.lines(settings.database):
            print(line, flush=True)

    require_head(settings)
    asyncio.run(told())
    return 0

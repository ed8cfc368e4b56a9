"""What operators do with workers elsewhere, beside a server."""

import argparse
import asyncio

from db import connect
from resolvers.validation import InvalidInput
from rollway.refused import Refused
from rollway.settings import Settings
from rollway.starting import require_head
from rollway.working import roster


def run(parsed: argparse.Namespace, settings: Settings) -> int:
    """Do it, and print what came of it; return the exit code."""
    require_head(settings)

    async def connected() -> str:
        async with connect(settings.database):
            return await _work(parsed)

    try:
        print(asyncio.run(connected()))
    except InvalidInput as invalid:
        broken = [f"the {issue.path[0]} {issue.english}" for issue in invalid.issues]
        raise Refused("; ".join(broken)) from invalid
    return 0


async def _work(parsed: argparse.Namespace) -> str:
    match parsed.action:
        case "invite":
            labels = [each.strip() for each in parsed.labels.split(",") if each.strip()]
            return await roster.invite(parsed.name, labels, parsed.file)
        case "remove":
            return await roster.remove(parsed.id)
    return await roster.listed()

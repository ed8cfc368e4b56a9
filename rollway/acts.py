"""What the operator did to the server, as text: a line an entry of its audit chain."""

import json
from collections.abc import AsyncIterator

from db import audit, connect
from db.audit import SERVER_CHAIN


async def lines(database: str) -> AsyncIterator[str]:
    """Yield time, command, act, what it was done to, and what that was or is now."""
    async with connect(database):
        async for entry in audit.entries(SERVER_CHAIN):
            shown = json.dumps(entry.after or entry.before or {}, ensure_ascii=False)
            time = entry.time.isoformat(timespec="seconds")
            yield f"{time}\t{entry.via}\t{entry.action}\t{entry.target}\t{shown}"

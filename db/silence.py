"""Sessions of PostgreSQL whose process is not heard of in the middle of a statement.

Between the messages of one statement PostgreSQL waits for the next for ever: for it the session is
not idle, and `idle_in_transaction_session_timeout` does not count. A machine that was cut off just
then, or a process that stands still, keeps its rows locked, and perhaps the sweepers' lock.
"""

import logging
from time import monotonic
from typing import Any

log = logging.getLogger("rollway.database")

LOOK_SECONDS = 1.0
SILENT_SECONDS = 3
# COPY waits for what is copied, which may take its time.
END = f"""
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
  AND backend_type = 'client backend' AND state = 'active' AND wait_event = 'ClientRead'
  AND query !~* '^\\s*copy\\M'
  AND state_change < clock_timestamp() - interval '{SILENT_SECONDS} seconds'
"""  # noqa: S608 (of our own texts)


class Silence:
    """Ends such sessions after *SILENT_SECONDS*; whoever's they are is told by an error."""

    def __init__(self) -> None:
        self._next = 0.0

    async def end(self, connection: Any) -> None:
        """Look, by a connection of asyncpg's, if the last look was long enough ago."""
        if monotonic() < self._next:
            return
        for row in await connection.fetch(END):
            log.warning("session %d was silent in a statement, and is ended", row["pid"])
        self._next = monotonic() + LOOK_SECONDS

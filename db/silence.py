"""Sessions of PostgreSQL whose process is not heard of in the middle of a statement.

Between the messages of one statement PostgreSQL waits for the next for ever: for it the session is
not idle, and `idle_in_transaction_session_timeout` does not count. A machine that was cut off just
then, or a process that stands still, keeps its rows locked, and perhaps the sweepers' lock.
"""

import logging
from time import monotonic
from typing import Any

import asyncpg

log = logging.getLogger("rollway.database")

LOOK_SECONDS = 0.5
SILENT_SECONDS = 2.0
# What is sent to a client that does not take it is in nobody's way unless something was written.
# COPY waits for what is copied, which may take its time. A session that goes on has another time.
SILENT = r"""
FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
  AND backend_type = 'client backend' AND state = 'active'
  AND (wait_event = 'ClientRead' OR wait_event = 'ClientWrite' AND backend_xid IS NOT NULL)
  AND query !~* '\mcopy\M.*\mstdin\M'
"""
LOOK = f"SELECT pid, state_change {SILENT}"
END = f"""
SELECT pg_terminate_backend(pid) {SILENT} AND pid = $1 AND state_change = $2
"""


class Silence:
    """Ends such sessions after *SILENT_SECONDS*; whoever's they are is told by an error.

    Only what is found again, at each look, counts as silent: a statement that begins may have
    waited long for a lock, and is heard of in a moment.
    """

    def __init__(self) -> None:
        self._next = 0.0
        self._since: dict[tuple[int, object], float] = {}
        self._refused = False

    async def end(self, connection: Any) -> None:
        """Look, by a connection of asyncpg's, if the last look was long enough ago."""
        now = monotonic()
        if now < self._next:
            return
        self._next = now + LOOK_SECONDS
        found = [tuple(row) for row in await connection.fetch(LOOK)]
        self._since = {each: self._since.get(each, now) for each in found}
        for session, since in self._since.items():
            if now - since >= SILENT_SECONDS:
                await self._end(session, connection)

    async def _end(self, session: tuple[int, object], connection: Any) -> None:
        try:
            ended = await connection.fetchval(END, *session)
        except asyncpg.exceptions.PostgresError as fault:
            if connection.is_closed():
                raise
            if not self._refused:
                log.warning("sessions that are silent in a statement cannot be ended: %s", fault)
            self._refused = True
        else:
            if ended:
                log.warning("session %d was silent in a statement, and is ended", session[0])

"""Callers seen lately: who sends a token again is the same as before, if it is still good.

That is for the statement to look at which answers them (`GOOD`): so a session that ended, or an API
token that was revoked, is refused from then on, and who asks is not asked for first.
"""

from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from auth.sessions import USED_SECONDS, hash_token
from auth.viewer import Viewer

CALLERS_MAX = 1000
USED = timedelta(seconds=USED_SECONDS)

# Of a session or an API token that need not be marked as used; the names stand for parameters. How
# far a token reaches never changes.
GOOD = (
    '(EXISTS (SELECT 1 FROM "session" s WHERE s.token_hash = {hash} AND s.user_id = {user}'
    " AND s.expires_time > {now} AND s.last_used_time >= {used})"
    ' OR EXISTS (SELECT 1 FROM "api_token" t WHERE t.token_hash = {hash} AND t.user_id = {user}'
    " AND (t.expires_time IS NULL OR t.expires_time > {now}) AND t.last_used_time >= {used}))"
)


class Unproven(Exception):
    """The caller may not be who they were: they must be looked up."""


class Proof(NamedTuple):
    """What shows that a caller is still who they were at a time, *now*.

    *used* is since when their last use need not be known.
    """

    token_hash: str
    now: datetime
    used: datetime


class Remembered:
    """Who showed which token, of a session or an API token; those not seen longest go."""

    def __init__(self) -> None:
        self._viewers: OrderedDict[str, Viewer] = OrderedDict()

    def find(self, token: str) -> tuple[Viewer, Proof] | None:
        """Return who showed *token* before, and what proves it; None where that is not known."""
        token_hash = hash_token(token)
        viewer = self._viewers.get(token_hash)
        if viewer is None:
            return None
        self._viewers.move_to_end(token_hash)
        now = datetime.now(UTC)
        return viewer, Proof(token_hash, now, now - USED)

    def keep(self, viewer: Viewer | None) -> None:
        """Remember a caller, if there is one."""
        shown = (viewer.token or viewer.session) if viewer else None
        if viewer is None or shown is None:
            return
        self._viewers[shown.token_hash] = viewer
        if len(self._viewers) > CALLERS_MAX:
            self._viewers.popitem(last=False)

    def forget(self, proof: Proof) -> None:
        """Let the database be asked next time."""
        self._viewers.pop(proof.token_hash, None)

"""Whose rights have changed: rung by whoever changes them, heard by whatever goes on for long."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from control.pubsub import PubSub, user_topic


class Rights:
    """Tells open streams and sockets to look again whether their user still may.

    *poll_seconds*: how often they look though nobody rang: a ring of another process got lost.
    """

    def __init__(self, pubsub: PubSub, poll_seconds: float) -> None:
        self._pubsub = pubsub
        self._poll_seconds = poll_seconds

    def changed(self, *user_ids: str) -> None:
        """Say, once it is stored, that these users may have lost a right, or got one."""
        self._pubsub.ring(*(user_topic(user_id) for user_id in user_ids))

    async def looks(
        self, user_id: str, until: datetime | None = None
    ) -> AsyncGenerator[None, None]:
        """Yield whenever it is time to look; close it, it listens for as long as it is open.

        The first time is at once: a right may have gone since it was asked for. One time is
        *until*, when the caller's session or token expires.
        """
        with self._pubsub.listen(user_topic(user_id)) as bell:
            while True:
                yield
                await bell.wait(self._seconds(until))

    def _seconds(self, until: datetime | None) -> float:
        """Return how long to wait for a ring."""
        left = (until - datetime.now(UTC)).total_seconds() if until else 0.0
        return min(left, self._poll_seconds) if left > 0 else self._poll_seconds

"""Bells between processes: PostgreSQL carries the topics, and nothing else."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

from control.pubsub import MemoryPubSub
from db.postgres import open_connection
from db.silence import LOOK_SECONDS, Silence

log = logging.getLogger("rollway.bells")

CHANNEL = "rollway_bells"
SEPARATOR = "\n"
EVERYTHING = "*"
PAYLOAD_BYTES_MAX = 7_900  # PostgreSQL takes less than 8,000
TOPICS_MAX = 10_000  # not sent yet; of more it is said that everything rang
JOIN_SECONDS = 0.02  # what rings meanwhile goes along: commits that notify queue for one lock
ANSWER_SECONDS = 5.0
BACKOFF_SECONDS = (0.1, 5.0)  # first and longest
SEND = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"


class PostgresPubSub(MemoryPubSub):
    """Bells of all processes on one database, for as long as `work` runs.

    Here they ring at once, elsewhere within about 20 ms. While the connection is away nothing is
    carried; when it is back, every bell of every process rings once.

    By the same connection sessions are ended that others may be waiting for, with all connections
    of the pool.
    """

    def __init__(self) -> None:
        super().__init__()
        self._silence = Silence()
        self._unsent: dict[str, None] = {}  # a set that keeps its order
        self._news = asyncio.Event()

    def ring(self, *topics: str) -> None:
        """Ring every bell that listens to one of *topics*, here and elsewhere."""
        super().ring(*topics)
        self._unsent.update(dict.fromkeys(topics))
        if len(self._unsent) > TOPICS_MAX:
            self._unsent = {EVERYTHING: None}
        self._news.set()

    async def work(self) -> None:
        """Carry rings until cancelled; a connection that is lost is opened again."""
        wait_seconds, longest_seconds = BACKOFF_SECONDS
        while True:
            begin = monotonic()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    connection = await open_connection()
                await self._carry(connection)
            except Exception as fault:  # noqa: BLE001 (whatever the database says)
                log.warning("the bells of other servers are not heard: %r", fault)
            if monotonic() - begin > ANSWER_SECONDS:
                wait_seconds = BACKOFF_SECONDS[0]
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(2 * wait_seconds, longest_seconds)

    async def _carry(self, connection: Any) -> None:
        """Carry rings until the connection is lost; the last ones also when this is cancelled."""
        connection.add_termination_listener(lambda _: self._news.set())
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.add_listener(CHANNEL, self._heard)
            self._unsent[EVERYTHING] = None  # rings may have been lost, in both directions
            self.ring_all()
            while not connection.is_closed():
                await self._send(connection)
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._silence.end(connection)
                await asyncio.sleep(JOIN_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._news.wait()
            raise ConnectionResetError
        finally:
            with suppress(Exception):
                await self._send(connection)
                await connection.close(timeout=ANSWER_SECONDS)
            connection.terminate()

    async def _send(self, connection: Any) -> None:
        """Send what rang, joined; even if nothing did, to see that somebody is there."""
        self._news.clear()
        topics, self._unsent = self._unsent, {}
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.execute(SEND, CHANNEL, payloads(topics))
        except BaseException:
            self._unsent = {EVERYTHING: None}
            raise

    def _heard(self, connection: Any, pid: int, _channel: str, payload: str) -> None:
        """Ring here what rang elsewhere."""
        if pid == connection.get_server_pid():
            return
        topics = payload.split(SEPARATOR)
        if EVERYTHING in topics:
            self.ring_all()
        super().ring(*topics)


def payloads(topics: Iterable[str]) -> list[str]:
    """Join *topics* into as few texts as PostgreSQL takes."""
    joined: list[str] = []
    size_bytes = PAYLOAD_BYTES_MAX
    for topic in topics:
        topic_bytes = len(topic.encode()) + len(SEPARATOR)
        if size_bytes + topic_bytes > PAYLOAD_BYTES_MAX:
            joined.append(topic)
            size_bytes = topic_bytes
        else:
            joined[-1] += SEPARATOR + topic
            size_bytes += topic_bytes
    return joined

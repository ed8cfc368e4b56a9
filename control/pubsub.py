"""Bells: they say that there is news, never what it is; whoever hears one reads the database."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

QUEUE = "queue"
STATUSES = "statuses"  # some task stands otherwise than before


def task_topic(task_id: str) -> str:
    """Return the topic that rings for every new entry of a task's journal."""
    return f"task:{task_id}"


def application_topic(application_id: str) -> str:
    """Return the topic that rings when a task of the application changes status."""
    return f"application:{application_id}"


def org_topic(name: str) -> str:
    """Return the topic that rings when a task of the team changes status."""
    return f"org:{name}"


def user_topic(user_id: str) -> str:
    """Return the topic that rings when the rights of the user have changed."""
    return f"user:{user_id}"


def worker_topic(worker: str) -> str:
    """Return the topic that rings when a worker has something to stop."""
    return f"worker:{worker}"


class Bell:
    """One listener's bell; rings while nobody waits are remembered as one."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._topics: set[str] = set()

    def ring(self, topic: str = "") -> None:
        """Wake the listener."""
        self._topics.add(topic)
        self._rung.set()

    def rung(self, topic: str) -> bool:
        """Tell whether *topic* has rung, and was not heard yet."""
        return topic in self._topics

    def heard(self) -> set[str]:
        """Return the topics that rang since this was asked last."""
        heard, self._topics = self._topics, set()
        self._rung.clear()
        return heard

    async def wait(self, seconds: float) -> set[str]:
        """Return what rang, at once or after *seconds*: a lost ring costs delay, nothing else."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            pass
        return self.heard()


class PubSub(Protocol):
    """Bells by topic."""

    def ring(self, *topics: str) -> None:
        """Ring every bell that listens to one of *topics*; a ring may get lost."""

    def listen(self, *topics: str) -> AbstractContextManager[Bell]:
        """Listen to *topics* for the duration of the block."""

    async def work(self) -> None:
        """Carry rings to and from other processes, if there are any, until cancelled."""


class MemoryPubSub:
    """Bells within one process."""

    def __init__(self) -> None:
        self._bells: defaultdict[str, set[Bell]] = defaultdict(set)

    def ring(self, *topics: str) -> None:
        """Ring every bell that listens to one of *topics*."""
        for topic in topics:
            for bell in self._bells.get(topic, ()):
                bell.ring(topic)

    def ring_all(self) -> None:
        """Ring every bell of this process."""
        MemoryPubSub.ring(self, *self._bells)

    @contextmanager
    def listen(self, *topics: str) -> Iterator[Bell]:
        """Listen to *topics* for the duration of the block."""
        bell = Bell()
        for topic in topics:
            self._bells[topic].add(bell)
        try:
            yield bell
        finally:
            for topic in topics:
                self._bells[topic].discard(bell)
                if not self._bells[topic]:
                    del self._bells[topic]

    async def work(self) -> None:
        """Carry nothing: there are no others."""
        await asyncio.Event().wait()

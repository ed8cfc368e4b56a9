"""Somebody who watches a task, is cut off now and then, and goes on where the last event was."""

import asyncio

import httpx2
from websockets.exceptions import WebSocketException

PATIENCE_SECONDS = 180.0


class Watcher:
    """Watches one task on one server after the other, by WebSocket or server-sent events."""

    def __init__(self, client, task_id, random):
        self.task_id = task_id
        self.events = []
        self.connections = 0
        self._client = client
        self._random = random

    async def watch(self):
        """Watch until the stream ends; TimeoutError if it does not."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self.events or self.events[-1]["__typename"] != "StreamEnd":
                await self._connect()

    async def _connect(self):
        """Take what comes over one connection, for a random while."""
        self.connections += 1
        url = self._random.choice(self._client.urls)
        way = self._random.choice([self._client.watch, self._client.stream])
        after = self.events[-1]["seq"] if self.events else 0
        try:
            async with asyncio.timeout(self._random.expovariate(1 / 4) + 0.5):
                async for event in way(url, self.task_id, after):
                    self.events.append(event)
        except (OSError, TimeoutError, WebSocketException, httpx2.TransportError):
            await asyncio.sleep(0.2)

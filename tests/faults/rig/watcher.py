"""Somebody who watches a task, is cut off now and then, and goes on where the last event was."""

import asyncio

import httpx2
from websockets.exceptions import WebSocketException

REST_SECONDS = 0.2


class Watcher:
    """Watches one task on one server after the other, by WebSocket or server-sent events.

    It leaves a connection after a random while, or, where it *stays*, when that is ended.
    """

    def __init__(self, client, task_id, random, *, stays=False):
        self.task_id = task_id
        self.events = []
        self.connections = 0
        self.said = ""  # by the last connection that ended before the stream did
        self._client = client
        self._random = random
        self._stays = stays

    async def watch(self):
        """Watch until the stream ends, as long as that takes."""
        while not self.events or self.events[-1]["__typename"] != "StreamEnd":
            await self._connect()

    async def _connect(self):
        """Take what comes over one connection; rest where it was ended."""
        self.connections += 1
        url = self._random.choice(self._client.urls)
        way = self._random.choice([self._client.watch, self._client.stream])
        after = self.events[-1]["seq"] if self.events else 0
        seconds = None if self._stays else self._random.expovariate(1 / 4) + 0.5
        try:
            async with asyncio.timeout(seconds):
                async for event in way(url, self.task_id, after):
                    self.events.append(event)
                await asyncio.sleep(REST_SECONDS)
        except (OSError, TimeoutError, WebSocketException, httpx2.TransportError) as fault:
            self.said = repr(fault)
            await asyncio.sleep(REST_SECONDS)

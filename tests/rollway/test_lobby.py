"""Sockets that say nothing: one that ends by itself hurts nobody who comes just then."""

import asyncio
import time

from rollway.connections.seats import Waiting
from rollway.sockets import lobby
from rollway.sockets.lobby import Lobby


async def test_who_is_late_and_must_give_way_at_once_says_one_goodbye(monkeypatch):
    """Its time is over, it has not left yet, and another takes its place in the same moment."""
    monkeypatch.setattr(lobby, "INIT_SECONDS", 0.05)
    waiting, said, came = Waiting(1, 10), [], []
    begun = iter([{"type": "websocket.connect"}])

    async def receive():
        for message in begun:
            return message
        return await asyncio.Event().wait()

    async def send(message):
        said.append(message)

    scope = {
        "type": "websocket",
        "subprotocols": ["graphql-transport-ws"],
        "extensions": {},
        "client": ("192.0.2.1", 1),
    }
    silent = asyncio.create_task(
        Lobby(None, waiting, lambda _: True)(scope, receive, send)  # nobody gets further
    )
    while not waiting.count:
        await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    loop.call_later(0.05, lambda: came.append(waiting.enter("192.0.2.1", lambda: None)))
    time.sleep(0.1)  # noqa: ASYNC251 - both are due in one turn of the loop
    async with asyncio.timeout(5):
        await silent

    assert len(came) == 1
    assert [each["type"] for each in said] == ["websocket.accept", "websocket.close"]
    assert said[1]["code"] == 4408

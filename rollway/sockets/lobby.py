"""Where sockets wait for their first word: who says nothing costs no more than the greeting."""

import asyncio
from collections.abc import Callable, Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from rollway.connections.seats import Waiting
from rollway.sockets.door import INIT_SECONDS, TOO_LATE, TOO_MANY_WAIT, Goodbye

CAME = "rollway.came"


class Lobby:
    """Greets who speaks our protocol and may come in; *app* gets them with their first word.

    Others go to *app* at once, which says why not. *admits* tells by its request.
    `scope["extensions"][CAME]` says when a socket came, by the loop's clock.
    """

    def __init__(self, app: ASGIApp, waiting: Waiting, admits: Callable[[WebSocket], bool]) -> None:
        self._app = app
        self._waiting = waiting
        self._admits = admits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Greet, wait, pass on; or say goodbye."""
        socket = WebSocket(scope, receive, send)
        speaks = GRAPHQL_TRANSPORT_WS_PROTOCOL in scope["subprotocols"]
        if not speaks or not self._admits(socket):
            await self._app(scope, receive, send)
            return
        scope["extensions"][CAME] = asyncio.get_running_loop().time()
        await socket.accept(subprotocol=GRAPHQL_TRANSPORT_WS_PROTOCOL)
        first = await self._first_word(scope, receive)
        if isinstance(first, Goodbye):
            await socket.close(first.code, first.reason)
        elif first["type"] == "websocket.receive":
            await self._app(scope, _again(first, receive), _greeted(send))

    async def _first_word(self, scope: Scope, receive: Receive) -> Message | Goodbye:
        """Return what is said first, or what to say where nothing is said."""
        loop, goodbye = asyncio.get_running_loop(), TOO_LATE

        def give_way() -> None:
            nonlocal goodbye
            if not patience.expired():  # else it is about to leave
                goodbye = TOO_MANY_WAIT
                patience.reschedule(loop.time())

        try:
            async with asyncio.timeout(INIT_SECONDS) as patience:
                leave = self._waiting.enter((scope["client"] or ("",))[0], give_way)
                try:
                    return await receive()
                finally:
                    leave()
        except TimeoutError:
            return goodbye


def _again(first: Message, receive: Receive) -> Receive:
    """Return what begins anew, and goes on."""
    left: Iterator[Message] = iter(({"type": "websocket.connect"}, first))

    async def again() -> Message:
        for message in left:
            return message
        return await receive()

    return again


def _greeted(send: Send) -> Send:
    """Return what sends all but the greeting."""

    async def rest(message: Message) -> None:
        if message["type"] != "websocket.accept":
            await send(message)

    return rest

"""A graphql-transport-ws connection, from its first word to its last."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, aclosing
from importlib.metadata import version
from json import JSONDecodeError
from time import monotonic, thread_time
from typing import Any

from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.exceptions import ConnectionRejectionError

from auth import viewer as viewers
from auth.throttle import network
from auth.viewer import Viewer
from control.rights import Rights
from resolvers.context import Context
from resolvers.operations.checks import LARGE_CHARACTERS
from resolvers.refusals import TooManyOnSocket, TooManyOperations
from rollway.connections.seats import Full
from rollway.sockets import messages
from rollway.sockets.door import INIT_SECONDS, TOO_LATE, TOO_MANY_WAIT, TRY_AGAIN_LATER
from rollway.sockets.frames import EXTENSION, Outlet
from rollway.sockets.lobby import CAME
from rollway.sockets.messages import Complete, Init, Malformed, Ping, Said, Subscribe
from rollway.sockets.operation import Operation, Sockets
from schema.catalogue import error
from schema.errors import refused

CLOSE_SECONDS = 1.0  # a reader who takes no last word by then is cut off
OPERATIONS_MAX = 100
MESSAGES_AT_ONCE = 200
MESSAGES_PER_SECOND = 100
DEBT_SECONDS_MAX = 1.0  # what is refused costs little, but something
LOOK_SECONDS = 0.5

MALFORMED = 4400
UNAUTHORIZED = 4401
SIGNED_OUT = 4403  # as for a socket that is refused
ID_TAKEN = 4409
TWICE = 4429

VERSION = version("rollway")


class Socket:
    """Serves one connection; Strawberry's view makes it, once the first word is there.

    Each operation has a context of its own, so that nothing loaded for one is taken for fresh by
    the next; mutations are refused, because a socket that drops would stop one half-way; and a
    document that does not parse ends its own operation, not its neighbours.
    """

    def __init__(self, *, view: Any, websocket: Any, context: Context, **_: Any) -> None:
        self._view = view
        self._websocket = websocket
        self._context = context
        self._sockets: Sockets = view.sockets
        self._outlet: Outlet = websocket.ws.scope["extensions"][EXTENSION]
        self._operations: dict[str, Operation] = {}
        self._greeted = False
        self._acknowledged = False
        self._closing: asyncio.Task[None] | None = None
        self._held = ExitStack()
        self._introduced: Callable[[], None]
        self._checks = context.services.bounds.checks
        self._credit = float(MESSAGES_AT_ONCE)
        self._counted = monotonic()

    async def handle(self) -> None:
        """Serve until either side closes."""
        waiting, loop = self._sockets.door.waiting, asyncio.get_running_loop()
        with self._held:
            self._introduced = waiting.enter(self._context.address, self._give_way)
            self._held.callback(self._introduced)
            came = self._websocket.ws.scope["extensions"].get(CAME, loop.time())
            late = loop.call_at(came + INIT_SECONDS, self._late)
            try:
                await self._read()
            finally:
                late.cancel()
                await self._end_all()

    async def _read(self) -> None:
        try:
            while (text := await self._received()) is not None:
                await self._wait_for_turn()
                if self._closing is not None or not self._outlet.open:
                    return  # what is left of one that was cut is not worth reading
                await self._take(messages.read(self._decoded(text)))
        except Malformed as fault:
            self._close(MALFORMED, str(fault))

    async def _received(self) -> str | None:
        """Return a message; None when the socket is closed."""
        if self._websocket.ws.application_state is WebSocketState.DISCONNECTED:
            return None
        try:
            text: str = await self._websocket.ws.receive_text()
        except KeyError:
            raise Malformed("A message is text") from None
        except WebSocketDisconnect:
            return None
        return text

    def _decoded(self, text: str) -> object:
        """Return what a message is; the caller is charged for a large one."""
        began = thread_time()
        try:
            return self._view.decode_json(text)
        except JSONDecodeError:
            raise Malformed("A message is JSON") from None
        finally:
            if len(text) > LARGE_CHARACTERS:
                self._checks.owe(self._context.caller, thread_time() - began)

    async def _wait_for_turn(self) -> None:
        """Have who sends more than so many messages wait; what they send waits in their system.

        So does who sends so much that it cannot even be refused.
        """
        now = monotonic()
        credit = self._credit + (now - self._counted) * MESSAGES_PER_SECOND
        self._credit, self._counted = min(credit, MESSAGES_AT_ONCE) - 1, now
        if self._credit < 0:
            await asyncio.sleep(-self._credit / MESSAGES_PER_SECOND)
        while self._outlet.open:
            seconds = self._checks.debt_seconds(self._context.caller) - DEBT_SECONDS_MAX
            if seconds <= 0:
                break
            await asyncio.sleep(min(seconds, LOOK_SECONDS))

    async def _take(self, said: Said) -> None:
        match said:
            case Init():
                await self._greet(said)
            case Ping():
                await self._outlet.drained()
                self._outlet.send({"type": "pong"})
            case Subscribe():
                await self._outlet.drained()
                if self._closing is None:
                    self._begin(said)
                    await asyncio.sleep(0)  # what is refused at once is written by then
            case Complete():
                operation = self._operations.pop(said.id, None)
                if operation is not None:
                    operation.stop()

    async def _greet(self, said: Init) -> None:
        """Find out who it is; the socket ends with the session or token it was opened by."""
        if self._greeted:
            self._close(TWICE, "Too many initialisation requests")
            return
        self._greeted = True
        self._context.connection_params = said.payload
        try:
            async with asyncio.timeout(INIT_SECONDS):
                await self._view.on_ws_connect(self._context)
        except ConnectionRejectionError:
            self._close(SIGNED_OUT, "Forbidden")
            return
        except Exception as fault:  # noqa: BLE001 - logged there
            if not isinstance(fault, TimeoutError):  # else the database has us wait
                refused(fault, "of a socket that opens")
            self._close(TRY_AGAIN_LATER, "Try again later")
            return
        if self._closing is not None:
            return
        self._introduced()
        try:
            self._sit_down(self._context.viewer)
        except Full:
            self._close(TRY_AGAIN_LATER, "Too many connections")
            return
        hello = {"server": "rollway", "version": VERSION}
        self._outlet.send({"type": "connection_ack", "payload": hello})
        self._acknowledged = True

    def _sit_down(self, viewer: Viewer | None) -> None:
        """Take a seat; Full when there is none."""
        door = self._sockets.door
        if viewer is None:
            self._held.enter_context(door.guests.seat(network(self._context.address)))
            return
        rights = self._context.services.rights
        self._held.enter_context(door.users.seat(viewer.user.id))
        self._held.enter_context(
            self._sockets.looks.watch(
                (viewer.via,), lambda: _look(rights, viewer), self._signed_out
            )
        )

    def _give_way(self) -> None:
        self._close(*TOO_MANY_WAIT)

    def _late(self) -> None:
        if not self._greeted:
            self._close(*TOO_LATE)

    def _signed_out(self) -> None:
        self._close(SIGNED_OUT, "Signed out")

    def _begin(self, said: Subscribe) -> None:
        if not self._acknowledged:
            self._close(UNAUTHORIZED, "Unauthorized")
        elif said.id in self._operations:
            self._close(ID_TAKEN, f"Subscriber for {said.id} already exists")
        elif len(self._operations) >= OPERATIONS_MAX:
            self._refuse(said, TooManyOnSocket(OPERATIONS_MAX))
        else:
            try:
                self._run(said)
            except TooManyOperations as refused:
                self._refuse(said, refused)

    def _run(self, said: Subscribe) -> None:
        """Begin an operation, which is counted until nothing of it runs any more."""
        held = ExitStack()
        held.enter_context(self._sockets.running.seat(self._context))
        operation = Operation(
            said,
            self._outlet,
            self._sockets,
            lambda: self._forget(said.id),
            self._signed_out if self._context.viewer else None,
        )
        self._operations[said.id] = operation
        operation.begin(self._context, held.close)

    def _refuse(self, said: Subscribe, refusal: Exception) -> None:
        refused = error(refusal, self._context.language).formatted
        self._outlet.send({"id": said.id, "type": "error", "payload": [refused]})

    def _forget(self, operation_id: str) -> None:
        del self._operations[operation_id]

    def _close(self, code: int, reason: str) -> None:
        """Close; from now on nothing else is sent."""
        if self._closing is None:
            for operation in self._operations.values():
                operation.stop()
            self._closing = asyncio.create_task(self._goodbye(code, reason))

    async def _goodbye(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._outlet.drained()
                await self._websocket.close(code, reason)
        except TimeoutError:
            self._outlet.abort()
        except (WebSocketDisconnect, RuntimeError):
            pass  # the other side was faster

    async def _end_all(self) -> None:
        operations = list(self._operations.values())
        for operation in operations:
            operation.stop()
        for operation in operations:
            await operation.stopped()
        self._operations.clear()
        if self._closing is not None:
            await asyncio.wait({self._closing})


async def _look(rights: Rights, viewer: Viewer) -> None:
    """Return when the caller's session or token has gone; of all their sockets one looks."""
    async with aclosing(rights.looks(viewer.user.id, viewer.expires_time)) as looks:
        async for _ in looks:
            try:
                if not await viewers.alive(viewer):
                    return
            except Exception as fault:  # noqa: BLE001 - nothing can be read then either
                refused(fault, "of a look at a socket's session")

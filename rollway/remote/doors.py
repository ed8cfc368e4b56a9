"""Where workers elsewhere come in: `POST /worker/...`, each with a credential of its own.

A worker reaches the tasks it was given and nothing else. All that is between two requests is in
the database, so that each of several servers can take the next one.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from tortoise.exceptions import IntegrityError

from auth import machines
from auth.machines import MachineUnknown, SessionGone
from control.port import Assignment, EventsRefused, Lease, Queue, Reach, StoreAway
from control.remote.answers import Given, given_before
from control.remote.wire import (
    EVENTS_MAX,
    LEASES_MAX,
    SESSION_HEADER,
    WHOLE_MAX,
    Fields,
    Unreadable,
    read_event,
    read_leases,
    read_reports,
    write_assignment,
)
from control.streams import whole
from db.machines import WorkerMachine
from db.trouble import DatabaseAway
from db.vault import Vault
from engine.events import Event, TaskChanged
from engine.state import TaskStatus
from engine.store import Store
from rollway.body import Room, read_body
from rollway.callers import bearer
from rollway.connections.seats import Seats
from rollway.observing.health import database_fault
from rollway.remote.arrivals import Arrivals
from rollway.remote.bodies import read_object
from rollway.remote.codes import AFTER
from rollway.remote.pace import Pace
from rollway.remote.refusals import REFUSALS, NotYours, explained

SMALL_BYTES_MAX = 16 * 1024
BODY_BYTES_MAX = 64 * 1024
EVENTS_BYTES_MAX = 16 * 1024 * 1024
LARGE_BYTES_MAX = 64 * 1024 * 1024  # of all bodies at once, beyond the first 256 KiB of each
REQUESTS_EACH_MAX = 150  # of a worker at once: all its tasks have something to say
REQUESTS_MAX = 10_000
WRITES_EACH_MAX = 4  # of a team at once; each keeps the server busy for a moment
CLAIM_SECONDS_MAX = 30
LOOK_SECONDS = 1.0  # a bell of another process is not heard
SLOTS_MAX = 64
VERSION = re.compile(r"[!-~]{1,64}")  # operators have it printed
HEADERS = {"Cache-Control": "no-store"}
CLAIM, CONTROL = "claim", "control"
ENDS = frozenset({TaskStatus.SUCCESS, TaskStatus.FAILURE, TaskStatus.CANCELLED})

Answer: TypeAlias = dict[str, object]
Answering: TypeAlias = Callable[[Request], Awaitable[Answer]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a worker that has shown who it is: its body, and the *session* it acts in."""

    request: Request
    machine: WorkerMachine
    fields: Fields
    session: str


class Doors:
    """The routes for workers.

    *lease_seconds*: how long a worker may be silent before its tasks count as lost.
    """

    def __init__(self, queue: Queue, vault: Vault, store: Store, lease_seconds: float) -> None:
        self._queue = queue
        self._vault = vault
        self._lease_seconds = lease_seconds
        self._room = Room(LARGE_BYTES_MAX, LARGE_BYTES_MAX // 2)
        self._seats = Seats(REQUESTS_EACH_MAX, REQUESTS_MAX)
        self._pace = Pace(WRITES_EACH_MAX)
        self._arrivals = Arrivals(store, _working_machine)
        self._given = Given()
        self._held: dict[tuple[str, str], asyncio.Task[Any]] = {}
        self._answering: set[asyncio.Future[Answer]] = set()
        self._leaving = asyncio.Event()

    def routes(self) -> list[BaseRoute]:
        """List the routes."""
        acts: dict[str, Callable[[Call], Awaitable[Answer]]] = {
            "claim": self._claim,
            "finish": self._finish,
            "abandon": self._abandon,
            "control": self._control,
            "leave": self._leave,
            "offer": self._offer,
        }
        return [
            _route("beat", self._endpoint(self._in_time(self._working(self._beat)))),
            _route("register", self._open(self._register)),
            _route("session", self._open(self._session)),
            *(_route(name, self._endpoint(self._working(act))) for name, act in acts.items()),
            _route("append", self._endpoint(self._paced)),
            _route("artifact", self._endpoint(self._artifact), "PUT"),
        ]

    def leave(self) -> None:
        """Answer what is held: the server stops, and workers go on to the next one."""
        self._leaving.set()

    def _open(self, act: Callable[[Request, Fields], Awaitable[Answer]]) -> Endpoint:
        """Return what answers whoever comes, from a small body."""

        async def answered(request: Request) -> Answer:
            body = await read_body(request, SMALL_BYTES_MAX)
            return await act(request, read_object(body))

        return self._endpoint(answered)

    def _working(self, act: Callable[[Call], Awaitable[Answer]]) -> Answering:
        """Return what answers a worker that works; nobody else's body is read."""

        async def answered(request: Request) -> Answer:
            machine = await _working_machine(request)
            with self._seats.seat(machine.id):
                body = await read_body(request, BODY_BYTES_MAX)
                return await act(_call(request, machine, body))

        return answered

    async def _paced(self, request: Request) -> Answer:
        """Answer an append: it may be large, so each team's are worked on in turn."""
        machine = await _working_machine(request)
        team = _team(machine)
        with self._seats.seat(machine.id), self._room.place(team) as place:
            body = await read_body(request, EVENTS_BYTES_MAX, place)
            async with self._pace.turn(team):
                return await self._append(_call(request, machine, body))

    def _in_time(self, answered: Answering) -> Answering:
        """Have it be StoreAway before the worker gives up: it must not wait for a database."""

        async def soon(request: Request) -> Answer:
            patience_seconds = self._lease_seconds / 4
            answering = asyncio.ensure_future(answered(request))
            self._answering.add(answering)
            answering.add_done_callback(self._answered)
            try:
                await asyncio.wait({answering}, timeout=patience_seconds)
                if answering.done():
                    return answering.result()
            finally:
                answering.cancel()  # it has its seat until the database lets go of it
            raise StoreAway(patience_seconds)

        return soon

    def _answered(self, answering: asyncio.Future[Answer]) -> None:
        self._answering.discard(answering)
        if not answering.cancelled():
            answering.exception()  # of what was too late nobody else asks

    def _endpoint(self, answered: Answering) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                answer = await self._stored(answered(request))
            except tuple(REFUSALS) as refusal:
                shown = next(REFUSALS[kind] for kind in REFUSALS if isinstance(refusal, kind))
                more = {AFTER: refusal.after_seconds} if isinstance(refusal, StoreAway) else {}
                said = {"code": shown.code, **explained(refusal), **more}
                return JSONResponse(said, shown.status, HEADERS)
            return JSONResponse(answer, headers=HEADERS)

        return endpoint

    async def _stored(self, act: Awaitable[Answer]) -> Answer:
        """Do *act*; StoreAway where it fails because the database does."""
        try:
            return await act
        except tuple(REFUSALS):
            raise
        except DatabaseAway as fault:
            raise StoreAway from fault
        except Exception as fault:
            if await database_fault():
                raise StoreAway from fault
            raise

    async def _register(self, _: Request, fields: Fields) -> Answer:
        token, credential = fields.text("token", 256), fields.text("credential", 256)
        machine = await machines.register(token, credential)
        return {"id": machine.id, "name": machine.name, "team": machine.org_name}

    async def _session(self, request: Request, fields: Fields) -> Answer:
        machine = await _machine(request)
        version, slots = fields.text("version", 64), fields.whole("slots", 1, SLOTS_MAX)
        if not VERSION.fullmatch(version):
            raise Unreadable("the body.version must be visible ASCII characters")
        session = await machines.begin(machine, version, slots)
        return {
            "session": session,
            "name": machine.name,
            "leaseSeconds": self._lease_seconds,
        }

    async def _claim(self, call: Call) -> Answer:
        """Hold the claim until there is a task; the newest claim of a session ends an older one."""
        wait_seconds = call.fields.whole("waitSeconds", 0, CLAIM_SECONDS_MAX)
        held = read_leases(call.fields.each("held", LEASES_MAX))
        await self._release((call.session, CLAIM))
        given = await given_before(call.session, held, self._vault)
        if given is None and not call.fields.get("onlyLost", bool):
            given = await self._hold(call, wait_seconds)
        return {"assignment": None if given is None else write_assignment(given)}

    async def _hold(self, call: Call, wait_seconds: int) -> Assignment | None:
        claiming = asyncio.create_task(self._next(call, wait_seconds))
        self._held[call.session, CLAIM] = claiming
        try:
            await self._while_there(call.request, claiming)
        finally:
            if self._held.get((call.session, CLAIM)) is claiming:
                del self._held[call.session, CLAIM]
            if not claiming.done():
                claiming.cancel()
                await whole(asyncio.wait({claiming}))
        return None if claiming.cancelled() else claiming.result()

    async def _release(self, what: tuple[str, str]) -> None:
        """End what a session has held already: it asks anew."""
        if older := self._held.pop(what, None):
            older.cancel()
            await whole(asyncio.wait({older}))

    async def _next(self, call: Call, wait_seconds: int) -> Assignment | None:
        until = monotonic() + wait_seconds
        reach = Reach(call.machine.org_name, tuple(call.machine.labels))
        while True:
            look_seconds = min(LOOK_SECONDS, max(until - monotonic(), 0.0))
            if given := await self._queue.claim(call.session, look_seconds, reach):
                return given
            if monotonic() >= until:
                return None

    async def _while_there(self, request: Request, work: asyncio.Task[Any]) -> None:
        """Wait for *work*, until who asked for it goes or the server stops."""
        others: list[asyncio.Task[Any]] = [
            asyncio.create_task(_gone(request)),
            asyncio.create_task(self._leaving.wait()),
        ]
        try:
            await asyncio.wait({work, *others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for other in others:
                other.cancel()

    async def _beat(self, call: Call) -> Answer:
        leases = read_leases(call.fields.each("leases", LEASES_MAX))
        await machines.seen(call.machine)
        beat = await self._queue.beat(call.session, leases)
        return {"cancel": dict(beat.cancel), "lost": sorted(beat.lost)}

    async def _append(self, call: Call) -> Answer:
        lease = await self._theirs(call)
        position = call.fields.whole("position", 0, WHOLE_MAX)
        events = read_reports(call.fields.each("events", EVENTS_MAX))
        try:
            await self._queue.append(lease, position, [_now_at_most(each) for each in events])
        except (AssertionError, KeyError, IntegrityError) as fault:
            raise EventsRefused(f"they do not follow what is stored: {fault}") from fault
        return {}

    async def _finish(self, call: Call) -> Answer:
        lease = await self._theirs(call)
        event = read_event(call.fields.get("event", dict))
        if not isinstance(event, TaskChanged) or event.status not in ENDS:
            raise Unreadable("event must say that the task ended, and how")
        end = TaskChanged(time=_now_at_most(event).time, status=event.status)
        try:
            async with self._pace.turn(_team(call.machine)):
                await self._queue.finish(lease, end)
        except AssertionError as fault:
            raise EventsRefused(str(fault)) from fault
        return {}

    async def _abandon(self, call: Call) -> Answer:
        await self._queue.abandon(await self._theirs(call))
        return {}

    async def _theirs(self, call: Call) -> Lease:
        """Return the lease that a request names, if this worker was given it."""
        lease = call.fields.lease()
        if not await self._given.has(lease, call.session):
            raise NotYours
        return lease

    async def _control(self, call: Call) -> Answer:
        """Hold the request until the worker should beat, or for most of the time between beats.

        The newest one of a session ends an older one.
        """
        told = call.fields.optional_ids("told", LEASES_MAX)
        await self._release((call.session, CONTROL))
        async with aclosing(self._queue.control(call.session, told)) as bells:
            rung = asyncio.ensure_future(anext(bells))
            self._held[call.session, CONTROL] = rung
            try:
                async with asyncio.timeout(self._lease_seconds / 6):
                    await self._while_there(call.request, rung)
            except TimeoutError:
                pass
            finally:
                if self._held.get((call.session, CONTROL)) is rung:
                    del self._held[call.session, CONTROL]
                rung.cancel()
                await whole(asyncio.wait({rung}))
        if not rung.cancelled():
            rung.result()
        return {}

    async def _artifact(self, request: Request) -> Answer:
        return {"bytes": await self._arrivals.take(request)}

    async def _offer(self, call: Call) -> Answer:
        await self._arrivals.offer(call.session, call.fields)
        return {}

    async def _leave(self, call: Call) -> Answer:
        await machines.end(call.machine, call.session)
        return {}


def _route(name: str, endpoint: Endpoint, method: str = "POST") -> Route:
    return Route(f"/worker/{name}", endpoint, methods=[method], name=f"worker-{name}")


async def _machine(request: Request) -> WorkerMachine:
    credential = bearer(request.headers.get("authorization"))
    if credential is None:
        raise MachineUnknown
    return await machines.find(credential)


async def _working_machine(request: Request) -> WorkerMachine:
    """Return the machine whose process asks, which is the one that works now."""
    machine = await _machine(request)
    if machine.session is None or request.headers.get(SESSION_HEADER) != machine.session:
        raise SessionGone
    return machine


def _team(machine: WorkerMachine) -> str:
    """Return for whom a worker works; one of all teams counts for itself."""
    return machine.org_name or machine.id


def _call(request: Request, machine: WorkerMachine, body: bytes) -> Call:
    return Call(request, machine, read_object(body), machine.session or "")


async def _gone(request: Request) -> None:
    """Return once the client has gone; the body was read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _now_at_most(event: Event) -> Event:
    """Return *event* as of now where the worker's clock is ahead of ours."""
    return replace(event, time=min(event.time, datetime.now(UTC)))

"""A Rollway whose task says what it is told, by its own sockets or by Strawberry's."""

import argparse
import asyncio
import gc
import json
import secrets
import socket
import sys
import time
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from types import AsyncGeneratorType

import uvicorn
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)

import db
from auth import sessions
from control.port import Draft, Lease
from db.ids import new_id
from db.models import Application, Environment, Org, User
from db.vault import KEY_BYTES, Vault
from engine.events import Event, Output, Planned, StepChanged, now
from engine.executors.isolation import Isolation, Level
from engine.state import StepStatus
from rollway import graphql, migrations
from rollway.api.streams import Stream
from rollway.app import Server
from rollway.connections.cutting import cuttable
from rollway.connections.listening import Announcing
from rollway.settings import UP, load
from rollway.sockets.feeds import Reader
from rollway.sockets.frames import Protocol
from rollway.sockets.operation import Operation
from rollway.sockets.socket import Socket


class Stock(BaseGraphQLTransportWSHandler):
    """Strawberry's handler as it is."""

    def __init__(self, **given: object) -> None:
        super().__init__(**{**given, "connection_init_wait_timeout": timedelta(seconds=60)})


TURNS_KEPT = 100_000
STEPS = 100  # of each task: two changes a step


class Told:
    """Tasks that run, and what a worker told of them."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.leases: list[Lease] = []
        self.positions: list[int] = []
        self.lines = self.changes = 0

    async def begin(self, environment: str, steps: int) -> str:
        """Begin a task; return its id."""
        draft = Draft(
            id=new_id("t"),
            app_id="a_web",
            env_name=environment,
            trigger_type="manual",
            trigger_payload={},
        )
        task = await self.server.queue.submit(draft)
        claimed = await self.server.queue.claim("w")
        self.leases.append(claimed.lease)
        self.positions.append(0)
        names = tuple(f"step {number}" for number in range(1, steps + 1))
        await self.tell(-1, Planned(time=now(), steps=names, pipeline="", commit="1" * 40))
        return task.id

    async def tell(self, number: int, *events: Event) -> None:
        """Report of one of the tasks."""
        await self.server.queue.append(self.leases[number], self.positions[number], events)
        self.positions[number] += len(events)

    async def say(self, count: int, padding: str) -> None:
        """Have the first task print so many lines, each an event."""
        events = [
            Output(
                time=now(),
                index=1,
                first_line=self.lines + number,
                text=f"t={time.monotonic():.6f} {padding}\n",
            )
            for number in range(1, count + 1)
        ]
        self.lines += count
        await self.tell(0, *events)

    async def change(self, count: int, _padding: str) -> None:
        """Have so many steps change their status, of one task after the other."""
        for _ in range(count):
            round_, number = divmod(self.changes, len(self.leases))
            step, ended = divmod(round_, 2)
            status = StepStatus.SUCCESS if ended else StepStatus.RUNNING
            await self.tell(number, StepChanged(time=now(), index=step + 1, status=status))
            self.changes += 1


async def furnish(server: Server, tasks: int) -> tuple[str, str, Told]:
    """Make a user, a team, running tasks; return a session's token, the first task's id, them."""
    user = await User.create(id="u_ann", username="ann")
    org = await Org.create(id="u_ann:acme", user=user, name="acme", role="OWNER", secrets={})
    names = {"provider": "git", "repo_owner": "", "repo_id": "r", "repo_name": "web"}
    application = await Application.create(
        id="a_web", name="web", org_id=org.id, owner_org=org, environment={}, repo_url="", **names
    )
    told = Told(server)
    ids = []
    for number in range(tasks):
        name = f"test{number}"
        await Environment.create(
            id=f"a_web:{name}",
            application=application,
            name=name,
            type="testing",
            trigger_spec={},
            cd_pipeline_yaml="",
            secrets={},
            resource={},
        )
        ids.append(await told.begin(name, STEPS if tasks > 1 else 1))
    if tasks == 1:
        await told.tell(0, StepChanged(time=now(), index=1, status=StepStatus.RUNNING))
    return (await sessions.start(user))[1], ids[0], told


async def do(what: Callable[[int, str], Awaitable[None]], asked: dict) -> None:
    """Do something so many times a second."""
    began, done = time.perf_counter(), 0
    wanted = int(asked["rate"] * asked["seconds"])
    while done < wanted:
        due = min(wanted, int((time.perf_counter() - began) * asked["rate"]) + 1)
        if due > done:
            await what(due - done, asked["padding"])
        done = due
        await asyncio.sleep(max(0.0, began + done / asked["rate"] - time.perf_counter()))
    print("said", flush=True)


class Loop(asyncio.SelectorEventLoop):
    """Notes the processor time of each turn: how long whoever comes meanwhile waits at most.

    Other programs of the machine have no part in it. The latest *TURNS_KEPT* count; the room for
    them is there from the beginning, so that it is not taken for a connection's.
    """

    def __init__(self) -> None:
        super().__init__()
        self._turns = array("d", bytes(8 * TURNS_KEPT))
        self._count = 0

    def _run_once(self) -> None:
        began = time.thread_time()
        super()._run_once()
        self._turns[self._count % TURNS_KEPT] = time.thread_time() - began
        self._count += 1

    def forget(self) -> None:
        """Begin anew."""
        self._count = 0

    def quantiles(self) -> dict[str, float]:
        """Return those of the turns since the last time, in milliseconds."""
        turns = sorted(self._turns[: self._count])
        self.forget()
        parts = {"turn_p50_ms": 0.5, "turn_p99_ms": 0.99, "turn_p999_ms": 0.999}
        return {
            name: round(turns[int(len(turns) * part)] * 1000, 2) for name, part in parts.items()
        }


def look() -> dict[str, float]:
    """Return what there is in this process of what connections leave behind."""
    turns = asyncio.get_running_loop().quantiles()
    gc.collect()
    kinds = {"sockets": Socket, "operations": Operation, "readers": Reader, "streams": Stream}
    alive = Counter(type(each) for each in gc.get_objects())
    return {
        "tasks": len(asyncio.all_tasks()),
        "generators": alive[AsyncGeneratorType],
        **{name: alive[kind] for name, kind in kinds.items()},
        **turns,
    }


async def main() -> None:
    """Serve, and say what standard input asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stock", action="store_true")
    parser.add_argument("--tasks", type=int, default=1, help="more than one: these change status")
    parsed = parser.parse_args()
    if parsed.stock:
        graphql.View.graphql_transport_ws_handler_class = Stock
    url = f"sqlite://{parsed.folder}/rollway.sqlite3"
    await migrations.upgrade(url)
    given = {"DATA": str(parsed.folder), "DATABASE_URL": url, "SOCKETS_PER_USER": "100000"}
    given |= {"SOCKETS_MAX": "100000", "STREAMS_PER_USER": "100000", "STREAMS_MAX": "100000"}
    given |= {"OPERATIONS_PER_USER": "100000", "OPERATIONS_MAX": "100000"}
    settings = load(UP, {f"ROLLWAY_{name}": value for name, value in given.items()}, {})
    server = Server(settings, Vault(secrets.token_bytes(KEY_BYTES)), Isolation(Level.PLAIN))
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        server.app(),
        http=cuttable(),
        lifespan="off",
        log_config=None,
        access_log=False,
        ws=Protocol,
        ws_per_message_deflate=False,
    )
    async with db.connect(url, everywhere=True):
        token, task, told = await furnish(server, parsed.tasks)
        serving = asyncio.create_task(Announcing(config, lambda: None).serve(sockets=[listening]))
        port = listening.getsockname()[1]
        print(json.dumps({"port": port, "token": token, "task": task}), flush=True)
        what = told.say if parsed.tasks == 1 else told.change
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            if "look" in asked:
                print(json.dumps(look()), flush=True)
            elif "forget" in asked:
                asyncio.get_running_loop().forget()
            else:
                await do(what, asked)
        serving.cancel()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())

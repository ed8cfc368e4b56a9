"""How long an idle worker elsewhere takes to have a task that was just asked for, on PostgreSQL.

Two servers (`rollway serve`), workers of each that hold a claim, and this process, which submits
one task after the other: each is heard of through the bells alone. Prints JSON: milliseconds from
the submit's begin to the answer at the worker, and from the submit's end; medians and p99.
`make bench name=waking`; `--database postgres://…` names a server, of which a database is made and
dropped; without it one is started.
"""

import argparse
import asyncio
import base64
import json
import os
import secrets
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles

import httpx2
from claims import fill, statement

import db
from auth import machines
from control.port import Draft
from control.postgres_pubsub import PostgresPubSub
from control.queue.procrastinate import ProcrastinateTurns
from control.queue.tasks import TaskQueue
from db.ids import new_id
from db.vault import KEY_BYTES, Vault
from engine.events import TaskChanged, now
from engine.state import TaskStatus
from rollway import migrations
from rollway.connections.listening import bind
from rollway.remote import enrolment
from rollway.remote.line import Line
from rollway.remote.queue import RemoteQueue
from tests.faults.rig.postgres import Postgres

LEASE_SECONDS = 10.0
START_SECONDS = 60.0
PAUSE_SECONDS = 0.1  # everybody is idle again
WARMING = 5


@contextmanager
def serving(folder: Path, url: str, key: bytes) -> Iterator[str]:
    """Run a server that does not work itself; gives its address."""
    with bind("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    folder.mkdir()
    env = {
        "PATH": os.defpath,
        "ROLLWAY_DATABASE_URL": url,
        "ROLLWAY_DATA": str(folder),
        "ROLLWAY_MASTER_KEY": base64.b64encode(key).decode(),
        "ROLLWAY_WORKER_SLOTS": "0",
        "ROLLWAY_LOG_LEVEL": "warning",
    }
    command = [Path(sysconfig.get_path("scripts")) / "rollway", "serve", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + START_SECONDS
        while True:
            with suppress(httpx2.TransportError):
                if httpx2.get(f"{address}/readyz").is_success:
                    break
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(START_SECONDS)


class Worker:
    """Claims through one server's doors, and ends what it is given at once."""

    def __init__(self, given: asyncio.Queue[float]) -> None:
        self._given = given

    async def work(self, address: str, name: str) -> None:
        """Register, then claim for ever."""
        _, token = await machines.create(name, [], None, None)
        line = Line((address,), credential := machines.new_credential())
        await enrolment.register(line, token, credential)
        session = await enrolment.begin(line, "1", 1)
        line.session = session.name
        queue = RemoteQueue(line, LEASE_SECONDS)
        while True:
            if claimed := await queue.claim("", 10.0):
                self._given.put_nowait(time.perf_counter())
                await queue.finish(
                    claimed.lease, TaskChanged(time=now(), status=TaskStatus.SUCCESS)
                )


async def measure(url: str, addresses: list[str], key: bytes, asked: argparse.Namespace) -> dict:
    """Submit tasks one by one and return how long each took to reach a worker."""
    given = asyncio.Queue[float]()
    whole, after = [], []
    pubsub = PostgresPubSub()
    async with db.connect(url):
        (where,) = await fill(0, 1)
        app_id, _, name = where.partition(":")
        queue = TaskQueue(ProcrastinateTurns(), pubsub, Vault(key))
        jobs = [asyncio.create_task(pubsub.work())]
        for number in range(asked.workers):
            work = Worker(given).work(addresses[number % len(addresses)], f"box{number}")
            jobs.append(asyncio.create_task(work))
        await asyncio.sleep(3.0)
        for _ in range(WARMING + asked.tasks):
            draft = Draft(
                id=new_id("t"),
                app_id=app_id,
                env_name=name,
                trigger_type="manual",
                trigger_payload={},
            )
            begin = time.perf_counter()
            await queue.submit(draft)
            stored = time.perf_counter()
            reached = await given.get()
            whole.append((reached - begin) * 1000)
            after.append((reached - stored) * 1000)
            await asyncio.sleep(PAUSE_SECONDS)
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)
    return {"submit_to_worker_ms": _shown(whole), "stored_to_worker_ms": _shown(after)}


def _shown(took: list[float]) -> dict[str, float]:
    rest = took[WARMING:]
    return {
        "median": round(median(rest), 1),
        "p99": round(quantiles(rest, n=100)[98], 1),
        "max": round(max(rest), 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", help="a PostgreSQL server")
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--workers", type=int, default=6)
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = asked.database
        if server is None:
            postgres = Postgres()
            stack.callback(postgres.remove)
            postgres.create()
            postgres.start()
            server = postgres.url()
        name, key = f"bench_{secrets.token_hex(6)}", secrets.token_bytes(KEY_BYTES)
        asyncio.run(statement(server, f"CREATE DATABASE {name}"))
        dropping = f"DROP DATABASE {name} WITH (FORCE)"
        stack.callback(lambda: asyncio.run(statement(server, dropping)))
        url = f"{server.rpartition('/')[0]}/{name}"
        asyncio.run(migrations.upgrade(url))
        addresses = [stack.enter_context(serving(folder / each, url, key)) for each in "ab"]
        figures = asyncio.run(measure(url, addresses, key, asked))
    print(json.dumps({"tasks": asked.tasks, "workers": asked.workers, **figures}, indent=2))


if __name__ == "__main__":
    main()

"""What it costs that a worker reports by HTTP, and how fast its spool is.

Prints JSON: the median milliseconds to store a batch of a log by the queue itself and through the
doors, in turn on one database (SQLite) and in one process, so that both sides of the connection
count; the same for a heartbeat; and what the spool takes and gives back, MB/s, in events of a log.
`make bench name=elsewhere`.
"""

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import uvicorn

import db
from auth import machines
from control.port import Draft, Lease, Queue
from control.remote.spool import Spool
from db.ids import new_id
from db.models import Application, Environment, Org, User
from db.vault import KEY_BYTES, Vault
from engine.events import Output, now
from engine.executors.isolation import Isolation, Level
from rollway import migrations
from rollway.app import Server
from rollway.connections.listening import bind
from rollway.remote import enrolment
from rollway.remote.line import Line
from rollway.remote.queue import RemoteQueue
from rollway.settings import UP, load

LINE = "x" * 99 + "\n"
PIECE_LINES = 250  # the longest piece that the engine makes
PIECES = 8
WARMING_ROUNDS = 3
SPOOL_BYTES = 64 * 1024 * 1024


def pieces(begin: int) -> list[Output]:
    """Return a batch of a log, of 200 kB."""
    text = LINE * PIECE_LINES
    return [
        Output(time=now(), index=0, first_line=begin + at * PIECE_LINES, text=text)
        for at in range(PIECES)
    ]


async def fill() -> None:
    """Make a team with an application of two environments."""
    user = await User.create(id="u_1", username="ann")
    org = await Org.create(id="u_1:acme", user=user, name="acme", role="OWNER", secrets={})
    row = await Application.create(
        id="a_1",
        name="web",
        org_id=org.id,
        owner_org=org,
        environment={},
        provider="git",
        repo_owner="",
        repo_id="r_1",
        repo_name="web",
        repo_url="https://example.com/a/b",
    )
    for name in ("here", "there"):
        await Environment.create(
            id=f"a_1:{name}",
            application=row,
            name=name,
            type="testing",
            trigger_spec={},
            secrets={},
            resource={},
            cd_pipeline_yaml="serverless-pipeline.yaml",
        )


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[str]:
    """Serve the doors on a free port; gives the address."""
    listening = bind("127.0.0.1", 0)
    config = uvicorn.Config(server.app(), lifespan="off", log_config=None, access_log=False)
    running = uvicorn.Server(config)
    serving = asyncio.create_task(running.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.leave()
        running.should_exit = True
        await serving


async def leased(queue: Queue, worker: str, env_name: str) -> Lease:
    """Queue a task and claim it."""
    given = {"app_id": "a_1", "trigger_type": "manual", "trigger_payload": {}}
    await queue.submit(Draft(id=new_id("t"), env_name=env_name, **given))
    claimed = await queue.claim(worker)
    return claimed.lease


async def timed(work: Awaitable[object]) -> float:
    """Return how long *work* takes, milliseconds."""
    begin = time.perf_counter()
    await work
    return (time.perf_counter() - begin) * 1000


async def compare(folder: Path, rounds: int) -> dict:
    """Return what stores and heartbeats cost both ways."""
    settings = load(UP, {"ROLLWAY_DATA": str(folder)}, {})
    await migrations.upgrade(settings.database)
    server = Server(settings, Vault(secrets.token_bytes(KEY_BYTES)), Isolation(Level.PLAIN))
    took = {name: [] for name in ("store", "store_remote", "beat", "beat_remote")}
    async with db.connect(settings.database, everywhere=True), serving(server) as url:
        await fill()
        _, token = await machines.create("box", [], None, None)
        line = Line((url,), credential := machines.new_credential())
        await enrolment.register(line, token, credential)
        session = await enrolment.begin(line, "1", 4)
        here, there = server.queue, RemoteQueue(line, 600.0)
        near = await leased(here, "w_1", "here")
        far = await leased(here, session.name, "there")
        for number in range(WARMING_ROUNDS + rounds):
            batch, at = pieces(1 + number * PIECES * PIECE_LINES), number * PIECES
            took["store"].append(await timed(here.append(near, at, batch)))
            took["store_remote"].append(await timed(there.append(far, at, batch)))
            took["beat"].append(await timed(here.beat("w_1", [near])))
            took["beat_remote"].append(await timed(there.beat("", [far])))
        await line.close()
    middle = {name: median(each[WARMING_ROUNDS:]) for name, each in took.items()}
    return {
        "batch_bytes": PIECES * PIECE_LINES * len(LINE),
        **{f"{name}_ms": round(each, 2) for name, each in middle.items()},
        "store_ratio": round(middle["store_remote"] / middle["store"], 2),
        "beat_ratio": round(middle["beat_remote"] / middle["beat"], 2),
    }


def spool(folder: Path) -> dict:
    """Return what a spool takes and gives back, MB/s."""
    kept, text_bytes, begin = Spool(folder, SPOOL_BYTES), 0, time.perf_counter()
    (event, *_) = pieces(1)
    while kept.put(event):
        text_bytes += len(event.text)
    put_seconds = time.perf_counter() - begin
    begin = time.perf_counter()
    while kept.count:
        kept.take(512 * 1024)
    took_seconds = time.perf_counter() - begin
    kept.close()
    return {
        "put_mb_per_second": round(text_bytes / put_seconds / 1e6),
        "take_mb_per_second": round(text_bytes / took_seconds / 1e6),
    }


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rollway-bench-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        result = asyncio.run(compare(folder / "data", options.rounds))
        print(json.dumps({**result, "spool": spool(folder / "spool")}, indent=1))


if __name__ == "__main__":
    main()

"""How fast tasks are claimed out of a long queue, on each database.

Fills a queue of its own, then claims and ends tasks with a few claimers in one process; nothing
runs. Prints JSON for SQLite and for PostgreSQL: claims a second, alone and with their ends,
milliseconds of this process's processor for a claim with its end, seconds a claim took (median and
p99), the same when every environment is busy and nothing can be given out, tasks submitted a
second, and whether every environment's tasks came in their order, and those of environments of a
higher priority before others. Medians of rounds that take turns. `make bench name=claims`;
`--database postgres://…` names a server, of which a database is made and dropped; without it one
is started.
"""

import argparse
import asyncio
import json
import random
import secrets
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

import asyncpg
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.transactions import in_transaction

sys.path.insert(0, str(Path(__file__).parent.parent))
import db
from control.journal import new_step
from control.port import Draft
from control.postgres_pubsub import PostgresPubSub
from control.pubsub import MemoryPubSub
from control.queue.embedded import EmbeddedTurns
from control.queue.procrastinate import ProcrastinateTurns
from control.queue.tasks import TaskQueue
from db.fields import Priority
from db.ids import new_id
from db.models import Application, Environment, Org, Step, Task, TaskEvent, User
from db.vault import KEY_BYTES, Vault
from engine.events import TaskChanged, now
from engine.state import TaskStatus
from rollway import migrations
from tests.faults.rig.postgres import Postgres

ENVIRONMENTS_EACH = 5  # of an application
BATCH = 500
BUSY_LOOKS = 20
SUBMITS = 200


async def fill(tasks: int, environments: int) -> list[str]:
    """Store *tasks* in turn for each of the environments, and return the environments' ids."""
    user = await User.create(id="u_1", username="ann")
    org = await Org.create(id="u_1:acme", user=user, name="acme", role="OWNER", secrets={})
    ids, chance = [], random.Random(environments)
    for number in range(-(-environments // ENVIRONMENTS_EACH)):
        app = await Application.create(
            id=f"a_{number:04}",
            name=f"app{number}",
            org_id=org.id,
            owner_org=org,
            environment={},
            provider="git",
            repo_owner="",
            repo_id=f"r_{number}",
            repo_name="app",
            repo_url="https://example.com/a/b",
        )
        names = [f"env{each}" for each in range(ENVIRONMENTS_EACH)]
        ids += [f"{app.id}:{name}" for name in names]
        await Environment.bulk_create(
            Environment(
                id=f"{app.id}:{name}",
                application=app,
                name=name,
                type="testing",
                trigger_spec={},
                cd_pipeline_yaml="serverless-pipeline.yaml",
                secrets={},
                resource={},
                priority=chance.choice([*Priority]).value,
            )
            for name in names
        )
    ids = ids[:environments]
    begin = datetime.now(UTC) - timedelta(days=1)
    for at in range(0, tasks, BATCH):
        rows = [
            Task(
                id=f"t_{number:08}",
                app_id=where.partition(":")[0],
                env_name=where.partition(":")[2],
                status="pending",
                steps=[],
                trigger_type="manual",
                trigger_payload={},
                next_seq=2,
                created_time=begin + timedelta(milliseconds=number),
                updated_time=begin,
            )
            for number in range(at, min(at + BATCH, tasks))
            for where in [ids[number % len(ids)]]
        ]
        await Task.bulk_create(rows)
        await Step.bulk_create(new_step(row.id, 0, "Set up task") for row in rows)
        await TaskEvent.bulk_create(
            TaskEvent(task_id=row.id, seq=1, kind="task", status="pending", time=begin)
            for row in rows
        )
    return ids


async def claims(queue: TaskQueue, number: int, claimers: int) -> tuple[float, list[float], bool]:
    """Claim and end *number* tasks; return claims a second, how long each took, and the order."""
    took: list[float] = []
    order = defaultdict(list)
    rows = await Environment.all().values_list("id", "priority")
    priorities = {str(env_id): int(priority) for env_id, priority in rows}
    highest = max(priorities.values())
    of_highest = await Task.all().count() * [*priorities.values()].count(highest) // len(priorities)
    claimed: list[int] = []

    async def claim(worker: str) -> None:
        while len(took) < number:
            begin = time.perf_counter()
            given = await queue.claim(worker)
            if given is None:  # another one was faster
                continue
            took.append(time.perf_counter() - begin)
            app = given.contexts["app"]
            order[app["id"], app["environment"]].append(given.lease.task_id)
            claimed.append(priorities[f"{app['id']}:{app['environment']}"])
            await queue.finish(given.lease, TaskChanged(time=now(), status=TaskStatus.SUCCESS))

    begin = time.perf_counter()
    await asyncio.gather(*(claim(f"w_{each}") for each in range(claimers)))
    each_second = len(took) / (time.perf_counter() - begin)
    in_order = all(ids == sorted(ids) for ids in order.values())
    return each_second, took, in_order and {*claimed[: of_highest // 2]} == {highest}


async def fill_up(queue: TaskQueue, claimers: int) -> float:
    """Claim for every environment and end nothing; return claims a second."""

    async def claim(worker: str) -> int:
        given = 0
        while await queue.claim(worker):
            given += 1
        return given

    begin = time.perf_counter()
    given = await asyncio.gather(*(claim(f"w_{each}") for each in range(claimers)))
    return sum(given) / (time.perf_counter() - begin)


async def busy(queue: TaskQueue) -> list[float]:
    """Ask for more where nothing can be given out; return how long each "nothing" took."""
    took = []
    for _ in range(BUSY_LOOKS):
        begin = time.perf_counter()
        assert await queue.claim("w_busy") is None
        took.append(time.perf_counter() - begin)
    return took


async def submits(queue: TaskQueue, environments: list[str]) -> float:
    """Submit tasks one after the other; return how many a second."""
    begin = time.perf_counter()
    for number in range(SUBMITS):
        app_id, _, name = environments[number % len(environments)].partition(":")
        await queue.submit(
            Draft(
                id=new_id("t"),
                app_id=app_id,
                env_name=name,
                trigger_type="manual",
                trigger_payload={},
            )
        )
    return SUBMITS / (time.perf_counter() - begin)


async def measure(url: str, given: argparse.Namespace) -> dict:
    """Fill the database at *url* and return its figures."""
    embedded = url.startswith("sqlite")
    turns = EmbeddedTurns() if embedded else ProcrastinateTurns()
    pubsub = MemoryPubSub() if embedded else PostgresPubSub()
    async with db.connect(url):
        environments = await fill(given.tasks, given.environments)
        async with in_transaction() as connection:
            await turns.mend(connection)
        queue = TaskQueue(turns, pubsub, Vault(secrets.token_bytes(KEY_BYTES)), lease_seconds=600)
        bells = asyncio.create_task(pubsub.work())
        processor = time.process_time()
        each_second, took, in_order = await claims(queue, given.claims, given.claimers)
        processor = time.process_time() - processor
        submitted = await submits(queue, environments)
        alone = await fill_up(queue, given.claimers)
        nothing = await busy(queue)
        bells.cancel()
        with suppress(asyncio.CancelledError):
            await bells
    return {
        "claims_alone_per_second": alone,
        "claims_with_ends_per_second": each_second,
        "processor_ms_per_claim": processor / len(took) * 1000,
        "claim_seconds_median": median(took),
        "claim_seconds_p99": quantiles(took, n=100)[98],
        "busy_claim_seconds_median": median(nothing),
        "busy_claim_seconds_max": max(nothing),
        "submits_per_second": submitted,
        "in_order": in_order,
    }


async def statement(url: str, sql: str) -> None:
    """Run one statement."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def one_round(kind: str, server: str, folder: Path, given: argparse.Namespace) -> dict:
    """Make a database, measure on it, and drop it."""
    EXECUTOR_CACHE.clear()  # statements of the other dialect
    name = f"bench_{secrets.token_hex(6)}"
    if kind == "sqlite":
        url = f"sqlite://{folder / name}.sqlite3"
        await migrations.upgrade(url)
        return await measure(url, given)
    await statement(server, f"CREATE DATABASE {name}")
    url = f"{server.rpartition('/')[0]}/{name}"
    try:
        await migrations.upgrade(url)
        return await measure(url, given)
    finally:
        await statement(server, f"DROP DATABASE {name} WITH (FORCE)")


def summary(rounds: list[dict]) -> dict:
    """Return the medians of figures, and whether each round was in order."""
    names = [name for name in rounds[0] if name != "in_order"]
    figures = {name: round(median(each[name] for each in rounds), 4) for name in names}
    return {**figures, "in_order": all(each["in_order"] for each in rounds)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", help="a PostgreSQL server")
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--environments", type=int, default=500)
    parser.add_argument("--claims", type=int, default=1_000)
    parser.add_argument("--claimers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    found: dict[str, list[dict]] = {"sqlite": [], "postgres": []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = given.database
        if server is None:
            postgres = Postgres()
            stack.callback(postgres.remove)
            postgres.create()
            postgres.start()
            server = postgres.url()
        for _ in range(given.rounds):
            for kind, rounds in found.items():
                rounds.append(asyncio.run(one_round(kind, server, folder, given)))
    asked = {key: getattr(given, key) for key in ("tasks", "environments", "claims", "claimers")}
    figures = {kind: summary(rounds) for kind, rounds in found.items()}
    print(json.dumps({**asked, "rounds": given.rounds, **figures}, indent=2))


if __name__ == "__main__":
    main()

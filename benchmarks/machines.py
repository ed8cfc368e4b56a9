"""What it takes that servers and workers are on different machines: processes on one PostgreSQL.

Prints JSON: milliseconds from a deploy's request until a worker has the task, at rest, with two
servers and two workers; tasks of one `run: true` a second, with four workers; lines a second that
50 tasks print at once, from the first one printed until the last is committed in the database, and
then given to late readers by WebSocket; milliseconds from a cancel's request until the command has
its SIGTERM; seconds from a worker's `kill -9`, at random moments, until its tasks are LOST, with
what the steps and those who watched say is `wrong`: two at once, lines that were seen and are gone.
The client is in the same machine's processors. What it is at stands on standard error.

`make bench name=machines`, `ARGS="--only cancels"`; all of it takes a quarter of an hour.
"""

import argparse
import asyncio
import json
import os
import random
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import asyncpg

sys.path.insert(0, str(Path(__file__).parent.parent))
from rollway import settings
from tests.faults.chaos import Chaos
from tests.faults.judge import Judge
from tests.faults.rig import ledger
from tests.faults.rig.house import House

TRUE = "steps: [{run: 'true'}]"
APPLICATIONS = 50
LEASE_SECONDS = settings.load(settings.SERVE, {}, {}).lease_seconds  # that is the default
AT_ONCE = 8
REST_SECONDS = 0.3
LOOK_SECONDS = 0.05
STORED_SECONDS = 600.0
LINES = """
SELECT coalesce(sum(lines), 0) FROM
  (SELECT max(last_line) AS lines FROM log_chunk WHERE step_index = 1 GROUP BY task_id) found
"""
LOOK = {"seconds": 600.0, "pause_seconds": 2.0}  # for tasks that end, beside all that works
PRINT = """
steps:
  - run: |
      echo waiting
      : <'{gate}'
      seq -f '%g a line as long as those that most programs print, or nearly so' 1 {lines}
"""
WAIT = """
steps:
  - run: |
      say() {{
        read -r up _ </proc/uptime
        echo "$1 $ROLLWAY_TASK_ID $ROLLWAY_EPOCH $up $ROLLWAY_STEP_OF" >>'{ledger}'
      }}
      trap 'say term; exit 143' TERM
      say begin
      sleep 300 & wait
"""


def say(text: str) -> None:
    """Tell people how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def stamp(text: str) -> float:
    """Return a time of the API in seconds."""
    return datetime.fromisoformat(text).timestamp()


def spread(seconds: list[float]) -> dict[str, float]:
    """Return the median and the 99th of a hundred, in milliseconds."""
    ordered = sorted(seconds)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return {"count": len(ordered), "p50_ms": round(p50 * 1000), "p99_ms": round(p99 * 1000)}


async def applications(house: House, name: str, pipeline: str, count: int) -> list[str]:
    """Return so many new applications of one repository."""
    url = await asyncio.to_thread(house.repository, name, pipeline)
    return [await house.client.application(f"{name}-{at}", url) for at in range(count)]


async def claims(rounds: int) -> dict[str, float]:
    """Measure how long a task waits where nothing else does."""
    house = await House(workers=2).up()
    try:
        (application,) = await applications(house, "true", TRUE, 1)
        waited = []
        for at in range(rounds + 2):
            begin = time.time()
            (task,) = await house.ended(await house.client.deploy(application))
            if at > 1:
                waited.append(stamp(task["startedTime"]) - begin)
            if not at % 20:
                say(f"claims: {at} of {rounds}")
            await asyncio.sleep(REST_SECONDS)
        return spread(waited)
    finally:
        await house.down()


async def tasks(count: int) -> dict[str, object]:
    """Measure how many small tasks are taken from the request to the end."""
    house = await House(workers=4, slots=4).up()
    try:
        places = await applications(house, "true", TRUE, APPLICATIONS)
        await house.ended(*[await house.client.deploy(each) for each in places[:16]])
        free = asyncio.Semaphore(AT_ONCE)

        async def deploy(application: str) -> str:
            async with free:
                return await house.client.deploy(application)

        begin = time.time()
        wanted = [places[at % len(places)] for at in range(count)]
        made = await asyncio.gather(*(deploy(each) for each in wanted))
        submitted = time.time()
        ended = await house.ended(*made, **LOOK)
        last = max(stamp(task["finishedTime"]) for task in ended)
        return {
            "tasks": count,
            "submits_per_second": round(count / (submitted - begin), 1),
            "tasks_per_second": round(count / (last - begin), 1),
            "not_successful": sum(task["status"] != "SUCCESS" for task in ended),
        }
    finally:
        await house.down()


async def stored(house: House, count: int) -> None:
    """Return once the database has committed so many lines of steps."""
    connection = await asyncpg.connect(house.postgres.url("rollway"))
    try:
        async with asyncio.timeout(STORED_SECONDS):
            while await connection.fetchval(LINES) < count:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
    finally:
        await connection.close()


async def lines(count: int) -> dict[str, object]:
    """Measure lines that are stored, and lines that those get who come late."""
    house = await House(workers=4, slots=13, lease_seconds=30).up()
    try:
        gate = house.folder / "gate"
        os.mkfifo(gate)
        text = PRINT.format(gate=gate, lines=count)
        places = await applications(house, "print", text, APPLICATIONS)
        made = [await house.client.deploy(each) for each in places]
        while any(not task["startedTime"] for task in await house.client.tasks()):  # noqa: ASYNC110
            await asyncio.sleep(1)
        await stored(house, APPLICATIONS)  # each has said that it waits
        say(f"lines: {APPLICATIONS} tasks begin to print")
        begin = time.monotonic()
        writer = os.open(gate, os.O_WRONLY | os.O_NONBLOCK)  # who waits to read goes on
        await stored(house, APPLICATIONS * (count + 1))
        storing = time.monotonic() - begin
        os.close(writer)
        await house.ended(*made, **LOOK)
        say("lines: stored; now they are read")

        async def read(task_id: str) -> int:
            url = random.choice(house.client.urls)
            found = [each async for each in house.client.watch(url, task_id, 0)]
            texts = (
                each["text"] for each in found if each.get("stepIndex") == 1 and "text" in each
            )
            return sum(text.count("\n") for text in texts) - 1

        begin = time.monotonic()
        got = await asyncio.gather(*(read(each) for each in made))
        delivered = time.monotonic() - begin
        return {
            "tasks": APPLICATIONS,
            "lines": count * APPLICATIONS,
            "stored_per_second": round(count * APPLICATIONS / storing),
            "stored_seconds": round(storing, 2),
            "delivered_late_per_second": round(sum(got) / delivered),
            "missing": count * APPLICATIONS - sum(got),
        }
    finally:
        await house.down()


async def cancels(count: int) -> dict[str, float]:
    """Measure the way of a cancel to a command of a worker elsewhere."""
    house = await House(workers=3, slots=4).up()
    try:
        places = await applications(house, "wait", WAIT.format(ledger=house.ledger), 10)
        asked: dict[str, float] = {}
        while len(asked) < count:
            made = [await house.client.deploy(each) for each in places]
            await house.written(len(asked) + len(made))
            for each in made:
                asked[each] = ledger.clock()
                await house.client.done("cancelTask", "task { id }", taskId=each)
            await house.ended(*made)
            say(f"cancels: {len(asked)} of {count}")
        runs = await asyncio.to_thread(ledger.read, house.ledger)
        return spread([run.times("term")[0] - asked[run.task] for run in runs])
    finally:
        await house.down()


async def losses(kills: int) -> dict[str, object]:
    """Measure how soon a dead worker's tasks are LOST; at least its lease must pass."""
    house = await House(workers=3, slots=4, lease_seconds=LEASE_SECONDS).up()
    try:
        chaos = Chaos(house, secrets.randbelow(1_000_000), kills, {"kill_worker": 1})
        running = asyncio.create_task(chaos.run())
        while not running.done():
            await asyncio.wait({running}, timeout=10)
            say(f"losses: {len(chaos.faults)} of {kills} kills, {len(chaos.accepted)} tasks")
        running.result()
        summary = await Judge(chaos).judge()
        seconds = await detections(chaos)
        return {
            "lease_seconds": LEASE_SECONDS,
            "kills": len(chaos.faults),
            "tasks": summary["tasks"],
            "lost_with_their_worker": len(seconds),
            "seconds_min": round(min(seconds), 1),
            "seconds_max": round(max(seconds), 1),
            "lines": summary["lines"],
            "wrong": summary["wrong"],
        }
    finally:
        await house.down()


async def detections(chaos: Chaos) -> list[float]:
    """Return how long after its worker's death each task that ran there was LOST."""
    lost = {each["id"]: each for each in await chaos.client.tasks() if each["status"] == "LOST"}
    found = []
    for run in await asyncio.to_thread(ledger.read, chaos.house.ledger):
        kills = [each.begin for each in chaos.faults if each.target == run.worker]
        if run.task in lost and (died := [each for each in kills if each > run.begin]):
            found.append(ledger.moment(lost[run.task]["finishedTime"]) - min(died))
    return found


MEASURES: dict[str, tuple[Callable[[int], Awaitable[dict[str, object]]], int]] = {
    "claims": (claims, 200),
    "tasks": (tasks, 200),
    "lines": (lines, 4000),
    "cancels": (cancels, 100),
    "losses": (losses, 50),
}


def main() -> None:
    """Measure and print; what there was no time for is null."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=MEASURES, nargs="+", default=[*MEASURES])
    parser.add_argument("--scale", type=float, default=1.0, help="of how many of each")
    parser.add_argument("--minutes", type=float, default=30.0, help="that it takes at most")
    parsed = parser.parse_args()
    end = time.monotonic() + 60 * parsed.minutes
    result: dict[str, object] = {}
    for name in parsed.only:
        measure, count = MEASURES[name]
        begin = time.monotonic()
        try:
            work = measure(max(1, round(count * parsed.scale)))
            result[name] = asyncio.run(asyncio.wait_for(work, end - begin))
        except TimeoutError:
            result[name] = None
        say(f"{name}: {time.monotonic() - begin:.0f} s")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

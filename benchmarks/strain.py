"""What a lot at once does to workers and servers: processes on one PostgreSQL.

Prints JSON. `cancels`: milliseconds from a cancel's request until the last process of its step is
dead, a hundred asked at once. `output`: megabytes of memory of worker and server, before and at
most, while a step prints 100 MB a second, and what became of a small task beside it. `outage`: the
database is killed and away for a minute: how many of the tasks that ran were lost or begun again,
seconds until a new one begins. `make bench name=strain`, `ARGS="--only output"`.
"""

import argparse
import asyncio
import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.machines import applications, spread
from tests.faults.rig import ledger
from tests.faults.rig.house import House, Process

HANG = "steps: [{run: 'sleep 300 & wait'}]"
BLOCK_BYTES = 10_000_000
POUR = """
steps:
  - run: |
      head -c {block} /dev/zero | tr '\\0' 'x' | fold -w 99 >block
      end=$(($(date +%s) + {seconds}))
      while [ "$(date +%s)" -lt "$end" ]; do cat block; printed=$((printed + 1)); sleep 0.1; done
      echo "$printed" >'{printed}'
"""
OF_A_TASK = re.compile(rb"ROLLWAY_TASK_ID=(\w+)")


def processes(workers: list[Process]) -> dict[int, str]:
    """Return the processes of steps, and of which task each is."""
    found = {}
    for pid in (pid for worker in workers for pid in worker.steps()):
        with suppress(OSError):
            if named := OF_A_TASK.search(Path(f"/proc/{pid}/environ").read_bytes()):
                found[pid] = named[1].decode()
    return found


def deaths(tasks: Mapping[int, str]) -> dict[str, float]:
    """Return when the last process of each task was dead, by the monotonic clock."""
    poll, watched = select.poll(), {}
    for pid, task in tasks.items():
        file = os.pidfd_open(pid)
        watched[file] = task
        poll.register(file, select.POLLIN)
    died: dict[str, float] = {}
    while watched:
        for file, _ in poll.poll():
            died[watched.pop(file)] = time.monotonic()
            poll.unregister(file)
            os.close(file)
    return died


async def cancels(count: int) -> dict[str, float]:
    """Measure cancels that are asked for at the same time."""
    house = await House(workers=3, slots=-(-count // 3)).up()
    try:
        places = await applications(house, "hang", HANG, count)
        made = [await house.client.deploy(each) for each in places]
        tasks: dict[int, str] = {}
        while set(tasks.values()) != set(made):
            await asyncio.sleep(0.5)
            tasks = await asyncio.to_thread(processes, house.workers)
        dying = asyncio.create_task(asyncio.to_thread(deaths, tasks))
        asked: dict[str, float] = {}

        async def cancel(task: str) -> None:
            asked[task] = time.monotonic()
            await house.client.done("cancelTask", "task { id }", taskId=task)

        await asyncio.gather(*(cancel(task) for task in made))
        died = await dying
        return spread([died[task] - asked[task] for task in made])
    finally:
        await house.down()


def megabytes(process: Process, field: str) -> int:
    """Return a field of a process's memory: VmRSS now, VmHWM at most so far."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return round(int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024)


async def output(seconds: int) -> dict[str, float]:
    """Measure memory while a step prints."""
    house = await House(servers=1, workers=1, slots=2).up()
    try:
        printed = house.folder / "printed"
        text = POUR.format(block=BLOCK_BYTES, seconds=seconds, printed=printed)
        (pouring,) = await applications(house, "pour", text, 1)
        (beside,) = await house.applications(1)
        await house.ended(await house.client.deploy(beside, inputs={"beats": 1}))
        parts = {"worker": house.workers[0], "server": house.servers[0]}
        before = {name: megabytes(part, "VmRSS") for name, part in parts.items()}
        task = await house.client.deploy(pouring)
        other = await house.client.deploy(beside, inputs={"beats": 5 * seconds // 2})
        (poured, small) = await house.ended(task, other)
        most = {name: megabytes(part, "VmHWM") for name, part in parts.items()}
        stored = sum(len(each.get("text", "")) for each in await house.client.journal(task))
        blocks = int(printed.read_text()) if printed.exists() else 0
        return {
            "printed_megabytes_per_second": round(blocks * BLOCK_BYTES / 1e6 / seconds),
            "stored_megabytes": round(stored / 1e6, 1),
            **{f"{name}_megabytes_before": count for name, count in before.items()},
            **{f"{name}_megabytes_max": count for name, count in most.items()},
            "ended": poured["status"],
            "beside_it_ended": small["status"],
        }
    finally:
        await house.down()


async def outage(seconds: int) -> dict[str, float]:
    """Measure a database that is away for longer than any lease."""
    house = await House(workers=2).up()
    try:
        *places, last = await house.applications(5)
        beats = round((seconds + 10) / ledger.BEAT_SECONDS)
        made = [await house.client.deploy(each, inputs={"beats": beats}) for each in places]
        await house.written(len(made), "beat")
        await asyncio.to_thread(house.postgres.end, signal.SIGKILL)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(house.postgres.start)
        begin = time.monotonic()
        more = await house.client.deploy(last, inputs={"beats": 3})
        await house.written(len(made) + 1)
        again = time.monotonic() - begin
        ended = await house.ended(*made, more)
        runs = await asyncio.to_thread(ledger.read, house.ledger)
        return {
            "seconds": seconds,
            "tasks": len(ended),
            "not_successful": sum(task["status"] != "SUCCESS" for task in ended),
            "begun_again": sum(run.epoch != 1 for run in runs),
            "new_task_begins_after_seconds": round(again, 1),
        }
    finally:
        await house.down()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="cancels, output, outage")
    parsed = parser.parse_args()
    measures: dict[str, tuple[Callable[[int], Awaitable[dict[str, float]]], int]] = {
        "cancels": (cancels, 100),
        "output": (output, 20),
        "outage": (outage, 60),
    }
    result = {}
    for name, (measure, count) in measures.items():
        if parsed.only in {None, name}:
            result[name] = asyncio.run(measure(count))
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

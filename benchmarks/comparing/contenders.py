"""Those who are compared: how each is started, what it is asked, and what a page costs it."""

import itertools
import json
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import agreement
from databases import Seeded
from load import Load, Plan, load
from progress import tell
from questions import BEFORE, CONNECTIONS, Asked
from targets import Target, spent

HERE = Path(__file__).parent
ANSWER_SECONDS = 60
SPREAD_BYTES = 128  # by which answers differ that tell what their asker has left
FIRST = "floor-json"
NODE = ("mercurius", "postgraphile", "apollo")
NAMES = (FIRST, "floor-h11", "floor-rows", "rollway", "strawberry", *NODE)
TIERS = ("rollway-compiled", "rollway-stock")  # Rollway by another setting of `ROLLWAY_READS`
SERVING = {
    "ROLLWAY_PORT": "0",
    "ROLLWAY_WORKER_SLOTS": "0",
    "ROLLWAY_REPOSITORIES": "https,http,file,private",
    "ROLLWAY_COST_PER_MINUTE": "1000000000",
    "ROLLWAY_CHECKS_PER_MINUTE": "1000000000",
}
ON_NODE = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}

Figures = dict[str, float]


class Contender:
    """A server that answers the pages."""

    def __init__(self, name: str, target: Target, asked: Asked, database: Seeded) -> None:
        self.name = name
        self.target = target
        self.asked = asked
        self.database = database
        self.port = target.wait()
        self.requests: dict[str, bytes] = {}

    def answer(self, request: bytes) -> dict[str, Any]:
        """Return the data of one answer."""
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        url = f"http://127.0.0.1:{self.port}{first.split()[1]}"
        with urllib.request.urlopen(
            urllib.request.Request(url, body, headers), timeout=ANSWER_SECONDS
        ) as answer:
            found = json.load(answer)
        if found.get("errors"):
            raise agreement.Disagreement(f"{self.name}: {found['errors']}")
        return found["data"]

    def page(self, name: str) -> dict[str, Any]:
        """Return the answer for a page, and know from then on how to ask for it."""
        more: dict[str, object] = {}
        if name == "tasks":
            first = self.answer(self.asked.request(name, first=BEFORE))
            more["after"] = first["application"]["tasks"]["pageInfo"]["endCursor"]
        self.requests[name] = self.asked.request(name, **more)
        return self.answer(self.requests[name])

    def measure(self, page: str, seconds: float) -> Figures:
        """Return what a page costs while it is asked for as fast as it is answered."""
        plan = Plan(connections=CONNECTIONS[page], seconds=seconds, spread_bytes=SPREAD_BYTES)
        found = self.under(plan, itertools.repeat(self.requests[page]))
        tell(page, self.name, found)
        return found

    def under(self, plan: Plan, requests: Iterator[bytes]) -> Figures:
        """Return what requests cost."""
        server, database = self.target.cpu_seconds(), self.database.cpu_seconds()
        done = load(self.port, requests, plan)
        count = len(done.latencies)
        return {
            "cpu_ms": spent(server, self.target.cpu_seconds()) / count * 1000,
            "database_cpu_ms": spent(database, self.database.cpu_seconds()) / count * 1000,
            **timed(done),
        }


def timed(done: Load) -> Figures:
    """Return how fast requests were answered."""
    return {
        "requests_per_second": done.requests_per_second,
        "p50_ms": done.quantile_ms(0.5),
        "p99_ms": done.quantile_ms(0.99),
        "load_cpu_ms": done.cpu_seconds / len(done.latencies) * 1000,
        "answer_bytes": done.answer_bytes,
    }


@contextmanager
def running(
    names: list[str], database: Seeded, folder: Path, core: int | None, node: Path | None = None
) -> Iterator[list[Contender]]:
    """Run servers for the duration of the block; *node*: where the peers' packages are."""
    with ExitStack() as stack:
        started = {}
        for name in names:
            own = Path(tempfile.mkdtemp(dir=folder, prefix=f"{name}-"))
            command, environment = program(name, database, own, node)
            started[name] = Target(command, core, own / "log", environment)
            stack.callback(started[name].end)
        yield [
            Contender(name, target, Asked(database.made, documents(name)), database)
            for name, target in started.items()
        ]


def documents(name: str) -> Path | None:
    """Return where the documents are of one that does not take Rollway's."""
    return HERE / "node" / name if name == "postgraphile" else None


def program(
    name: str, database: Seeded, folder: Path, node: Path | None
) -> tuple[list[str], Mapping[str, str]]:
    """Return the command that starts a server, and what its environment has besides."""
    url = database.url
    if name in NODE:
        runtime = str(node / "node_modules" / ".bin" / "node")
        return [runtime, str(node / f"{name}.js"), database.node_url], ON_NODE
    if name.startswith("rollway"):
        own = {"ROLLWAY_DATABASE_URL": url, "ROLLWAY_DATA": str(folder / "data")}
        if database.processes is None:
            own["ROLLWAY_WORKER_SLOTS"] = "1"  # nobody else can work on a file
        if name in TIERS:
            own["ROLLWAY_READS"] = name.removeprefix("rollway-")
        return [sys.executable, "-m", "rollway", "serve"], {**SERVING, **own}
    if name == "strawberry":
        return [sys.executable, str(HERE / "strawberry_server.py"), url], {}
    if url.startswith("sqlite"):
        return [sys.executable, str(HERE / "sqlite_floor.py"), url], {}
    by = name.removeprefix("floor-")
    return [sys.executable, str(HERE / "floor.py"), url, "--by", by], {}


def agreed(contenders: list[Contender], pages: list[str]) -> None:
    """See that all give the same answer for each page; Disagreement says who does not."""
    for page in pages:
        expected = contenders[0].page(page)
        for each in contenders[1:]:
            try:
                agreement.require(expected, each.page(page))
            except agreement.Disagreement as fault:
                raise agreement.Disagreement(f"{page}, {each.name}: {fault}") from fault

"""Reading and writing beside others: the floors by hand, Strawberry as documented, peers on Node.

On one PostgreSQL data set (50,000 tasks of 8 steps; `comparing/dataset.py`) each server answers the
same four pages for the same signed-in user, who sees two teams of theirs: the answers are compared
field by field, then each is asked in turn as fast as it answers. The server has one core, the load
and PostgreSQL have the others. Prints JSON: medians of rounds, and ratios within rounds: server and
database processor time a request, requests a second, latencies, peak memory. Then Rollway takes in
signed deliveries and deploys. `--growth` compares sizes of the data set, `--sqlite` the dashboard on
SQLite with a statement by hand. The peers on Node are installed by npm into a folder that is kept.
`make bench name=peers`, or quicker `make bench name=peers ARGS=--quick`.
"""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "comparing"))
import ceiling  # noqa: E402 - lies beside
import contenders  # noqa: E402
import databases  # noqa: E402
import figures  # noqa: E402
import packages  # noqa: E402
from contenders import NAMES, NODE, Contender  # noqa: E402
from questions import CONNECTIONS  # noqa: E402

PAGES = tuple(CONNECTIONS)


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


def measured(each: Contender, page: str, seconds: float) -> contenders.Figures:
    """Return what a page costs one server, and say so."""
    found = each.measure(page, seconds)
    say(
        f"{page:12}{each.name:14}{found['cpu_ms']:9.2f} ms {found['database_cpu_ms']:8.2f} ms"
        f" {found['requests_per_second']:8.0f}/s {found['p99_ms']:8.1f} ms"
    )
    return found


def reading(servers: list[Contender], parsed: argparse.Namespace) -> dict[str, object]:
    """Return what the pages cost; the first round warms servers up and does not count."""
    contenders.agreed(servers, parsed.pages)
    say("the answers agree\npage        server          CPU       database   requests      p99")
    rounds = [
        {
            page: {each.name: measured(each, page, parsed.seconds) for each in servers}
            for page in parsed.pages
        }
        for _ in range(parsed.rounds + 1)
    ]
    memory = {each.name: round(each.target.peak_megabytes()) for each in servers}
    return {"pages": figures.summed_up(rounds[1:]), "peak_memory_mb": memory}


def conditions(parsed: argparse.Namespace) -> dict[str, object]:
    """Return what was measured, where and when."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
        "tasks": parsed.tasks,
        "rounds": parsed.rounds,
        "seconds": parsed.seconds,
    }


def arguments() -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each page and server")
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--servers", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=list(PAGES))
    parser.add_argument("--quick", action="store_true", help="one short round of a small data set")
    parser.add_argument("--folder", type=Path, help="where the packages of the peers are kept")
    parser.add_argument("--out", type=Path, help="write the results there too")
    parsed = parser.parse_args()
    if parsed.quick:
        parsed.rounds, parsed.seconds, parsed.tasks = 1, 0.2, 500
    return parsed


def main() -> None:
    """Measure and print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parsed = arguments()
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if len(cores) > 1 else None
    if core is not None:
        os.sched_setaffinity(0, set(cores[1:]))
    node = packages.installed(parsed.folder) if {*NODE} & {*parsed.servers} else None
    result = {"conditions": conditions(parsed), "load": ceiling.measured(core, parsed.seconds)}
    with (
        tempfile.TemporaryDirectory() as name,
        databases.postgres(Path(name) / "postgres") as server,
    ):
        say(f"making {parsed.tasks} tasks")
        database = server.seeded("compared", parsed.tasks)
        with contenders.running(parsed.servers, database, Path(name), core, node) as servers:
            result |= reading(servers, parsed)
    text = json.dumps(result, indent=2)
    if parsed.out:
        parsed.out.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()

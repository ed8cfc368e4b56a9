"""Reading and writing beside others: the floors by hand, Strawberry as documented, peers on Node.

On one PostgreSQL data set (50,000 tasks of 8 steps; `comparing/dataset.py`) each server answers the
same four pages for the same signed-in user: each looks up whose token it is, and finds nothing of
teams that user is not in. The answers are compared field by field, then each is asked in turn as
fast as it answers. The server has one core, the load and PostgreSQL have the others. Prints JSON:
medians of rounds, and ratios within rounds: processor time of server and database a request,
requests a second, latencies, peak memory; and which goals (`comparing/goals.py`) hold. Then Rollway
takes in signed deliveries and deploys. `--growth` compares sizes of the data set instead,
`--sqlite` the dashboard on SQLite with a statement by hand; `--all` does all of it. The peers on
Node are installed by npm, once for each lock file. `make bench name=peers`; what it is like: `make
bench name=peers ARGS=--quick`.
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
import goals  # noqa: E402
import growth  # noqa: E402
import packages  # noqa: E402
import writes  # noqa: E402
from contenders import FIRST, NAMES, NODE, TIERS, Contender  # noqa: E402
from progress import TITLES, say  # noqa: E402
from questions import CONNECTIONS  # noqa: E402

PAGES = tuple(CONNECTIONS)
TASKS_MIN = 400  # of which the filtered list finds more than a page
WARM_ROUNDS = 2  # Node compiles meanwhile what it runs often


def reading(
    servers: list[Contender], pages: list[str], parsed: argparse.Namespace
) -> dict[str, object]:
    """Return what the pages cost; the first rounds warm servers up and do not count."""
    contenders.agreed(servers, pages)
    say(f"the answers agree\n{TITLES}")
    rounds = [
        {
            page: {each.name: each.measure(page, parsed.seconds) for each in servers}
            for page in pages
        }
        for _ in range(WARM_ROUNDS + parsed.rounds)
    ]
    memory = {each.name: round(each.target.peak_megabytes()) for each in servers}
    return {"pages": figures.summed_up(rounds[WARM_ROUNDS:]), "peak_memory_mb": memory}


def writing(rollway: Contender, folder: Path, parsed: argparse.Namespace) -> dict[str, object]:
    """Return what Rollway's writes cost."""
    found = figures.summed_up(writes.measured(rollway, folder, parsed.rounds, parsed.seconds))
    return {"writes": found, "peak_memory_mb": round(rollway.target.peak_megabytes())}


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
    parser.add_argument("--servers", nargs="+", choices=(*NAMES, *TIERS), default=list(NAMES))
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=list(PAGES))
    parser.add_argument("--quick", action="store_true", help="one short round of a small data set")
    parser.add_argument("--growth", action="store_true", help="instead: sizes of the data set")
    parser.add_argument("--sqlite", action="store_true", help="instead: the dashboard on SQLite")
    parser.add_argument("--all", action="store_true", help="these two besides")
    parser.add_argument("--folder", type=Path, help="where the packages of the peers are kept")
    parser.add_argument("--out", type=Path, help="write the results there too")
    parsed = parser.parse_args()
    if parsed.quick:
        parsed.rounds, parsed.seconds, parsed.tasks = 1, 0.1, 500
    if parsed.rounds < 1 or parsed.seconds <= 0 or parsed.tasks < TASKS_MIN:
        parser.error(f"there must be a round, a time, and {TASKS_MIN} tasks")
    return parsed


def compared(folder: Path, core: int | None, parsed: argparse.Namespace) -> dict[str, object]:
    """Return what the servers' pages cost, and Rollway's writes, on PostgreSQL."""
    node = None
    if {*NODE} & {*parsed.servers}:
        say("installing the packages of the peers on Node, once")
        node = packages.installed(parsed.folder)
    with databases.postgres(folder / "postgres") as server:
        say(f"making {parsed.tasks} tasks")
        database = server.seeded("compared", parsed.tasks)
        with contenders.running(parsed.servers, database, folder, core, node) as servers:
            result = reading(servers, parsed.pages, parsed)
            for each in servers:
                if each.name == "rollway":
                    result["writing"] = writing(each, folder, parsed)
    return result


def grown(folder: Path, core: int | None, parsed: argparse.Namespace) -> dict[str, object]:
    """Return how what pages cost grows with the tables."""
    sizes = growth.QUICK_SIZES if parsed.quick else growth.SIZES
    with databases.postgres(folder / "grown") as server:
        say(f"making {sizes} tasks\n{TITLES}")
        return growth.measured(
            server, folder, core, sizes, parsed.pages, parsed.rounds, parsed.seconds
        )


def on_sqlite(folder: Path, core: int | None, parsed: argparse.Namespace) -> dict[str, object]:
    """Return what the dashboard costs on SQLite."""
    say(f"making {parsed.tasks} tasks")
    database = databases.sqlite(folder, parsed.tasks)
    with contenders.running([FIRST, "rollway"], database, folder, core) as servers:
        return reading(servers, ["dashboard"], parsed)


def main() -> None:
    """Measure and print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parsed = arguments()
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if len(cores) > 1 else None
    if core is not None:
        os.sched_setaffinity(0, set(cores[1:]))
    result = {"conditions": conditions(parsed)}
    with tempfile.TemporaryDirectory() as name:
        result["load"] = ceiling.measured(core, parsed.seconds, Path(name))
        if parsed.all or not (parsed.growth or parsed.sqlite):
            result["postgres"] = compared(Path(name), core, parsed)
        if parsed.all or parsed.growth:
            result["growth"] = grown(Path(name), core, parsed)
        if parsed.all or parsed.sqlite:
            result["sqlite"] = on_sqlite(Path(name), core, parsed)
    result["goals"] = goals.judged(result)
    for each in result["goals"]:
        say(f"{'held' if each['held'] else 'not held'}: {each['figure']} is {each['found']}")
    text = json.dumps(result, indent=2)
    if parsed.out:
        parsed.out.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    try:
        main()
    except packages.NotInstalled as fault:
        sys.exit(f"The peers on Node could not be installed: {fault}. --servers names others.")

"""What pages cost in data sets of several sizes: the page is the same, the tables are not."""

from contextlib import ExitStack
from pathlib import Path

import contenders
import figures
from contenders import FIRST, Contender
from databases import Postgres

SIZES = (500, 5_000, 50_000)  # tasks
QUICK_SIZES = (500, 1_000)
SERVERS = (FIRST, "rollway")
RATIOS = {
    f"{figure}_to_least": (figure, str(SIZES[0]))
    for figure in ("cpu_ms", "database_cpu_ms", "p50_ms")
}


def measured(
    server: Postgres,
    folder: Path,
    core: int | None,
    sizes: tuple[int, ...],
    pages: list[str],
    rounds: int,
    seconds: float,
) -> dict[str, figures.Round]:
    """Return what each page costs each server by size, and by how much more than in the least."""
    with ExitStack() as stack:
        databases = {size: server.seeded(f"with_{size}", size) for size in sizes}
        groups = {
            str(size): stack.enter_context(
                contenders.running(list(SERVERS), database, folder, core)
            )
            for size, database in databases.items()
        }
        for each in groups.values():
            contenders.agreed(each, pages)
        found = [_round(groups, pages, seconds) for _ in range(rounds + 1)][1:]
    return {name: figures.summed_up([each[name] for each in found], RATIOS) for name in SERVERS}


def _round(
    groups: dict[str, list[Contender]], pages: list[str], seconds: float
) -> dict[str, figures.Round]:
    return {
        name: {
            page: {size: group[number].measure(page, seconds) for size, group in groups.items()}
            for page in pages
        }
        for number, name in enumerate(SERVERS)
    }

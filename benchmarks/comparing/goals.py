"""What Rollway is to reach, and whether it did, by the results of a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MEMORY_MB = 150
GROWTH = 1.2  # by which a page of the same rows may cost more in larger tables


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of the results, by its path, and the most or the least it is to be."""

    path: tuple[str, ...]
    most: float | None = None
    least: float | None = None

    def held(self, found: float) -> bool:
        """Tell whether a figure is as it is to be."""
        most = self.most is None or found <= self.most
        return most and (self.least is None or found >= self.least)


def of_page(
    page: str, *, floor: float, strawberry: float, mercurius: float, postgraphile: float
) -> Iterator[Goal]:
    """Yield a page's goals: processor time at most, requests a second at least, as ratios."""
    path = ("postgres", "pages", page, "rollway")
    yield Goal((*path, "cpu_to_floor_json"), most=floor)
    yield Goal((*path, "cpu_to_strawberry"), most=strawberry)
    yield Goal((*path, "requests_to_mercurius"), least=mercurius)
    yield Goal((*path, "requests_to_postgraphile"), least=postgraphile)


GOALS = (
    *of_page("dashboard", floor=1.3, strawberry=1 / 40, mercurius=1.5, postgraphile=2.0),
    *of_page("application", floor=1.3, strawberry=1 / 20, mercurius=1.5, postgraphile=2.0),
    *of_page("task", floor=1.5, strawberry=1 / 12, mercurius=0.6, postgraphile=1.2),
    Goal(("postgres", "peak_memory_mb", "rollway"), most=MEMORY_MB),
    Goal(("postgres", "writing", "writes", "deploy", "100_a_second", "p99_ms"), most=25.0),
    *(
        Goal(("growth", "rollway", page, "50000", "cpu_ms_to_least"), most=GROWTH)
        for page in ("dashboard", "application", "task", "tasks")
    ),
    Goal(("sqlite", "pages", "dashboard", "rollway", "cpu_to_floor_json"), most=2.0),
)


def judged(results: dict[str, Any]) -> list[dict[str, object]]:
    """Return the goals whose figures are among the results, and which of them hold."""
    found = [(goal, _at(results, goal.path)) for goal in GOALS]
    return [
        {
            "figure": ".".join(goal.path),
            **({"most": goal.most} if goal.least is None else {"least": goal.least}),
            "found": figure,
            "held": goal.held(figure),
        }
        for goal, figure in found
        if figure is not None
    ]


def _at(results: Any, path: tuple[str, ...]) -> float | None:
    for name in path:
        if not isinstance(results, dict) or name not in results:
            return None
        results = results[name]
    return float(results)

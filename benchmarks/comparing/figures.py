"""Medians over rounds, and ratios within a round."""

from statistics import median

Round = dict[str, dict[str, dict[str, float]]]  # page, name, figure

Ratios = dict[str, tuple[str, str]]  # by its name: a figure, and whose it is divided by

RATIOS: Ratios = {
    "cpu_to_floor_json": ("cpu_ms", "floor-json"),
    "cpu_to_floor_h11": ("cpu_ms", "floor-h11"),
    "cpu_to_floor_rows": ("cpu_ms", "floor-rows"),
    "cpu_to_strawberry": ("cpu_ms", "strawberry"),
    "requests_to_mercurius": ("requests_per_second", "mercurius"),
    "requests_to_postgraphile": ("requests_per_second", "postgraphile"),
    "requests_to_apollo": ("requests_per_second", "apollo"),
}
DIGITS = 4


def summed_up(rounds: list[Round], ratios: Ratios = RATIOS) -> Round:
    """Return the median of each figure, and of each ratio to one that was measured beside."""
    return {
        page: {name: _of([each[page] for each in rounds], name, ratios) for name in names}
        for page, names in rounds[0].items()
    }


def _of(rounds: list[dict[str, dict[str, float]]], name: str, ratios: Ratios) -> dict[str, float]:
    found = {figure: median(each[name][figure] for each in rounds) for figure in rounds[0][name]}
    for ratio, (figure, base) in ratios.items():
        if base in rounds[0] and base != name:
            found[ratio] = median(each[name][figure] / each[base][figure] for each in rounds)
    return {figure: float(f"{value:.{DIGITS}g}") for figure, value in found.items()}

"""What is told on standard error while it goes on."""

import sys
from collections.abc import Mapping

TITLES = f"{'':12}{'':16}{'CPU':>9} ms {'database':>9} ms {'requests':>9}/s {'p99':>9} ms"


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


def tell(what: str, name: str, found: Mapping[str, float]) -> None:
    """Tell what came out of one measurement, below `TITLES`."""
    say(
        f"{what:12}{name:16}{found['cpu_ms']:9.2f} ms {found['database_cpu_ms']:9.2f} ms"
        f" {found['requests_per_second']:9.0f}/s {found['p99_ms']:9.1f} ms"
    )

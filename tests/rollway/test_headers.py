"""What headers mean is kept, so that it is worked out once; not for as much memory as one likes."""

import tracemalloc

import pytest

from rollway import callers
from rollway.api import accept, asked

LONG = 60_000
HELD_BYTES_MAX = 500_000


@pytest.mark.parametrize(
    ("read", "value", "meaning"),
    [
        (lambda value: accept.best(value, accept.ANSWERS), "application/json", accept.JSON),
        (lambda value: accept.best(value, accept.STREAMS), "text/event-stream", accept.EVENTS),
        (callers.language, "zh", "zh"),
        (asked.is_json, "application/json", True),
    ],
)
def test_long_values_are_read_and_not_kept(read, value, meaning):
    """Whoever sends ever new ones, each as long as a head may be, takes no room for it."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(50):
            assert read(f"{value};x={number:0{LONG}}") == meaning
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert held < HELD_BYTES_MAX

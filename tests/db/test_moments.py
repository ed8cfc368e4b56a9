"""How moments are written."""

from datetime import UTC, datetime

import pytest

from db.moments import written


@pytest.mark.parametrize(
    ("micros", "fraction"),
    [(0, ""), (500_000, ".5"), (120_000, ".12"), (10, ".00001"), (123_456, ".123456")],
)
def test_a_fraction_has_no_zeros_at_its_end(micros, fraction):
    """And is not there where it is nothing."""
    moment = datetime(2026, 7, 1, 12, 30, 0, micros, UTC)

    assert written(moment) == f"2026-07-01T12:30:00{fraction}+00:00"
    assert datetime.fromisoformat(written(moment)) == moment

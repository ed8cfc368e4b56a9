"""Random faults, a few in each run of the tests; `make bench name=chaos` does 200."""

import pytest

from tests.faults.chaos import Chaos
from tests.faults.judge import Judge

SEED = 7
FAULTS = 12


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_nothing_is_lost_doubled_or_stuck(house_of):
    """Servers, workers and the database die, freeze and come back while people deploy.

    No two tasks of an environment at the same time, by the commands' own words; each accepted
    task ends, and once; what was printed is stored once, and seen by who watches.
    """
    house = await house_of()
    chaos = Chaos(house, SEED, FAULTS)
    await chaos.run()
    summary = await Judge(chaos).judge()

    assert summary["wrong"] == {}
    assert summary["faults"] >= FAULTS
    assert summary["ended"]["SUCCESS"] > 0

"""Random faults, a few in each run of the tests; `make bench name=chaos` does 200."""

import pytest

from tests.faults.chaos import Chaos
from tests.faults.judge import Judge

SEED = 7
FAULTS = 8
ON = {
    "postgres": {"servers": 2, "workers": 3},
    "sqlite": {"postgres": False, "workers": 2},
}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ON)
async def test_nothing_is_lost_doubled_or_stuck(house_of, database):
    """Servers, workers and the database die, freeze and come back while people deploy.

    No two tasks of an environment at the same time, by the commands' own words; each accepted
    task ends, and once; what was printed is stored once, and seen by who watches.
    """
    house = await house_of(wired=True, **ON[database])
    chaos = Chaos(house, SEED, FAULTS)
    await chaos.run()
    summary = await Judge(chaos).judge()

    assert summary["wrong"] == {}
    assert summary["faults"] >= FAULTS
    assert summary["ended"]["SUCCESS"] > 0

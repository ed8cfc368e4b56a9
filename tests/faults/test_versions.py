"""An older version is replaced by this one, process by process, while it is used."""

import asyncio

import pytest

from tests.faults.judge import Judge
from tests.faults.replacing import Replacing
from tests.faults.rig import version
from tests.faults.rig.house import House

SEED = 5


@pytest.fixture
def older(tmp_path):
    """Return a folder with an older version."""
    try:
        version.older(tmp_path)
    except version.Missing as why:
        pytest.skip(f"NOT TESTED, two versions side by side (needs the history): {why}")
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_an_older_version_is_replaced(older):
    """The database first, under the old servers; then one by one. Nobody notices.

    Each accepted task ends once, what was printed is whole, who watches sees it all, and no
    request is answered by an error that may not be repeated.
    """
    house = await asyncio.to_thread(House, workers=2)
    house.begin_older(older)
    try:
        await house.up()
        replacing = Replacing(house, SEED)
        await replacing.run()
        summary = await Judge(replacing).judge()
    finally:
        await house.down()

    assert replacing.applied
    assert summary["wrong"] == {}
    assert house.client.final == {}
    assert summary["ended"]["SUCCESS"] > 0

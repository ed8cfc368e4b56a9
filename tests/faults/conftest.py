"""Servers and workers of one database, to be hurt."""

import asyncio
import fcntl

import pytest

from tests.faults.rig.house import House


@pytest.fixture(scope="session")
def migrated(request, tmp_path_factory):
    """Return a folder with a migrated database, made once for all that run at the same time."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "migrated"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            house = House(servers=1)
            try:
                house.give_migrated(folder)
            finally:
                asyncio.run(house.down())
    return folder


@pytest.fixture
async def house_of(migrated):
    """Return a function that brings up servers and workers; all is gone after the test.

    *prepare* is given the house before it is up.
    """
    made = []

    async def make(prepare=None, **given):
        made.append(await asyncio.to_thread(House, migrated=migrated, **given))
        if prepare:
            prepare(made[-1])
        return await made[-1].up()

    yield make
    for each in made:
        await each.down()

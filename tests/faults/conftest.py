"""Servers and workers of one database, to be hurt."""

import asyncio

import pytest

from tests.faults.rig.house import House


@pytest.fixture
async def house_of():
    """Return a function that brings up servers and workers; all is gone after the test."""
    made = []

    async def make(**given):
        made.append(await asyncio.to_thread(House, **given))
        return await made[-1].up()

    yield make
    for each in made:
        await each.down()

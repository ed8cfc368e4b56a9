"""SQLite on a disk that is really full, in this process: what heartbeats and commits meet there."""

import asyncio
import os
import shutil

import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

import db
from db.models import User
from db.trouble import DatabaseFull
from tests.faults.test_scarcity import full, small_disk
from tests.rollway import test_worker_doors as doors

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="NOT TESTED, full disks: needs root")

house = doors.house
WRITES_MAX = 500  # more than fit into what files that are there have left


@pytest.fixture
def disk(tmp_path):
    """A small disk."""
    with small_disk(tmp_path / "disk", "8m") as path:
        yield path


@pytest.fixture
async def database(disk, sqlite_template):
    """A fresh database on the small disk."""
    path = disk / "rollway.sqlite3"
    await asyncio.to_thread(shutil.copy, sqlite_template, path)
    url = f"sqlite://{path}"
    async with db.connect(url, everywhere=True):
        yield url


async def test_heartbeats_on_a_full_disk(house, disk):
    """They are answered as by a database that is away, so that what runs goes on."""
    worker = await house.worker("acme")
    await house.deploy("acme")
    given = await house.claim(worker)
    lease = {"taskId": given["taskId"], "epoch": given["epoch"]}
    beat = {"leases": [lease]}
    with full(disk):
        answers = [await house.post("beat", beat, *worker) for _ in range(WRITES_MAX)]
    fine = [await house.post("beat", beat, *worker) for _ in range(3)]

    refused = [answer for answer in answers if answer[0] != 200]
    assert refused
    assert {(status, answer["code"]) for status, answer in refused} == {(503, "STORE_AWAY")}
    assert [(status, answer["lost"]) for status, answer in fine] == [(200, [])] * 3


async def test_a_commit_that_finds_no_room(database, disk):
    """SQLite undoes it by itself; the next transaction finds the connection as it should be."""
    client = connections.get("default")

    async def write(name):
        async with in_transaction() as transaction:
            await User.create(id=f"u_{name}", username=name, using_db=transaction)
            written.append(name)

    async def fill():
        for number in range(WRITES_MAX):
            await write(f"full-{number}")

    written = []
    await write("before")
    with full(disk), pytest.raises(DatabaseFull):
        await fill()
    assert not client._connection._conn.in_transaction
    kept = await User.all().count()
    await write("fine")

    assert len(written) == kept + 2, "it is not the commit that found no room"
    assert await User.all().count() == kept + 1

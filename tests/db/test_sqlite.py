"""Transactions on SQLite: several processes may share the file, and any task may be cancelled."""

import asyncio
import sqlite3
from contextlib import suppress

import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

import db
from db.models import User
from db.trouble import DatabaseBusy, DatabaseFull, trouble, usable

INSERT = """INSERT INTO "user" (id, username, created_time)
VALUES ('u_other', 'other', '2026-01-01 00:00:00+00:00')"""


@pytest.fixture
def path(sqlite_url):
    """Return the database file's path."""
    return sqlite_url.partition("//")[2].partition("?")[0]


async def test_who_has_read_may_write_though_another_process_wanted_to(sqlite_url, path):
    """The other one waits for the transaction's end instead of spoiling it."""

    def other():
        with sqlite3.connect(path, timeout=10) as connection:
            connection.execute(INSERT)
        connection.close()

    async with db.connect(sqlite_url), asyncio.timeout(15):
        async with in_transaction() as transaction:
            assert await User.all().using_db(transaction).count() == 0
            writing = asyncio.create_task(asyncio.to_thread(other))
            await asyncio.sleep(0.2)
            assert not writing.done()
            await User.create(id="u_one", username="one", using_db=transaction)
        await writing
        assert set(await User.all().values_list("id", flat=True)) == {"u_one", "u_other"}


async def test_a_database_that_stays_locked_is_an_error_and_no_standstill(sqlite_url, path):
    """The next transaction can begin as soon as the lock is gone."""
    other = sqlite3.connect(path, isolation_level=None)
    async with db.connect(f"{sqlite_url}?busy_timeout=100"), asyncio.timeout(15):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy):
            async with in_transaction():
                pytest.fail("began though the database is locked")
        other.execute("ROLLBACK")
        async with in_transaction() as transaction:
            await User.create(id="u_one", username="one", using_db=transaction)
    other.close()


async def test_what_was_in_the_way_is_remembered(sqlite_url, path):
    """Also where nobody waited for its end, and once it is known to be over."""
    other = sqlite3.connect(path, isolation_level=None)
    async with db.connect(sqlite_url), asyncio.timeout(15):
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(User.create(id="u_one", username="one"))
        await asyncio.sleep(0.1)
        other.execute("ROLLBACK")
        await writing
        assert not trouble().within(60)  # a moment is none

        other.execute("BEGIN IMMEDIATE")
        with suppress(TimeoutError):
            async with asyncio.timeout(0.6), in_transaction():
                pytest.fail("began though the database is locked")
        assert trouble().within(60)
        other.execute("ROLLBACK")
        await usable()
        assert trouble().last is None
        assert trouble().within(60)
    other.close()


async def test_who_reads_does_not_wait_for_who_finds_it_locked(sqlite_url, path):
    """However many want to write: one of them asks at a time, and not for long."""

    async def write(number):
        async with in_transaction() as transaction:
            await User.create(id=f"u_{number}", username=f"n{number}", using_db=transaction)

    other = sqlite3.connect(path, isolation_level=None)
    async with db.connect(sqlite_url), asyncio.timeout(15):
        other.execute("BEGIN IMMEDIATE")
        writing = [asyncio.create_task(write(number)) for number in range(20)]
        await asyncio.sleep(0.3)
        async with asyncio.timeout(1):
            assert await User.all().count() == 0
        other.execute("ROLLBACK")
        await asyncio.gather(*writing)
        assert await User.all().count() == 20
    other.close()


async def test_what_has_no_room_is_undone(sqlite_url):
    """All of its transaction; the next one finds the connection as it should be."""

    async def write():
        async with in_transaction() as transaction:
            for number in range(1000):
                name = f"{number}".rjust(200, "n")
                await User.create(id=f"u_{number}", username=name, using_db=transaction)

    async with db.connect(sqlite_url):
        client = connections.get("default")
        (row,) = await client.execute_query_dict("PRAGMA page_count")
        await client.execute_query(f"PRAGMA max_page_count = {row['page_count']}")
        with pytest.raises(DatabaseFull):
            await write()
        assert await User.all().count() == 0
        await client.execute_query("PRAGMA max_page_count = 100000")
        async with in_transaction() as transaction:
            await User.create(id="u_one", username="one", using_db=transaction)
        assert await User.all().count() == 1


async def test_a_commit_that_fails_leaves_no_transaction_open(sqlite_url):
    """What comes next would be within it, and never be kept."""
    async with db.connect(sqlite_url):
        client = connections.get("default")
        await client.execute_script(
            "CREATE TABLE a (id INT PRIMARY KEY);"
            "CREATE TABLE b (a INT REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        with pytest.raises(sqlite3.IntegrityError):
            async with in_transaction() as transaction:
                await transaction.execute_query("INSERT INTO b VALUES (1)")
        async with in_transaction() as transaction:
            await User.create(id="u_one", username="one", using_db=transaction)
        assert await client.execute_query_dict("SELECT * FROM b") == []


@pytest.mark.parametrize("passes", range(12))
async def test_a_transaction_may_be_cancelled_at_any_moment(sqlite_url, passes):
    """Also while it begins: the connection is free for the next one."""

    async def work():
        async with in_transaction() as transaction:
            await User.create(id="u_cut", username="cut", using_db=transaction)
            await asyncio.sleep(60)

    async with db.connect(sqlite_url), asyncio.timeout(15):
        cut = asyncio.create_task(work())
        for _ in range(passes):
            await asyncio.sleep(0)
        cut.cancel()
        await asyncio.wait({cut})
        async with in_transaction() as transaction:
            assert await User.all().using_db(transaction).count() == 0


ENDLESS = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
SELECT count(*) FROM n"""


async def test_a_question_that_nobody_waits_for_ends(sqlite_url):
    """It would hold the one connection for ever; the next one is answered."""
    async with db.connect(sqlite_url), asyncio.timeout(15):
        asking = asyncio.create_task(connections.get("default").execute_query(ENDLESS))
        await asyncio.sleep(0.2)
        asking.cancel()
        await asyncio.wait({asking})
        assert asking.cancelled()
        assert await User.all().count() == 0

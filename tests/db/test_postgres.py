"""Transactions on PostgreSQL: any task may be cancelled, and gives its connection back."""

import asyncio
import gc

import asyncpg
import pytest
from tortoise import connections
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

import db
from db import audit, moving
from db.audit import Act, Actor, Entry, Told
from db.models import User
from db.postgres import open_connection
from db.trouble import DatabaseAway

STILL_SECONDS = 4.0  # more than `db.postgres.SETTINGS` allow


@pytest.mark.parametrize("passes", range(30))
async def test_a_transaction_may_be_cancelled_at_any_moment(postgres_url, passes):
    """Also while it begins: the pool's only connection is free for the next one."""

    async def work():
        async with in_transaction() as transaction:
            await User.create(id="u_cut", username="cut", using_db=transaction)
            await asyncio.sleep(60)

    async with db.connect(f"{postgres_url}?minsize=1&maxsize=1"), asyncio.timeout(15):
        assert await User.all().count() == 0
        cut = asyncio.create_task(work())
        for _ in range(passes):
            await asyncio.sleep(0)
        cut.cancel()
        await asyncio.wait({cut})
        async with in_transaction() as transaction:
            assert await User.all().using_db(transaction).count() == 0


@pytest.mark.parametrize("milliseconds", [0, 1, 2, 5, 10])
async def test_the_same_while_the_server_answers(postgres_url, milliseconds):
    """Passes of the loop alone do not let the answer to BEGIN arrive."""

    async def work():
        async with in_transaction():
            await asyncio.sleep(60)

    async with db.connect(f"{postgres_url}?minsize=1&maxsize=1"), asyncio.timeout(15):
        assert await User.all().count() == 0
        for _ in range(20):
            cut = asyncio.create_task(work())
            await asyncio.sleep(milliseconds / 1000)
            cut.cancel()
            await asyncio.wait({cut})
        async with in_transaction() as transaction:
            assert await User.all().using_db(transaction).count() == 0


async def test_a_question_that_nobody_waits_for_ends(postgres_url):
    """The server works on it no longer."""
    async with db.connect(f"{postgres_url}?minsize=1&maxsize=2"), asyncio.timeout(15):
        connection = connections.get("default")
        asking = asyncio.create_task(connection.execute_query("SELECT pg_sleep(60) AS mine"))
        await asyncio.sleep(0.3)
        asking.cancel()
        await asyncio.wait({asking})
        running = """SELECT count(*) AS count FROM pg_stat_activity
          WHERE datname = current_database() AND state = 'active' AND query LIKE '%AS mine%'
          AND pid != pg_backend_pid()"""
        while (await connection.execute_query_dict(running))[0]["count"]:
            await asyncio.sleep(0.05)


async def test_a_process_that_stands_still_lets_go(postgres_url):
    """Whoever holds rows and is not heard of keeps others waiting for seconds, not for ever."""
    held = asyncio.Event()

    async def write():
        await held.wait()
        await User.filter(id="u_held").update(username="theirs")

    async def stand_still():
        async with in_transaction() as transaction:
            await User.filter(id="u_held").using_db(transaction).update(username="mine")
            held.set()
            await asyncio.wait({writing})
            await User.filter(id="u_held").using_db(transaction).update(username="mine")

    async with db.connect(postgres_url), asyncio.timeout(30):
        await User.create(id="u_held", username="held")
        writing = asyncio.create_task(write())
        with pytest.raises(DatabaseAway):
            await stand_still()

        assert (await User.get(id="u_held")).username == "theirs"


async def test_a_database_that_may_not_be_used_now_is_away(postgres_url, postgres_server):
    """Closed for everybody, renamed, another password: servers wait for it, as for one that went.

    Each of them is a refusal of its own, and none is a fault of Rollway's.
    """
    name = postgres_url.rpartition("/")[2]
    admin = await asyncpg.connect(postgres_server)
    try:
        async with db.connect(postgres_url), asyncio.timeout(30):
            assert await User.all().count() == 0
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            for _ in range(3):
                with pytest.raises(DatabaseAway):
                    await User.all().count()
                with pytest.raises(DatabaseAway):
                    async with in_transaction():
                        pytest.fail("began")
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            assert await User.all().count() == 0
    finally:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await admin.close()


async def test_a_move_may_wait_for_the_other_database(postgres_url):
    """Reading a part of it may take longer than a transaction may stand still else."""
    async with db.connect(postgres_url), asyncio.timeout(30), moving.empty_target() as target:
        await asyncio.sleep(STILL_SECONDS)

        assert await moving.count("user", target) == 0


async def test_values_that_cannot_be_written_leave_nothing_begun(postgres_url):
    """PostgreSQL was told the text, and would wait for them, with the table locked."""
    states = """SELECT state FROM pg_stat_activity WHERE datname = current_database()
      AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
    async with db.connect(f"{postgres_url}?minsize=1&maxsize=1"), asyncio.timeout(30):
        client, other = connections.get("default"), await open_connection()
        for ask in (client.execute_query_dict, client.execute_query):
            with pytest.raises(OperationalError, match="invalid input"):
                await ask("SELECT 1 FROM task WHERE next_seq = $1", ["many"])

            assert [row["state"] for row in await other.fetch(states)] == ["idle"]
        await other.close()


async def test_who_waits_for_a_team_leaves_connections_to_others(postgres_url):
    """Twenty who change one chain's team while another server does; a heartbeat needs no lock."""
    actor = Actor("u_1", "ann", "s_1")
    told = [Told("org:acme", Entry(actor, Act.TASK_CANCELLED, f"t_{at}")) for at in range(20)]
    begun = []

    async def change(each):
        begun.append(each)
        async with audit.telling(each) as (transaction, end):
            await each.write(transaction, end)

    async with db.connect(f"{postgres_url}?minsize=1&maxsize=5"), asyncio.timeout(15):
        async with audit.telling(told[0]) as (transaction, end):
            await told[0].write(transaction, end)
        other = await open_connection()
        holding = other.transaction()
        await holding.start()
        await other.execute("SELECT 1 FROM audit_chain WHERE id = 'org:acme' FOR UPDATE")
        changing = [asyncio.create_task(change(each)) for each in told[1:]]
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not (len(begun) == 19 and await other.fetchval(waiting)):
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        assert await User.all().count() == 0
        assert not any(each.done() for each in changing)
        await holding.rollback()
        await other.close()
        await asyncio.gather(*changing)

        (verdict,) = [each async for each in audit.verify()]
        assert (verdict.entries, verdict.fault) == (20, None)


async def test_connecting_to_a_server_that_goes_may_be_cancelled_at_any_moment():
    """No future is left behind with an error that nobody asks for."""
    logged = []
    asyncio.get_running_loop().set_exception_handler(lambda _, found: logged.append(found))

    async def go(_, writer):
        await asyncio.sleep(0)
        writer.transport.abort()

    server = await asyncio.start_server(go, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(15), server:
        for passes in range(200):
            async with db.connect(f"postgres://x@127.0.0.1:{port}/x?minsize=1&maxsize=1"):
                asking = asyncio.create_task(connections.get("default").execute_query("SELECT 1"))
                for _ in range(passes % 50):
                    await asyncio.sleep(0)
                asking.cancel()
                await asyncio.wait({asking})
                if not asking.cancelled():
                    asking.exception()
                del asking
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.02)
    gc.collect()

    assert logged == []


async def test_a_connection_that_nobody_waits_for_is_closed(postgres_url):
    """It would count among those that the server allows."""
    mine = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database()"
    async with db.connect(f"{postgres_url}?minsize=1&maxsize=1"), asyncio.timeout(15):
        client = connections.get("default")
        await client.execute_query("SELECT 1")
        for passes in range(40):
            opening = asyncio.create_task(open_connection())
            for _ in range(passes):
                await asyncio.sleep(0)
            opening.cancel()
            await asyncio.wait({opening})
            if not opening.cancelled():
                await opening.result().close()
        while (await client.execute_query_dict(mine))[0]["count"] > 1:
            await asyncio.sleep(0.05)

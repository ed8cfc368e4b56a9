"""Connections kept between statements: nobody waits for one, and the pool sees them all."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import asyncpg
import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

import db
from db import keeping

PID = "SELECT pg_backend_pid() AS pid"


async def pid():
    """Return the connection's number, as the server knows it."""
    return (await connections.get("default").execute_query_dict(PID))[0]["pid"]


@asynccontextmanager
async def connected(url, most):
    """Have a pool of up to so many connections; yields it, and how often it is asked."""
    async with db.connect(f"{url}?minsize=1&maxsize={most}"), asyncio.timeout(30):
        await pid()
        kept = connections.get("default")._pool
        pool, asked = kept._pool, Counter()

        class Counted:
            def __getattr__(self, name):
                asked[name] += 1
                return getattr(pool, name)

        kept._pool = Counted()
        yield pool, asked
        kept._pool = pool


async def test_who_asks_next_has_the_same_connection(postgres_url):
    """Without a word to the pool."""
    async with connected(postgres_url, 3) as (_, asked):
        assert len({await pid() for _ in range(20)}) == 1
        assert not asked


async def test_nobody_waits_for_what_is_kept(postgres_url):
    """Many with one connection, transactions among them: all have their turn."""

    async def write():
        async with in_transaction() as transaction:
            await transaction.execute_query_dict(PID)

    async with connected(postgres_url, 1):
        for _ in range(5):
            await asyncio.gather(*(pid() for _ in range(10)), *(write() for _ in range(10)))


async def test_what_is_kept_goes_back_in_time(postgres_url, monkeypatch):
    """Also what is in use whenever it could."""
    monkeypatch.setattr(keeping, "KEPT_SECONDS", 0.05)
    async with connected(postgres_url, 2) as (pool, asked):
        await asyncio.gather(pid(), pid())
        while pool.get_idle_size() < 2:
            await asyncio.sleep(0.01)
        before = asked["release"]
        while asked["release"] < before + 3:
            await pid()


async def test_who_waits_is_handed_what_is_given_back(postgres_url):
    """Without a word to the pool, and in turn."""
    async with connected(postgres_url, 1) as (_, asked):
        turns = []

        async def ask(number):
            await pid()
            turns.append(number)

        await asyncio.gather(*(ask(each) for each in range(10)))
        assert turns == [*range(10)]
        assert not asked


@pytest.mark.parametrize("handed", ["a connection", "a place"])
async def test_what_is_handed_to_who_is_gone_is_passed_on(postgres_url, handed):
    """Whether it is a connection, or leave to ask the pool for one."""
    async with connected(postgres_url, 1):
        keeping_ = connections.get("default")._pool
        for _ in range(3):
            lent = await keeping_.acquire(timeout=5)
            gone = asyncio.create_task(keeping_.acquire(timeout=5))
            after = asyncio.create_task(pid())
            await asyncio.sleep(0)
            if handed == "a place":
                await keeping_.release(lent)
            else:
                await keeping_.give_back(lent)
            gone.cancel()
            assert await after
            assert gone.cancelled()


async def test_who_waits_too_long_is_told(postgres_url):
    """And takes nothing from who comes then."""
    async with connected(postgres_url, 1):
        keeping_ = connections.get("default")._pool
        lent = await keeping_.acquire(timeout=5)
        with pytest.raises(TimeoutError):
            await keeping_.acquire(timeout=0.05)
        gone = asyncio.create_task(keeping_.acquire(timeout=5))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait({gone})
        assert not keeping_._waiting  # nor is anything kept of them while nothing gets free
        await keeping_.give_back(lent)
        assert await pid()


@pytest.mark.parametrize("ended", ["cancelled", "failed"])
async def test_a_statement_that_was_broken_off_is_the_pools(postgres_url, ended):
    """It knows how to end one; the next statement is answered with its own answer."""
    async with connected(postgres_url, 1) as (_, asked):
        client = connections.get("default")
        text = "SELECT pg_sleep(60)" if ended == "cancelled" else "SELECT 1 / 0"
        asking = asyncio.create_task(client.execute_query_dict(text))
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.wait({asking})
        assert await pid()
        assert asked["release"] == 1


async def test_connections_that_ended_are_not_lent(postgres_url):
    """Whatever ended them while they were kept; nobody hears of it, and nothing is left of them."""
    async with connected(postgres_url, 3):
        ended = set(await asyncio.gather(pid(), pid(), pid()))
        other = await asyncpg.connect(postgres_url)
        for each in ended:
            await other.execute(f"SELECT pg_terminate_backend({each})")
        await other.close()
        await asyncio.sleep(0.3)
        for _ in range(4):
            assert await pid() not in ended
        assert len(connections.get("default")._pool._lent) == 1


async def test_what_is_answered_while_the_pool_closes_is_not_kept(postgres_url, monkeypatch):
    """It would be waited for until its time to go back."""
    monkeypatch.setattr(keeping, "KEPT_SECONDS", 60)
    async with db.connect(postgres_url), asyncio.timeout(9):
        client = connections.get("default")
        asking = asyncio.create_task(client.execute_query_dict("SELECT pg_sleep(0.3)"))
        await asyncio.sleep(0.1)
        await client._pool.close()
        assert asking.done()

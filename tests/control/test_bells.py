"""Bells between processes: what rings in one is heard in the others."""

import asyncio
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from control.port import EntryKind
from control.postgres_pubsub import PAYLOAD_BYTES_MAX, TOPICS_MAX, PostgresPubSub, payloads
from control.queue.procrastinate import ProcrastinateTurns
from control.queue.tasks import TaskQueue
from db.models import User
from db.silence import LOOK_SECONDS, SILENT_SECONDS, Silence

NEVER_SECONDS = 3600.0  # longer than any test: only a bell helps

WORKER = """
import asyncio, sys
import db
from control.postgres_pubsub import PostgresPubSub
from control.queue.procrastinate import ProcrastinateTurns
from control.queue.tasks import TaskQueue
from db.vault import KEY_BYTES, Vault
from engine.events import Output, TaskChanged, now
from engine.state import TaskStatus

async def main():
    async with db.connect(sys.argv[1]):
        pubsub = PostgresPubSub()
        bells = asyncio.create_task(pubsub.work())
        turns = ProcrastinateTurns()
        queue = TaskQueue(turns, pubsub, Vault(bytes(KEY_BYTES)), poll_seconds=3600)
        print("ready", flush=True)
        lease = (await queue.claim("w_other", 3600)).lease
        for number in range(1, 4):
            await asyncio.to_thread(sys.stdin.readline)
            text = f"line {number}\\n"
            piece = Output(time=now(), index=0, first_line=number, text=text)
            await queue.append(lease, number - 1, [piece])
        await queue.finish(lease, TaskChanged(time=now(), status=TaskStatus.SUCCESS))
        await asyncio.to_thread(sys.stdin.readline)
        bells.cancel()

asyncio.run(main())
"""


@asynccontextmanager
async def carried(*bells):
    """Carry rings for the duration of the block."""
    jobs = [asyncio.create_task(each.work()) for each in bells]
    try:
        yield
    finally:
        for job in jobs:
            job.cancel()
            with suppress(asyncio.CancelledError):
                await job


async def heard(bell):
    """Return when the bell has rung."""
    await bell.wait(NEVER_SECONDS)


async def together(*bells):
    """Return when all of them hear each other: each first connection rings every bell."""
    for ringing in bells:
        for listening in bells:
            with listening.listen("hello") as bell:
                waiting = asyncio.create_task(heard(bell))
                while not waiting.done():
                    ringing.ring("hello")
                    await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)  # what is still under way


async def test_what_rings_here_is_heard_there_and_nothing_else(postgres):
    """The topic that rang, on the other side, once; others stay silent."""
    one, two = PostgresPubSub(), PostgresPubSub()
    async with carried(one, two):
        await together(one, two)
        with two.listen("task:t_1") as bell, two.listen("task:t_2") as other:
            one.ring("task:t_1")
            await heard(bell)

            assert not other._rung.is_set()


async def test_more_topics_than_one_message_holds(postgres):
    """Each of them is heard, however long they are together."""
    topics = [f"task:{number:0100}" for number in range(300)]
    one, two = PostgresPubSub(), PostgresPubSub()
    async with carried(one, two):
        await together(one, two)
        with two.listen(topics[0]) as first, two.listen(topics[-1]) as last:
            one.ring(*topics)
            await heard(first)
            await heard(last)

    texts = payloads(topics)
    assert len(texts) > 1
    assert all(len(text.encode()) <= PAYLOAD_BYTES_MAX for text in texts)
    assert "\n".join(texts).split("\n") == topics


async def test_after_a_lost_connection_every_bell_rings(postgres):
    """Rings may have been lost in both directions; then rings are carried as before."""
    one, two = PostgresPubSub(), PostgresPubSub()
    async with carried(one, two):
        await together(one, two)
        with one.listen("task:near") as near, two.listen("task:far") as far:
            admin = await asyncpg.connect(postgres)
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE '%pg_notify%' "
                "AND pid <> pg_backend_pid()"
            )
            await admin.close()
            await heard(near)
            await heard(far)
        await together(one, two)


async def test_what_cannot_be_sent_is_bounded(postgres):
    """A database that is away for long must not fill the memory; everything rings afterwards."""
    one, two = PostgresPubSub(), PostgresPubSub()
    one.ring(*(f"task:{number}" for number in range(TOPICS_MAX + 1)))
    assert len(one._unsent) == 1

    async with carried(two):
        await asyncio.sleep(0.5)
        with two.listen("task:any") as bell:
            bell._rung.clear()
            async with carried(one):
                await heard(bell)


async def test_the_last_rings_are_sent_too(postgres):
    """A worker that is stopped has just told how its tasks ended."""
    one, two = PostgresPubSub(), PostgresPubSub()
    with two.listen("task:last") as bell:
        async with carried(two):
            async with carried(one):
                await together(one, two)
                bell._rung.clear()
                one.ring("task:last")
            await heard(bell)


def message(kind, body=b""):
    """Return a message of PostgreSQL's protocol."""
    return kind + (4 + len(body)).to_bytes(4, "big") + body


def begin_statement(connection, text):
    """Have a statement parsed; PostgreSQL waits to be told its values."""
    parse = b"\0" + text.encode() + b"\0" + bytes(2)
    connection._transport.write(message(b"P", parse) + message(b"H"))


def silent(connection):
    """Say nothing more in the middle of a statement."""
    begin_statement(connection, "SELECT 2")


def unread(connection):
    """Take nothing of a long answer."""
    connection._transport.pause_reading()
    rows = b"SELECT repeat('x', 1000000) FROM generate_series(1, 100)\0"
    connection._transport.write(message(b"Q", rows))


@asynccontextmanager
async def holding(url):
    """Yield a connection in a transaction that has locked the user *u_1*."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("BEGIN")
        await connection.fetch("SELECT 1 FROM \"user\" WHERE id = 'u_1' FOR UPDATE")
        yield connection
    finally:
        connection.terminate()


@pytest.mark.slow
@pytest.mark.parametrize("stop", [silent, unread])
async def test_who_is_cut_off_within_a_statement_keeps_no_row(stop, postgres):
    """Whatever it was about to say; every connection of the pool may be waiting for that row."""
    await User.create(id="u_1", username="ann")
    async with holding(postgres) as cut, carried(PostgresPubSub()), asyncio.timeout(15):
        stop(cut)
        waiting = [User.filter(id="u_1").update(username=f"ann{at}") for at in range(20)]
        await asyncio.gather(*waiting, return_exceptions=True)

        assert await User.filter(id="u_1").update(username="eve") == 1


@pytest.mark.slow
async def test_who_has_waited_for_a_lock_is_heard_in_a_moment(postgres):
    """A statement that begins may wait for a table, and its values then come soon."""
    waits, migrates = await asyncpg.connect(postgres), await asyncpg.connect(postgres)
    async with carried(PostgresPubSub()):
        await migrates.execute('BEGIN; LOCK TABLE "user"')
        begin_statement(waits, 'SELECT count(*) FROM "user"')
        await asyncio.sleep(SILENT_SECONDS + LOOK_SECONDS)
        await migrates.execute("COMMIT")
        await asyncio.sleep(SILENT_SECONDS - LOOK_SECONDS)

        there = "SELECT wait_event FROM pg_stat_activity WHERE pid = $1"
        assert await migrates.fetchval(there, waits.get_server_pid()) == "ClientRead"
    waits.terminate()
    await migrates.close()


@pytest.mark.slow
async def test_who_may_end_nobody_hears_bells_all_the_same(postgres, caplog):
    """Databases may forbid it; that is said once."""
    await User.create(id="u_1", username="ann")
    looking, silence = await asyncpg.connect(postgres), Silence()
    await looking.execute(
        "CREATE SCHEMA strict; CREATE FUNCTION strict.pg_terminate_backend(int) RETURNS bool"
        " LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege; END $$;"
        " SET search_path = strict, pg_catalog"
    )
    async with holding(postgres) as cut:
        silent(cut)
        for _ in range(8):
            await silence.end(looking)
            await asyncio.sleep(LOOK_SECONDS)
    await looking.close()

    assert ["cannot be ended" in each for each in caplog.messages] == [True]


@pytest.mark.slow
async def test_who_copies_may_take_its_time(postgres):
    """PostgreSQL waits within a statement then, too."""
    connection = await asyncpg.connect(postgres)
    await connection.execute("CREATE TEMPORARY TABLE copied (id text)")

    async def slow():
        yield b"u_1\n"
        await asyncio.sleep(SILENT_SECONDS + 2 * LOOK_SECONDS)
        yield b"u_2\n"

    async with carried(PostgresPubSub()):
        await connection.copy_to_table("copied", source=slow())

    assert await connection.fetchval("SELECT count(*) FROM copied") == 2
    await connection.close()


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_follower_sees_what_a_worker_of_another_process_does(database, draft, vault):
    """Claim, output and end, though nobody looks without a bell."""
    pubsub = PostgresPubSub()
    queue = TaskQueue(ProcrastinateTurns(), pubsub, vault, poll_seconds=NEVER_SECONDS)
    async with carried(pubsub):
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WORKER, database),
            cwd=Path(__file__).parents[2],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert await worker.stdout.readline() == b"ready\n"
        task = await queue.submit(draft())
        texts, kinds = [], []
        async for entry in queue.tail({task.id: 0}):
            kinds.append(entry.kind)
            if entry.kind is EntryKind.OUTPUT:
                texts.append(entry.text)
            if entry.status == "running" or entry.kind is EntryKind.OUTPUT:
                worker.stdin.write(b"\n")
        worker.stdin.write(b"\n")

        assert texts == ["line 1\n", "line 2\n", "line 3\n"]
        assert kinds[-1] is EntryKind.END
        assert await worker.wait() == 0

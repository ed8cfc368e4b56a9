"""The history of the database."""

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from aerich import Command
from tortoise import connections
from tortoise.transactions import in_transaction

import db
from db.models import Environment, Org, Task, User
from rollway import migrations


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
async def test_models_equal_migrations(dialect):
    """Nobody changed a model without writing the migration (`make migration name=…`)."""
    command = [sys.executable, "-m", "rollway.migrations", "--change", dialect]
    answer = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)

    assert json.loads(answer.stdout)["up"] == []


async def test_history_is_applied_once(database):
    """A database at the newest migration has nothing pending."""
    command = Command(db.config(database), app=migrations.APP, location=str(migrations.LOCATION))
    await command.init()

    assert await command.heads() == []
    assert await command.upgrade() == []


async def test_history_goes_back_and_forth(database):
    """Down to nothing and up again."""
    command = Command(db.config(database), app=migrations.APP, location=str(migrations.LOCATION))
    await command.init()

    gone = await command.downgrade(0, delete=False)
    again = await command.upgrade()

    in_order = sorted(gone, key=lambda name: int(name.partition("_")[0]))
    assert in_order == again == await command.history()


@pytest.fixture(params=["sqlite", "postgres"])
async def empty(request, tmp_path):
    """The address of a database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/rollway.sqlite3"
    url = request.getfixturevalue("postgres_url")
    async with db.connect(url):
        await connections.get("default").execute_script(
            "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
        )
    return url


async def migrated(url, folder):
    """Migrate by the command; return its status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).parent / "rollway", "migrate", "--data", folder),
        env={"ROLLWAY_DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_many_migrate_at_once_and_one_does(empty, tmp_path):
    """As the first containers of as many servers do; none of them fails."""
    found = await asyncio.gather(*(migrated(empty, tmp_path) for _ in range(4)))

    assert [status for status, _ in found] == [0] * 4, found
    (applied,) = [said for _, said in found if said != "The database is up to date.\n"]
    assert applied.split() == migrations._all()


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
async def test_who_migrates_is_not_waited_for_without_end(request, dialect, monkeypatch):
    """Whoever waits is told why."""
    database = request.getfixturevalue(f"{dialect}_url")
    monkeypatch.setattr(migrations, "ALONE_SECONDS", 0.3)
    if database.startswith("sqlite"):
        other = os.open(Path(database.removeprefix("sqlite://")).parent, os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_EX)
        end = partial(asyncio.to_thread, os.close, other)
    else:
        other = await asyncpg.connect(database)
        await other.execute("SELECT pg_advisory_lock($1)", migrations.ALONE)
        end = other.close

    def upgrade():
        return asyncio.run(migrations.upgrade(database))

    with pytest.raises(migrations.Busy, match="another migration has been at work"):
        await asyncio.to_thread(upgrade)
    await end()
    assert await asyncio.to_thread(upgrade) == []


async def test_a_deadlock_with_who_works_is_tried_again(postgres_url, monkeypatch):
    """PostgreSQL ends one of two who wait for each other; that may be the migration."""
    real, met = Command.upgrade, []

    async def upgrade(command):
        if met:
            return await real(command)
        async with in_transaction() as mine:
            await mine.execute_query('LOCK TABLE "task"')
            other = await asyncpg.connect(postgres_url)
            await other.execute('SET deadlock_timeout = 60000; BEGIN; LOCK TABLE "step"')
            waiting = asyncio.create_task(other.execute('LOCK TABLE "task"; COMMIT'))
            try:
                await mine.execute_query('LOCK TABLE "step"')
            except asyncpg.DeadlockDetectedError as fault:
                met.append(fault)
                raise
            finally:
                waiting.add_done_callback(lambda _: other.terminate())

    monkeypatch.setattr(Command, "upgrade", upgrade)

    assert await asyncio.to_thread(asyncio.run, migrations.upgrade(postgres_url)) == []
    assert len(met) == 1


SCHEDULES = 6


async def test_schedules_that_are_there_begin(database, application_of):
    """And callers' idempotency keys are told from others', and back."""
    user = await User.create(id="u_1", username="ann")
    org = await Org.create(id="u_1:acme", user=user, name="acme", role="OWNER", secrets={})
    app = await application_of(org, "web")
    timed = Environment.filter(name="live")
    await timed.update(trigger_spec={"schedule": [{"cron": "* * * * *"}]})
    begin = datetime.now(UTC).replace(microsecond=0)
    for number, (kind, key) in enumerate(
        [("manual", "api.k"), ("github", "d_1.1.test"), ("rollback", None)]
    ):
        await Task.create(
            id=f"t_{number}",
            app=app,
            env_name="test",
            status="pending",
            steps=[],
            trigger_type=kind,
            idempotency_key=key,
            created_time=begin,
            updated_time=begin,
        )
    keys = Task.all().order_by("id").values_list("idempotency_key", flat=True)
    command = Command(db.config(database), app=migrations.APP, location=str(migrations.LOCATION))
    await command.init()

    await command.downgrade(SCHEDULES, delete=False)
    assert await keys == ["k", "d_1.1.test", None]
    await command.upgrade()

    assert await keys == ["api.k", "d_1.1.test", None]
    times = dict(await Environment.all().values_list("name", "next_scheduled_time"))
    assert times["test"] is None
    assert begin <= times["live"] <= datetime.now(UTC)
    assert await timed.filter(next_scheduled_time=times["live"]).exists()


QUEUE = 10


# Without what later versions add.
OLD_TASK = """
INSERT INTO task (id, app_id, env_name, status, reported, created_time, updated_time,
  steps, trigger_type, exact, with_secrets, received, next_seq, epoch, cancel_requested)
VALUES ($1, $2, $3, $4, $5, $6, $6, '[]', 'manual', false, true, 0, 1, 0, false)
"""


async def test_tasks_of_an_older_server_get_their_jobs(postgres, application_of):
    """What runs blocks its environment, what waits keeps its order; the rest is no business."""
    user = await User.create(id="u_1", username="ann")
    org = await Org.create(id="u_1:acme", user=user, name="acme", role="OWNER", secrets={})
    app = await application_of(org, "web")
    command = Command(db.config(postgres), app=migrations.APP, location=str(migrations.LOCATION))
    await command.init()
    begin = datetime.now(UTC)
    for name, env_name, status, reported, seconds in (
        ("t_5", "test", "pending", False, 5),
        ("t_4", "test", "pending", False, 4),
        ("t_3", "test", "running", False, 3),
        ("t_2", "live", "pending", False, 2),
        ("t_1", "live", "pending", True, 1),
        ("t_0", "live", "success", False, 0),
    ):
        created = begin + timedelta(seconds=seconds)
        await connections.get("default").execute_query(
            OLD_TASK, [name, app.id, env_name, status, reported, created]
        )

    await command.downgrade(QUEUE, delete=False)
    await command.upgrade()

    jobs = await connections.get("default").execute_query_dict(
        "SELECT queueing_lock, lock, status FROM procrastinate_jobs ORDER BY id"
    )
    assert [tuple(row.values()) for row in jobs] == [
        ("t_3", f"{app.id}:test", "doing"),
        ("t_2", f"{app.id}:live", "todo"),
        ("t_4", f"{app.id}:test", "todo"),
        ("t_5", f"{app.id}:test", "todo"),
    ]


@pytest.mark.parametrize("suffix", ["", "?maxsize=3"])
async def test_pending_reads_the_database_whatever_its_address(postgres_url, suffix):
    """An address with parameters is no file."""
    assert await asyncio.to_thread(asyncio.run, migrations.pending(postgres_url + suffix)) == []


async def test_everything_is_pending_without_a_file(tmp_path):
    """A database that is not there yet is not made by asking."""
    path = tmp_path / "none" / "rollway.sqlite3"

    written = (Path(db.__file__).parent / "migrations" / "rollway").glob("[0-9]*.py")
    assert len(await migrations.pending(f"sqlite://{path}")) == len([*written])
    assert not path.parent.exists()


async def test_sqlite_is_set_up_for_concurrent_readers(sqlite):
    """Write-ahead log, foreign keys, and a bound on waiting for a lock."""
    client = connections.get("default")

    async def pragma(name):
        return next(iter((await client.execute_query_dict(f"PRAGMA {name}"))[0].values()))

    assert await pragma("journal_mode") == "wal"
    assert await pragma("foreign_keys") == 1
    assert await pragma("busy_timeout") == 10  # and again for five seconds, beside the connection

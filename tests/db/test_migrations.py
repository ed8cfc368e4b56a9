"""The history of the database."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from aerich import Command
from tortoise import connections

import db
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

    assert sorted(gone) == again == await command.history()


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
    assert await pragma("busy_timeout") == 5000

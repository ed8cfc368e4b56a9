"""The history of the database: applied by `rollway migrate`, extended by `make migration name=…`.

Aerich keeps the history; its SQL is of one dialect, so a migration here carries both texts, made
offline from the same models.
"""

import asyncio
import fcntl
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypedDict

from aerich import Command, TortoiseContext
from aerich.migrate import Migrate
from aerich.utils import get_formatted_compressed_data, get_models_describe
from tortoise import connections
from tortoise.exceptions import OperationalError
from tortoise.utils import get_schema_sql

import db
import db.models
from db.trouble import DatabaseAway

APP = "rollway"
HISTORY = "aerich"  # Aerich's own table: it keeps the history, so it stays
ALONE = 0x526F6C6C776179  # the number of the lock in PostgreSQL
ALONE_SECONDS = 600.0
PAUSE_SECONDS = 0.2
DEADLOCK, DEADLOCKS_MAX = "40P01", 5
LOCATION = Path(db.models.__file__).parent / "migrations"
OFFLINE_URLS = {"sqlite": "sqlite://:memory:", "postgres": "asyncpg://nobody@127.0.0.1:1/none"}

TEMPLATE = '''from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {{
    "sqlite": """
{sqlite_up}
""",
    "postgres": """
{postgres_up}
""",
}}

DOWNGRADE = {{
    "sqlite": """
{sqlite_down}
""",
    "postgres": """
{postgres_down}
""",
}}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    {state}
)
'''


class Change(TypedDict):
    """What it takes to bring the last migration up to the models, in one dialect."""

    up: list[str]
    down: list[str]
    state: str


class Busy(Exception):
    """Somebody else has been migrating this database for too long."""

    def __str__(self) -> str:
        return (
            f"another migration has been at work for {ALONE_SECONDS:.0f} s:"
            " wait for it, or end what hangs, and migrate again"
        )


async def upgrade(url: str) -> list[str]:
    """Apply what is missing to the database at *url*; return the names of what was applied.

    Others who migrate it wait; Busy says that it took too long. Where servers that work on it and
    the migration wait for each other, PostgreSQL ends one of them, and the migration tries again.
    """
    async with Command(db.config(url), app=APP, location=str(LOCATION)) as command:
        await command.init()
        async with _alone(url):
            missing = await _missing(command)
            for _ in range(DEADLOCKS_MAX):
                try:
                    await command.upgrade()
                except Exception as fault:
                    if not _is_deadlock(fault):
                        raise
                else:
                    return missing
            await command.upgrade()
            return missing


@asynccontextmanager
async def _alone(url: str) -> AsyncIterator[None]:
    """Keep others from migrating the same database for the duration of the block."""
    client = connections.get("default")
    if client.capabilities.dialect == "sqlite":
        lock = os.open(Path(url.partition("://")[2].partition("?")[0]).parent, os.O_RDONLY)
        try:
            await _until(partial(asyncio.to_thread, _held, lock))
            yield
        finally:
            os.close(lock)
        return
    async with client.acquire_connection() as connection:
        # Not by waiting for it: an index that is built concurrently waits for who waits.
        await _until(partial(connection.fetchval, "SELECT pg_try_advisory_lock($1)", ALONE))
        try:
            yield
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", ALONE)


async def _until(held: Callable[[], Awaitable[bool]]) -> None:
    """Return once a lock is *held*; Busy when that takes too long."""
    for _ in range(math.ceil(ALONE_SECONDS / PAUSE_SECONDS)):
        if await held():
            return
        await asyncio.sleep(PAUSE_SECONDS)
    raise Busy


def _held(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_deadlock(fault: Exception) -> bool:
    """Tell whether PostgreSQL ended a statement for one; Tortoise hands the driver's error on."""
    return any(getattr(each, "sqlstate", None) == DEADLOCK for each in (fault, *fault.args))


async def pending(url: str) -> list[str]:
    """Return the migrations that the database at *url* has not seen."""
    scheme, _, rest = url.partition("://")
    file = rest.partition("?")[0]
    if scheme == "sqlite" and not await asyncio.to_thread(Path(file).exists):
        return _all()
    async with Command(db.config(url), app=APP, location=str(LOCATION)) as command:
        await command.init()
        return await _missing(command)


async def _missing(command: Command) -> list[str]:
    try:
        return await command.heads()
    except DatabaseAway:
        raise
    except OperationalError:  # an empty database has no history table
        return _all()


def _all() -> list[str]:
    files = (LOCATION / APP).glob("[0-9]*_*.py")
    return sorted((file.name for file in files), key=lambda name: int(name.partition("_")[0]))


async def change(dialect: str) -> Change:
    """Compare the models with the last migration; needs no database."""
    settings = db.config(OFFLINE_URLS[dialect])
    async with TortoiseContext(settings):
        await Migrate.init(settings, APP, str(LOCATION), offline=True)
        now = get_models_describe(APP)
        state = get_formatted_compressed_data(now)
        before = Migrate._last_version_content  # noqa: SLF001
        if before is None:
            schema = get_schema_sql(connections.get("default"), safe=True)
            # in the order of their references
            tables = re.findall(r'CREATE TABLE IF NOT EXISTS "(\w+)"', schema)
            drops = [f'DROP TABLE "{table}"' for table in reversed(tables) if table != HISTORY]
            return Change(up=[schema.rstrip(";")], down=drops, state=state)
        Migrate.diff_models(before, now, no_input=True)
        Migrate.diff_models(now, before, upgrade=False, no_input=True)
        Migrate._merge_operators()  # noqa: SLF001
        return Change(up=Migrate.upgrade_operators, down=Migrate.downgrade_operators, state=state)


def write(name: str) -> Path | None:
    """Write the next migration from the models; None when there is nothing to change."""
    # A process each: Tortoise keeps generated SQL on the models, in the first dialect it met.
    changes = {dialect: _change_in_process(dialect) for dialect in OFFLINE_URLS}
    if not any(each["up"] for each in changes.values()):
        return None
    folder = LOCATION / APP
    path = folder / f"{len(_all())}_{datetime.now(UTC):%Y%m%d%H%M%S}_{name}.py"
    texts = {f"{dialect}_up": _script(each["up"]) for dialect, each in changes.items()}
    texts |= {f"{dialect}_down": _script(each["down"]) for dialect, each in changes.items()}
    path.write_text(TEMPLATE.format(**texts, state=changes["sqlite"]["state"]))
    return path


def _change_in_process(dialect: str) -> Change:
    command = [sys.executable, "-m", "rollway.migrations", "--change", dialect]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    result: Change = json.loads(answer.stdout)
    return result


def _script(statements: Sequence[str]) -> str:
    return ";\n".join(statement.strip().rstrip(";") for statement in statements) + ";"


def main(arguments: Sequence[str]) -> None:
    """`python -m rollway.migrations NAME` writes the next migration."""
    if arguments[0] == "--change":
        sys.stdout.write(json.dumps(asyncio.run(change(arguments[1]))))
        return
    path = write(arguments[0])
    sys.stdout.write(f"{path or 'The models equal the migrations: nothing to write.'}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

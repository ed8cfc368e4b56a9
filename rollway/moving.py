"""`rollway move`: from SQLite, one process, to PostgreSQL, several."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from control.queue.procrastinate import ProcrastinateTurns
from db import connect, moving
from db.moving import Miscounted, NotEmpty, Source
from rollway import migrations
from rollway.refused import Refused
from rollway.settings import Settings
from rollway.starting import data_folder, reaching, require_head
from rollway.variables import database

PENDING = "SELECT count(*) AS count FROM task WHERE status = 'pending' AND reported = false"


def move(
    settings: Settings, target: str, say: Callable[[str], None], progress: Callable[[str], None]
) -> None:
    """Copy everything into the migrated, empty database at *target*; Refused where that cannot be.

    The server must have stopped, and no task may run. Secrets stay sealed as they are; tasks that
    wait get their place in the queue there. The target has all of it or nothing.
    """
    if not settings.embedded:
        raise Refused("ROLLWAY_DATABASE_URL is no SQLite database: only from there leads a way")
    try:
        if database(target).startswith("sqlite://"):
            raise Refused("--to must be the address of a PostgreSQL database: postgres://…")
    except ValueError as fault:
        raise Refused(f"--to {fault}") from fault
    file = Path(settings.database.partition("://")[2].partition("?")[0])
    with data_folder(settings):
        require_head(settings)
        with reaching(settings, target):
            missing = asyncio.run(migrations.pending(target))
        if missing:
            raise Refused(
                f"the target lacks {', '.join(missing)}; run `rollway migrate` with it as"
                " ROLLWAY_DATABASE_URL first"
            )
        with reaching(settings, target), moving.reading_from(file) as source:
            if running := source.running():
                raise Refused(
                    f"{running} tasks run, or did when the server was killed: start it, let them"
                    " end, and stop it"
                )
            counts, waiting = asyncio.run(_copy(source, target, progress))
    for table, count in counts.items():
        say(f"{count:>12,}  {table}")
    say(f"All {sum(counts.values()):,} rows are in the target; {waiting} tasks wait there.")
    say(f"Put {file} away: a server that starts on it would run waiting tasks once more.")


async def _copy(
    source: Source, target: str, progress: Callable[[str], None]
) -> tuple[Mapping[str, int], int]:
    def told(table: str, done: int, total: int) -> None:
        progress(f"{table}: {done:,} of {total:,}")

    try:
        async with connect(target), moving.empty_target() as db:
            counts = await moving.copy(source, db, told)
            await ProcrastinateTurns().mend_all(db)
            found = await db.execute_query_dict(PENDING)
            return counts, int(found[0]["count"])
    except (NotEmpty, Miscounted) as reason:
        raise Refused(str(reason)) from reason

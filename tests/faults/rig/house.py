"""Servers and workers on one database, each a process of its own that may be killed or frozen."""

import asyncio
import base64
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

from tests import steps
from tests.faults.rig.client import Client
from tests.faults.rig.ledger import pipeline, read
from tests.faults.rig.postgres import Postgres
from tests.faults.rig.wire import Wire
from tests.ports import free_port

PROGRAM = Path(sysconfig.get_path("scripts")) / "rollway"
NAMES = re.compile(r" \[request \w+\]| fault \w+|\b[a-z]_[0-9a-f]{8,}")
READY_SECONDS = 90.0
STOP_SECONDS = 40.0
WAIT_SECONDS = 90.0


class Ended(Exception):
    """A process ended while it started; the text is what it printed."""


class Process:
    """One process after the other with the same arguments; *ready* is what it prints at last."""

    def __init__(self, name, folder, arguments, env, ready):
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        self.data = self.folder / "data"
        self.arguments = [*arguments, "--data", str(self.data)]
        path = f"{os.defpath}:/usr/local/bin"
        self.env = {"PATH": path, "HOME": str(self.folder), "ROLLWAY_ISOLATION": "plain", **env}
        self._ready = ready
        self.before = []  # the words of a command that starts the program
        self.log_path = self.folder / "log"
        self.process = None
        self.frozen = False

    @property
    def log(self):
        """What all processes have printed."""
        return self.log_path.read_text() if self.log_path.exists() else ""

    def start(self, *more):
        """Start a process; return once it is ready. Ended if it never is."""
        before = len(self.log)
        with self.log_path.open("a") as log:
            self.process = subprocess.Popen(
                [*self.before, PROGRAM, *self.arguments, *more],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + READY_SECONDS
        while self._ready not in self.log[before:]:
            said = f"{self.name}:\n{self.log[before:]}"
            if self.process.poll() is not None:
                raise Ended(said)
            assert time.monotonic() < end, f"it does not come up: {said}"
            time.sleep(0.05)

    def kill9(self):
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self.frozen = False

    def freeze(self):
        """Have it stand still."""
        self.process.send_signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self):
        """Have it go on."""
        self.frozen = False
        self.process.send_signal(signal.SIGCONT)

    def terminate(self):
        """Ask it to end; return its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def renew(self):
        """Have its next start be of this version."""
        self.env.pop("PYTHONPATH", None)

    def steps(self):
        """Return the processes of steps that it has started and that live."""
        return steps.living(self.data)

    def stop(self):
        """End it at once, if it still runs."""
        if self.process and self.process.poll() is None:
            if self.frozen:
                self.thaw()
            self.kill9()


class House:
    """*servers* servers without slots, and *workers* workers elsewhere, each of *slots*.

    With *postgres* false there is one server, on SQLite, which works too: it has one slot. Between
    workers and servers are *wires*, which lose the share `losing` of the answers. *migrated* is a
    folder with a migrated database to begin with.
    """

    def __init__(
        self,
        *,
        servers=2,
        workers=3,
        slots=3,
        lease_seconds=5,
        postgres=True,
        wired=False,
        migrated=None,
        hosts=("127.0.0.1",),
        more=None,
    ):
        self.folder = Path(tempfile.mkdtemp(prefix="rollway-house-"))
        self.ledger = self.folder / "ledger"
        self.lease_seconds = lease_seconds
        self.postgres = Postgres(hosts) if postgres else None
        self.settings = {
            "ROLLWAY_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "ROLLWAY_WORKER_SLOTS": "0" if postgres else "1",
            "ROLLWAY_LEASE_SECONDS": str(lease_seconds),
            "ROLLWAY_REPOSITORIES": "file,private",
            "ROLLWAY_SIGN_UP": "open",
            "ROLLWAY_ARGON2_MEMORY_KIB": "7168",
            "ROLLWAY_ARGON2_PASSES": "5",
            "ROLLWAY_ARGON2_LANES": "1",
            **(more or {}),
        }
        if postgres:
            self.settings["ROLLWAY_DATABASE_URL"] = self.postgres.url("rollway")
        self._migrated = migrated
        self._older = {}
        names = [f"server-{number}" for number in range(servers if postgres else 1)]
        self.servers = [self.server(name) for name in names]
        self.losing = 0.0
        self.wires = [Wire(server.url, self._loses) for server in self.servers if wired]
        self._open = AsyncExitStack()
        self.workers = []
        self._worker_names = [f"worker-{number}" for number in range(workers)]
        self._slots = slots
        self.client = Client([server.url for server in self.servers])

    def _loses(self, path):
        return random.random() < self.losing

    def begin_older(self, rooms):
        """Have all be of the older version in the folder *rooms*, until each is told to `renew`."""
        self._older = {"PYTHONPATH": str(rooms)}
        for each in self.servers:
            each.env |= self._older

    def server(self, name, host="127.0.0.1"):
        """Return a server, not yet started."""
        port = free_port()
        arguments = ["serve", "--host", host, "--port", str(port)]
        server = Process(name, self.folder, arguments, self.settings, "Rollway serves")
        server.port, server.url = port, f"http://{host}:{port}"
        return server

    def worker(self, name, urls=None):
        """Return a worker, not yet started."""
        urls = urls or [each.url for each in self.wires or self.servers]
        arguments = ["worker", "--url", ",".join(urls)]
        env = {
            "ROLLWAY_REPOSITORIES": "file,private",
            "ROLLWAY_WORKER_SLOTS": str(self._slots),
            **self._older,
        }
        return Process(name, self.folder, arguments, env, "Rollway works as")

    async def up(self):
        """Start everything; sign up, make a team, add the workers."""
        await asyncio.to_thread(self._start)
        for wire in self.wires:
            await self._open.enter_async_context(wire.up())
        await self.client.begin()
        await asyncio.gather(*(self.add(self.worker(name)) for name in self._worker_names))
        return self

    def _start(self):
        if self.postgres and self._migrated:
            self.postgres.copy(self._migrated)
            self.postgres.start()
        else:
            self._migrate()
        with ThreadPoolExecutor() as pool:
            list(pool.map(Process.start, self.servers))

    def _migrate(self):
        if self.postgres:
            self.postgres.create()
            self.postgres.start()
            self.postgres.say("CREATE DATABASE rollway")
        self.migrate(self.servers[0].env)

    def migrate(self, env=None):
        """Bring the database to the version of *env*, or to this one; return what was applied."""
        command = [PROGRAM, "migrate", "--data", self.servers[0].data]
        env = env or {**self.servers[0].env, "PYTHONPATH": ""}
        done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
        assert not done.returncode, done.stderr
        return done.stdout.splitlines()

    def give_migrated(self, folder):
        """Leave a migrated database in *folder*, for other houses to begin with."""
        self._migrate()
        self.postgres.give(folder)

    async def add(self, worker):
        """Register and start a worker."""
        self.workers.append(worker)
        made = await self.client.done(
            "createWorker", "token", orgName=self.client.team, name=worker.name, labels=[]
        )
        await asyncio.to_thread(worker.start, "--token", made["token"])

    def repository(self, name, pipeline):
        """Make a bare repository with a pipeline; return its address."""
        work, bare = self.folder / f"{name}.work", self.folder / f"{name}.git"
        work.mkdir()
        (work / "serverless-pipeline.yaml").write_text(pipeline)
        who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
        for words in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "--all"],
            [*who, "commit", "--quiet", "--message=One"],
            ["clone", "--quiet", "--bare", ".", str(bare)],
        ):
            subprocess.run(["git", *words], cwd=work, check=True)
        return bare.as_uri()

    async def applications(self, count):
        """Return the ids of so many new applications, whose step writes to the ledger."""
        url = await asyncio.to_thread(self.repository, "code", pipeline(self.ledger))
        names = [f"app-{number}" for number in range(count)]
        return [await self.client.application(name, url) for name in names]

    async def written(self, count, kind="begin"):
        """Return the ledger's runs, once so many have written a mark of a kind."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                runs = await asyncio.to_thread(read, self.ledger)
                if sum(bool(run.times(kind)) for run in runs) >= count:
                    return runs
                await asyncio.sleep(0.05)

    async def ended(self, *tasks, seconds=WAIT_SECONDS, pause_seconds=0.2):
        """Return tasks once all have ended; it looks rarely where looking would be in the way."""
        async with asyncio.timeout(seconds):
            while True:
                found = {task["id"]: task for task in await self.client.tasks()}
                if all(found[each]["finishedTime"] for each in tasks):
                    return [found[each] for each in tasks]
                await asyncio.sleep(pause_seconds)

    def named(self, name):
        """Return the process of a name, as the ledger has it."""
        return next(each for each in (*self.workers, *self.servers) if each.name == name)

    def complaints(self):
        """Return what servers and workers have logged as errors, and how often."""
        found = Counter()
        for each in (*self.servers, *self.workers):
            for line in re.findall(r"\b(?:ERROR|CRITICAL) .*", each.log):
                found[NAMES.sub("", line).strip()] += 1
        return dict(found)

    async def down(self):
        """End everything, and delete what it has left."""
        await self.client.end()
        for each in (*self.workers, *self.servers):
            each.stop()
        await self._open.aclose()
        if self.postgres:
            self.postgres.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

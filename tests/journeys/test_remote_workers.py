"""Workers elsewhere: processes that have nothing but a server's address and a credential."""

import asyncio
import os
import re
import signal
import subprocess
import time
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import steps

START_SECONDS = 60.0
SECRET = "hunter2-canary"
CREATE = "token worker { id }"
STUCK = "subscription ($id: ID!) { applicationTasks(applicationId: $id) { waitingFor } }"
WORKERS = """query ($name: String!) { org(name: $name) { workers {
  name labels version slots running online lastContactTime } } }"""


class Wire:
    """A proxy between workers and the server, at an address that stays.

    Once *silent*, nothing passes and nobody is told; while *cut*, nobody is let in. The answer that
    gives a task is lost once, with its connection left open, if it *swallows*.
    """

    def __init__(self):
        self.port = 0
        self.silent = self.cut = self.swallows = False
        self.url = ""
        self._writers = set()

    @asynccontextmanager
    async def up(self):
        """Listen for the duration of the block."""
        async with await asyncio.start_server(self._accept, "127.0.0.1", 0) as listening:
            self.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            yield self
            for writer in self._writers:
                writer.close()

    def lead_to(self, server):
        """Lead to this process of the server from now on."""
        self.port = urlsplit(server.url).port

    def break_off(self):
        """Let nobody in from now on, and those who are go."""
        self.cut = True
        for writer in self._writers:
            writer.close()

    async def _accept(self, reader, writer):
        self._writers.add(writer)
        if self.cut:
            writer.close()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.close()
            return
        self._writers.add(there[1])
        await asyncio.gather(self._pass(reader, there[1]), self._pass(there[0], writer))

    async def _pass(self, reader, writer):
        swallowed = False
        with suppress(OSError):
            while data := await reader.read(65536):
                if self.swallows and b'"assignment":{' in data:
                    self.swallows, swallowed = False, True
                if self.silent or swallowed:
                    continue
                writer.write(data)
                await writer.drain()
        if not self.silent:
            writer.close()


class Elsewhere:
    """A worker's process, in a folder of its own."""

    def __init__(self, server, folder, url):
        self.server = server
        self.data = folder / "data"
        self.log_path = folder / "log"
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.url = url
        self.env = {
            "PATH": server.env["PATH"],
            "HOME": str(folder),
            "ROLLWAY_ISOLATION": "plain",
            "ROLLWAY_REPOSITORIES": "file,private",
        }
        self.process = None

    def start(self, token=None, ready="Rollway works as"):
        """Start the process; return once it prints *ready*, or ends."""
        given = ["--token", token] if token else []
        before = len(self.log)
        with self.log_path.open("a") as log:
            self.process = subprocess.Popen(
                [
                    self.server.command,
                    "worker",
                    "--url",
                    self.url,
                    "--data",
                    str(self.data),
                    *given,
                ],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + START_SECONDS
        while ready not in self.log[before:] and self.process.poll() is None:
            assert time.monotonic() < end, self.log[before:]
            time.sleep(0.05)
        return self

    @property
    def log(self):
        """What it has printed."""
        return self.log_path.read_text() if self.log_path.exists() else ""

    @property
    def environ(self):
        """What its environment holds."""
        return Path(f"/proc/{self.process.pid}/environ").read_bytes()

    def steps(self):
        """Return the processes of steps that it started and that live."""
        return steps.living(self.data)

    def stop(self):
        """End it at once."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)


@pytest.fixture
async def house_of(rollway_of, postgres_url, member_of, tmp_path):
    """Return a function that gives a server without workers, its wire, a member and a worker."""
    made = []
    wire = Wire()

    async def make(lease_seconds, database=postgres_url, **more):
        settings = {
            "ROLLWAY_DATABASE_URL": database,
            "ROLLWAY_WORKER_SLOTS": "0",
            "ROLLWAY_LEASE_SECONDS": str(lease_seconds),
            **more,
        }
        server = rollway_of(settings=settings)
        await asyncio.to_thread(server.start)
        wire.lead_to(server)
        client = await member_of(server)
        dead = "http://127.0.0.1:1"  # the next one is asked
        worker = Elsewhere(server, tmp_path / "elsewhere", f"{dead},{wire.url}")
        made.extend((worker, server))
        answer = await client.done(
            "createWorker", CREATE, orgName=client.team, name="box", labels=["linux"]
        )
        await asyncio.to_thread(worker.start, answer["token"])
        return server, wire, client, worker, answer

    async with wire.up():
        yield make
        for each in made:
            await asyncio.to_thread(each.stop)


async def ended(client, task_id, *statuses, seconds=90):
    """Return the task once it has one of *statuses*."""
    async with asyncio.timeout(seconds):
        while (task := await client.task(task_id))["status"] not in statuses:
            await asyncio.sleep(0.2)
    return task


async def there(path, seconds=60):
    """Return once a file is there."""
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(path.exists):
            await asyncio.sleep(0.1)


async def gone(worker, seconds=60):
    """Return once no process of its steps lives."""
    async with asyncio.timeout(seconds):
        while worker.steps():
            await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_machine_is_added_and_removed(house_of, repository, told, tmp_path):
    """It has no database, runs tasks with secrets it masks, hears a cancel, and registers once."""
    _, wire, client, worker, made = await house_of(20)
    environ = worker.environ
    again = Elsewhere(worker.server, tmp_path / "again", wire.url)
    await asyncio.to_thread(again.start, made["token"])
    code = repository("""
steps:
  - env: {KEY: "${{ secrets.KEY }}"}
    run: echo "the key is $KEY"
  - run: echo running; sleep 300
""")
    application = await client.create_application(code.url)
    await client.done(
        "setSecrets", "secrets { key }", orgName=client.team, set=[{"key": "KEY", "value": SECRET}]
    )
    task_id = await client.deploy(application)
    await client.until(task_id, "running", seconds=90)
    listed = (await client.query(WORKERS, name=client.team))["org"]["workers"]
    await client.done("cancelTask", "task { id }", taskId=task_id)
    events = await client.events(task_id)
    await gone(worker)
    await client.done("removeWorker", "deletedId", workerId=made["worker"]["id"])
    code_of_exit = await asyncio.to_thread(worker.process.wait, 60)

    assert b"postgres" not in environ
    assert b"MASTER_KEY" not in environ
    assert not (worker.data / "master.key").exists()
    assert (worker.data / "worker.json").stat().st_mode & 0o77 == 0
    assert again.process.wait(30) == 2
    assert "registration token was used" in again.log
    assert told.text(events, 1) == "the key is ***\n"
    assert events[-1]["status"] == "CANCELLED"
    assert listed[0].pop("lastContactTime")
    assert listed[0].pop("version")
    assert listed == [
        {"name": "box", "labels": ["linux"], "slots": 4, "running": 1, "online": True}
    ]
    assert code_of_exit == 2
    assert "was removed there" in worker.log
    assert not [file for file in worker.data.rglob("*") if file.is_file() and SECRET in _read(file)]


def _read(file):
    return file.read_bytes().decode(errors="replace")


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_task_outlives_a_restart_of_its_server(house_of, repository, told, connect, gate):
    """Killed while a step prints more than memory takes, and started again within the lease.

    The step goes on meanwhile; afterwards no line is missing and none is there twice.
    """
    server, wire, client, worker, _ = await house_of(100)
    lines, wide = 4000, "x" * 990
    code = repository(f"""
steps:
  - run: |
      echo begun
      {gate.wait}
      seq -f '%06g {wide}' 1 {lines}
      touch '{gate.path}.printed'
  - run: echo after
""")
    task_id = await client.deploy(await client.create_application(code.url))
    await client.until(task_id, "begun", seconds=90)
    server.kill9()
    gate.open()
    await there(Path(f"{gate.path}.printed"))  # while the server is away
    await asyncio.to_thread(server.start)
    wire.lead_to(server)
    again = connect(server, token=client.token)
    events = await again.events(task_id, seconds=90)

    assert events[-1]["status"] == "SUCCESS", (told.statuses(events), worker.log)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    text = told.text(events, 1)
    assert re.findall(r"^(\d{6}) x+$", text, re.MULTILINE) == [
        f"{number:06}" for number in range(1, lines + 1)
    ]
    assert told.text(events, 2) == "after\n"


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("trouble", ["kill -9", "silence"])
async def test_what_is_lost_is_stopped_first(house_of, repository, trouble, tmp_path):
    """A worker that dies or hears nothing: its commands end, and the task is LOST.

    In this order where it lives: another deploy may begin once the task is lost.
    """
    _, wire, client, worker, _ = await house_of(12 if trouble == "silence" else 6)
    tick = tmp_path / "tick"
    code = repository(f"""
steps:
  - run: |
      echo running
      setsid sleep 300 &
      while :; do date +%s >'{tick}.new' && mv '{tick}.new' '{tick}'; sleep 0.1; done
""")
    task_id = await client.deploy(await client.create_application(code.url))
    await client.until(task_id, "running", seconds=90)
    assert worker.steps()
    if trouble == "silence":
        wire.silent = True
        lost = asyncio.create_task(ended(client, task_id, "LOST"))
        await gone(worker)
        assert worker.process.poll() is None
    else:
        os.kill(worker.process.pid, signal.SIGKILL)
        lost = asyncio.create_task(ended(client, task_id, "LOST"))
        await gone(worker)
    task = await lost

    assert "went away" in task["steps"][1]["error"]
    lost_time = datetime.fromisoformat(task["finishedTime"])
    assert int(tick.read_text()) < lost_time.timestamp()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_task_outlives_its_database(house_of, repository, gate, postgres_url):
    """Away for longer than the lease, while the server says so itself: the step goes on."""
    there = urlsplit(postgres_url)
    wire = Wire()
    wire.port = there.port
    lease_seconds = 5
    async with wire.up():
        port = urlsplit(wire.url).port
        database = there._replace(netloc=there.netloc.replace(f":{there.port}", f":{port}"))
        server, _, client, worker, _ = await house_of(lease_seconds, database.geturl())
        code = repository(f"steps: [{{run: 'echo running; {gate_of(gate)}; echo done'}}]")
        task_id = await client.deploy(await client.create_application(code.url))
        await client.until(task_id, "running", seconds=90)
        wire.break_off()
        await asyncio.sleep(2.5 * lease_seconds)
        steps = worker.steps()
        wire.cut = False
        await asyncio.sleep(1)
        gate.open()
        task = await ended(client, task_id, "SUCCESS", "LOST", "FAILURE")
        await asyncio.to_thread(worker.stop)
        await asyncio.to_thread(server.terminate)
        server.looked = len(server.log)  # it complained of its database, rightly

    assert steps
    assert task["status"] == "SUCCESS"


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_task_whose_claim_was_swallowed_waits_again_and_runs_once(house_of, repository):
    """The worker lives and beats, and does not know of it: three beats, and its place is back."""
    lease_seconds = 5
    _, wire, client, _, _ = await house_of(lease_seconds)
    code = repository("steps: [{run: 'echo once'}]")
    application = await client.create_application(code.url)
    wire.swallows = True
    task_id = await client.deploy(application)
    events = await client.events(task_id, seconds=90)
    changes = [
        (each["status"], datetime.fromisoformat(each["time"]))
        for each in events
        if each["__typename"] == "TaskStatusChanged"
    ]
    begun = [each["stepIndex"] for each in events if each.get("stepStatus") == "RUNNING"]
    waited = (changes[2][1] - changes[1][1]).total_seconds()

    assert [status for status, _ in changes] == [
        *("PENDING", "RUNNING", "PENDING", "RUNNING", "SUCCESS"),
    ]
    assert begun == [0, 1]
    assert 0.6 * lease_seconds <= waited < 2 * lease_seconds


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_task_that_no_worker_may_take_says_so_soon(house_of, repository):
    """Within five seconds, to those who watch too; with a label that the worker has it runs."""
    _, _, client, _, _ = await house_of(20)
    code = repository("steps: [{run: 'echo done'}]")
    application = await client.create_application(code.url)
    scope = {"applicationId": application, "name": "default"}
    await client.done("updateEnvironment", "environment { id }", **scope, runsOn=["gpu", "linux"])
    async with client.subscribe(STUCK, id=application) as news:
        stuck = await client.deploy(application)
        async with asyncio.timeout(5):
            async for each in news:
                if each["applicationTasks"]["waitingFor"] == "WORKER":
                    break
    await client.done("cancelTask", "task { id }", taskId=stuck)
    await client.done("updateEnvironment", "environment { id }", **scope, runsOn=["linux", "team"])
    task_id = await client.deploy(application)

    assert (await ended(client, task_id, "SUCCESS", "FAILURE"))["status"] == "SUCCESS"


def gate_of(gate):
    """Return the text of a step that waits, without quotes."""
    return gate.wait.replace("'", "")


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_sigterm_drains(house_of, repository, gate):
    """What runs goes on to its end, nothing new is taken, and then the process ends well.

    At a second SIGTERM what runs is lost, and said to be, at once.
    """
    _, _, client, worker, _ = await house_of(20)
    code = repository(f'steps: [{{run: "echo running; {gate.wait}; echo done"}}]')
    application = await client.create_application(code.url)
    task_id = await client.deploy(application)
    await client.until(task_id, "running", seconds=90)
    worker.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        while "taking no new tasks" not in worker.log:
            await asyncio.sleep(0.1)
    other = await client.deploy(await client.create_application(code.url))
    await asyncio.sleep(1.5)
    waiting = await client.task(other)
    gate.open()
    task = await ended(client, task_id, "SUCCESS", "LOST", "FAILURE")

    assert waiting["status"] == "PENDING"
    assert task["status"] == "SUCCESS"
    assert await asyncio.to_thread(worker.process.wait, 60) == 0
    assert (await client.task(other))["status"] == "PENDING"
    gate.path.unlink()
    await asyncio.to_thread(worker.start)
    again = await client.deploy(application)
    await client.until(again, "running", seconds=90)
    for _ in range(2):
        worker.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
    assert await asyncio.to_thread(worker.process.wait, 60) == 0
    assert (await client.task(again))["status"] == "LOST"


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_artifacts_of_a_machine_are_downloaded_from_the_server(house_of, repository):
    """Their folders are two; the server has what the worker sent."""
    server, _, client, worker, _ = await house_of(20)
    code = repository("""
steps:
  - run: mkdir dist && echo built > dist/app.js
    artifacts: {name: site, paths: dist}
""")
    task_id = await client.deploy(await client.create_application(code.url))
    task = await ended(client, task_id, "SUCCESS", "FAILURE", "LOST")
    query = "query K($id: ID!) { task(id: $id) { artifacts { name sizeBytes url } } }"
    (kept,) = (await client.query(query, id=task_id))["task"]["artifacts"]
    headers = {"Authorization": f"Bearer {client.token}"}
    answer = await client.http.get(kept["url"], headers=headers)

    assert task["status"] == "SUCCESS", worker.log
    assert server.data != worker.data
    assert len(answer.content) == kept["sizeBytes"]
    assert b"built" in answer.content


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_task_that_prints_without_end_fails_and_says_why(house_of, repository, told):
    """The server's bound holds, whatever the worker's is; it cleans up, and takes the next one."""
    most = {"ROLLWAY_TASK_LOG_BYTES_MAX": "3000000"}
    _, _, client, worker, _ = await house_of(20, **most)
    code = repository("""
steps:
  - run: seq 1 100000000
  - run: test -d "$HOME"
    if: always()
""")
    application = await client.create_application(code.url)
    for _ in range(2):
        task_id, events = await client.run(application)
        numbers = [int(line) for line in told.text(events, 1).split("\n")[:-1]]
        assert told.statuses(events) == {0: "SUCCESS", 1: "FAILURE", 2: "SUCCESS"}, worker.log
        assert told.error(events, 1).startswith("the task's log takes more than 3000000 bytes")
        assert (await client.task(task_id))["status"] == "FAILURE"
        assert numbers == [*range(1, len(numbers) + 1)]
        assert len(numbers) > 100_000

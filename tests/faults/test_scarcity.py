"""Full disks, a SQLite that somebody else writes to, a PostgreSQL without a free connection."""

import asyncio
import os
import re
import secrets
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import asynccontextmanager, contextmanager, suppress

import asyncpg
import httpx2
import pytest

from engine.store import FREE_BYTES_MIN
from tests.faults.rig.house import House

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
HELD_SECONDS = 6.0  # longer than a lease, and than anything waits
AGAIN_SECONDS = 10.0
LOG_LINES_A_SECOND = 20
PAD = "x" * 2000
STEP = """
steps:
  - run: |
      at=0
      while [ ! -e '{stop}' ]; do
        at=$((at + 1))
        echo "line $at {pad}"
        sleep 0.005
      done
      echo "printed $at"
"""
PRINTS = """
steps:
  - run: |
      touch '{begun}'
      while [ ! -e '{go}' ]; do sleep 0.05; done
      at=0
      while [ "$at" -lt {lines} ]; do
        at=$((at + 1))
        echo "line $at {pad}"
      done
      echo "printed $at"
"""
LINES = 3000
KEPT_BYTES = 4_000_000
KEEPS = f"""
steps:
  - run: head -c {KEPT_BYTES} /dev/zero >large
    artifacts: {{name: large, paths: [large]}}
"""
CREATE = """mutation M($input: CreateApplicationInput!) { createApplication(input: $input) {
  __typename ... on Problem { code } } }"""
TASKS = '{ node(id: "t_x") { id } }'
NAMES = "query N($org: String!) { org(name: $org) { applications(first: 100) { nodes { name } } } }"


@contextmanager
def small_disk(path, size):
    """Have *path* be a disk of its own; skip where that may not be done."""
    path.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as fault:
        pytest.skip(f"NOT TESTED, no small disk can be mounted here (needs root): {fault}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextmanager
def full(disk, left=0):
    """Leave no room on *disk*, or so many bytes."""
    file = disk / "fills-it"
    with suppress(OSError), file.open("wb", buffering=0) as opened:
        while opened.write(b"\0" * 65536):
            pass
    with suppress(OSError), file.open("ab", buffering=0) as opened:
        while opened.write(b"\0" * 512):
            pass
    os.truncate(file, file.stat().st_size - left)
    try:
        yield
    finally:
        file.unlink()


class Asking:
    """Somebody who goes on asking, and notes what is answered."""

    def __init__(self, house, repository):
        self.house = house
        self.repository = repository
        self.url = house.servers[0].url
        self.tasks = []  # that print meanwhile
        self.answers = Counter()
        self.made, self.refused = set(), set()
        self.slowest_seconds = 0.0
        self.http = httpx2.AsyncClient(timeout=20, trust_env=False)

    async def post(self, query, variables, language="en"):
        """Ask once; return the answer."""
        headers = {**self.house.client.headers, "Accept-Language": language}
        body = {"query": query, "variables": variables}
        began = time.monotonic()
        answer = await self.http.post(f"{self.url}/graphql", json=body, headers=headers)
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
        return answer

    async def create(self):
        """Make an application; return whether it was made."""
        name = f"n-{secrets.token_hex(6)}"
        given = {"orgName": self.house.client.team, "name": name, "provider": "GIT"}
        given["repoUrl"] = self.repository
        language = "zh" if len(self.refused) % 2 else "en"
        answer = await self.post(CREATE, {"input": given}, language)
        said = answer.json()
        if "errors" not in said:
            assert said["data"]["createApplication"]["__typename"] == "CreateApplicationPayload"
            self.made.add(name)
            self.answers["made"] += 1
            return True
        (error,) = said["errors"]
        more = error["extensions"]
        assert more["code"] == "UNAVAILABLE", said
        assert more["retryable"] is True
        assert more["retryAfter"] > 0
        assert bool(re.search("[一-鿿]", error["message"] + more["remedy"])) == (language == "zh")
        if "data" not in said:
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
        self.refused.add(name)
        self.answers[error["message"]] += 1
        return False

    async def ready(self):
        """Return the status of /readyz, and its reason."""
        answer = await self.http.get(f"{self.url}/readyz")
        return answer.status_code, answer.json().get("reason", "")

    async def until(self, made):
        """Ask until it is refused, or done again."""
        async with asyncio.timeout(AGAIN_SECONDS + 10):
            while await self.create() is not made:
                await asyncio.sleep(0.1)

    async def hold(self, seconds=HELD_SECONDS):
        """Ask for as long as the trouble is held; return what /readyz said, and /healthz."""
        until = time.monotonic() + seconds
        said = set()
        while time.monotonic() < until:
            asked = await asyncio.gather(*(self.create() for _ in range(3)), self.ready())
            said.add(asked[-1])
            health = await self.http.get(f"{self.url}/healthz")
            assert health.status_code == 200, health.text
            await asyncio.sleep(0.3)
        return said

    async def over(self):
        """Check that all is well again, and that what was refused was not done."""
        began = time.monotonic()
        await self.until(made=True)
        assert time.monotonic() - began < AGAIN_SECONDS
        assert (await self.ready())[0] == 200
        client = self.house.client
        nodes = (await client.query(NAMES, org=client.team))["org"]["applications"]["nodes"]
        names = {node["name"] for node in nodes if node["name"].startswith("n-")}
        assert names == self.made


async def prints(client, task):
    """Tell whether a task's step has begun to print: until then it needs room on the disk."""
    return any(
        event.get("stepIndex") == 1 and event.get("text") for event in await client.journal(task)
    )


@asynccontextmanager
async def printing(house, count):
    """Have tasks print for the duration of the block; then check that no line is missing."""
    stop = house.folder / "stop"
    url = await asyncio.to_thread(house.repository, "prints", STEP.format(stop=stop, pad=PAD))
    client, asking = house.client, Asking(house, url)
    names = [f"prints-{number}" for number in range(count)]
    tasks = [await client.deploy(await client.application(name, url)) for name in names]
    asking.tasks += tasks
    async with asyncio.timeout(30):
        while not all([await prints(client, task) for task in tasks]):
            await asyncio.sleep(0.1)
    processes = (*house.servers, *house.workers)
    sizes = [len(each.log) for each in processes]
    began = time.monotonic()
    yield asking
    stop.touch()
    ended = await house.ended(*tasks)
    await asking.http.aclose()
    assert [task["status"] for task in ended] == ["SUCCESS"] * count, "".join(
        each.log[-5000:] for each in processes
    )
    for task in tasks:
        judge(await client.journal(task))
    seconds = time.monotonic() - began
    for each, size in zip(processes, sizes, strict=True):
        log = each.log[size:]
        assert "Traceback" not in log, log[-6000:]
        assert log.count("\n") < LOG_LINES_A_SECOND * seconds, log[-6000:]


def judge(events):
    """Check that a journal has all that its task printed, once and in order."""
    text = "".join(event.get("text", "") for event in events if event.get("stepIndex") == 1)
    (printed,) = re.findall(r"^printed (\d+)$", text, re.MULTILINE)
    lines = [int(each) for each in re.findall(r"^line (\d+) x", text, re.MULTILINE)]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert lines == list(range(1, int(printed) + 1))


@pytest.fixture
async def house():
    """Give a server on SQLite and a worker elsewhere, not started yet; each takes a task."""
    more = {"ROLLWAY_WORKER_SLOTS": "1"}
    house = await asyncio.to_thread(House, postgres=False, workers=1, slots=1, more=more)
    yield house
    await house.down()


async def test_no_room_for_sqlite(house):
    """Who writes is told so at once; what runs goes on once there is room."""
    with small_disk(house.servers[0].data, "24m") as disk:
        try:
            await house.up()
            async with printing(house, 2) as asking:
                with full(disk):
                    await asking.until(made=False)
                    said = await asking.hold()
                await asking.over()
        finally:
            house.servers[0].stop()

    said.discard((200, ""))  # what it writes to find out is little, and may still find room
    assert said == {(503, "the database has no room left on its disk")}
    assert asking.answers.keys() == {
        "made",
        "The database has no room left on its disk.",
        "数据库所在的磁盘已满。",
    }


async def test_a_sqlite_that_another_writes_to(house):
    """Reading goes on, writing is refused after some seconds; nothing is lost."""
    await house.up()
    async with printing(house, 2) as asking:
        other = sqlite3.connect(house.servers[0].data / "rollway.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refusing = asyncio.create_task(asking.hold())
        await asyncio.sleep(1)
        began = time.monotonic()
        await asking.post(NAMES, {"org": house.client.team})
        read_seconds = time.monotonic() - began
        said = await refusing
        other.execute("ROLLBACK")
        other.close()
        await asking.over()

    assert read_seconds < 1
    assert asking.refused
    assert asking.slowest_seconds < 8
    assert any(status == 503 for status, _ in said)


async def far(house):
    """Register a worker with a label; return it, not started yet."""
    worker = house.worker("far")
    given = {"orgName": house.client.team, "name": "far", "labels": ["far"]}
    worker.token = (await house.client.done("createWorker", "token", **given))["token"]
    house.workers.append(worker)
    return worker


async def deployed(house, name, pipeline):
    """Deploy a pipeline by the worker `far`; return the task."""
    url = await asyncio.to_thread(house.repository, name, pipeline)
    application = await house.client.application(name, url)
    given = {"applicationId": application, "name": "default", "runsOn": ["far"]}
    await house.client.done("updateEnvironment", "environment { id }", **given)
    return await house.client.deploy(application)


async def test_no_room_on_a_worker(house):
    """A step that needs room fails by its own words; what is printed waits for the server."""
    house._worker_names.clear()
    await house.up()
    worker = await far(house)
    begun, go = house.folder / "begun", house.folder / "go"
    prints = PRINTS.format(begun=begun, go=go, pad=PAD, lines=LINES)
    with small_disk(worker.data, "24m") as disk:
        await asyncio.to_thread(worker.start, "--token", worker.token)
        printing = await deployed(house, "prints", prints)
        async with asyncio.timeout(20):
            while not begun.exists():
                await asyncio.sleep(0.05)
        with full(disk):
            house.servers[0].freeze()
            go.touch()
            await asyncio.sleep(2.5)
            house.servers[0].thaw()
            (printed,) = await house.ended(printing)
            failing = await deployed(house, "keeps-1", KEEPS)
            (failed,) = await house.ended(failing)
        keeping = await deployed(house, "keeps-2", KEEPS)
        (kept,) = await house.ended(keeping)
        said = [event.get("text", "") for event in await house.client.journal(failing)]
        worker.stop()

    assert [each["status"] for each in (printed, failed, kept)] == ["SUCCESS", "FAILURE", "SUCCESS"]
    judge(await house.client.journal(printing))
    assert "No space left on device" in "".join(said)
    assert "Traceback" not in worker.log, worker.log[-6000:]


async def test_no_room_for_artifacts(house):
    """The worker sends it again until there is room."""
    house._worker_names.clear()
    with small_disk(house.servers[0].data, "300m") as disk:
        try:
            await house.up()
            worker = await far(house)
            await asyncio.to_thread(worker.start, "--token", worker.token)
            with full(disk, left=FREE_BYTES_MIN - 1024 * 1024):
                keeping = await deployed(house, "keeps", KEEPS)
                async with asyncio.timeout(20):
                    while "503 DISK_FULL" not in worker.log:
                        await asyncio.sleep(0.05)
            (kept,) = await house.ended(keeping)
            (file,) = (disk / "artifacts").glob("*/*")
            assert file.stat().st_size > KEPT_BYTES
        finally:
            house.servers[0].stop()

    assert kept["status"] == "SUCCESS"
    assert "Traceback" not in house.servers[0].log, house.servers[0].log[-6000:]


async def connections_left(house, others):
    """Take every connection that is left, and those of the servers."""
    address = house.postgres.url()
    while True:
        try:
            others.append(await asyncpg.connect(address, timeout=3))
        except asyncpg.TooManyConnectionsError:
            pids = [each.get_server_pid() for each in others]
            gone = await others[0].fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND NOT pid = any($1)",
                pids,
            )
            if not gone:
                return


async def test_no_connection_to_postgres():
    """Others take them all; then each of the pool waits for a lock. Both end by themselves."""
    house = await asyncio.to_thread(House, servers=1, workers=1)
    house.postgres.connections_max = 20
    others = []
    try:
        await house.up()
        async with printing(house, 1) as asking:
            await connections_left(house, others)
            said = await asking.hold()
            await asyncio.gather(*(each.close() for each in others))
            await asking.over()
            refused = asking.answers.copy()
            other = await asyncpg.connect(house.postgres.url("rollway"))
            async with other.transaction():
                await other.execute('LOCK TABLE "task" IN ACCESS EXCLUSIVE MODE')
                stuck = [asyncio.create_task(asking.post(TASKS, {})) for _ in range(8)]
                await asyncio.sleep(1)
                said |= await asking.hold()
            await other.close()
            await asyncio.gather(*stuck)
            await asking.over()
    finally:
        await house.down()

    assert {status for status, _ in said} == {503}
    assert refused["The database has no connection to spare."]
    assert (
        asking.answers["The database has no connection to spare."]
        > refused["The database has no connection to spare."]
    )

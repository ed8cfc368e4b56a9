"""The examples of docs/clients do what they say, against a real server and a bad network."""

import asyncio
import base64
import json
import os
import random
import re
import secrets
import shutil
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from rollway.documents import registered
from tests.cutting import cutting
from tests.journeys.conftest import PASSWORD

GQL = Path(__file__).parents[2] / "docs" / "clients" / "gql" / "rollway.py"
RUN_SECONDS = 120
CUTS = 4
PRINTS = """
steps:
  - run: for i in $(seq 60); do echo line $i; sleep 0.03; done
"""
WAITS = """
steps:
  - run: for i in $(seq 5); do echo line $i; done
  - run: "%s"
  - run: for i in $(seq 60); do echo line $i; sleep 0.01; done
"""
KITS = {
    "plain": ("ws", "sse"),
    "urql": ("ws", "sse"),
    "apollo": ("ws", "sse", "multipart"),
    "relay": ("ws", "sse"),
    "gql": ("ws",),
}
ON_EACH_TRANSPORT = [("plain", "ws"), ("plain", "sse"), ("apollo", "multipart"), ("gql", "ws")]
STORED = 10  # events before the step that waits has begun


class Run:
    """One run of an example: what it has printed so far."""

    def __init__(self, process):
        self.process = process
        self.events = []
        self.tasks = None
        self.complaints = ""

    async def read(self):
        """Read to the end of the program."""
        complaining = asyncio.create_task(self.process.stderr.read())
        async for line in self.process.stdout:
            said = json.loads(line)
            if "tasks" in said:
                self.tasks = said["tasks"]
            else:
                self.events.append(said)
        self.complaints = (await complaining).decode()
        return await self.process.wait()

    async def until(self, count):
        """Wait until so many events were printed."""
        async with asyncio.timeout(RUN_SECONDS):
            while len(self.events) < count:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running(kit, client, transport, url, application, login, **given):
    """Run an example; give what it prints meanwhile, and the task that reads it."""
    command = [shutil.which("node"), kit / "main.js", client, transport]
    if client == "gql":
        command = [sys.executable, GQL]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={
            "PATH": os.defpath,
            "DEPLOYS_URL": f"{url}/graphql",
            "DEPLOYS_LOGIN": login,
            "DEPLOYS_PASSWORD": PASSWORD,
            "DEPLOYS_APPLICATION": application,
            **given,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1024 * 1024,
    )
    run = Run(process)
    reading = asyncio.create_task(run.read())
    try:
        async with asyncio.timeout(RUN_SECONDS):
            yield run, reading
            await reading
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait({reading})


async def login_of(member):
    """Return the member's user name."""
    return (await member.query("{ viewer { username } }"))["viewer"]["username"]


async def check(member, run):
    """Check that a run ended well, and printed what the task's journal holds, each event once."""
    assert run.process.returncode == 0, run.complaints
    journal = await member.pages(run.tasks[0])
    assert [each["seq"] for each in run.events] == [each["seq"] for each in journal]
    assert [each["__typename"] for each in run.events] == [each["__typename"] for each in journal]
    assert [each.get("text") for each in run.events] == [each.get("text") for each in journal]
    assert run.events[-1]["__typename"] == "StreamEnd"


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("client", KITS)
async def test_a_client_that_is_cut_resumes(rollway_up, client_kit, member, repository, client):
    """It signs in, deploys, watches, is cut again and again: nothing lost, nothing doubled.

    Then it lists the tasks of the application, more than one page of them.
    """
    login = await login_of(member)

    async def go(transport):
        chance = random.Random(f"{client} {transport}")
        application = await member.create_application(repository(PRINTS).url)
        earlier = [await member.deploy(application, envName="default") for _ in range(2)]
        for task in earlier:
            await member.done("cancelTask", "task { id }", taskId=task)
        cuts = [chance.randint(300, 1200) for _ in range(CUTS)]
        async with (
            cutting(rollway_up.url, cuts) as proxy,
            running(client_kit, client, transport, proxy.url, application, login) as (run, _),
        ):
            pass
        await check(member, run)
        assert run.tasks[1:] == earlier[::-1]
        assert proxy.streams > CUTS

    await asyncio.gather(*(go(transport) for transport in KITS[client]))


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_server_that_restarts_is_resumed_at(
    postgres_url, rollway_of, tmp_path, client_kit, member_of, repository, gate
):
    """Who watches at a server that is drained goes on at the next one: nothing lost or doubled."""
    settings = {
        "ROLLWAY_DATABASE_URL": postgres_url,
        "ROLLWAY_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    servers = []
    for name, slots in (("front", "0"), ("worker", "4")):
        (tmp_path / name).mkdir()
        given = {**settings, "ROLLWAY_WORKER_SLOTS": slots}
        servers.append(rollway_of(folder=tmp_path / name, settings=given))
        await asyncio.to_thread(servers[-1].start)
    front, worker = servers
    member = await member_of(worker)
    login = await login_of(member)
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(cutting(front.url))
        runs = []
        for client, transport in ON_EACH_TRANSPORT:
            application = await member.create_application(repository(WAITS % gate.wait).url)
            asked = (client_kit, client, transport, proxy.url, application, login)
            runs.append((await stack.enter_async_context(running(*asked)))[0])
        for run in runs:
            await run.until(STORED)
        await asyncio.to_thread(front.terminate)
        gate.open()
        await asyncio.to_thread(front.start)
        proxy.lead_to(front.url)
    assert proxy.streams >= 2 * len(runs)
    for run in runs:
        await check(member, run)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_session_that_is_ended_is_final(
    rollway_up, client_kit, member_of, repository, gate
):
    """Who is signed out while they watch stops at once, and does not ask again and again."""
    member = await member_of(rollway_up)
    login = await login_of(member)
    async with AsyncExitStack() as stack:
        started = []
        for client, transport in ON_EACH_TRANSPORT:
            application = await member.create_application(repository(WAITS % gate.wait).url)
            proxy = await stack.enter_async_context(cutting(rollway_up.url))
            asked = (client_kit, client, transport, proxy.url, application, login)
            started.append((proxy, (await stack.enter_async_context(running(*asked)))[0]))
        for _, run in started:
            await run.until(STORED)
        await member.done("signOut", "endedSessions", everywhere=True)
    gate.open()
    for proxy, run in started:
        assert run.process.returncode != 0
        assert run.tasks is None
        assert re.search(r"4403|sign(ed)? in|UNAUTHENTICATED", run.complaints, re.IGNORECASE)
        assert proxy.streams <= 2, "it hammers"


def texts_sent(proxy, name):
    """Return how often a client sent the text of an operation."""
    kinds = rb"(?:query|mutation|subscription)"
    return len(re.findall(rb'query(?:":"|=)%b(?: |\+|%%20)%b\b' % (kinds, name), proxy.asked))


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("client", ["apollo", "urql"])
async def test_a_query_is_sent_once_and_then_asked_for_by_its_hash(
    own_rollway, client_kit, member_of, repository, client
):
    """Not found, sent with its text, and from then on by GET with the hash alone."""
    member = await member_of(own_rollway)
    login = await login_of(member)
    application = await member.create_application(repository("steps: [{run: 'true'}]").url)
    sent, got = [], []
    for _ in range(2):
        async with (
            cutting(own_rollway.url) as proxy,
            running(client_kit, client, "sse", proxy.url, application, login) as (run, _),
        ):
            pass
        await check(member, run)
        sent.append(texts_sent(proxy, b"Tasks"))
        got.append(len(re.findall(rb"GET /graphql\?\S*sha256Hash", proxy.asked)))
    assert sent == [1, 0]
    assert got[1] == 1


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_documents_of_a_manifest_are_all_that_a_client_needs(
    rollway_of, client_kit, member_of, repository, tmp_path
):
    """Those that the tools of urql, Apollo and Relay write are taken as they are, and run."""
    lasting = client_kit / "registered"
    files = [
        client_kit / "generated" / "persisted-documents.json",
        client_kit / "apollo" / "persisted-query-manifest.json",
        lasting / "relay" / "persisted.json",
    ]
    manifests = [registered(path) for path in files]
    assert [len(each) for each in manifests] == [4, 4, 10]
    everything = tmp_path / "documents.json"
    everything.write_text(
        json.dumps({name: text for each in manifests for name, text in each.items()})
    )
    first = rollway_of()
    await asyncio.to_thread(first.start)
    member = await member_of(first)
    login = await login_of(member)
    application = await member.create_application(repository("steps: [{run: 'true'}]").url)
    first.env["ROLLWAY_DOCUMENTS"] = str(everything)
    await asyncio.to_thread(first.restart)
    runs = {}
    for client, folder in (("urql", client_kit), ("apollo", client_kit), ("relay", lasting)):
        async with cutting(first.url) as proxy:
            asked = (folder, client, "ws", proxy.url, application, login)
            async with running(*asked, DEPLOYS_REGISTERED="yes") as (run, _):
                pass
        assert run.process.returncode == 0, run.complaints
        assert texts_sent(proxy, rb"\w+") == 0
        runs[client] = run
    assert [len(each.tasks) for each in runs.values()] == [1, 2, 3]
    for run in runs.values():
        assert [each["seq"] for each in run.events] == [*range(1, len(run.events) + 1)]
        assert run.events[-1]["__typename"] == "StreamEnd"


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_patience(client_kit):
    """What may pass is asked for again, behind the last event; what may not, or too often, ends it.

    Of several tasks on one stream each has its own last event.
    An end without `complete` behind a burst of events is noticed, and so is a connection that died
    without a word.
    """
    process = await asyncio.create_subprocess_exec(
        shutil.which("node"),
        client_kit / "patience.js",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(RUN_SECONDS):
        printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    assert json.loads(printed) == {
        "gone": {"seen": [], "asked": [0] * 4, "ended": "1006"},
        "progress": {"seen": [1, 2, 3, 4], "asked": [0, 2, 2, 2, 3, 3, 3], "ended": "complete"},
        "repeated": {"seen": [1, 2, 3], "asked": [0, 2], "ended": "complete"},
        "signedOut": {"seen": [1], "asked": [0], "ended": "4403 Forbidden"},
        "unavailable": {"seen": [1, 2], "asked": [0, 1], "ended": "complete"},
        "tooMuch": {"seen": [1, 2], "asked": [0, 1], "ended": "complete"},
        "notFound": {"seen": [], "asked": [0], "ended": "said"},
        "many": {"seen": ["x1", "x2", "y1", "y2"], "asked": [[0, 0, 0], [2, 1, 0]]},
        "burst": {"seen": [*range(1, 151)], "ended": "complete"},
        "silentStream": {"seen": [1, 2], "ended": "complete"},
        "silentSocket": {"seen": [1, 2], "ended": "complete"},
    }

"""The examples of docs/clients do what they say, against a real server and a bad network."""

import asyncio
import json
import os
import random
import shutil
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cutting import cutting
from tests.journeys.conftest import PASSWORD

GQL = Path(__file__).parents[2] / "docs" / "clients" / "gql" / "rollway.py"
RUN_SECONDS = 60
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
EVERY = [(client, transport) for client in KITS for transport in KITS[client]]


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
        f"{url}/graphql",
        application,
        env={"PATH": os.defpath, "ROLLWAY_LOGIN": login, "ROLLWAY_PASSWORD": PASSWORD, **given},
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

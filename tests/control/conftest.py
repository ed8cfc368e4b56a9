"""A queue on each database, and an application to deploy."""

import asyncio
import secrets
import subprocess
import time
from contextlib import suppress

import pytest

from control.port import Draft
from control.pubsub import MemoryPubSub
from control.queue.embedded import EmbeddedTurns
from control.queue.procrastinate import ProcrastinateTurns
from control.queue.tasks import TaskQueue
from db.ids import new_id
from db.models import Application, Org, User
from db.vault import KEY_BYTES, Vault
from providers.repository import Policy
from tests.hosting import deploying

WORK_SECONDS = 60.0


@pytest.fixture
def vault():
    """A vault with a key of its own."""
    return Vault(secrets.token_bytes(KEY_BYTES))


@pytest.fixture
def pubsub():
    """The bells of this process."""
    return MemoryPubSub()


@pytest.fixture
def turns(database):
    """What decides whose turn it is, by the database."""
    return EmbeddedTurns() if database.startswith("sqlite") else ProcrastinateTurns()


@pytest.fixture
def queue(turns, pubsub, vault):
    """The queue with a lease long enough for a test."""
    return TaskQueue(turns, pubsub, vault, lease_seconds=30, poll_seconds=10)


@pytest.fixture
async def application(database, application_of):
    """An application with two environments."""
    user = await User.create(id="u_1", username="ann")
    org = await Org.create(id="u_1:acme", user=user, name="acme", role="OWNER", secrets={})
    return await application_of(org, "web", "file:///nowhere")


@pytest.fixture
def draft(application):
    """Return drafts of tasks of the application."""

    def make(env_name="test", **more):
        given = {"app_id": application.id, "trigger_type": "manual", "trigger_payload": {}} | more
        return Draft(id=new_id("t"), env_name=env_name, **given)

    return make


@pytest.fixture
async def repository(tmp_path, application):
    """Make the application's repository a real one with one commit."""
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
    for arguments in (["init", "-q", "-b", "main"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        command = ["git", *identity, *arguments]
        await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, check=True)
    await Application.filter(id=application.id).update(repo_url=tmp_path.as_uri())
    return tmp_path


@pytest.fixture
def deploys(queue, vault):
    """Return the funnel of a server that allows folders."""
    return deploying(queue, vault, Policy(schemes=("file", "http"), private_addresses=True))


async def until(there, *servers):
    """Work until *there* answers true."""
    jobs = [asyncio.create_task(each.work()) for each in servers]
    end = time.monotonic() + WORK_SECONDS
    try:
        while not await there():
            for job in jobs:
                assert not job.done(), job
            assert time.monotonic() < end, "it is not worked on"
            await asyncio.sleep(0.02)
    finally:
        for job in jobs:
            job.cancel()
            with suppress(asyncio.CancelledError):
                await job

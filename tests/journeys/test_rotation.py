"""Master keys are changed while servers and workers run: no task fails, no secret is lost."""

import asyncio
import os
import re
import subprocess
import time

import pytest

from rollway.keyfile import NAME

ROTATIONS = 4
PIPELINE = """
steps:
  - env:
      TEAM: ${{ secrets.TEAM }}
      LIVE: ${{ secrets.LIVE }}
      ROUND: ${{ secrets.ROUND }}
      INPUT: ${{ inputs.word }}
    run: test "$TEAM" = 'team value' && test "$LIVE" = 'live value' && test "$INPUT" = "$ROUND"
"""


@pytest.fixture(params=["sqlite", "postgres"])
def installation(request, rollway_of):
    """A server that works itself, and on PostgreSQL one with a worker of its own beside it."""
    if request.param == "sqlite":
        server = rollway_of()
        server.start()
        yield server
        return
    url = request.getfixturevalue("postgres_url")
    server = rollway_of(settings={"ROLLWAY_DATABASE_URL": url, "ROLLWAY_WORKER_SLOTS": "0"})
    server.start()
    command = [server.command, "worker", "--data", str(server.data)]
    env = {**server.env, "ROLLWAY_WORKER_SLOTS": "2", "ROLLWAY_REPOSITORIES": "file,private"}
    with server.log_path.open("a") as log:
        worker = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=server.folder)
    yield server
    worker.terminate()
    assert worker.wait(15) == 0
    server.stop()  # before its database goes


def _interrupted(server, seconds):
    """Begin a rotation and end it as a power cut would."""
    command = [server.command, "key", "rotate", "--data", str(server.data)]
    process = subprocess.Popen(
        command, env=server.env, cwd=server.folder, stdout=subprocess.DEVNULL
    )
    time.sleep(seconds)
    process.kill()
    process.wait()


def _key(server, action):
    return server.run("key", action, "--data", str(server.data))


async def _set(client, application, number):
    given = {"applicationId": application, "envName": "live"}
    change = [{"key": "ROUND", "value": f"round {number}"}]
    await client.done("setSecrets", "secrets { key }", **given, set=change)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_rotation_beside_a_running_server(installation, member_of, repository, connect):
    """Tasks run and secrets are set while keys are rotated, some of the rotations killed half-way.

    Every task has the secrets and inputs it was made with. Afterwards the old keys are retired,
    and after a restart all is still there.
    """
    server, code = installation, repository(PIPELINE)
    client = await member_of(server)
    team = [{"key": "TEAM", "value": "team value"}]
    await client.done("setSecrets", "secrets { key }", orgName=client.team, set=team)
    live = {"name": "live", "secrets": [{"key": "LIVE", "value": "live value"}]}
    application = await client.create_application(code.url, environments=[live])
    first = None
    for number in range(ROTATIONS):
        rotating = asyncio.create_task(
            asyncio.to_thread(_interrupted, server, 0.4 + 0.15 * number)
            if number % 2
            else asyncio.to_thread(_key, server, "rotate")
        )
        begun = 0
        while not rotating.done() or not begun:
            begun += 1
            await _set(client, application, begun)
            inputs = {"word": f"round {begun}"}
            task_id = await client.deploy(application, envName="live", inputs=inputs)
            first = first or task_id
            events = await client.events(task_id)
            assert events[-1]["status"] == "SUCCESS", events
        done = await rotating
        assert done is None or done.returncode == 0, done

    await asyncio.to_thread(_retire, server)
    again = connect(server, token=client.token)
    await _set(again, application, 1)
    answer = await again.done("redeploy", "task { id }", taskId=first)
    assert (await again.events(answer["task"]["id"]))[-1]["status"] == "SUCCESS"
    status = await asyncio.to_thread(_key, server, "status")
    assert status.returncode == 0
    assert re.fullmatch(r"[0-9a-f]{8}  current  values: [0-9]+\n", status.stdout)


def _retire(server):
    """Rotate, retire what is old, and start the server anew with what is left."""
    assert _key(server, "rotate").returncode == 0
    path = server.data / NAME
    before = path.stat().st_mtime - 3600
    os.utime(path, (before, before))
    done = _key(server, "retire")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Retired: "), done.stdout
    server.restart()

"""`rollway move`: a server that began on SQLite goes on on PostgreSQL, with all that it had."""

import asyncio
import signal

import asyncpg
import pytest

PIPELINE = """
steps:
  - run: |
      for i in $(seq 2000); do echo "line $i"; done
      [ "$TOKEN" = hunter2-moved ] && echo the same secret
      while [ -e {gate} ]; do sleep 0.1; done
    env: {{TOKEN: '${{{{ secrets.TOKEN }}}}'}}
"""


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_server_moves(postgres_url, rollway_of, member_of, repository, tmp_path, told):
    """Logs, accounts, secrets and the audit log are there; what waited runs; all or nothing."""
    gate = tmp_path / "gate"
    server = rollway_of()
    server.start()
    client = await member_of(server)
    url = repository(PIPELINE.format(gate=gate)).url
    application = await client.create_application(url)
    given = [{"key": "TOKEN", "value": "hunter2-moved"}]
    await client.done("setSecrets", "__typename", orgName=client.team, set=given)
    done, _ = await client.run(application, envName="default")
    gate.touch()
    lost = await client.deploy(application, envName="default")
    await client.until(lost, "the same secret")
    waiting = await client.deploy(application, envName="default")
    journal, log = await client.pages(done), await client.log(done, 1)
    move = ("move", "--data", str(server.data), "--to", postgres_url)

    beside = await asyncio.to_thread(server.run, *move)
    server.terminate()
    moved = await asyncio.to_thread(server.run, *move)
    again = await asyncio.to_thread(server.run, *move)
    gate.unlink()
    server.env["ROLLWAY_DATABASE_URL"] = postgres_url
    server.start()
    client.url = f"{server.url}/graphql"
    events = await client.events(waiting)

    assert (beside.returncode, moved.returncode, again.returncode) == (2, 0, 2), moved.stderr
    assert "another Rollway uses the data folder" in beside.stderr
    assert "1 tasks wait there" in moved.stdout
    assert "not empty" in again.stderr
    assert await client.pages(done) == journal
    assert await client.log(done, 1) == log
    assert len(log) > 2000
    assert (await client.task(lost))["status"] == "LOST"
    assert (await client.task(waiting))["status"] == "SUCCESS"
    assert told.text(events, 1).endswith("the same secret\n")
    verified = await asyncio.to_thread(server.run, "audit", "verify")
    assert verified.returncode == 0, verified.stdout


async def test_a_move_that_fails_leaves_nothing(postgres_url, rollway_of, member_of, repository):
    """Tasks that run, as after a power cut, and rows that do not fit."""
    server = rollway_of()
    server.start()
    client = await member_of(server)
    application = await client.create_application(repository("steps: [{run: sleep 60}]").url)
    task = await client.deploy(application, envName="default")
    async with asyncio.timeout(30):
        while (await client.task(task))["status"] != "RUNNING":
            await asyncio.sleep(0.1)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    move = ("move", "--data", str(server.data), "--to", postgres_url)

    runs = await asyncio.to_thread(server.run, *move)
    assert (runs.returncode, "1 tasks run" in runs.stderr) == (2, True), runs.stderr

    server.start()
    server.terminate()
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute("ALTER TABLE audit_entry ADD CHECK (seq < 0)")
        broken = await asyncio.to_thread(server.run, *move)
        left = await connection.fetchval('SELECT count(*) FROM "user"')
    finally:
        await connection.close()
    assert (broken.returncode, left) == (2, 0), broken.stderr
    assert "cannot be used" in broken.stderr

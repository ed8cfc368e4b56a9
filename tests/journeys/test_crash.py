"""What a power cut, a polite end and a second server on the same data folder do."""

import asyncio
import time

import pytest
from gql.transport.exceptions import TransportError


def _until_gone(server, task_id, seconds=40):
    """Wait until no process of a task's steps lives."""
    end = time.monotonic() + seconds
    while found := server.step_processes(task_id):
        assert time.monotonic() < end, f"still there: {found}"
        time.sleep(0.05)


async def _before(server, client_of, code):
    """Sign up and connect a repository; return the client and the application."""
    client = await client_of(server)
    return client, await client.create_application(code.url)


async def test_kill_9_while_running(own_rollway, member_of, connect, repository, told):
    """A task whose server is killed is LOST after the restart, with its log up to then.

    Its journal ends, none of its processes lives on, and its environment takes the next task.
    """
    code = repository("""
steps:
  - run: echo one
  - run: |
      for number in 1 2 3 4 5; do echo "line $number"; done
      setsid sh -c 'sleep 300; echo woke up' &
      sleep 300
  - run: echo never
""")
    client, application = await _before(own_rollway, member_of, code)
    task_id = await client.deploy(application)
    await client.until(task_id, "line 5\n")
    assert len(own_rollway.step_processes(task_id)) >= 3
    seen = await client.pages(task_id)

    own_rollway.kill9()
    await asyncio.to_thread(own_rollway.restart)
    again = connect(own_rollway, token=client.token)
    events = await again.events(task_id)
    assert events[: len(seen)] == seen
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["__typename"] == "StreamEnd"
    assert events[-1]["status"] == "LOST"
    assert told.text(events, 1) == "one\n"
    assert told.text(events, 2).startswith("line 1\nline 2\nline 3\nline 4\nline 5\n")
    assert told.statuses(events) == {0: "SUCCESS", 1: "SUCCESS", 2: "FAILURE", 3: "SKIPPED"}
    assert told.error(events, 2)
    task = await again.task(task_id)
    assert (task["status"], task["completed"]) == ("LOST", True)
    assert [step["status"] for step in task["steps"]] == [*told.statuses(events).values()]
    await asyncio.to_thread(_until_gone, own_rollway, task_id)
    assert [line["text"] for line in await again.log(task_id, 2)][:5] == [
        f"line {number}" for number in range(1, 6)
    ]

    code.commit({"serverless-pipeline.yaml": "steps: [{run: echo next}]"})
    _, events = await again.run(application)
    assert events[-1]["status"] == "SUCCESS"
    assert not [*(own_rollway.data / "workspaces").glob(f"{task_id}*")]


async def test_kill_9_while_pending(own_rollway, member_of, connect, repository, told):
    """A task that waited behind another when the server was killed runs after the restart."""
    code = repository("steps: [{run: 'echo started; sleep 300'}]")
    client, application = await _before(own_rollway, member_of, code)
    running = await client.deploy(application)
    await client.until(running, "started")
    code.commit({"serverless-pipeline.yaml": "steps: [{run: echo mine}]"})
    pending = await client.deploy(application)
    own_rollway.kill9()
    await asyncio.to_thread(own_rollway.restart)
    again = connect(own_rollway, token=client.token)
    assert (await again.events(running))[-1]["status"] == "LOST"
    events = await again.events(pending)
    assert events[-1]["status"] == "SUCCESS"
    assert told.text(events, 1) == "mine\n"


async def test_kill_9_while_cancelling(own_rollway, member_of, connect, repository, told):
    """A task that somebody cancelled is CANCELLED, not LOST, if the server is killed meanwhile."""
    code = repository("steps: [{run: \"trap '' TERM; echo started; sleep 300; sleep 300\"}]")
    client, application = await _before(own_rollway, member_of, code)
    task_id = await client.deploy(application)
    await client.until(task_id, "started")
    await client.done("cancelTask", "task { id }", taskId=task_id, reason="not this one")
    await asyncio.sleep(0.3)  # the step ignores SIGTERM and has 10 s
    assert (await client.task(task_id))["status"] == "RUNNING"
    own_rollway.kill9()
    await asyncio.to_thread(own_rollway.restart)
    events = await connect(own_rollway, token=client.token).events(task_id)
    assert events[-1]["status"] == "CANCELLED"
    assert "not this one" in told.error(events, 1)
    await asyncio.to_thread(_until_gone, own_rollway, task_id)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_many_kills(own_rollway, member_of, connect, repository):
    """Killed at any moment of a task, the journal has no gap, begins as it did, and ends.

    The task has run to its end, is LOST, or runs after the restart.
    """
    lines = "for n in 1 2 3 4 5 6 7 8; do echo $n; sleep 0.02; done"
    code = repository(f"steps: [{{run: '{lines}'}}, {{run: '{lines}'}}]")
    client, application = await _before(own_rollway, member_of, code)
    ends = []
    for number in range(8):
        task_id = await client.deploy(application)
        await asyncio.sleep(number * 0.075)
        seen = await client.pages(task_id)
        own_rollway.kill9()
        await asyncio.to_thread(own_rollway.restart)
        client = connect(own_rollway, token=client.token)
        events = await client.events(task_id)
        assert events[: len(seen)] == seen
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert events[-1]["__typename"] == "StreamEnd"
        assert await client.pages(task_id) == events
        assert not own_rollway.step_processes(task_id)
        ends.append(events[-1]["status"])
    assert set(ends) <= {"SUCCESS", "LOST"}
    assert "LOST" in ends


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_sigterm(own_rollway, member_of, connect, repository, told):
    """SIGTERM ends a server within 20 s, with a task running and somebody watching it.

    The task has an honest end at once, its processes are gone, and the exit code is sane.
    """
    code = repository("steps: [{run: 'echo started; sleep 300'}, {run: echo never}]")
    client, application = await _before(own_rollway, member_of, code)
    task_id = await client.deploy(application)
    await client.until(task_id, "started")
    received = []

    async def watch():
        try:
            async for event in client.follow(task_id):
                received.append(event)  # noqa: PERF401 (what came before the end counts)
        except TransportError:
            pass

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.5)
    began = time.monotonic()
    code_of_exit = await asyncio.to_thread(own_rollway.terminate)
    assert time.monotonic() - began < 30
    assert code_of_exit == 0
    assert not own_rollway.step_processes(task_id)
    async with asyncio.timeout(40):
        await watching
    await asyncio.to_thread(own_rollway.start)
    again = connect(own_rollway, token=client.token)
    events = await again.events(task_id)
    assert events[: len(received)] == received
    assert events[-1]["status"] in {"LOST", "CANCELLED"}
    assert told.statuses(events)[2] in {"SKIPPED", "CANCELLED"}
    task = await again.task(task_id)
    assert task["finishedTime"] is not None


async def test_sigterm_at_rest(own_rollway, member_of):
    """A server that does nothing ends at once, though a client keeps its connection."""
    client = await member_of(own_rollway)
    began = time.monotonic()
    assert await asyncio.to_thread(own_rollway.terminate) == 0
    assert time.monotonic() - began < 10
    await asyncio.to_thread(own_rollway.start)
    assert client.token


async def test_second_server(own_rollway, connect):
    """A second server on the same data folder is refused in a sentence, and disturbs nothing."""
    done = await asyncio.to_thread(
        own_rollway.run, "up", "--data", str(own_rollway.data), "--port", "0"
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"another Rollway uses the data folder {own_rollway.data}" in done.stderr
    assert (await connect(own_rollway).query("{ viewer { id } }")) == {"viewer": None}


async def test_restart_keeps(own_rollway, member_of, connect, repository):
    """Accounts, sessions, secrets, tasks and the printed password outlive the server."""
    code = repository("steps: [{run: 'test -n \"$KEY\"', env: {KEY: '${{ secrets.KEY }}'}}]")
    client, application = await _before(own_rollway, member_of, code)
    await client.done(
        "setSecrets",
        "secrets { key }",
        orgName=client.team,
        set=[{"key": "KEY", "value": "a value"}],
    )
    first, events = await client.run(application)
    assert events[-1]["status"] == "SUCCESS"
    demo = own_rollway.demo
    await asyncio.to_thread(own_rollway.restart)
    assert own_rollway.demo == demo
    again = connect(own_rollway, token=client.token)
    assert await again.events(first) == events
    answer = await again.done("redeploy", "task { id }", taskId=first)
    assert (await again.events(answer["task"]["id"]))[-1]["status"] == "SUCCESS"

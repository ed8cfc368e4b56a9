"""Whoever watches sees everything, in order, once: live, late, or after a hundred reconnections."""

import asyncio
import random
import threading
import time

import httpx2
import pytest

TASKS = {
    "applicationTasks": "subscription ($id: ID!) { applicationTasks(applicationId: $id) {"
    " id status envName steps { index status } } }",
    "orgTasks": "subscription ($id: String!) { orgTasks(orgName: $id) {"
    " id status envName steps { index status } } }",
}
ORDER = ["PENDING", "RUNNING", "SUCCESS"]


class Dashboard:
    """What a subscription to tasks has shown so far."""

    def __init__(self, client, name, node_id):
        self.client = client
        self.name = name
        self.node_id = node_id
        self.shown = []
        self.news = asyncio.Event()

    async def watch(self):
        """Collect until cancelled."""
        async with self.client.subscribe(TASKS[self.name], id=self.node_id) as received:
            async for data in received:
                self.shown.append(data[self.name])
                self.news.set()

    def last(self, task_id):
        """Return how a task was shown last."""
        found = [task for task in self.shown if task["id"] == task_id]
        return found[-1] if found else None

    async def until(self, task_id, status):
        """Wait until a task is shown with this status."""
        async with asyncio.timeout(40):
            while (self.last(task_id) or {}).get("status") != status:
                self.news.clear()
                await self.news.wait()


async def test_dashboards(member, member_of, rollway_up, repository, gate):
    """ApplicationTasks and orgTasks show every change of status of a task and of its steps.

    A task waiting for its turn is shown as well; who begins later sees at once what runs; tasks
    of others are shown to nobody.
    """
    code = repository(f'steps: [{{run: echo one}}, {{run: "{gate.wait}"}}]')
    application = await member.create_application(code.url)
    stranger = await member_of(rollway_up)
    boards = [
        Dashboard(member, "applicationTasks", application),
        Dashboard(member, "orgTasks", member.team),
    ]
    late = Dashboard(member, "applicationTasks", application)
    foreign = Dashboard(stranger, "orgTasks", stranger.team)
    watching = [asyncio.create_task(board.watch()) for board in [*boards, foreign]]
    try:
        first = await member.deploy(application)
        second = await member.deploy(application)
        for board in boards:
            await board.until(first, "RUNNING")
            await board.until(second, "PENDING")
        await member.until(first, "one\n")
        watching.append(asyncio.create_task(late.watch()))
        await late.until(first, "RUNNING")
        await late.until(second, "PENDING")
        gate.open()
        for board in [*boards, late]:
            await board.until(second, "SUCCESS")
            for task_id in (first, second):
                last = board.last(task_id)
                assert last["status"] == "SUCCESS"
                assert [step["status"] for step in last["steps"]] == ["SUCCESS"] * 3
                statuses = [task["status"] for task in board.shown if task["id"] == task_id]
                assert statuses == sorted(statuses, key=ORDER.index)
                assert "RUNNING" in statuses
        assert foreign.shown == []
    finally:
        for watcher in watching:
            watcher.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


async def test_dashboard_of_one_environment(member, repository):
    """ApplicationTasks with envName shows the tasks of that environment alone."""
    code = repository("steps: [{run: 'true'}]")
    environments = [{"name": "test"}, {"name": "live"}]
    application = await member.create_application(code.url, environments=environments)
    query = "subscription ($id: ID!, $env: String!) { applicationTasks(applicationId: $id,"
    query += " envName: $env) { id envName status } }"
    shown = []
    async with member.subscribe(query, id=application, env="live") as received:
        wanted, _ = await member.run(application, envName="live")
        await member.run(application, envName="test")
        last, _ = await member.run(application, envName="live")
        async with asyncio.timeout(40):
            async for data in received:
                shown.append(data["applicationTasks"])
                if shown[-1]["id"] == last and shown[-1]["status"] == "SUCCESS":
                    break
    assert {task["envName"] for task in shown} == {"live"}
    assert {task["id"] for task in shown} == {wanted, last}


PRINTS = """
steps:
  - run: for n in $(seq 60); do echo "first $n"; sleep 0.01; done
  - run: |
      for n in $(seq 40); do printf "second "; sleep 0.01; echo "$n"; done
      seq 3000
"""


@pytest.mark.parametrize("seed", [1, 2])
async def test_reconnections(member, repository, seed):
    """Who drops the connection at any point and comes back with `after` misses and repeats nothing.

    The drops are everywhere: before the first event, between any two, within a burst.
    """
    chance = random.Random(seed)
    application = await member.create_application(repository(PRINTS).url)
    task_id = await member.deploy(application)
    collected, connections = [], 0
    async with asyncio.timeout(40):
        while not collected or collected[-1]["__typename"] != "StreamEnd":
            connections += 1
            wanted = chance.randint(0, 6)
            events = member.follow(task_id, collected[-1]["seq"] if collected else 0)
            try:
                while wanted and (event := await anext(events, None)):
                    collected.append(event)
                    wanted -= 1
            finally:
                await events.aclose()
    assert connections > 5
    journal = await member.pages(task_id)
    assert collected == journal
    assert collected[-1]["status"] == "SUCCESS"
    text = "".join(event.get("text", "") for event in collected if event.get("stepIndex") == 1)
    assert text == "".join(f"first {n}\n" for n in range(1, 61))


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_50_subscribers(member, repository):
    """50 subscribers of one task, wherever they begin, all receive the journal, each event once."""
    application = await member.create_application(repository(PRINTS).url)
    task_id = await member.deploy(application)

    async def watch(number):
        await asyncio.sleep(number * 0.03)
        return await member.events(task_id, number % 5, seconds=90)

    received = await asyncio.gather(*(watch(number) for number in range(50)))
    journal = await member.pages(task_id)
    assert journal[-1]["status"] == "SUCCESS"
    text = "".join(event.get("text", "") for event in journal if event.get("stepIndex") == 2)
    assert text.splitlines()[-3000:] == [str(number) for number in range(1, 3001)]
    for number, events in enumerate(received):
        assert events == journal[number % 5 :]


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_short_lines(member, repository):
    """Many short lines reach an ordinary client, which takes frames of up to 1 MiB."""
    application = await member.create_application(
        repository("steps: [{run: 'yes | head -n 40000'}]").url
    )
    task_id = await member.deploy(application)
    events = await member.events(task_id, seconds=60)
    assert events[-1]["status"] == "SUCCESS"
    text = "".join(event.get("text", "") for event in events if event.get("stepIndex") == 1)
    assert text == "y\n" * 40_000


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_readers_do_no_harm(member, repository):
    """Whoever reads long logs delays nobody much: others are answered, their tasks go on."""
    long = await member.create_application(repository("steps: [{run: 'yes | head -n 100000'}]").url)
    member.frame_bytes_max = None
    printed = await member.deploy(long)
    async with asyncio.timeout(30):
        while not (await member.task(printed))["completed"]:
            await asyncio.sleep(0.1)
    other = await member.create_application(repository("steps: [{run: sleep 15}]").url)
    running = await member.deploy(other)

    async def read():
        return len(await member.events(printed, seconds=120))

    done = threading.Event()

    def ask():
        """Return the longest wait for an answer; in a thread, so that it is not our own wait."""
        slowest = 0.0
        with httpx2.Client(timeout=60) as http:
            while not done.wait(0.1):
                began = time.monotonic()
                http.post(member.url, json={"query": "{ viewer { id } }"}).raise_for_status()
                slowest = max(slowest, time.monotonic() - began)
        return slowest

    asking = asyncio.create_task(asyncio.to_thread(ask))
    try:
        await asyncio.gather(*(read() for _ in range(3)))
        assert (await member.events(running, seconds=60))[-1]["status"] == "SUCCESS"
    finally:
        done.set()
    assert await asking < 3


async def test_slow_subscriber(member, repository):
    """Who reads slowly delays neither the task nor the others, and still receives everything."""
    application = await member.create_application(repository(PRINTS).url)
    task_id = await member.deploy(application)

    async def slowly():
        events = []
        async for event in member.follow(task_id):
            events.append(event)
            await asyncio.sleep(0.02)
        return events

    slow = asyncio.create_task(slowly())
    journal = await member.events(task_id)
    assert journal[-1]["status"] == "SUCCESS"
    async with asyncio.timeout(40):
        assert await slow == journal


async def test_two_subscriptions_on_one_socket(member, repository, gate):
    """Subscriptions that share a connection do not disturb each other: one may end, one go on."""
    application = await member.create_application(
        repository(f'steps: [{{run: echo one}}, {{run: "{gate.wait}"}}]').url
    )
    finished, events = await member.run(
        await member.create_application(repository("steps: [{run: 'true'}]").url)
    )
    running = await member.deploy(application)
    query = """subscription ($id: ID!) { taskEvents(taskId: $id) { __typename seq } }"""
    async with member.connection() as subscribe, asyncio.timeout(40):
        both = asyncio.gather(
            *(
                asyncio.create_task(_numbers(subscribe(query, id=task_id)))
                for task_id in (running, finished)
            )
        )
        await member.until(running, "one\n")
        gate.open()
        of_running, of_finished = await both
    assert of_finished == [event["seq"] for event in events]
    assert of_running == [event["seq"] for event in await member.pages(running)]


async def _numbers(received):
    return [data["taskEvents"]["seq"] async for data in received]

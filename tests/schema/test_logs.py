"""A step's log through the API, at its edges."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from control.packing import Packer
from db.models import LogChunk, Step, Task, TaskEvent
from engine.events import now

LOG = """query ($id: ID!, $after: Int, $first: Int) { task(id: $id) { steps {
  log(afterLine: $after, first: $first) { cursor hasMore lines { number text } } } } }"""


@pytest.fixture
async def page(world):
    """Return a function that asks for a page of a log of 600 lines in 3 chunks."""
    user = await world.api.user("ann")
    application = await world.application(await world.team("team", user), "app")
    (task,) = await world.tasks(application, 1)
    for seq in range(3):
        first = 1 + 200 * seq
        await LogChunk.create(
            task_id=task.id,
            seq=10 + seq,
            step_index=0,
            first_line=first,
            last_line=first + 199,
            stream="output",
            time=now(),
            text="".join(f"line {number}\n" for number in range(first, first + 200)),
        )

    async def ask(after=None, first=None):
        data = await world.api.execute(LOG, user, id=task.id, after=after, first=first)
        log = data["task"]["steps"][0]["log"]
        assert all(line["text"] == f"line {line['number']}" for line in log["lines"])
        numbers = [line["number"] for line in log["lines"]]
        return numbers, log["cursor"], log["hasMore"]

    return ask


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
async def test_pages_at_their_edges(page, packed):
    """Every page has all it may have, and says whether there is more."""
    if packed:
        await Step.all().update(started_time=now())
        assert await Packer().pack() == 3
    assert await page() == ([*range(1, 601)], 600, False)
    assert await page(after=199, first=2) == ([200, 201], 201, True)
    assert await page(after=0, first=200) == ([*range(1, 201)], 200, True)
    assert await page(after=400, first=200) == ([*range(401, 601)], 600, False)
    assert await page(after=-1000, first=3) == ([1, 2, 3], 3, True)
    assert await page(first=0) == ([], 0, True)
    assert (await page(after=2**31 - 1))[::2] == ([], False)


EXPIRED = """query ($id: ID!) { task(id: $id) {
  steps { log { cursor hasMore lines { number } problem { __typename code message remedy } } }
  events { events { ... on StepOutput { text expired lines { number } } } } } }"""


@pytest.mark.parametrize(("language", "said"), [("en", "has expired"), ("zh", "已过期")])
async def test_an_expired_log_is_not_an_empty_one(world, language, said):
    """A typed problem stands beside the lines that are not there."""
    user = await world.api.user("ann")
    application = await world.application(await world.team("team", user), "app")
    (task,) = await world.tasks(application, 1)
    await Step.filter(task_id=task.id).update(started_time=now(), finished_time=now())
    await TaskEvent.create(task_id=task.id, seq=1, kind="output", time=now(), step_index=0)
    data = await world.api.execute(EXPIRED, user, language, id=task.id)
    gone, *others = [step["log"] for step in data["task"]["steps"]]

    assert (gone["lines"], gone["cursor"], gone["hasMore"]) == ([], 0, False)
    assert gone["problem"]["__typename"] == "NotFoundProblem"
    assert gone["problem"]["code"] == "NOT_FOUND"
    assert said in gone["problem"]["message"]
    assert "ROLLWAY_LOGS_KEPT_DAYS" in gone["problem"]["remedy"]
    assert [log["problem"] for log in others] == [None] * len(others)
    assert data["task"]["events"]["events"][0] == {"text": "", "expired": True, "lines": []}


@pytest.mark.parametrize(("days", "left"), [(0, 1), (30, 0)])
async def test_a_server_deletes_what_is_old(world, monkeypatch, days, left):
    """Where it is told to; else logs are kept for ever."""
    server = world.api.server
    monkeypatch.setattr(server, "settings", replace(server.settings, logs_kept_days=days))
    application = await world.application(
        await world.team("team", await world.api.user("ann")), "a"
    )
    (task,) = await world.tasks(application, 1)
    then = now() - timedelta(days=31)
    await Task.filter(id=task.id).update(finished_time=then)
    where = {"task_id": task.id, "seq": 1, "step_index": 0, "first_line": 1, "last_line": 1}
    await LogChunk.create(**where, stream="output", time=then, text="a\n")
    looked = asyncio.Event()
    monkeypatch.setattr(asyncio, "sleep", _noting(asyncio.sleep, looked))
    pruning = asyncio.create_task(server._prune())
    await looked.wait()
    pruning.cancel()

    assert await LogChunk.all().count() == left


def _noting(sleep, looked):
    """Return `sleep`, which notes that somebody rests for an hour."""

    async def rest(seconds):
        if seconds >= 3600:
            looked.set()
        await sleep(seconds)

    return rest

"""Where a team's tasks stand, shown to many at once over sockets."""

import asyncio
import json
import secrets

import pytest

from db.models import Org, User
from engine.events import StepChanged, now
from engine.state import StepStatus
from rollway.sockets import feeds
from tests.streaming import BOARDS, EVENTS, STANDING, Board, Stage, Watcher, token_of

SECONDS = 40
STEPS = 60
SMALL_BYTES = 2000


@pytest.fixture
async def stage(database, tmp_path):
    """Two tasks that run, one of many steps; and their team's owner."""
    made = Stage(database, tmp_path, sockets_per_user="30")
    await made.start()
    made.user = await made.furnish()
    made.token = await token_of(made.user)
    await made.begin("live", STEPS)
    made.step = 1
    yield made
    await made.stop()


@pytest.fixture(autouse=True)
async def in_time():
    """Nothing here takes long."""
    async with asyncio.timeout(SECONDS):
        yield


@pytest.fixture
async def watch(stage):
    """Return how people begin to watch; they go away at the end."""
    made = []

    async def begin(count, name="orgTasks", token=None):
        begun = [Board(stage, token or stage.token, name) for _ in range(count)]
        made.extend(begun)
        for each in begun:
            await each.until(lambda each=each: len(each.last) == len(stage.tasks))
        return begun

    yield begin
    for each in made:
        await each.close()


async def member(stage, role="VIEWER"):
    """Return another member of the team, with their token."""
    name = f"ben-{secrets.token_hex(6)}"
    user = await User.create(id=f"u_{name}", username=name)
    await Org.create(id=f"{user.id}:{stage.team}", user=user, name=stage.team, role=role)
    return user, await token_of(user)


async def advance(stage, boards=(), times=1):
    """Have the task of many steps go on so often; wait until all *boards* show it."""
    for _ in range(times):
        for step, status in ((0, StepStatus.SUCCESS), (1, StepStatus.RUNNING)):
            await stage.tell(StepChanged(time=now(), index=stage.step + step, status=status))
        stage.step += 1
    for each in boards:
        await each.until(lambda each=each: at(each, stage) == stage.step)


def at(board, stage):
    """Return which step runs, as it was shown last."""
    steps = board.last[stage.task]["steps"]
    return next((step["index"] for step in steps if step["status"] == "RUNNING"), 0)


async def test_a_change_is_made_once_for_all(stage, watch, statements):
    """Sixteen members who watch a team read each change once between them."""
    _, theirs = await member(stage)
    boards = [*await watch(8), *await watch(8, token=theirs)]
    await advance(stage, boards)
    del statements[:]
    for _ in range(5):
        await advance(stage, boards)
    read = [text for text in statements if text.startswith("SELECT") and 'FROM "step"' in text]

    assert len({json.dumps(each.last) for each in boards}) == 1
    assert 5 <= len(read) <= 40, len(read)
    assert len(stage.server.sockets.feeds._feeds) == 1
    assert [each.steps_back for each in boards] == [0] * 16


async def test_nothing_is_left_of_those_who_have_gone(stage, watch):
    """No feed, no watch over rights."""
    boards = await watch(6)
    for each in boards:
        each.cut()
        await each.close()
    sockets = stage.server.sockets
    while sockets.feeds._feeds or sockets.looks._watches or sockets.feeds._closing:
        await asyncio.sleep(0.01)


async def test_who_sleeps_is_brought_to_the_latest(stage, watch, monkeypatch):
    """Though nothing of what they missed is kept; and nobody waits for them."""
    monkeypatch.setattr(feeds, "KEPT_BYTES_MAX", SMALL_BYTES)
    sleeper, *others = await watch(4)
    sleeper.stall()
    await advance(stage, others, STEPS - 2)
    (feed,) = stage.server.sockets.feeds._feeds.values()
    assert feed._kept_bytes < 10 * SMALL_BYTES
    sleeper.read()
    await sleeper.until(lambda: at(sleeper, stage) == stage.step)

    while sleeper.last != others[0].last:  # a state may come twice, to one before another
        await asyncio.sleep(0.01)
    assert sleeper.steps_back == 0


async def test_who_is_a_member_no_longer_is_shown_no_more(stage, watch):
    """Also when they began the feed: the others go on by another one."""
    user, theirs = await member(stage)
    payload = {"query": BOARDS["orgTasks"] + STANDING, "variables": {"org": stage.team}}
    message = {"id": "1", "type": "subscribe", "payload": payload}
    async with stage.connected(theirs) as connection:
        await connection.send(json.dumps(message))
        for _ in stage.tasks:
            assert "errors" not in json.loads(await connection.recv())["payload"]
        boards = await watch(3)
        await advance(stage, boards)
        await Org.filter(user_id=user.id).delete()
        stage.server.services.rights.changed(user.id)
        said = []
        while not said or said[-1]["type"] != "complete":
            said.append(json.loads(await connection.recv()))
        await advance(stage, boards, 3)

    (failed,) = [each["payload"]["errors"] for each in said if "errors" in each.get("payload", {})]
    assert [error["extensions"]["code"] for error in failed] == ["NOT_FOUND"]
    assert [each.steps_back for each in boards] == [0] * 3


async def test_one_environment_is_a_list_of_its_own(stage, watch):
    """Who asks for one environment shares with those alone who do too."""
    query = """subscription ($app: ID!, $env: String) {
      applicationTasks(applicationId: $app, envName: $env) { id envName } }"""
    shown = {"test": [], "live": [], None: []}
    async with stage.connected(stage.token) as connection:
        for name in shown:
            variables = {"app": stage.application.id, "env": name}
            payload = {"query": query, "variables": variables}
            message = {"id": f"{name}", "type": "subscribe", "payload": payload}
            await connection.send(json.dumps(message))
        await advance(stage)
        while not all(shown[None].count(name) for name in ("test", "live")) or not shown["live"]:
            said = json.loads(await connection.recv())
            name = None if said["id"] == "None" else said["id"]
            shown[name].append(said["payload"]["data"]["applicationTasks"]["envName"])

    assert set(shown["live"]) == {"live"}
    assert set(shown["test"]) <= {"test"}


@pytest.fixture
def spent(stage):
    """Return how to tell what a user was charged; no time passes for their budget."""
    budgets = stage.server.services.bounds.budgets
    budgets._clock = lambda: 0.0
    return lambda user: budgets.limit - budgets.spend(user.id, 0).remaining


async def test_who_joins_is_charged_as_who_begins(stage, watch, spent):
    """Each once, for a list and for a journal; who was behind and comes back is not again."""
    user, theirs = await member(stage)
    await watch(1)
    first = spent(stage.user)
    assert first > 0
    sleeper, *_ = await watch(3, token=theirs)
    assert spent(user) == 3 * first
    sleeper.stall()
    await advance(stage, times=STEPS - 2)
    sleeper.read()
    await sleeper.until(lambda: at(sleeper, stage) == stage.step)
    assert (spent(stage.user), spent(user)) == (first, 3 * first)

    watchers = [Watcher(stage, token) for token in (stage.token, stage.token, theirs)]
    try:
        for each in watchers:
            await each.until(1)
        journal = spent(user) - 3 * first
        assert journal > 0
        assert spent(stage.user) == first + 2 * journal
    finally:
        for each in watchers:
            await each.close()


@pytest.mark.parametrize("query", [EVENTS, BOARDS["orgTasks"] + STANDING])
async def test_over_budget_nobody_joins(stage, watch, spent, query):
    """An error and nothing else, though others watch the same."""
    user, theirs = await member(stage)
    await watch(2)
    watcher = Watcher(stage, stage.token)
    await watcher.until(1)
    budgets = stage.server.services.bounds.budgets
    budgets.spend(user.id, budgets.limit)
    variables = {"id": stage.task, "after": 0, "org": stage.team}
    payload = {"query": query, "variables": variables}
    async with stage.connected(theirs) as connection:
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        said = json.loads(await connection.recv())
    await watcher.close()

    assert said["type"] == "error"
    assert [each["extensions"]["code"] for each in said["payload"]] == ["LIMIT_EXCEEDED"]
    assert spent(stage.user) > 0

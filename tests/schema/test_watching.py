"""Subscriptions to many tasks: what they begin with, whom they follow, what they cost."""

import asyncio
import re
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from auth import sessions
from auth.budgets import Budgets
from auth.viewer import Viewer
from control.pubsub import org_topic, task_topic
from db.models import Org, Step, Task, TaskEvent
from resolvers.operations.reads import Reads
from resolvers.watching.events import TASKS_MAX
from schema import schema
from tests.schema.test_cost import bounded

MANY = "subscription ($tasks: [TaskPosition!]!) { tasksEvents(tasks: $tasks) { taskId seq } }"
FAULT = re.compile("[0-9a-f]{12}")  # a number that is another each time
MINE = "subscription { viewerTasks { id } }"


@pytest.fixture
async def team(world):
    """A team with an application."""
    ann = await world.api.user("ann")
    return ann, await world.application(await world.team("acme", ann), "web")


async def journal(task, count, *, ends=True):
    """Give a task so many entries, the last of them its end."""
    await TaskEvent.bulk_create(
        TaskEvent(
            task=task,
            seq=seq,
            kind="end" if ends and seq == count else "task",
            time=datetime.now(UTC),
            status="success",
        )
        for seq in range(1, count + 1)
    )
    await Task.filter(id=task.id).update(
        next_seq=count + 1, status="success" if ends else "pending"
    )


async def watched(world, user, query, **variables):
    """Return a subscription's results."""
    viewer = Viewer(user, (await sessions.start(user))[0])
    return await schema.stream(
        query, variable_values=variables, context_value=world.api.context(viewer)
    )


async def codes(world, user, query, **variables):
    """Return the codes of a subscription that is refused."""
    results = [each async for each in await watched(world, user, query, **variables)]
    return [error.extensions["code"] for each in results for error in each.errors]


def positions(*ids):
    """Return where to begin: at the beginning of each."""
    return [{"taskId": each} for each in ids]


async def test_each_task_from_its_own_place(world, team):
    """In order and without gaps, to the last one's end; one that is over already says nothing."""
    ann, web = team
    tasks = await world.tasks(web, 4)
    for number, task in enumerate(tasks):
        await journal(task, 5 + 30 * number)
    places = [0, 3, 90, 95]
    given = [{"taskId": task.id, "after": after} for task, after in zip(tasks, places, strict=True)]

    async with asyncio.timeout(20):
        stream = await watched(world, ann, MANY, tasks=given)
        results = [each async for each in stream]
    assert [each.errors for each in results if each.errors] == []
    events = [each.data["tasksEvents"] for each in results]

    ends = [5, 35, 65, 95]
    for task, after, end in zip(tasks, places, ends, strict=True):
        seen = [each["seq"] for each in events if each["taskId"] == task.id]
        assert seen == list(range(after + 1, end + 1))


EVENTS = """subscription ($id: ID!) { taskEvents(taskId: $id) { __typename at: time ...Every } }
  fragment Every on TaskEvent { seq task { id application { name } }
    ... on StepStatusChanged { step { name status } stepIndex name error exitCode stepIs: status }
    ... on StepOutput { text lines { number text } expired }
    ... on TaskStatusChanged { status } ... on StreamEnd { status } }"""
ROWS = [
    {"kind": "task", "status": "running"},
    {"kind": "step", "status": "running", "step_index": 0, "name": "x"},
    {"kind": "output", "step_index": 0},
    {"kind": "step", "status": "failure", "step_index": 0, "name": "x", "exit_code": 1},
    {"kind": "end", "status": "failure"},
]


@pytest.mark.parametrize("status", ["running", "strange"])
async def test_events_are_shown_alike_by_whoever_shows_them(world, team, status):
    """Functions, and the library; that alone where a value has no meaning."""
    ann, web = team
    (task,) = await world.tasks(web, 1)
    await Step.filter(task_id=task.id).delete()
    await Step.create(id=f"{task.id}.0", task=task, index=0, name="x", status="failure")
    rows = [{**ROWS[0], "status": status}, *ROWS[1:]]
    for seq, row in enumerate(rows, start=1):
        await TaskEvent.create(task=task, seq=seq, time=datetime.now(UTC), **row)
    await Task.filter(id=task.id).update(next_seq=len(ROWS) + 1)

    answers = {}
    for reads in Reads:
        own = Viewer(ann, (await sessions.start(ann))[0])
        context = world.api.context(own)
        bounds = replace(context.services.bounds, reads=reads)
        context.services = replace(context.services, bounds=bounds)
        results = await schema.stream(
            EVENTS, variable_values={"id": task.id}, context_value=context
        )
        answers[reads] = [(each.data, str(each.errors)) async for each in results], context.answered

    shown = [FAULT.sub("", str(found)) for found, _ in answers.values()]
    assert len(set(shown)) == 1
    assert len(answers[Reads.STOCK][0]) == len(ROWS)
    last = [who for _, who in answers.values()]
    assert last == [Reads.COMPILED, Reads.COMPILED, Reads.STOCK]


async def test_a_chatty_task_lets_others_speak(world, team):
    """Tasks take turns: a short one has ended long before a long one has."""
    ann, web = team
    long, short = await world.tasks(web, 2)
    await journal(long, 1000)
    await journal(short, 20)

    async with asyncio.timeout(30):
        stream = await watched(world, ann, MANY, tasks=positions(long.id, short.id))
        whose = [each.data["tasksEvents"]["taskId"] async for each in stream]

    assert len(whose) == 1020
    assert max(number for number, each in enumerate(whose) if each == short.id) < 200


@pytest.mark.parametrize("count", [0, 2, TASKS_MAX + 1])
async def test_so_many_tasks_and_no_more(sqlite_world, count):
    """None, one twice, or too many: refused before one of them is looked at."""
    ann = await sqlite_world.api.user("ann")
    ids = ["t_same"] * count if count == 2 else [f"t_{number}" for number in range(count)]

    stream = await watched(sqlite_world, ann, MANY, tasks=positions(*ids))
    (error,) = [error async for each in stream for error in each.errors]

    assert error.extensions["code"] == "INVALID"
    assert error.message == "`tasks` must name 1 to 50 tasks, each of them once."


async def test_one_task_that_may_not_be_seen_refuses_all(sqlite_world):
    """As it does alone; and a task that goes while others run ends the stream so."""
    ann, ben = [await sqlite_world.api.user(each) for each in ("ann", "ben")]
    web = await sqlite_world.application(await sqlite_world.team("acme", ann), "web")
    far = await sqlite_world.application(await sqlite_world.team("far", ben), "far")
    (mine, going), (theirs,) = await sqlite_world.tasks(web, 2), await sqlite_world.tasks(far, 1)
    for each in (mine, going):
        await journal(each, 1, ends=False)

    for other in (theirs.id, "t_nothing"):
        given = positions(mine.id, other)
        assert await codes(sqlite_world, ann, MANY, tasks=given) == ["NOT_FOUND"]

    async with asyncio.timeout(20):
        stream = await watched(sqlite_world, ann, MANY, tasks=positions(mine.id, going.id))
        for _ in range(2):
            assert (await anext(stream)).errors is None
        await Task.filter(id=going.id).delete()
        sqlite_world.api.server.services.rights.changed(ann.id)
        (last,) = [each async for each in stream]
    assert [error.extensions["code"] for error in last.errors] == ["NOT_FOUND"]


async def test_many_tails_ask_as_little_as_one(sqlite_world, statements):
    """A poll of fifty tasks in which nothing happens is one statement."""
    ann = await sqlite_world.api.user("ann")
    web = await sqlite_world.application(await sqlite_world.team("acme", ann), "web")
    tasks = await sqlite_world.tasks(web, TASKS_MAX, status="pending")
    for each in tasks:
        await journal(each, 1, ends=False)
    queue = sqlite_world.api.server.queue
    queue._queue._poll_seconds = 0.05

    async with aclosing(queue.tail({each.id: 0 for each in tasks})) as entries:
        for _ in tasks:
            await anext(entries)
        del statements[:]
        coming = asyncio.ensure_future(anext(entries))
        await asyncio.sleep(0.5)
        asked = len(statements)
        coming.cancel()
        await asyncio.wait({coming})

    assert 1 <= asked <= 11


async def test_more_tasks_cost_more(sqlite_world):
    """As many times as there are tasks, however they are given; over budget nothing begins."""
    api = bounded(sqlite_world.api, budgets=Budgets(1000, lambda: 0.0), cost_max=100)
    ann = await api.user("ann")
    query = "subscription ($tasks: [TaskPosition!]!) { tasksEvents(tasks: $tasks) { seq time } }"
    inline = 'subscription { tasksEvents(tasks: [{taskId: "t_1"}, {taskId: "t_2"}]) { seq time } }'
    single = 'subscription { tasksEvents(tasks: {taskId: "t_1"}) { seq time } }'
    spent = 0

    for text, count in ((query, 40), (inline, 2), (single, 1)):
        ids = [f"t_{number}" for number in range(count)]
        given = {"tasks": positions(*ids)} if text == query else {}
        assert await codes(sqlite_world, ann, text, **given) == ["NOT_FOUND"]
        spent += 1 + 2 * count
        left = await api.execute("{ rateLimit { remaining } }", ann)
        assert 1000 - left["rateLimit"]["remaining"] == spent
    given = positions(*[f"t_{number}" for number in range(TASKS_MAX)])
    assert await codes(sqlite_world, ann, query, tasks=given) == ["LIMIT_EXCEEDED"]


async def test_teams_joined_and_left_are_followed(world, team):
    """What runs in a team is shown once it is joined; nothing of it once it is left."""
    ann, web = team
    ben = await world.api.user("ben")
    theirs = await world.application(await world.team("far", ben), "far")
    (mine,) = await world.tasks(web, 1, status="running")
    (other,) = await world.tasks(theirs, 1, status="running")
    rights = world.api.server.services.rights
    bells = world.api.server.queue._queue.pubsub

    async def change(task, team_name):
        await Task.filter(id=task.id).update(updated_time=datetime.now(UTC))
        bells.ring(org_topic(team_name))

    async with asyncio.timeout(30), aclosing(await watched(world, ann, MINE)) as stream:

        async def shown():
            return (await anext(stream)).data["viewerTasks"]["id"]

        assert await shown() == mine.id
        coming = asyncio.ensure_future(shown())
        await asyncio.sleep(0.05)
        row = await world.team("far", ann, "VIEWER")
        rights.changed(ann.id)
        assert await coming == other.id
        await change(other, "far")
        assert await shown() == other.id
        await Org.filter(id=row.id).delete()
        rights.changed(ann.id)
        await change(other, "far")
        await change(mine, "acme")
        assert await shown() == mine.id


async def test_who_is_in_no_team_waits(world):
    """Nothing is shown, nothing fails; the first team they join is."""
    ann, ben = [await world.api.user(each) for each in ("ann", "ben")]
    web = await world.application(await world.team("acme", ben), "web")
    (task,) = await world.tasks(web, 1, status="running")

    async with asyncio.timeout(20), aclosing(await watched(world, ann, MINE)) as stream:
        coming = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.05)
        assert not coming.done()
        await world.team("acme", ann, "VIEWER")
        world.api.server.services.rights.changed(ann.id)
        assert (await coming).data == {"viewerTasks": {"id": task.id}}


@pytest.mark.parametrize("after", [2**31 - 1, 2**31 - 100])
async def test_a_place_that_no_task_reaches(world, team, after):
    """Whoever says they are there gets nothing, on each database, and no fault."""
    ann, web = team
    (task,) = await world.tasks(web, 1, status="running")
    await journal(task, 5, ends=False)
    page = "query ($id: ID!, $after: Int!) { task(id: $id) { events(after: $after) { cursor } } }"
    found = await world.api.execute(page, ann, id=task.id, after=after)
    assert found["task"]["events"] == {"cursor": after}

    stream = await watched(world, ann, MANY, tasks=[{"taskId": task.id, "after": after}])
    async with asyncio.timeout(20), aclosing(stream) as results:
        coming = asyncio.ensure_future(anext(results, None))
        for _ in range(5):
            world.api.server.queue._queue.pubsub.ring(task_topic(task.id))
            await asyncio.sleep(0.02)
        await Task.filter(id=task.id).update(status="success")
        world.api.server.queue._queue.pubsub.ring(task_topic(task.id))
        assert await coming is None

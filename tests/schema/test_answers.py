"""What an answer may be at most, whatever was priced, and that making it leaves turns to others."""

import asyncio
from dataclasses import replace

import pytest

from control.journal import new_step
from db.models import Environment, Step
from schema.executing import turns

STEPS = """query ($id: ID!) { application(id: $id) { tasks(first: 1) { nodes {
  steps { id index name status } } } } }"""
OUTPUTS = """query ($id: ID!) { application(id: $id) { tasks(first: 1) { nodes {
  steps { outputs } } } } }"""
COPIES = "query ($id: ID!) { application(id: $id) { environments { # } } }".replace(
    "#", " ".join(f"a{number}: resource" for number in range(20))
)

LATEST = """query ($id: ID!) { application(id: $id) { environments {
  name latestTask { id status } } } }"""


async def furnished(world, steps=0):
    """Return a user, and the id of an application with one task of so many more steps."""
    user = await world.api.user("ann")
    application = await world.application(await world.team("acme", user), "web")
    await world.tasks(application, 1)
    task = f"t_{application.id}_test_000"
    await Step.bulk_create(new_step(task, 100 + each, f"more {each}") for each in range(steps))
    return user, application.id


async def refused(api, query, user, **variables):
    """Return why a query is not answered, which is all that it is answered."""
    result = await api.result(query, user, **variables)
    assert result.data is None
    (error,) = result.errors
    assert error.extensions["code"] == "LIMIT_EXCEEDED"
    return error.message


async def test_lists_that_are_longer_than_priced_count_as_they_are(world):
    """A task counts as 8 steps; one of 500 was 60 times as much as it was charged."""
    user, application = await furnished(world, 60)
    services = world.api.server.services
    assert len(await steps_of(world, user, application)) >= 60

    world.api.server.services = replace(services, bounds=replace(services.bounds, cost_max=200))

    told = await refused(world.api, STEPS, user, id=application)
    assert told == "The answer has more than 200 fields."


async def test_what_a_long_list_asks_for_is_not_even_loaded(world, statements):
    """Whoever has more entries than there is room for: their tasks are not looked up."""
    user, application = await furnished(world)
    services = world.api.server.services
    world.api.server.services = replace(services, bounds=replace(services.bounds, cost_max=60))
    for number in range(20):
        await Environment.create(
            id=f"{application}:e{number}",
            application_id=application,
            name=f"e{number}",
            type="testing",
            trigger_spec={},
            cd_pipeline_yaml="p.yaml",
            secrets={},
            resource={},
        )
    statements.clear()

    told = await refused(world.api, LATEST, user, id=application)

    assert told == "The answer has more than 60 fields."
    assert not [each for each in statements if 'FROM "task"' in each]


async def steps_of(world, user, application):
    """Return the steps of an application's task."""
    data = await world.api.execute(STEPS, user, id=application)
    return data["application"]["tasks"]["nodes"][0]["steps"]


async def test_copies_of_documents_are_bounded_by_their_characters(world):
    """Twenty names for each of eight documents of 60 KB: it would be 9.6 MB."""
    user, application = await furnished(world)
    document = {"text": "x" * 60_000}
    for number in range(8):
        await Environment.create(
            id=f"{application}:e{number}",
            application_id=application,
            name=f"e{number}",
            type="testing",
            trigger_spec={},
            cd_pipeline_yaml="p.yaml",
            secrets={},
            resource=document,
        )

    told = await refused(world.api, COPIES, user, id=application)
    assert told == "The answer has more than 8388608 characters."


async def test_documents_that_are_too_large_together_are_not_even_read(world, statements):
    """Each output may be large: the database adds up first, and gives none of them out."""
    user, application = await furnished(world, 3)
    await Step.filter(index__gte=100).update(outputs={"text": "x" * 3_000_000})

    told = await refused(world.api, OUTPUTS, user, id=application)
    assert told == "The answer has more than 8388608 characters."
    assert [each for each in statements if "AS document" in each]

    await Step.filter(index__gt=100).update(outputs=None)
    data = await world.api.execute(OUTPUTS, user, id=application)
    found = [each["outputs"] for each in data["application"]["tasks"]["nodes"][0]["steps"]]
    assert len([each for each in found if each]) == 1


@pytest.mark.parametrize(("seconds", "least", "most"), [(0.0, 40, 400), (1000.0, 0, 5)])
async def test_a_long_list_leaves_turns_to_others(monkeypatch, seconds, least, most):
    """When a turn is over, entries wait until the loop has gone round; else they do not."""
    monkeypatch.setattr(turns, "TURN_SECONDS", seconds)
    lists = [list(range(80)) for _ in range(4)]
    rounds, done = 0, False

    async def go_round():
        nonlocal rounds
        while not done:
            rounds += 1
            await asyncio.sleep(0)

    async def taken(entries):
        return [each async for each in turns.one_by_one(entries)]

    other = asyncio.create_task(go_round())
    found = await asyncio.gather(*(taken(each) for each in lists))
    done = True
    await other

    assert found == lists
    assert least <= rounds <= most


async def test_a_list_is_the_same_by_turns(sqlite_world, monkeypatch):
    """Steps, which ask for nothing more, come one by one; tasks come as ever, loaded by sets."""
    user, application = await furnished(sqlite_world, 100)
    at_once = await steps_of(sqlite_world, user, application)
    monkeypatch.setattr(turns, "TURN_SECONDS", -1.0)

    assert await steps_of(sqlite_world, user, application) == at_once
    assert [each["index"] for each in at_once][-100:] == list(range(100, 200))

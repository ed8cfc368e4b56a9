"""What functions made of a document answer: what the library answers, with no more statements."""

import asyncio
import gc
import json
import re
import weakref
from dataclasses import replace

import pytest

from db.models import Org, Step, Task
from resolvers.operations.reads import Reads
from schema import schema
from schema.compiling import operations
from schema.compiling.operations import CompiledOperations
from schema.compiling.run import Run
from schema.compiling.shapes import Objects
from schema.documents.kept import Kept
from schema.executing import execution

CONNECTIONS = """query ($first: Int = 2, $after: String) { viewer { orgs { totalCount nodes { name
  applications(first: $first, after: $after) { totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id } } nodes { name updatedTime viewerCan { deploy }
      tasks(first: 2) { nodes { id status duration createdTime completed
        steps { index name status exitCode startedTime } } } } } } } } }"""
MERGED = """query ($id: ID!) { application(id: $id) { b: name a: name ...Named environments {
  name } environments { type latestTask { status } __typename } ...Named }
  __typename alike: application(id: $id) { provider name } }
  fragment Named on Application { id environments { latestTask { id } } ownerOrg { role } }"""
LEFT_OUT = """query ($id: ID!, $with: Boolean!, $without: Boolean = true) { application(id: $id) {
  name @include(if: $with) id ... @skip(if: $without) { provider } name
  tasks @skip(if: $with) { nodes { id } } ...F @include(if: $with) } }
  fragment F on Application { one: tasks(first: 1) { nodes { id @skip(if: true) status } } }"""
NODES = """query ($id: ID!) { a: node(id: "t_a_acme_web_test_000") { ...N }
  b: node(id: $id) { ...N } c: node(id: "nobody") { ...N } }
  fragment N on Node { id __typename ... on Application { name tasks(first: 1) { totalCount } }
    ... on Task { trigger { __typename type ... on ManualTrigger { by { user { username } } } }
      sourceTask { id } triggerPayload events(first: 1) { hasMore events { __typename } } } }"""
MISSING = """query ($id: ID!) { application(id: "nobody") { name } task(id: $id) { id } viewer {
  avatar apiTokens { id } sessions { id } } }"""
LARGE = """query ($id: ID!) { application(id: $id) { environments { resource triggerSpec runsOn
  resources { name } secrets { key } nextScheduledTime } } }"""
PAGES = {
    "connections": (CONNECTIONS, {}),
    "null for a default": (CONNECTIONS, {"first": None}),
    "merged": (MERGED, {"id": "a_acme_web"}),
    "left out": (LEFT_OUT, {"id": "a_acme_web", "with": False}),
    "not left out": (LEFT_OUT, {"id": "a_acme_web", "with": True, "without": False}),
    "nodes": (NODES, {"id": "a_acme_web"}),
    "missing": (MISSING, {"id": "nobody"}),
    "large": (LARGE, {"id": "a_acme_web"}),
}
FAULT = re.compile("[0-9a-f]{12}")  # a number that is another each time
# What the library is asked for after all, and why.
TOLD = {
    "an argument that cannot be": "{ viewer { id orgs { nodes { tasks(first: 101) { nodes {"
    " id } } } } } }",
    "a cursor of nowhere": '{ viewer { id orgs(after: "!") { nodes { id } } } }',
    "nobody may know": '{ viewer { id } users(search: "a") { id } }',
    "null where there is none": "{ viewer { id orgs { nodes { name owner { id } } } } }",
    "a word that is none of ours": '{ task(id: "t_a_acme_web_test_001") { id steps { status } } }',
}


@pytest.fixture
async def ann(world):
    """Ann, the OWNER of a team with three applications, tasks of one of them."""
    user = await world.api.user("ann")
    team = await world.team("acme", user)
    web = await world.application(team, "web")
    await world.tasks(web, 3)
    await Task.filter(id="t_a_acme_web_test_001").update(trigger_payload={"a": ["ü", 1, None]})
    await world.application(team, "api")
    await world.application(team, "gone")
    return user


def with_reads(api, reads, user):
    """Return the context of a request to a server with this setting."""
    context = api.context(user)
    bounds = replace(context.services.bounds, reads=reads)
    context.services = replace(context.services, bounds=bounds)
    return context


async def answer(api, reads, query, user, **variables):
    """Return the JSON of an answer, and who made it."""
    context = with_reads(api, reads, user)
    result = await schema.execute(query, variable_values=variables, context_value=context)
    errors = [each.formatted for each in result.errors or []]
    return json.dumps({"data": result.data, "errors": errors}), context.answered


@pytest.mark.parametrize("page", PAGES)
async def test_functions_answer_what_the_library_answers(world, ann, page):
    """Byte by byte: names, order, nulls, times, enums, documents, types of interfaces."""
    query, variables = PAGES[page]
    stock, by_library = await answer(world.api, Reads.STOCK, query, ann, **variables)
    compiled, by_functions = await answer(world.api, Reads.COMPILED, query, ann, **variables)

    assert json.loads(stock)["errors"] == []
    assert compiled == stock
    assert (by_library, by_functions) == (Reads.STOCK, Reads.COMPILED)


@pytest.mark.parametrize("wrong", TOLD)
async def test_the_library_says_what_is_wrong(world, ann, wrong):
    """The same errors at the same places, whatever functions found before."""
    await Org.create(id="u_ann:b", user=ann, name="b", role="MEMBER", secrets={})  # of no OWNER
    await Step.filter(task_id="t_a_acme_web_test_001").update(status="odd")
    stock, _ = await answer(world.api, Reads.STOCK, TOLD[wrong], ann)
    compiled, who = await answer(world.api, Reads.COMPILED, TOLD[wrong], ann)

    assert json.loads(stock)["errors"]
    assert FAULT.sub("", compiled) == FAULT.sub("", stock)
    assert who is Reads.STOCK


async def test_functions_need_no_more_statements(world, ann, statements):
    """Whatever the entries of a level ask for, they ask at once.

    Of statements side by side the database may answer either first, and what is asked behind both
    is one more then, or one less, in either way of reading.
    """
    for page in ("connections", "merged", "nodes"):
        query, variables = PAGES[page]
        counts = {Reads.STOCK: [], Reads.COMPILED: []}
        for reads in 3 * list(counts):
            statements.clear()
            await answer(world.api, reads, query, ann, **variables)
            counts[reads].append(len(statements))
        assert 0 < min(counts[Reads.COMPILED]) <= max(counts[Reads.STOCK])


@pytest.mark.parametrize("reads", [Reads.STOCK, Reads.COMPILED])
async def test_who_asks_a_loader_is_not_made_to_wait(sqlite_world, statements, monkeypatch, reads):
    """Entries that ask at different times, as there are turns, would be many statements."""
    user = await sqlite_world.api.user("ann")
    team = await sqlite_world.team("acme", user)
    application = await sqlite_world.application(team, "web")
    await sqlite_world.tasks(application, 20)
    query = """query ($id: ID!) { application(id: $id) { a: tasks(first: 50) { nodes { id } }
      b: tasks(first: 50) { nodes { id steps { index status } } } } }"""
    counts = []
    for seconds in (60.0, 0.0):
        monkeypatch.setattr("schema.executing.turns.TURN_SECONDS", seconds)
        statements.clear()
        await answer(sqlite_world.api, reads, query, user, id=application.id)
        counts.append(len(statements))
    assert 0 < counts[0] == counts[1]


async def test_no_task_is_made_for_a_row(sqlite_world):
    """As many tasks of asyncio for thirty tasks with their steps as for three."""
    user = await sqlite_world.api.user("ann")
    team = await sqlite_world.team("acme", user)
    made = {}
    loop = asyncio.get_running_loop()
    query = """query ($id: ID!) { application(id: $id) { tasks(first: 50) { nodes { id
      environment { id } steps { index status } sourceTask { id } } } } }"""
    for count in (3, 30):
        application = await sqlite_world.application(team, f"web{count}")
        await sqlite_world.tasks(application, count)
        coroutines = []

        def factory(loop, coroutine, coroutines=coroutines, **more):
            coroutines.append(coroutine)
            return asyncio.Task(coroutine, loop=loop, **more)

        loop.set_task_factory(factory)
        await answer(sqlite_world.api, Reads.COMPILED, query, user, id=application.id)
        loop.set_task_factory(None)
        made[count] = len(coroutines)
    assert 0 < made[30] == made[3]


async def test_what_must_not_be_done_twice_is_the_librarys(world, ann):
    """A search is counted against a limit: it is not begun by functions that may fail."""
    _, who = await answer(world.api, Reads.COMPILED, '{ users(search: "an") { id } }', ann)
    assert who is Reads.STOCK


@pytest.mark.parametrize(
    "query",
    ["{ __schema { queryType { name } } }", '{ __type(name: "Task") { name } viewer { id } }'],
)
async def test_introspection_is_the_librarys(world, ann, query):
    """It is asked for seldom."""
    _, who = await answer(world.api, Reads.COMPILED, query, ann)
    assert who is Reads.STOCK


async def test_operations_are_compiled_once_and_kept_within_bounds(sqlite_world, monkeypatch):
    """For each way of leaving parts out, up to a few; and those used least recently go."""
    kept = CompiledOperations()
    monkeypatch.setattr(execution, "_operations", kept)
    monkeypatch.setattr(operations, "WAYS_MAX", 2)
    user = await sqlite_world.api.user("ann")
    names = [f"$v{each}: Boolean!" for each in range(3)]
    fields = [f"a{each}: id @skip(if: $v{each})" for each in range(3)]
    query = f"query ({', '.join(names)}) {{ viewer {{ {' '.join(fields)} id }} }}"
    who = []
    for way in ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 0, 0)):
        given = {f"v{place}": bool(each) for place, each in enumerate(way)}
        who.append((await answer(sqlite_world.api, Reads.COMPILED, query, user, **given))[1])
    assert who == [Reads.COMPILED, Reads.COMPILED, Reads.STOCK, Reads.COMPILED]
    assert len(kept.kept) == 1

    monkeypatch.setattr(kept, "kept", Kept(most=9, characters_max=90))
    for number in range(20):
        more = " ".join(f"a{number}_{each}: id" for each in range(11))
        await answer(sqlite_world.api, Reads.COMPILED, f"{{ viewer {{ {more} }} }}", user)
    assert len(kept.kept) == 6
    assert kept.kept.characters <= 90


async def test_what_failed_is_not_kept_by_itself(sqlite_world):
    """A ring of errors and frames would hold all that was loaded until the collector comes."""
    user = await sqlite_world.api.user("ann")
    team = await sqlite_world.team("acme", user)
    await sqlite_world.tasks(await sqlite_world.application(team, "web"), 3)
    query = """{ viewer { orgs { nodes { id tasks(first: 101) { nodes { id } }
      applications { nodes { id } } } } } }"""
    context = with_reads(sqlite_world.api, Reads.COMPILED, user)
    run = weakref.WeakSet()
    made = Run.__init__

    def noted(self, *given):
        made(self, *given)
        run.add(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "__init__", noted)
        gc.collect()
        gc.disable()
        try:
            result = await schema.execute(query, context_value=context)
            assert len(result.errors) == 1
            assert context.answered is Reads.STOCK
            assert not run
        finally:
            gc.enable()


async def test_a_long_list_lets_others_have_a_turn(sqlite_world, monkeypatch):
    """Between parts of it, whoever waits for the loop is served."""
    monkeypatch.setattr("schema.executing.turns.TURN_SECONDS", 0.0)
    monkeypatch.setattr("schema.compiling.shapes.PART_VALUES", 4)
    user = await sqlite_world.api.user("ann")
    team = await sqlite_world.team("acme", user)
    application = await sqlite_world.application(team, "web")
    (task,) = await sqlite_world.tasks(application, 1)
    served, shown = 0, []
    made = Objects._made

    def noted(self, columns, count):
        shown.append(served)
        return made(self, columns, count)

    monkeypatch.setattr(Objects, "_made", noted)

    async def others():
        nonlocal served
        while True:
            served += 1
            await asyncio.sleep(0)

    other = asyncio.ensure_future(others())
    query = "query ($id: ID!) { task(id: $id) { steps { id index name status } } }"
    await answer(sqlite_world.api, Reads.COMPILED, query, user, id=task.id)
    other.cancel()
    assert len(shown) >= 3
    assert len(set(shown[:3])) > 1

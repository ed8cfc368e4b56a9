"""The pages of a single-page application: what they ask the database, and how much is awaited."""

import ast
import asyncio
import inspect
import logging
import textwrap
from pathlib import Path

import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

from auth import sessions, viewer
from db.models import Task, User
from schema import schema
from schema.documents.kept import Kept

PAGES = Path(__file__).parents[2] / "benchmarks" / "reading"
DASHBOARD, APPLICATION, TASK = (
    (PAGES / f"{name}.graphql").read_text() for name in ("dashboard", "application", "task")
)
TEAM_TASKS = """query ($first: Int!) { viewer { orgs { nodes { tasks(first: $first) { totalCount
  nodes { id } } } } } }"""
ENVIRONMENTS = """query ($id: ID!) { application(id: $id) { environments {
  activeTask { id } queue { totalCount nodes { id } } latestTask { id } } } }"""
STEPS = """query ($id: ID!, $first: Int!) { application(id: $id) { tasks(first: $first) { nodes {
  steps { index name status duration startedTime exitCode } } } } }"""
LARGE = {"steps", "pipeline", "inputs", "trigger_payload", "secret_versions", "environment"}
LARGE |= {"outputs", "resource", "trigger_spec", "headers", "body"}
OF_TIMING = 2  # answers overtake each other on a pool, and what was one batch is asked for in two


async def furnished(world, size, tasks=2):
    """Return a user of two teams of *size* applications, and a page's variables."""
    user = await world.api.user(f"ann{size}")
    for team in ("acme", "labs"):
        owner = await world.team(f"{team}{size}", user)
        for number in range(size):
            application = await world.application(owner, f"app{number}")
            for name in ("live", "test"):
                await world.tasks(application, tasks, env_name=name)
    return user, {"id": application.id, "first": 2 * tasks}


@pytest.fixture
def asked():
    """Collect the statements that are sent to the database, each with its values."""
    sent = []

    class Collector(logging.Handler):
        def emit(self, record):
            sent.append(record.args)

    logger, handler = logging.getLogger("tortoise.db_client"), Collector()
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    logger.propagate = False
    yield sent
    logger.propagate = True
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.mark.parametrize(
    ("page", "most"), [(DASHBOARD, 7), (APPLICATION, 8), (TASK, 5)], ids=["d", "a", "t"]
)
@pytest.mark.timeout(60)
async def test_a_page_takes_a_constant_number_of_statements(world, asked, page, most):
    """Teams, OWNERs, applications, environments, tasks, latest tasks, steps: whatever the rows."""
    for size in (1, 6):
        user, variables = await furnished(world, size)
        given = {name: variables[name] for name in variables if f"${name}:" in page}
        if page is TASK:
            given["id"] = f"t_{variables['id']}_test_000"
        asked.clear()
        await world.api.execute(page, user, **given)
        assert len(asked) <= most + (OF_TIMING if page is not TASK else 0)


async def test_a_caller_is_found_by_one_statement(database, asked):
    """The session and its user; the columns that tell nothing of a stranger's token are none."""
    user = await User.create(id="u_ann", username="ann")
    _, token = await sessions.start(user)
    asked.clear()

    found = await viewer.find(token)

    assert found.user.username == "ann"
    assert found.session.user_id == "u_ann"
    assert len(asked) == 1
    assert await viewer.find(f"{token}x") is None


async def plans(asked):
    """Return how the database finds the rows of each statement, without reading whole tables."""
    sent, found = list(asked), []
    sqlite = connections.get("default").capabilities.dialect == "sqlite"
    async with in_transaction() as db:
        if not sqlite:  # so few rows are read faster without an index, if that may be
            await db.execute_script("SET LOCAL enable_seqscan = off")
        for sql, values in sent:
            explained = f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{sql}"
            rows = await db.execute_query_dict(explained, values)
            found += [row["detail"] if sqlite else row["QUERY PLAN"] for row in rows]
    return found


@pytest.mark.parametrize("page", [DASHBOARD, APPLICATION, TEAM_TASKS, ENVIRONMENTS])
async def test_an_index_finds_what_a_page_shows(world, asked, page):
    """No page reads the whole table of tasks or of steps."""
    user, variables = await furnished(world, 3)
    given = {name: variables[name] for name in variables if f"${name}:" in page}
    asked.clear()
    await world.api.execute(page, user, **given)

    lines = await plans(asked)

    assert any("ndex" in line for line in lines)
    whole = [line for line in lines if "Seq Scan" in line or line.startswith(("SCAN x", "SCAN y"))]
    assert not whole


async def test_large_columns_are_read_when_they_are_asked_for(world, asked):
    """The documents of steps, pipelines, payloads: for those who ask, as one statement more."""
    user, variables = await furnished(world, 2)
    asked.clear()
    await world.api.execute(DASHBOARD, user)
    columns = {each for sql, _ in asked for each in LARGE if f'"{each}" AS' in sql}
    assert columns == set()

    await Task.all().update(trigger_payload={"commits": ["1"]})
    query = """query ($id: ID!) { application(id: $id) {
      tasks { nodes { triggerPayload trigger { type } } } } }"""
    data = await world.api.execute(query, user, id=variables["id"])

    assert [each["triggerPayload"] for each in data["application"]["tasks"]["nodes"]] == [
        {"commits": ["1"]}
    ] * 4


async def test_what_is_there_is_not_awaited(sqlite_world):
    """A task of asyncio is for what waits for the database: steps, which wait for nothing, none."""
    user, variables = await furnished(sqlite_world, 1, 8)
    made = []
    loop = asyncio.get_running_loop()

    def factory(loop, coroutine, **more):
        made.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **more)

    loop.set_task_factory(factory)
    data = await sqlite_world.api.execute(STEPS, user, **variables)

    tasks = data["application"]["tasks"]["nodes"]
    assert sum(len(each["steps"]) for each in tasks) == 48
    assert len(made) <= len(tasks) + 12


def resolvers():
    """Return the functions behind the fields of the schema."""
    for kind in schema._schema.type_map.values():
        definition = kind.extensions.get("strawberry-definition")
        for field in getattr(definition, "fields", ()):
            resolver = getattr(field, "base_resolver", None)
            if resolver is not None and kind.name not in {"Mutation", "Subscription"}:
                yield f"{kind.name}.{field.python_name}", resolver.wrapped_func


def test_a_resolver_that_waits_for_nothing_is_no_coroutine():
    """Each would be a task for each row: it was half of what the dashboard took."""
    waiting = (ast.Await, ast.AsyncFor, ast.AsyncWith)
    idle = []
    for name, function in resolvers():
        if inspect.iscoroutinefunction(function):
            tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
            if not any(isinstance(each, waiting) for each in ast.walk(tree)):
                idle.append(name)
    assert len(list(resolvers())) > 100
    assert idle == []


def test_documents_are_kept_within_bounds():
    """Whoever writes values into documents fills what is kept, and no more memory than that."""
    kept = Kept(most=3, characters_max=100)
    for number in range(10):
        kept.keep(number, f"{number}", 10)
    assert [kept.find(number) for number in range(10)] == [None] * 7 + ["7", "8", "9"]
    assert kept.find(7) == "7"
    kept.keep("long", "long", 80)
    assert (len(kept), kept.characters) == (3, 100)
    kept.keep("too long", "too long", 101)
    assert kept.find("too long") is None
    assert kept.find("long") == "long"


async def test_a_document_is_validated_once(sqlite_api):
    """Its text alone says whether it is known; each operation in it is told what is wrong."""
    text = "query A { logins { service } } query B { nothing }"
    before = schema.checked(text)
    for _ in range(3):
        answer = await schema.execute(
            text, context_value=sqlite_api.context(None), operation_name="A"
        )
        assert len(answer.errors) == 1
        assert "nothing" in answer.errors[0].message
    assert schema.checked(text) is before
    assert schema.checked(f"{text} ") is not before


def test_nothing_is_called_for_each_field():
    """No permission class, no extension of a field of rows, none of the schema with `resolve`."""
    fields = [
        (kind.name, field)
        for kind in schema._schema.type_map.values()
        for field in getattr(kind.extensions.get("strawberry-definition"), "fields", ())
    ]
    assert len(fields) > 100
    assert [each.name for _, each in fields if each.permission_classes] == []
    of_rows = {"User", "Org", "Application", "Environment", "Task", "Step"}
    extended = {f"{kind}.{each.name}" for kind, each in fields if each.extensions}
    assert {each for each in extended if each.partition(".")[0] in of_rows} <= {
        "Application.branches",  # it asks another server
    }
    hooked = [each for each in schema.extensions if "resolve" in vars(each)]
    assert hooked == []


def test_no_middleware_makes_a_task_of_each_request():
    """Starlette's BaseHTTPMiddleware does; what stands in front of the API is plain ASGI."""
    sources = list((PAGES.parents[1] / "rollway").rglob("*.py"))
    assert len(sources) > 50
    assert [each for each in sources if "starlette.middleware.base" in each.read_text()] == []

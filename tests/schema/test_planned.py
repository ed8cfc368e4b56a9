"""Queries that the database answers: by one statement, for whom it may, else by somebody else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from auth.permissions import Scope
from auth.viewer import Viewer
from control.journal import new_step
from db.models import ApiToken, Org, Step, Task
from resolvers.operations.reads import Reads
from schema import schema

PAGE = """query ($id: ID!, $first: Int = 3) { application(id: $id) { id name viewerCan { deploy }
  ownerOrg { alias } environments { name latestTask { id status } } tasks(first: $first) {
  totalCount nodes { id status duration createdTime steps { index name status } } } } }"""
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NAMED = """query ($id: ID!) { viewer { orgs { nodes { r: name id } edges { r: cursor }
  whole: __typename } } v: viewer { orgs { nodes { x4_nodes: name x4: id x4_page: __typename }
  edges { x4_edges: cursor page_place: __typename } pageInfo { more: hasNextPage w: endCursor } } }
  application(id: $id) { r: id environments { r: name } } }"""
OTHERS = {
    "a part of a page twice": "{ viewer { orgs { a: totalCount b: totalCount } } }",
    "a part of its place twice": "{ viewer { orgs { pageInfo { a: endCursor b: endCursor } } } }",
    "a field of Python's": "{ viewer { apiTokens { id } } }",
    "a field of a schema": "{ __schema { queryType { name } } }",
    "wrong variables": "query ($id: ID!) { task(id: $id) { id } }",
    "a page that cannot be": "{ viewer { orgs(first: 101) { nodes { id } } } }",
    "a mutation": 'mutation { deploy(input: {applicationId: "a", envName: "b"}) { __typename } }',
}


def context_of(world, user, **bounds):
    """Return the context of a user's request to a server that asks the database first."""
    made = world.api.context(user)
    services = made.services
    wanted = replace(services.bounds, reads=Reads.PLANNED, **bounds)
    made.services = replace(services, bounds=wanted)
    return made


async def planned(world, user, query, **variables):
    """Return the answer of the database; None where there is none."""
    found = await schema.planned(query, variables, None, context_of(world, user))
    return None if found is None else json.loads(found)


@pytest.fixture
async def page(world):
    """A team's OWNER, and an application with five tasks."""
    user = await world.api.user("ann")
    application = await world.application(await world.team("acme", user), "web")
    await world.tasks(application, 5)
    return user, application


async def test_a_page_is_one_statement(world, page, statements):
    """However much is in it."""
    user, application = page
    statements.clear()

    found = await planned(world, user, PAGE, id=application.id)

    assert len(statements) == 1
    assert len(found["application"]["tasks"]["nodes"]) == 3
    assert found == await world.api.execute(PAGE, user, id=application.id)


@pytest.mark.parametrize(("team", "seen"), [(None, True), ("acme", True), ("labs", False)])
async def test_a_token_of_one_team_is_answered_of_that(world, page, team, seen):
    """By another statement than one that reaches all; what it may not see is not there."""
    user, application = page
    await world.team("labs", user)
    token = ApiToken(id="k", user=user, name="k", scopes=[Scope.READ], org_name=team)

    found = await planned(world, Viewer(user, token=token), NAMED, id=application.id)

    teams = [each["r"] for each in found["viewer"]["orgs"]["nodes"]]
    assert sorted(teams) == ([team] if team else ["acme", "labs"])
    assert (found["application"] is not None) == seen


REACHED = """query ($id: ID!, $task: ID!, $other: ID!) { application(id: $id) { name
  environments { name queue { totalCount } latestTask { envName } } a: environment(name: "live") {
  id } b: environment(name: "test") { id } tasks { totalCount nodes { id envName steps { name }
  application { name } environment { name } } } } applicationByName(orgName: "acme", name: "web") {
  id } task(id: $task) { status } other: task(id: $other) { status } }"""


@pytest.mark.parametrize("env_name", [None, "live", "test", "gone"])
@pytest.mark.parametrize("own", [True, False])
async def test_a_token_of_one_application_is_answered_of_that(world, page, own, env_name):
    """By the database too, with nothing of other applications and environments."""
    user, application = page
    other = await world.application(await Org.get(user=user), "api")
    await world.tasks(other, 1)
    task = await Task.filter(app_id=application.id).first()
    await Task.filter(id=task.id).update(env_name="live")
    token = ApiToken(
        id="k",
        user=user,
        name="k",
        scopes=[Scope.READ],
        org_name="acme",
        application_id=(application if own else other).id,
        env_name=env_name,
    )
    viewer = Viewer(user, token=token)
    asked = {
        "id": application.id,
        "task": task.id,
        "other": (await Task.filter(app_id=other.id).first()).id,
    }

    found = await planned(world, viewer, REACHED, **asked)

    assert found == await world.api.execute(REACHED, viewer, **asked)
    assert (found["application"] is not None) == own
    assert (found["task"] is not None) == (own and env_name in (None, "live"))


@pytest.mark.parametrize("query", ['{ org(name: "acme") { name } }', "{ viewer { id } }"])
async def test_a_token_of_one_application_is_told_of_teams_by_others(world, page, query):
    """Who know what little it sees of them."""
    user, application = page
    token = ApiToken(
        id="k", user=user, scopes=[Scope.READ], org_name="acme", application_id=application.id
    )

    assert await planned(world, Viewer(user, token=token), query) is None


DOCUMENTS = {
    "reading/dashboard": {},
    "reading/application": {"first": 5},
    "reading/task": {},
    "comparing/tasks": {"first": 3, "where": {"envName": "test", "statuses": ["SUCCESS", "LOST"]}},
}


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_pages_as_deep_as_they_are(world, page, name):
    """Those of the benchmarks, which a database's parser must have room for."""
    user, application = page
    task = await Task.filter(app_id=application.id).first()
    await Task.filter(id=task.id).update(status="lost")
    query, variables = (BENCHMARKS / f"{name}.graphql").read_text(), DOCUMENTS[name]
    if "dashboard" not in name:
        variables = {**variables, "id": task.id if name.endswith("task") else application.id}

    found = await planned(world, user, query, **variables)

    assert found == await world.api.execute(query, user, **variables)


PLACE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor }"
WITHIN = f"""{{ viewer {{ orgs(first: 3) {{ {PLACE} nodes {{ applications(first: 3) {{ {PLACE}
  nodes {{ tasks(first: 3) {{ {PLACE} nodes {{ id steps {{ index startedTime }} }} }} }} }} }} }} }}
  none: org(name: "acme") {{ tasks(where: {{envName: "gone"}}) {{ {PLACE} nodes {{ id }} }} }} }}"""


async def test_pages_within_pages_know_their_ends(world, page):
    """SQLite's parser has room for that too, and an empty page has no ends."""
    found = await planned(world, page[0], WITHIN)

    assert found == await world.api.execute(WITHIN, page[0])


async def test_names_in_an_answer_are_none_of_the_statements(world, page):
    """PostgreSQL takes a name for a column before it takes it for a row."""
    user, application = page

    found = await planned(world, user, NAMED, id=application.id)

    assert found == await world.api.execute(NAMED, user, id=application.id)


async def test_null_for_a_variable_with_a_default(world, page):
    """Whether others gave a value before or not, the library says what is wrong with it."""
    query = 'query ($name: String = "acme") { org(name: $name) { name } }'
    for _ in range(2):
        assert await planned(world, page[0], query, name=None) is None
        assert await planned(world, page[0], query, name="acme") == {"org": {"name": "acme"}}


async def test_each_size_of_a_page_has_its_price(world, page):
    """The one that others charge, however often a statement is sent."""
    bills = []
    for first in (1, 3, 1):
        context, other = (context_of(world, page[0]) for _ in range(2))
        variables = {"id": page[1].id, "first": first}
        assert await schema.planned(PAGE, variables, None, context)
        await schema.execute(PAGE, variable_values=variables, context_value=other)
        assert context.bill.cost == other.bill.cost
        bills.append(context.bill.cost)

    assert bills[0] == bills[2] < bills[1]


async def test_names_of_operations_are_not_kept(world, page):
    """Those that are none might be as long as anybody likes."""
    before = len(schema._plans._operations)
    for number in range(3):
        context = context_of(world, page[0])
        name = f"x{number}" * 1000
        assert await schema.planned("{ viewer { id } }", {}, name, context) is None
    assert len(schema._plans._operations) <= before + 1


async def test_what_is_not_the_callers_is_null(world, page):
    """Strangers see nothing by id; guests are not answered at all here."""
    stranger = await world.api.user("bob")

    assert await planned(world, stranger, PAGE, id=page[1].id) == {"application": None}
    assert await planned(world, None, PAGE, id=page[1].id) is None


@pytest.mark.parametrize("query", OTHERS.values(), ids=OTHERS)
async def test_what_it_cannot_answer_is_not_asked(world, page, statements, query):
    """Nothing runs, and nobody is charged."""
    context = context_of(world, page[0])
    statements.clear()

    assert await schema.planned(query, {}, None, context) is None
    assert (len(statements), context.bill) == (0, None)


async def test_an_answer_that_may_be_too_long_is_left_to_who_counts(world, page):
    """A task is charged for 8 steps. Whoever answers, that is charged once."""
    task = await Task.filter(app_id=page[1].id).first()
    await Step.filter(task_id=task.id).delete()
    await Step.bulk_create([new_step(task.id, number, "x") for number in range(60)])
    context = context_of(world, page[0], cost_max=40)
    query = "query ($id: ID!) { task(id: $id) { steps { index } } }"

    assert await schema.planned(query, {"id": task.id}, None, context) is None
    charged = context.bill
    result = await schema.execute(query, variable_values={"id": task.id}, context_value=context)

    assert result.errors[0].extensions["code"] == "LIMIT_EXCEEDED"
    assert context.bill is charged is not None


async def test_a_statement_that_fails_is_not_tried_again(world, page, statements):
    """A value that no word stands for is a fault, which somebody else tells."""
    await Task.filter(app_id=page[1].id).update(status="strange")
    query = "query ($id: ID!) { application(id: $id) { tasks { nodes { status } } } }"
    variables = {"id": page[1].id}

    assert await planned(world, page[0], query, **variables) is None
    statements.clear()
    assert await planned(world, page[0], query, **variables) is None
    assert statements == []

"""What an operation costs: told from the document and its variables before it is executed."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from graphql import (
    FragmentDefinitionNode,
    OperationDefinitionNode,
    get_introspection_query,
    parse,
    validate,
)
from tortoise import connections

from auth.budgets import BUCKETS_MAX, Budgets, OverBudget
from resolvers.operations.bounds import Bill
from schema import schema
from schema.cost import priced
from schema.prices import ENTRY, LIST_SIZES, PRICES

GRAPH = schema._schema


def of(document, graph=GRAPH):
    """Return the first operation of a document, priced."""
    parsed = parse(document)
    assert not validate(graph, parsed)
    operation = next(
        each for each in parsed.definitions if isinstance(each, OperationDefinitionNode)
    )
    fragments = {
        each.name.value: each
        for each in parsed.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    return priced(graph, operation, fragments)


def cost(document, graph=GRAPH, **variables):
    """Return what the first operation of a document costs."""
    return of(document, graph).cost(variables, None)


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ("query ($id: ID!) { task(id: $id) { steps { index } } }", set()),
        (
            "query ($n: Int) { viewer { orgs(first: $n) { nodes { tasks { totalCount } } } } }",
            {"n"},
        ),
        (
            """query ($n: Int, $a: Boolean!, $b: Boolean!) { viewer { id
            orgs(last: $n) @include(if: $a) @skip(if: $b) { totalCount } } }""",
            {"n", "a", "b"},
        ),
        ("query ($t: String!) { pipelineCheck(text: $t) { __typename } }", {"t"}),
    ],
)
def test_the_variables_that_a_cost_depends_on(document, names):
    """All of them, whatever the values of others leave out."""
    assert of(document).variables == names


@pytest.mark.parametrize(
    ("document", "units"),
    [
        ("{ viewer { id username } }", 3),
        ("{ viewer { orgs(first: 5) { nodes { id } } } }", 2 + 1 + 5 * (ENTRY + 1)),
        ("{ viewer { orgs { nodes { id } } } }", 2 + 1 + 20 * (ENTRY + 1)),
        ("{ viewer { orgs(last: 7) { edges { node { id } } } } }", 2 + 1 + 7 * (ENTRY + 2)),
        (
            "{ viewer { orgs(first: 5) { pageInfo { endCursor } totalCount } } }",
            2 + 2 + 5 * ENTRY + 20,
        ),
        (
            "{ viewer { orgs(first: 5) { nodes { tasks(first: 3) { nodes { id } } } } } }",
            2 + 1 + 5 * (ENTRY + 1 + 1 + 3 * (ENTRY + 1)),
        ),
        ("{ viewer { ...F } } fragment F on User { orgs(first: 2) { nodes { id name } } }", 17),
        ("{ viewer { sessions { id } } }", 2 + 10),
        ('{ task(id: "t") { steps { log { lines { text } } } } }', 2 + 8 * (2 + 1000 * 2)),
        ('{ task(id: "t") { events(first: 7) { cursor } } }', 2 + 7 * 20 + 1),
        (
            'subscription { taskEvents(taskId: "t") { seq ... on StepOutput { text } } }',
            1 + 1 + 10,
        ),
        ('{ users(search: "ann", first: 3) { id } }', 50 + 3),
        ('{ pipelineCheck(text: "123456123456") { valid } }', 100 + 2 + 1),
        ("{ viewer { id @skip(if: true) username @include(if: true) } }", 2),
        ("{ rateLimit { cost } }", 0),
        (get_introspection_query(), 2000),
    ],
)
def test_what_documents_cost(document, units):
    """Fields are 1, lists multiply, and what is dear has its price."""
    assert cost(document) == units


def test_variables_count_with_their_values():
    """A page's size, a text's length, what is left out."""
    page = "query ($n: Int) { viewer { orgs(first: $n) { nodes { id } } } }"
    assert [cost(page, n=n) for n in (0, 100, None, -5)] == [3, 603, 123, 3]
    check = "query ($t: String!) { pipelineCheck(text: $t) { valid } }"
    assert cost(check, t="x" * 6000) == 1101
    part = "query ($b: Boolean!) { viewer { id ... @include(if: $b) { username } } }"
    assert [cost(part, b=b) for b in (True, False)] == [3, 2]


def bounded(api, **given):
    """Give the API other bounds."""
    services = api.server.services
    api.server.services = replace(services, bounds=replace(services.bounds, **given))
    return api


async def test_an_operation_that_costs_too_much_is_not_run(sqlite_api):
    """Thirty checks of large files took a minute of a thread; none of them begins."""
    api = bounded(sqlite_api, cost_max=50_000)
    checks = " ".join(f"a{n}: pipelineCheck(text: $t) {{ valid }}" for n in range(30))
    query = f"query ($t: String!) {{ {checks} }}"

    result = await api.result(query, await api.user("ann"), t="x" * 200_000)

    assert result.data is None
    (error,) = result.errors
    assert error.extensions == {
        "code": "LIMIT_EXCEEDED",
        "remedy": "Ask for fewer fields or smaller pages.",
        "retryable": False,
    }
    assert error.message == "The operation costs 1003020; at most 50000 are executed."


async def test_a_minute_has_a_budget(sqlite_api):
    """It is each viewer's own; guests of one network share theirs; what is refused is free."""
    clock = [0.0]
    api = bounded(sqlite_api, budgets=Budgets(120, lambda: clock[0]))
    ann, ben = await api.user("ann"), await api.user("ben")
    query = """{ viewer { id username orgs(first: 16) { nodes { id } } }
      rateLimit { cost limit remaining } }"""

    first = await api.result(query, ann)
    again = await api.result(query, ann)
    other = await api.result(query, ben)
    guest = await api.result("{ viewer { id } rateLimit { remaining resetAt } }")
    clock[0] = 41.0
    later = await api.result(query, ann)

    assert first.data["rateLimit"] == {"cost": 101, "limit": 120, "remaining": 19}
    assert first.extensions["cost"] | {"resetAt": None} == {
        "requested": 101,
        "remaining": 19,
        "resetAt": None,
    }
    assert again.errors[0].extensions == {
        "code": "LIMIT_EXCEEDED",
        "remedy": "Try again in 41 seconds.",
        "retryable": True,
        "retryAfter": 41,
    }
    assert again.errors[0].message == "The operation costs 101, and 19 are left."
    assert other.data["rateLimit"]["remaining"] == 19
    assert guest.data["rateLimit"]["remaining"] == 118
    assert datetime.fromisoformat(guest.data["rateLimit"]["resetAt"]) > datetime.now(UTC)
    assert later.data["rateLimit"]["remaining"] == 0


def test_budgets_fill_and_are_forgotten():
    """Evenly, up to the whole; only so many are kept."""
    clock = [0.0]
    budgets = Budgets(60, lambda: clock[0])
    assert budgets.spend("a", 60).remaining == 0
    with pytest.raises(OverBudget):
        budgets.spend("a", 1)
    clock[0] = 10.0
    assert budgets.spend("a", 4).remaining == 6
    clock[0] = 1000.0
    assert budgets.spend("a", 0).remaining == 60
    for number in range(BUCKETS_MAX + 5):
        budgets.spend(f"n{number}", 1)
    assert len(budgets._levels) == BUCKETS_MAX


async def test_a_subscription_is_charged_once(sqlite_world):
    """When it begins; over budget it does not begin."""
    api = bounded(sqlite_world.api, budgets=Budgets(3))
    ann = await api.user("ann")
    await sqlite_world.team("acme", ann)
    watch = 'subscription { orgTasks(orgName: "acme") { id } }'
    await api.result("{ viewer { id } }", ann)

    stream = await schema.stream(watch, context_value=api.context(ann))
    codes = [each.errors[0].extensions["code"] async for each in stream]

    assert codes == ["LIMIT_EXCEEDED"]


async def test_a_query_whose_time_is_over_is_stopped(api):
    """And so is its work in the database: the connection is free again."""
    bounded(api, query_seconds=0.3)
    ann = await api.user("ann")
    context = api.context(ann)

    async def endless(_keys):
        return await endless_statement()

    context.loaders.teams = context.loaders._loader(endless)
    context.loaders.membership = context.loaders._loader(endless)

    async with asyncio.timeout(10):
        result = await schema.execute('{ org(name: "acme") { id } }', context_value=context)
        assert await api.execute("{ viewer { id } }", ann) == {"viewer": {"id": ann.id}}

    assert result.data is None
    assert [error.extensions["code"] for error in result.errors] == ["LIMIT_EXCEEDED"]
    assert result.errors[0].message.startswith("The query took longer than 0.3 seconds")


async def endless_statement():
    """Ask what never ends."""
    connection = connections.get("default")
    if connection.capabilities.dialect == "postgres":
        return await connection.execute_query("SELECT pg_sleep(600)")
    return await connection.execute_query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )


async def test_introspection_can_be_off(sqlite_api):
    """The schema's own fields are refused, `__typename` is not."""
    api = bounded(sqlite_api, introspection=False)
    for query in (get_introspection_query(), '{ __type(name: "User") { name } }'):
        result = await api.result(query)
        assert [error.extensions["code"] for error in result.errors] == ["FORBIDDEN"]
    assert await api.execute("{ __typename }") == {"__typename": "Query"}


def test_what_has_a_price_is_there():
    """A field that was renamed would be cheap from then on."""
    named = [each.split(".") for each in (*PRICES, *LIST_SIZES)]

    assert [pair for pair in named if not GRAPH.get_field(GRAPH.get_type(pair[0]), pair[1])] == []


def test_a_bill_is_written_as_it_is_shown():
    """The database's answers have it as the others do."""
    bill = Bill(7, 100, 93, datetime(2026, 1, 2, 3, 4, 5, 600, UTC))
    assert bill.written == json.dumps(bill.formatted, separators=(",", ":"))

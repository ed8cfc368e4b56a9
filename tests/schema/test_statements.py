"""What an operation costs: statements by relation, not by row; and no task per model."""

import asyncio

import pytest

DASHBOARD = """query ($first: Int!) {
  viewer { username orgs { totalCount nodes { name role owner { id } viewerCan { update }
    members { totalCount nodes { id user { username } } }
    tasks(first: $first) { nodes { id application { name } } }
    applications(first: $first) { totalCount pageInfo { hasNextPage } nodes {
      id name viewerCan { deploy } org { id } ownerOrg { name }
      environments { name latestTask { id status steps { name status } } activeTask { id }
        queue { totalCount nodes { id } } }
      environment(name: "test") { version application { name } }
      tasks(first: $first) { totalCount nodes {
        id status duration trigger { type ... on ManualTrigger { by { user { username } } } }
        viewerCan { cancel } environment { name } dispatchOrg { id } rollbackBlockers { kind }
        steps { index status duration }
  } } } } } } } }"""
TASKS = """query ($id: ID!, $first: Int!) { application(id: $id) {
  tasks(first: $first) { nodes { id steps { name } application { name } sourceTask { id } } } } }"""
EVENTS = """query ($id: ID!, $first: Int!) { application(id: $id) { tasks(first: $first) {
  nodes { events(first: 5) { cursor events { seq task { id } } } } } } }"""
LOGS = """query ($id: ID!, $first: Int!) { application(id: $id) { tasks(first: $first) {
  nodes { steps { log(first: 5) { cursor lines { text } } } } } } }"""
MEMBERS = """query ($id: ID!, $first: Int!) { application(id: $id) { ownerOrg {
  members(first: $first) { nodes { user { username orgs { totalCount nodes { name } } } } } } } }"""
ONE_TASK = "query ($id: ID!) { task(id: $id) { id status commit steps { name } } }"


# Answers overtake each other, and what was one batch may be asked for in two.
OF_TIMING = 2


async def counted(world, statements, size, query, **variables):
    """Return how many statements *query* takes in a world of *size* applications and tasks."""
    user = await world.api.user(f"ann{size}")
    owner = await world.team(f"team{size}", user)
    applications = [await world.application(owner, f"app{number}") for number in range(size)]
    for number in range(size if query is MEMBERS else 0):
        member = await world.api.user(f"member{size}_{number}")
        await world.team(owner.name, member, "MEMBER")
    for application in applications[:10]:
        await world.tasks(application, size)
    variables = {"first": size, **variables}
    if "$id" in query and "$first" in query:
        variables["id"] = applications[0].id
    elif "$id" in query:
        variables = {"id": f"t_{applications[0].id}_test_000"}
    costs = []
    for _ in range(3):  # with a pool of connections, answers may come in another order
        statements.clear()
        data = await world.api.execute(query, user, **variables)
        costs.append(len(statements))
    return min(costs), data


@pytest.mark.parametrize(
    "query",
    [DASHBOARD, TASKS, EVENTS, LOGS, MEMBERS],
    ids=["dashboard", "tasks", "events", "logs", "members"],
)
@pytest.mark.timeout(60)
async def test_fifty_cost_no_more_statements_than_five(world, statements, query):
    """Each relation is loaded once for all rows."""
    few, small = await counted(world, statements, 5, query)
    many, large = await counted(world, statements, 50, query)

    assert len(str(large)) > 5 * len(str(small))
    assert many <= few + OF_TIMING
    assert few <= 24


async def test_a_task_page_is_a_handful_of_statements(sqlite_world, statements):
    """The task, its application, its team, the caller's row there, its steps."""
    cost, data = await counted(sqlite_world, statements, 2, ONE_TASK)

    assert data["task"]["id"]
    assert cost == 5


async def test_total_count_is_counted_only_on_request(sqlite_world, statements):
    """Without `totalCount` nobody counts."""
    query = "query { viewer { orgs { nodes { name applications { nodes { name } } } } } }"
    await counted(sqlite_world, statements, 3, query)

    assert not [statement for statement in statements if "count(" in statement.lower()]


async def test_models_are_values_to_the_executor(sqlite_world):
    """Tortoise's models can be awaited; the executor must not make a task of each."""
    user = await sqlite_world.api.user("ann")
    owner = await sqlite_world.team("acme", user)
    application = await sqlite_world.application(owner, "web")
    await sqlite_world.tasks(application, 60)
    made = []
    loop = asyncio.get_running_loop()
    loop.set_task_factory(
        lambda loop, coroutine, **more: (
            made.append(coroutine) or asyncio.Task(coroutine, loop=loop, **more)
        )
    )

    query = "query ($id: ID!) { application(id: $id) { tasks(first: 60) { nodes { id ref } } } }"
    data = await sqlite_world.api.execute(query, user, id=application.id)

    assert len(data["application"]["tasks"]["nodes"]) == 60
    assert len(made) < 20


CREATE = """mutation ($org: String!) { createApplication(input: {
  orgName: $org, name: "web", provider: GIT, repoUrl: "https://example.com/a/b"
}) { __typename } }"""


async def test_what_is_made_is_told_without_the_database(world, statements):
    """An answer that has to be read once it is made may be refused, though it is made."""
    user = await world.api.user("ann")
    owner = await world.team("acme", user)
    statements.clear()
    answer = await world.api.execute(CREATE, user, org=owner.name)

    assert answer["createApplication"]["__typename"] == "CreateApplicationPayload"
    told = next(at for at, each in enumerate(statements) if 'UPDATE "audit_chain"' in each)
    assert [each.partition("FROM ")[2].split()[0] for each in statements[told + 1 :]] == [
        '"application"'  # still within
    ]

"""Connections: every entry once, in both directions, whatever the size of a page."""

from itertools import pairwise

import pytest

from db.models import Step, Task

TASKS = """query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String,
  $where: TaskFilter) { application(id: $id) {
  tasks(first: $first, after: $after, last: $last, before: $before, where: $where) {
    totalCount edges { cursor node { id } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


@pytest.fixture
async def page(world):
    """Return pages of the tasks of an application with 23 of them, newest first."""
    user = await world.api.user("ann")
    owner = await world.team("acme", user)
    application = await world.application(owner, "web")
    rows = await world.tasks(application, 23)

    async def get(**arguments):
        data = await world.api.execute(TASKS, user, id=application.id, **arguments)
        return data["application"]["tasks"]

    get.ids = [row.id for row in reversed(rows)]
    get.result = lambda **more: world.api.result(TASKS, user, id=application.id, **more)
    return get


def ids(connection):
    """Return the ids on a page."""
    return [node["id"] for node in connection["nodes"]]


@pytest.mark.parametrize("size", [1, 5, 23, 100])
async def test_forwards_and_backwards_give_the_whole_list(page, size):
    """Walking by cursors meets every entry once and in order."""
    forwards, cursor = [], None
    while True:
        found = await page(first=size, after=cursor)
        forwards += ids(found)
        cursor = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    backwards, cursor = [], None
    while True:
        found = await page(last=size, before=cursor)
        backwards = ids(found) + backwards
        cursor = found["pageInfo"]["startCursor"]
        if not found["pageInfo"]["hasPreviousPage"]:
            break

    assert forwards == backwards == page.ids


async def test_a_page_knows_its_place(page):
    """Edges and nodes are the same, the total is the list's, a default page has twenty."""
    found = await page()

    assert len(found["nodes"]) == 20
    assert [edge["node"]["id"] for edge in found["edges"]] == ids(found)
    assert found["totalCount"] == 23
    assert found["pageInfo"]["startCursor"] == found["edges"][0]["cursor"]
    assert found["pageInfo"]["hasNextPage"]
    assert not found["pageInfo"]["hasPreviousPage"]
    assert len({edge["cursor"] for edge in found["edges"]}) == 20


async def test_filters_add_up_and_are_counted(page):
    """Environment, status, trigger and time narrow list and total alike."""
    none = await page(where={"envName": "live"})
    some = await page(where={"createdAfter": "2026-01-01T00:20:00Z", "statuses": ["SUCCESS"]})
    nothing = await page(where={"statuses": []})
    elsewhere = await page(where={"createdAfter": "2026-01-01T08:20:00+08:00"})

    assert (none["totalCount"], ids(none)) == (0, [])
    assert ids(some) == page.ids[:3]
    assert some["totalCount"] == 3
    assert ids(elsewhere) == ids(some)
    assert nothing["totalCount"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        {"first": -1},
        {"first": 101},
        {"last": 101},
        {"first": 1, "last": 1},
        {"first": 1, "before": "x"},
        {"after": "nonsense"},
        {"after": "bnVsbA"},
        {"after": "WyJhIiwgImIiXQ"},
        {"after": "W10"},
        {"after": "é"},
        {"after": "=" * 5},
        {"after": "WyIyMDI2LTAxLTAxIiwgInRcdTAwMDAiXQ"},
        {"after": "WyIyMDI2LTAxLTAxIiwgInRcdWQ4MDAiXQ"},
        {"where": {"createdAfter": "9999-12-31T23:59:59-10:00"}},
    ],
    ids=str,
)
async def test_a_page_that_cannot_be_given_is_refused_in_words(page, arguments):
    """INVALID, never a fault of ours."""
    result = await page.result(**arguments)

    assert [error.extensions["code"] for error in result.errors] == ["INVALID"]


async def test_applications_are_listed_by_name_and_found_by_part_of_it(world):
    """Search takes wildcards for what they are: characters."""
    user = await world.api.user("ann")
    owner = await world.team("acme", user)
    for name in ("web", "api", "web_old", "WebSite", "100%"):
        await world.application(owner, name)
    query = """query ($search: String) { org(name: "acme") {
      applications(search: $search) { totalCount nodes { name } } } }"""

    async def names(search=None):
        found = (await world.api.execute(query, user, search=search))["org"]["applications"]
        assert found["totalCount"] == len(found["nodes"])
        return [node["name"] for node in found["nodes"]]

    everything = await names()
    assert len(everything) == 5
    assert set(await names("web")) == {"web", "web_old", "WebSite"}
    assert await names("_") == ["web_old"]
    assert await names("%") == ["100%"]
    assert await names("!") == []


async def test_nested_pages_are_cut_for_each_parent(world):
    """`first` counts for every application, not for all of them together."""
    user = await world.api.user("ann")
    owner = await world.team("acme", user)
    for name in ("a", "b", "c"):
        await world.tasks(await world.application(owner, name), 4)
    query = """query { org(name: "acme") { applications { nodes {
      tasks(first: 2) { nodes { id createdTime } pageInfo { hasNextPage } } } } } }"""

    nodes = (await world.api.execute(query, user))["org"]["applications"]["nodes"]

    for node in nodes:
        assert len(node["tasks"]["nodes"]) == 2
        assert node["tasks"]["pageInfo"]["hasNextPage"]
        assert all(a["createdTime"] > b["createdTime"] for a, b in pairwise(node["tasks"]["nodes"]))


async def test_what_blocks_a_rollback_is_named_and_blocks_it(world):
    """A secret that is gone: no deploy with an empty value in its place."""
    user = await world.api.user("ann")
    owner = await world.team("acme", user)
    task, *_ = await world.tasks(await world.application(owner, "web"), 2)
    await Task.filter(id=task.id).update(
        pipeline="steps: []", commit="a" * 40, secret_versions={"TOKEN": 1}
    )
    query = "query ($id: ID!) { task(id: $id) { rollbackBlockers { kind message until } } }"
    rollback = """mutation ($id: ID!) { rollback(input: {taskId: $id}) {
      ... on BlockedProblem { code message blockers { kind message until } } } }"""

    named = (await world.api.execute(query, user, id=task.id))["task"]["rollbackBlockers"]
    answer = (await world.api.execute(rollback, user, id=task.id))["rollback"]

    assert [each["kind"] for each in named] == ["MISSING_SECRET"]
    assert answer["blockers"] == named
    assert answer["code"] == "BLOCKED"
    assert "TOKEN" in answer["message"]
    assert await Task.all().count() == 2


async def test_a_new_user_sees_their_own_address(world):
    """Whoever signs up or in is signed in for the rest of the answer."""
    up = """mutation { signUp(input: {
      username: "ann", password: "long enough", email: "ann@example.com"
    }) { ... on SignUpPayload { user { email } } } }"""

    assert await world.api.execute(up) == {"signUp": {"user": {"email": "ann@example.com"}}}


async def test_a_log_says_whether_it_is_whole(world):
    """`truncated` is the step's, on every page of its log."""
    user = await world.api.user("ann")
    owner = await world.team("acme", user)
    task, *_ = await world.tasks(await world.application(owner, "web"), 1)
    await Step.filter(id=f"{task.id}:1").update(truncated=True)
    query = "query ($id: ID!) { task(id: $id) { steps { log { truncated lines { text } } } } }"

    steps = (await world.api.execute(query, user, id=task.id))["task"]["steps"]

    assert [step["log"]["truncated"] for step in steps] == [False, True, False]


async def test_a_filter_that_repeats_itself_costs_no_more(page):
    """More statuses than a statement may have parameters are still as many as there are kinds."""
    once = await page(where={"statuses": ["SUCCESS"]})

    assert await page(where={"statuses": ["SUCCESS"] * 40_000}) == once

"""Who still uses what is deprecated is counted, off the path of requests, and reported."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, build_schema, parse, validate

from auth import tokens
from auth.permissions import Scope
from auth.viewer import Viewer
from db.uses import DeprecatedUse
from resolvers.operations import uses as counted
from resolvers.operations.uses import KEPT_DAYS, NOTED_MAX, Uses
from rollway import uses
from schema import deprecation, schema
from schema.deprecation import Deprecated, deprecated

SDL = """
directive @old(r: Int @deprecated) on FIELD
type Query {
  gone: Int @deprecated
  find(a: Int @deprecated, by: By, sorts: [Sort!]): Thing
  plain(x: Int): Int
}
interface Named { name: String @deprecated }
type Thing implements Named { name: String @deprecated again(by: By): Thing id: ID }
input By { key: Int @deprecated sort: Sort and: [By!] plain: Int }
enum Sort { UP @deprecated DOWN }
"""
GRAPH = build_schema(SDL)


def found(document, graph=GRAPH, **given):
    """Return the deprecated elements that the first operation of a document uses."""
    parsed = parse(document)
    assert not validate(graph, parsed)
    kinds = (OperationDefinitionNode, FragmentDefinitionNode)
    operation, *_ = [each for each in parsed.definitions if isinstance(each, kinds[0])]
    named = {each.name.value: each for each in parsed.definitions if isinstance(each, kinds[1])}
    return deprecated(graph, operation, named).used(given)


@pytest.mark.parametrize(
    ("document", "elements"),
    [
        ("{ plain(x: 1) }", set()),
        ("{ gone plain(x: 1) }", {"Query.gone"}),
        ("{ a: gone }", {"Query.gone"}),
        ("{ find(a: 1) { id } }", {"Query.find(a)"}),
        ("{ find { name } }", {"Thing.name"}),
        ("{ find { ...F } } fragment F on Named { name }", {"Named.name"}),
        ("{ find { ...F } } fragment F on Thing { again { ...G } } fragment G on Thing { name }",
         {"Thing.name"}),
        ("{ find(by: {key: 1}) { id } }", {"By.key"}),
        ("{ find(by: {sort: UP}) { id } }", {"Sort.UP"}),
        ("{ find(by: {sort: DOWN, plain: 1}) { id } }", set()),
        ("{ find(by: {and: [{plain: 1}, {and: [{key: 1}]}]}) { id } }", {"By.key"}),
        ("{ find(sorts: [DOWN, UP]) { id } }", {"Sort.UP"}),
        ("query ($s: [Sort!] = [UP]) { find(sorts: $s) { id } }", {"Sort.UP"}),
        ("{ plain @old(r: 1) }", {"@old(r)"}),
        ("query A { plain } query B { gone }", set()),
        ("query A { plain } query B { ...F } fragment F on Query { gone }", set()),
    ],
)  # fmt: skip
def test_what_stands_in_a_document_is_found(document, elements):
    """Fields, arguments, fields of inputs, values of enums, arguments of directives."""
    assert found(document) == elements


@pytest.mark.parametrize(
    ("given", "elements"),
    [
        ({}, set()),
        ({"by": None}, set()),
        ({"by": {"plain": 1, "sort": "DOWN"}}, set()),
        ({"by": {"key": None}}, {"By.key"}),
        ({"by": {"sort": "UP"}}, {"Sort.UP"}),
        ({"by": {"and": {"key": 1}}}, {"By.key"}),  # one, where a list is expected
        ({"by": {"and": [{"and": [{"sort": "UP", "key": 1}]}]}}, {"By.key", "Sort.UP"}),
        ({"sorts": ["DOWN", "UP"]}, {"Sort.UP"}),
        ({"sorts": "UP"}, {"Sort.UP"}),
        ({"x": 1}, set()),
    ],
)
def test_what_is_given_by_variables_is_found(given, elements):
    """For each request anew, in any depth."""
    document = (
        "query ($by: By, $sorts: [Sort!], $x: Int)"
        " { find(by: $by, sorts: $sorts) { id } plain(x: $x) }"
    )
    assert found(document, **given) == elements


def test_a_schema_without_anything_deprecated_is_not_looked_through():
    """As ours is today: nothing is visited."""
    graph = build_schema("type Query { a(e: E): Int } enum E { A }")

    assert found("{ a(e: A) }", graph) == set()
    (operation,) = parse("{ a }").definitions
    assert deprecated(graph, operation, {}) == Deprecated()


@pytest.fixture
def deprecating():
    """Mark a field, and a value of an enum, of our schema as deprecated for one test."""
    graph = schema._schema
    marked = [
        graph.query_type.fields["viewer"],
        graph.type_map["ApiToken"].fields["prefix"],
        graph.type_map["TaskStatus"].values["LOST"],
    ]
    deprecation._known.cache_clear()
    for each in marked:
        each.deprecation_reason = "Deprecated since 2026-01-01: for a test."
    yield
    for each in marked:
        each.deprecation_reason = None
    deprecation._known.cache_clear()


async def token_of(user, name="ci"):
    """Return a new API token's viewer."""
    wanted = tokens.Wanted(
        name=name,
        scopes=[Scope.READ],
        org_name=None,
        application_id=None,
        env_name=None,
        expires_time=None,
    )
    row, _ = await tokens.create(user, wanted, None)
    return Viewer(user, token=row)


ASK = """{ viewer { apiTokens { name deprecatedUses { element count firstTime lastTime } } } }"""


async def test_an_owner_sees_what_a_token_still_uses(api, deprecating):
    """By element, with how often and since when; no statement is sent for it while it is asked."""
    ann, ben = await api.user("ann"), await api.user("ben")
    token = await token_of(ann)
    await token_of(ben)
    tasks = """query ($s: [TaskStatus!]) {
      org(name: "x") { tasks(where: {statuses: $s}) { totalCount } } }"""
    for document, given in (
        ("{ viewer { username } }", {}),
        ("{ viewer { username } }", {}),
        (tasks, {"s": ["LOST"]}),
        (tasks, {"s": ["SUCCESS"]}),
    ):
        context = replace(api.context(ann), viewer=token)
        result = await schema.execute(document, context_value=context, variable_values=given)
        assert result.errors is None
    assert await DeprecatedUse.all().count() == 0
    counting = api.server.services.uses
    await counting.write()
    await counting.write()

    (shown,) = (await api.execute(ASK, ann))["viewer"]["apiTokens"]
    (other,) = (await api.execute(ASK, ben))["viewer"]["apiTokens"]

    assert [(each["element"], each["count"]) for each in shown["deprecatedUses"]] == [
        ("Query.viewer", 2),
        ("TaskStatus.LOST", 1),
    ]
    assert other["deprecatedUses"] == []


async def test_uses_add_up_and_are_told_to_the_operator(sqlite_api):
    """Who, what, how often, since when and until when; then they are forgotten."""
    ann = await sqlite_api.user("ann")
    token = await token_of(ann)
    counting = Uses()
    for _ in range(2):
        counting.note(token, ["Query.old"])
        counting.note(Viewer(ann), ["Query.old", "Query.new(a)"])
        counting.note(None, ["Query.old"])
        await counting.write()
    today = f"{datetime.now(UTC):%Y-%m-%d}"

    lines = [line.split("\t") async for line in uses.lines()]

    assert lines == [
        list(uses.HEAD),
        ["Query.new(a)", "user u_ann", "ann", "2", today, today],
        ["Query.old", "guest", "", "2", today, today],
        ["Query.old", f"token {token.token.id}", "ci of ann", "2", today, today],
        ["Query.old", "user u_ann", "ann", "2", today, today],
    ]
    old = datetime.now(UTC) - timedelta(days=KEPT_DAYS + 1)
    await DeprecatedUse.filter(caller="guest").update(last_time=old)
    await counting.prune()
    assert await DeprecatedUse.filter(caller="guest").count() == 0
    assert await DeprecatedUse.all().count() == 3


async def test_what_is_counted_has_bounds(sqlite_api, monkeypatch):
    """In memory between two writes, and in the table; a long name is cut."""
    counting = Uses()
    counting.note(None, [f"T.f{number}" for number in range(NOTED_MAX + 10)])
    assert len(counting._noted) == NOTED_MAX

    monkeypatch.setattr(counted, "KEPT_MAX", 2)
    few = Uses()
    few.note(None, ["T." + "x" * 500, "T.a", "T.b"])
    await few.write()
    few.note(None, ["T.a"])
    await few.write()
    rows = await DeprecatedUse.all().order_by("element")
    assert [(row.element, row.count) for row in rows] == [("T.a", 2), ("T." + "x" * 198, 1)]

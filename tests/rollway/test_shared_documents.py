"""Which subscriptions share their answers: those that everybody sees alike."""

import pytest

from rollway.sockets.documents import SHARED, watching
from rollway.sockets.messages import Subscribe
from schema import schema

ASKED = (
    "subscription ($id: ID!, $after: Int! = 0) { taskEvents(taskId: $id, after: $after) { %s } }"
)


def asked(query, name=None, language="en", **variables):
    """Return what a subscription watches."""
    return watching(Subscribe("1", query, variables, name, None), language)


def test_every_shared_field_is_there():
    """And none of them takes arguments, by which answers could differ."""
    for name, fields in SHARED.items():
        found = schema._schema.get_type(name).fields
        assert fields <= set(found), name
        assert not [field for field in fields if found[field].args], name


@pytest.mark.parametrize(
    "selection",
    [
        "seq",
        "__typename ... on StepOutput { text lines { number } }",
        "task { id status steps { name } }",
        "... on StepStatusChanged { step { id name status } }",
        "seq @include(if: true)",
    ],
)
def test_what_everybody_sees_alike_is_shared(selection):
    """Through fragments too; where one begins is their own affair."""
    query = ASKED % f"...F {selection}" + " fragment F on TaskEvent { seq }"
    first, second = asked(query, id="t", after=3), asked(query, id="t", after=7)

    assert first.key == second.key
    assert (first.field, first.given) == ("taskEvents", {"taskId": "t"})
    assert (first.after, second.after) == (3, 7)
    assert asked(query, id="t").after == 0
    assert asked(query, id="u").key != first.key
    assert asked(query, id="t", language="zh").key != first.key
    assert asked(query + " ", id="t").key != first.key


@pytest.mark.parametrize(
    "query",
    [
        ASKED % "task { viewerCan { deploy } }",
        ASKED % "task { application { viewerCan { deploy } } }",
        ASKED % "task { ...F } } fragment F on Task { viewerCan { deploy }",
        ASKED % "... on Node { id }",
        ASKED % "task { events(first: 1) { cursor } }",
        ASKED % "nonsense",
        ASKED % "...Missing",
        ASKED % ("... { " * 600 + "seq" + " }" * 600),
        'subscription { orgTasks(orgName: "a") { viewerCan { deploy } } }',
        "subscription { viewerTasks { id } }",
        'subscription { tasksEvents(tasks: [{taskId: "t"}]) { seq } }',
        'subscription { orgTasks(orgName: "a") @skip(if: false) { id } }',
        'subscription { taskEvents(taskId: "t") { seq } a: taskEvents(taskId: "t") { seq } }',
        "{ viewer { id } }",
        "{",
        "subscription { taskEvents(taskId: 1.5) { seq } }",
    ],
)
def test_what_is_for_the_caller_is_not(query):
    """Nor what is no valid document: whoever runs it says why."""
    assert asked(query, id="t") is None


def test_variables_that_decide_more_are_part_of_the_key():
    """Also where the position is one of them."""
    query = """subscription ($id: ID!, $n: Int!, $lines: Boolean!) {
      taskEvents(taskId: $id, after: $n) {
        ... on StepOutput { lines @include(if: $lines) { text } } } }"""
    with_lines, without = [asked(query, id="t", n=1, lines=each) for each in (True, False)]

    assert with_lines.key != without.key
    assert asked(query, id="t", n=2, lines=True).key == with_lines.key
    assert asked(query, id="t", n="two", lines=True) is None


TASKS = """subscription ($id: ID!, $env: String) {
  applicationTasks(applicationId: $id, envName: $env) { id application { name } } }"""


def test_lists_are_shared_by_those_who_see_the_same():
    """Those of one environment with those whose token is bound to it; with nobody else."""
    by = watching(Subscribe("1", TASKS, {"id": "a"}, None, None), "en", "test")
    whole = asked(TASKS, id="a")
    one = asked(TASKS, id="a", env="test")

    assert by.given == one.given == {"applicationId": "a", "envName": "test"}
    assert whole.given == {"applicationId": "a", "envName": None}
    assert len({by.key, whole.key, one.key, asked(TASKS, id="b").key}) == 4
    team = "subscription ($t: String!) { orgTasks(orgName: $t) { id } }"
    assert asked(team, t="a").key == asked(team, t="a").key != asked(team, t="b").key

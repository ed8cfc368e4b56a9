"""A mutation's union has every problem that its resolver can raise, as far as its text tells.

What is raised behind a port or a callback is met by tests alone: `declared` in tests/conftest.py,
and the logs of the servers that tests start, tell of it.
"""

import pytest

from control.deploys import SourceRefGone
from control.integrations.accounts import NotLinked
from db.trouble import DatabaseAway
from engine.git import RefNotFound
from resolvers.refusals import VersionConflict
from resolvers.validation import InvalidInput
from schema import schema
from schema.catalogue import CATALOGUE
from schema.mutations import Refusals
from tests.reach import Rooms, full

# What a resolver's text reaches and no caller does.
UNMET = {
    ("deploy", "SourceRefGone"): "only a task that is repeated has a source",
    ("linkAccount", "NotLinked"): "the account was stored just before",
    ("signUp", "WrongCredentials"): "nobody else knows the password of a new account",
}


@pytest.fixture(scope="module")
def reached():
    """By field: what its resolver may raise and by which calls, and the problems of its union."""
    rooms = Rooms()
    found = {}
    for root in ("Mutation", "Query"):
        for field in schema.get_type_by_name(root).fields:
            for each in field.extensions:
                if isinstance(each, Refusals):
                    raised = rooms.raises(full(field.base_resolver.wrapped_func))
                    known = {kind: way for kind, way in raised.items() if kind in CATALOGUE}
                    name = schema.config.name_converter.get_graphql_name(field)
                    found[name] = known, set(each._problems)
    return found


def test_every_problem_within_reach_is_declared(reached):
    """Or has a reason here why nobody meets it."""
    undeclared = {
        (name, kind.__name__): " > ".join(way)
        for name, (raised, problems) in reached.items()
        for kind, way in raised.items()
        if CATALOGUE[kind].problem not in problems
        and not issubclass(kind, DatabaseAway)  # an error of the whole answer, whatever is asked
    }

    assert undeclared.keys() == UNMET.keys(), undeclared


def test_the_text_tells_enough(reached):
    """Something of every mutation; through inputs, services, helpers and other rooms."""
    assert [name for name, (raised, _) in reached.items() if not raised] == []
    for name, kind in (
        ("deploy", RefNotFound),
        ("redeploy", SourceRefGone),
        ("updateEnvironment", VersionConflict),
        ("createApiToken", InvalidInput),
        ("syncWebhook", NotLinked),
    ):
        assert kind in reached[name][0], name

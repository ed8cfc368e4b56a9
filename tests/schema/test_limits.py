"""What one operation may ask for is counted before anything is executed."""

import time

import pytest
from graphql import get_introspection_query

from schema import schema
from schema.limits import FIELDS_MAX, ROOT_FIELDS_MAX


def doubled(levels):
    """Return a document of fragments each of which spreads the one below twice."""
    below = "applications(first: 1) { nodes { ownerOrg { ...F%d } } }"
    fragments = " ".join(
        f"fragment F{n} on Org {{ a: {below % (n + 1)} b: {below % (n + 1)} }}"
        for n in range(levels)
    )
    last = f"fragment F{levels} on Org {{ name }}"
    return f"{{ viewer {{ orgs {{ nodes {{ ...F0 }} }} }} }} {fragments} {last}"


async def refusals(api, query):
    """Return what an operation is refused for."""
    answer = await schema.execute(query, context_value=api.context(None))
    return [error.message for error in answer.errors or []]


@pytest.mark.parametrize("levels", [14, 25])
async def test_fragments_that_double_are_refused(api, levels):
    """A short document may not ask for more fields than a long one, and counting takes no time."""
    begin = time.process_time()
    (refusal,) = await refusals(api, doubled(levels))
    assert "fields, fragments counted as often as they are spread" in refusal
    assert f"at most {FIELDS_MAX}" in refusal
    assert time.process_time() - begin < 5


async def test_one_field_may_not_be_asked_for_again_and_again(api):
    """By aliases: each is a check of a pipeline, a search, a page."""
    fields = " ".join(f"a{n}: __typename" for n in range(ROOT_FIELDS_MAX + 1))
    (refusal,) = await refusals(api, f"{{ {fields} }}")
    assert refusal == "The operation has 31 fields at its root; at most 30 are executed."
    (refusal,) = await refusals(api, f"{{ ...F }} fragment F on Query {{ {fields} }}")
    assert "31 fields at its root" in refusal


async def test_what_clients_ask_for_passes(api):
    """Introspection as tools write it, with everything they may want."""
    query = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    )
    assert await refusals(api, query) == []
    assert await refusals(api, doubled(2)) == []


async def test_fragments_in_a_circle_end(api):
    """They are refused by the rule that is for them."""
    document = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
    assert any("itself" in refusal for refusal in await refusals(api, document))

"""What one operation may ask for is counted before anything is executed."""

import time

import pytest
from graphql import get_introspection_query

from schema import schema
from schema.documents.limits import (
    ALIASES_MAX,
    DEPTH_MAX,
    DIRECTIVES_MAX,
    FIELDS_MAX,
    ROOT_FIELDS_MAX,
)


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
    refused = await refusals(api, doubled(levels))
    assert any(
        "fields, fragments counted as often as they are spread" in each
        and f"at most {FIELDS_MAX}" in each
        for each in refused
    )
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
    answer = await schema.execute(document, context_value=api.context(None))
    assert any("itself" in error.message for error in answer.errors)


def nested(levels):
    """Return a document of teams within teams."""
    below = "id"
    for _ in range((levels - 2) // 3):
        below = f"ownerOrg {{ applications {{ nodes {{ {below} }} }} }}"
    return f'{{ application(id: "a") {{ {below} }} }}'


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (nested(DEPTH_MAX + 3), f"at most {DEPTH_MAX}"),
        (nested(600), ""),  # which graphql-core refuses itself
        ("{ " + "... on Query { " * 200 + "viewer { id }" + " }" * 201, ""),
        (
            f"{{ viewer {{ {' '.join(f'a{n}: id' for n in range(ALIASES_MAX + 1))} }} }}",
            f"{ALIASES_MAX + 1} aliases",
        ),
        (
            f"{{ viewer {{ {'id @skip(if: false) ' * (DIRECTIVES_MAX + 1)} }} }}",
            f"{DIRECTIVES_MAX + 1} directives",
        ),
    ],
    ids=["deep", "deeper", "nested", "aliases", "directives"],
)
async def test_what_is_too_much_is_refused_with_its_number(api, document, said):
    """Each limit of a document says how much was asked for, or how much may be."""
    assert any(said in refusal for refusal in await refusals(api, document))


async def test_a_limit_speaks_chinese(api):
    """A document that was seen before is refused in the language of who sends it now."""
    fields = " ".join(f"a{n}: __typename" for n in range(ROOT_FIELDS_MAX + 1))
    english = await schema.execute(f"{{ {fields} }}", context_value=api.context(None))
    chinese = await schema.execute(f"{{ {fields} }}", context_value=api.context(None, "zh"))
    assert english.errors[0].message.startswith("The operation has 31")
    assert chinese.errors[0].message == "该操作有 31 个根字段;最多执行 30。"

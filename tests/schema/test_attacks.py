"""Documents that other servers choke on: refused for what they are, or run within their bounds."""

import pytest

from schema import schema
from schema.documents.limits import COPIES, DIRECTIVES, PAIRS

MANY = 490  # as fit into the most tokens a document may have
TOKENS = "more than 2000 tokens"
EXPANDED = "fields, fragments counted as often as they are spread"


def some(count, text):
    """Return *text* so often, each with its number for `#`."""
    return " ".join(text.replace("#", str(number)) for number in range(count))


def viewer(text):
    """Return a query for something of the viewer."""
    return f"{{ viewer {{ {text} }} }}"


def loops(count):
    """Return a query that walks from a user to their team and back, again and again."""
    return viewer("orgs(first: 1) { nodes { user { " * count + "id" + " } } }" * count)


OUTPUT = "{ task(id: 1) { events(first: 1) { events { ... on StepOutput { # } } } } }"
SPREADS = some(200, "...F#")
REFUSED = {
    "a thousand aliases": (f"{{ {some(1000, 'a#: __typename')} }}", TOKENS),
    "six hundred aliases": (viewer(some(600, "a#: id")), "aliases"),
    "aliases by one fragment": (
        f"{viewer(some(100, '...F'))} fragment F on User {{ {some(100, 'a#: id')} }}",
        EXPANDED,
    ),
    "ten thousand directives": (f"{{ __typename {some(10_000, '@include(if: true)')} }}", TOKENS),
    "sixty directives": (f"{{ __typename {some(60, '@skip(if: false)')} }}", DIRECTIVES),
    "one root field many times": (f"{{ {some(MANY, 'viewer { id }')} }}", "fields at its root"),
    "one field many times": (viewer(some(900, "id")), PAIRS),
    "one relation many times": (viewer(some(320, "orgs { totalCount }")), PAIRS),
    "one list many times": (viewer(some(240, "orgs { nodes { id } }")), PAIRS),
    "one alias many times": (viewer(some(180, "a: orgs { a: nodes { id } }")), PAIRS),
    "one text under many names": (OUTPUT.replace("#", some(21, "a#: text")), COPIES),
    "one list under many names": (
        OUTPUT.replace("#", some(5, "a#: lines { a: text b: text c: text d: text e: text }")),
        COPIES,
    ),
    "one text under many names by fragments": (
        OUTPUT.replace("#", "...A ...B")
        + f" fragment A on StepOutput {{ {some(11, 'a#: text')} }}"
        + f" fragment B on StepOutput {{ {some(11, 'b#: text')} }}",
        COPIES,
    ),
    "one name, many arguments": (viewer(some(200, "orgs(first: #) { totalCount }")), PAIRS),
    "one name in many fragments": (
        f"{viewer(SPREADS)} {some(200, 'fragment F# on User { id }')}",
        PAIRS,
    ),
    "one name in a fragment that nothing spreads": (
        f"{{ __typename }} fragment F on User {{ {some(320, 'orgs { totalCount }')} }}",
        PAIRS,
    ),
    "one name in branches": (viewer(some(300, "... on User { id }")), PAIRS),
    "a fragment in itself, and one field many times": (
        f"{viewer('...F')} fragment F on User {{ ...F {some(300, 'orgs { totalCount }')} }}",
        "within itself",
    ),
    "fragments in each other, twice": (
        f"{viewer('...F0')} "
        + some(2, "fragment F# on User { a: orgs { nodes { user { ...F0 ...F1 } } } }"),
        "within itself",
    ),
    "thirty loops": (loops(30), "levels"),
    "forty-five thousand names": (f"{{ {some(45_000, '__typename')} }}", TOKENS),
    "nineteen hundred names": (f"{{ {some(1900, '__typename')} }}", "fields at its root"),
    "eight thousand unknown fields": (f"{{ {some(8000, 'unknown#')} }}", TOKENS),
    "unknown fields": (f"{{ {some(1900, 'u#')} }}", "fields at its root"),
    "a fragment that is not there": ("{ ...Nope }", "Unknown fragment"),
    "fragments that nothing spreads": (
        f"{{ __typename }} {some(270, 'fragment F# on User { id }')}",
        "is never used",
    ),
}
PERMITTED = {
    "six loops": loops(6),
    "fifty pages beside each other": viewer(some(50, "a#: orgs(first: 100) { nodes { id } }")),
    "fragments of components": f"{viewer(some(60, '...F#'))} "
    + some(60, "fragment F# on User { id username avatar }"),
    "one field as often as may be": viewer(some(122, "id")),
}


@pytest.mark.parametrize(("query", "why"), REFUSED.values(), ids=REFUSED)
async def test_what_asks_for_too_much_is_refused(sqlite_api, query, why):
    """Before it runs, and by the first rule that sees it."""
    answer = await schema.execute(query, context_value=sqlite_api.context(None))

    assert not answer.data
    assert any(why in error.message for error in answer.errors)


@pytest.mark.parametrize("query", PERMITTED.values(), ids=PERMITTED)
async def test_what_is_within_its_bounds_runs(sqlite_world, query):
    """What looks like an attack may be a client that was made of many parts."""
    user = await sqlite_world.api.user("ann")
    await sqlite_world.team("acme", user)

    assert (await sqlite_world.api.execute(query, user))["viewer"]

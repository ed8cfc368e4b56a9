"""Globs: micromatch's verdicts, in bounded time, whatever the pattern."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.globs import Flaw, Glob, InvalidGlob, Kind, Subject, decide

RECORDED = json.loads((Path(__file__).parent / "recorded_globs.json").read_text())
LANGUAGE = st.text("ab/.-*?[]^{},()|!@+\\1:", max_size=30)


def matches(pattern, name, kind=Kind.REF, *, leading=False):
    """Tell whether a pattern matches a name."""
    return Glob.read(pattern, leading=leading).matches(Subject(name, kind))


def taken(patterns, name):
    """Tell whether a list of patterns takes a name."""
    return decide([Glob.read(each) for each in patterns], Subject(name, Kind.REF)).taken


@pytest.mark.parametrize("pattern", RECORDED["patterns"])
def test_micromatchs_verdicts(pattern):
    """Each pattern says of each name what micromatch was seen to say."""
    names = RECORDED["names"]
    verdicts = "".join(str(int(taken([pattern], name))) for name in names)

    assert verdicts == RECORDED["patterns"][pattern]


@pytest.mark.parametrize(
    ("patterns", "name", "expected"),
    [
        (["!main", "*"], "main", True),  # a later pattern takes what an earlier one removed
        (["*", "!main"], "main", False),
        (["*", "!main"], "dev", True),
        (["!main", "!dev"], "test", True),  # nothing but exclusions
        (["!(main)", "rel*"], "dev", False),  # in a list `!(…)` only takes away
        (["!(main)", "rel*"], "release", True),
        (["rel*", "!(main|release)"], "release", False),
        (["*", "!!main"], "dev", True),
        ([], "main", True),
    ],
)
def test_lists(patterns, name, expected):
    """A list is read from left to right, as micromatch does."""
    assert taken(patterns, name) is expected


@pytest.mark.parametrize(
    ("pattern", "names", "others"),
    [
        ("v{1..12}", ["v1", "v9", "v12"], ["v0", "v13", "v1-", "v01"]),
        ("v{01..20}", ["v01", "v20"], ["v1", "v0", "v21"]),
        ("v{1..10..3}", ["v1", "v4", "v10"], ["v2"]),
        ("v{12..1}", ["v12", "v7"], ["v13"]),
        ("{a..c..2}", ["a", "c"], ["b", "2"]),
        ("a|b/[ab]", ["a|b/a"], ["a", "b/a"]),
        ("*(a|*)", ["a", "ab", "main"], ["a/b"]),
        ("?\N{GRINNING FACE}", ["a\N{GRINNING FACE}"], ["\N{GRINNING FACE}"]),
        ('"main"', ['"main"'], ["main"]),
    ],
)
def test_on_purpose_different_from_micromatch(pattern, names, others):
    """Ranges count, `|` needs a group, repetitions may hold stars, and a character is one."""
    assert [name for name in names if not matches(pattern, name)] == []
    assert [name for name in others if matches(pattern, name)] == []


@pytest.mark.parametrize(
    ("prefix", "names", "others"),
    [
        ("feat", ["feat", "feature", "feature/login", "feat/a/b"], ["fea", "my-feat", "Feat"]),
        ("release/", ["release/1.2", "release/1/2"], ["release", "releases/1"]),
        ("{feat,fix}", ["feature/a", "fix/b/c"], ["main"]),
        ("v[0-9]", ["v1", "v1.2/3"], ["vx"]),
    ],
)
def test_what_a_name_begins_with(prefix, names, others):
    """A leading pattern is a true prefix, slashes or not."""
    assert [name for name in names if not matches(prefix, name, leading=True)] == []
    assert [name for name in others if matches(prefix, name, leading=True)] == []


def test_dots_and_slashes_by_kind_of_name():
    """In paths a leading dot is nothing special, in texts a slash is neither."""
    assert not matches("**", ".github/x", Kind.REF)
    assert matches("**", ".github/x", Kind.PATH)
    assert not matches("*", "a/b", Kind.PATH)
    assert matches("fix: *", "fix: either/or .net", Kind.TEXT)


@pytest.mark.parametrize(
    ("pattern", "flaw"),
    [
        ("", Flaw.EMPTY),
        ("a" * 501, Flaw.LONG),
        ("a\\", Flaw.ESCAPE),
        (r"v\d", Flaw.LETTER),
        (r"[\d]", Flaw.CLASS),
        ("[ab", Flaw.BRACKET),
        ("[]", Flaw.BRACKET),
        ("[[:foo:]]", Flaw.CLASS),
        ("[z-a]", Flaw.CLASS),
        ("{a,b", Flaw.BRACE),
        ("@(a", Flaw.PARENTHESIS),
        ("feat(ui", Flaw.PARENTHESIS),
        ("{1..1001}", Flaw.RANGE),
        ("{1..600}{1..600}", Flaw.RANGE),
        ("{aa..cc}", Flaw.RANGE),
        ("(" * 11 + "a" + ")" * 11, Flaw.NESTING),
        ("(?=a)b", Flaw.LOOKAROUND),
        ("(?:a)", Flaw.LOOKAROUND),
    ],
)
def test_what_is_no_pattern_is_refused(pattern, flaw):
    """The refusal names what is wrong."""
    with pytest.raises(InvalidGlob) as caught:
        Glob.read(pattern)

    assert caught.value.flaw is flaw


@given(LANGUAGE, st.text("ab/.-1", max_size=20), st.sampled_from(Kind), st.booleans())
def test_any_text_is_a_pattern_or_refused(pattern, name, kind, leading):
    """Reading refuses or gives a matcher that answers."""
    try:
        glob = Glob.read(pattern, leading=leading)
    except InvalidGlob:
        return
    assert glob.matches(Subject(name, kind)) in {True, False}
    assert glob.matches(Subject(pattern, kind))


@given(LANGUAGE, st.text("ab/.-1", max_size=20))
def test_a_prefix_takes_all_that_its_pattern_takes(pattern, name):
    """What matches `p*` begins with `p`."""
    try:
        whole, leading = Glob.read(f"{pattern}*"), Glob.read(pattern, leading=True)
    except InvalidGlob:
        return
    if not whole.excludes and not leading.excludes:
        assert leading.matches(Subject(name, Kind.REF)) >= whole.matches(Subject(name, Kind.REF))


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("+(+(a)|a)+(a)b", "a" * 1000),
        ("*(a*(a*(a*(a*(a*(a*(a*(a*(a)a)a)a)a)a)a)a)a)b", "a" * 1000),
        ("*a" * 250, "a" * 999 + "b"),
        ("!(*a)" * 100, "a" * 1000),
        ("**/" * 166 + "b", "a/" * 499 + "c"),
        ("{" * 10 + "a" * 480 + "}" * 10, "a" * 1000),
        ("*({1..999}|a)b", "12" * 500),
    ],
)
def test_no_pattern_takes_long(pattern, name):
    """What makes regular expressions try for years is answered at once."""
    start = time.process_time()
    matches(pattern, name)

    assert time.process_time() - start < 0.5

"""The page on triggers is true: its examples are tried, its tables equal the code's."""

import json
import re
from pathlib import Path

from control import trigger_keys, trigger_spec, triggers
from control.globs import Glob, Kind, Subject, ranges, reader
from providers import Provider
from providers.hooks import Commit, HookRepository, Person, Push, Tag

TEXT = (Path(__file__).parent.parent.parent / "docs" / "triggers.md").read_text()


def blocks(language):
    """Return the examples in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def table(name):
    """Return what stands between the marks of a table, line by line."""
    match = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", TEXT, re.DOTALL)
    return match[1].splitlines()[2:]


def example():
    """Return the document of the page, read."""
    return trigger_spec.read(json.loads(blocks("json")[0])["input"]["triggerSpec"])


def hook(kind, name, *, deleted):
    """Return a push to GitHub."""
    common = {
        "provider": Provider.GITHUB,
        "event": "push",
        "repository": HookRepository("1", "https://git.example.com/a/b.git"),
        "ref": name,
        "commit": Commit("c0"),
        "pusher": Person("ada"),
        "deleted": deleted,
    }
    return Push(branch=name, **common) if kind == "branch" else Tag(tag=name, **common)


def test_the_document_is_right():
    """Nothing is wrong with it, and all of it is read."""
    spec = example()

    assert spec.issues == ()
    assert len(spec.services) == len(spec.schedule) == 1


def test_the_sentences_are_those_of_the_program():
    """Each delivery of the page gets the sentence and the rule that stand there."""
    lines = next(text for text in blocks("text") if "matches none" in text).splitlines()
    for line in lines:
        kind, name = re.match(r'The (branch|tag) "([^"]+)"', line).groups()
        verdict = triggers.match(hook(kind, name, deleted="deleted" in line), example())
        sentence, _, rule = line.partition("  ")

        assert (verdict.reason, verdict.rule or "") == (sentence, rule.strip())


def test_the_globs_match_as_they_are_shown():
    """Each pattern matches the names beside it and not the others."""
    lines = next(text for text in blocks("text") if text.startswith("pattern")).splitlines()
    columns = [lines[0].index(word) for word in ("pattern", "matches", "does not match")]
    for line in lines[1:]:
        pattern, yes, no = (
            line[begin:end].split()
            for begin, end in zip(columns, [*columns[1:], None], strict=True)
        )
        glob = Glob.read(pattern[0])

        assert [name for name in yes if not glob.matches(Subject(name, Kind.REF))] == []
        assert [name for name in no if glob.matches(Subject(name, Kind.REF))] == []


def test_the_keys_are_those_of_the_program():
    """Every key with its place and its meaning."""
    expected = [f"| {key.place} | `{key.name}` | {key.meaning} |" for key in trigger_keys.KEYS]

    assert table("keys") == expected


def test_the_limits_are_those_of_the_program():
    """The numbers of the limits table."""
    nested = f"{reader.PATTERN_CHARACTERS_MAX} characters, nested {reader.NESTING_MAX} deep"
    markers = f"{trigger_keys.MARKERS_MAX} of {trigger_keys.MARKER_CHARACTERS_MAX} characters"

    assert table("limits") == [
        f"| a pattern | {nested}, {ranges.RANGE_MAX:,} values of its ranges |",
        f"| a list of patterns | {trigger_keys.PATTERNS_MAX} |",
        f"| `skip-markers` | {markers} |",
        f"| `schedule` | {trigger_keys.SCHEDULES_MAX} |",
        f"| a name | {triggers.NAME_CHARACTERS_MAX:,} characters; longer ones do not deploy |",
    ]

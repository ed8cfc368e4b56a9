"""The page on triggers is true: its examples are tried, its tables equal the code's."""

import json
import re
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from control import trigger_keys, trigger_spec, triggers
from control.globs import Glob, Kind, Subject, ranges, reader
from control.schedules import due
from control.schedules.cron import Cron
from control.schedules.plan import LATE
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


def test_schedules_are_due_as_they_are_shown():
    """Each line, by the clock of its zone, behind the time that stands there."""
    lines = next(text for text in blocks("text") if text.startswith("cron")).splitlines()[1:]
    for line in lines:
        cron, zone, after, *moments = re.split(r" {2,}", line)
        since = datetime.fromisoformat(f"{after}Z")
        ticks = Cron.read(cron).moments(since, ZoneInfo(zone))

        assert [f"{each:%Y-%m-%d %H:%M}" for each in islice(ticks, len(moments))] == moments
    assert len(lines) == 7


def test_schedules_fail_as_often_as_is_said():
    """The numbers in the text."""
    seconds = sum(due.RETRY_SECONDS * 2**each for each in range(due.TRIES_MAX - 1))

    assert f"that {due.WAITING_MAX} deploys of the environment wait" in TEXT
    assert f"tried {due.TRIES_MAX} times in some two minutes" in TEXT
    assert round(seconds / 60) == 2


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
        f"| tasks that wait, for a schedule to make one more | {due.WAITING_MAX - 1} |",
        f"| how late a time of a schedule deploys | {LATE // timedelta(hours=1)} hour |",
        f"| a name | {triggers.NAME_CHARACTERS_MAX:,} characters; longer ones do not deploy |",
    ]

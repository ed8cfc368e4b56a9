"""Trigger specs: what is wrong with a document is said with its place."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control import trigger_spec
from control.trigger_keys import KEYS, SERVICES, SKIP_MARKERS, Forks, Place, names
from providers import Provider
from providers.hooks import PullRequestAction

WORDS = st.sampled_from([*(key.name for key in KEYS), "main", "opened", "0 4 * * *", "!(", "UTC"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(WORDS, each, max_size=4),
    max_leaves=30,
)


def found(document):
    """Return the mistakes of a document: path and message."""
    issues = trigger_spec.read(document).issues
    return [(list(issue.path), issue.message) for issue in issues]


def push(**rules):
    """Return a document with rules for branches that are pushed to GitHub."""
    return {"github": {"push": {"branches": rules}}}


def test_a_whole_document_is_read():
    """Every key is taken, and nothing is wrong."""
    spec = trigger_spec.read(
        {
            "github": {
                "secret": "",
                "push": {
                    "branches": {"precise": ["main"], "prefix": ["feat"], "exclude": ["feat-x"]},
                    "tags": {"include": ["v*"]},
                    "paths": ["src/**"],
                    "paths-ignore": ["**/*.md"],
                    "authors": ["!*bot*"],
                    "messages": ["!wip*"],
                },
                "pull_request": {
                    "types": ["opened", "update"],
                    "branches": {"precise": [{"target": "main", "source": ""}]},
                    "forks": "refuse",
                    "authors": ["*"],
                    "messages": ["*"],
                },
                "skip-markers": ["[no deploy]"],
            },
            "schedule": [{"cron": "0 4 * * 1-5", "timezone": "Asia/Shanghai", "branch": "main"}],
        }
    )

    assert spec.issues == ()
    assert list(spec.services) == [Provider.GITHUB]
    rules = spec.services[Provider.GITHUB]
    assert [str(each) for each in rules.push.branches] == [
        "github.push.branches.prefix[0]: feat",
        "github.push.branches.precise[0]: main",
        "github.push.branches.exclude[0]: feat-x",
    ]
    assert rules.pull_request.types == {PullRequestAction.OPENED, PullRequestAction.SYNCHRONIZE}
    assert rules.pull_request.forks is Forks.REFUSE
    assert rules.skip_markers == ("[no deploy]",)
    assert [(each.timezone, each.branch) for each in spec.schedule] == [("Asia/Shanghai", "main")]


@pytest.mark.parametrize("document", [None, {}, {"github": None}, {"github": {}, "gitee": None}])
def test_a_document_may_say_nothing(document):
    """Then there are no rules, and no mistakes."""
    spec = trigger_spec.read(document)

    assert spec.services == {}
    assert spec.issues == ()


def test_what_is_left_out_has_a_default():
    """Forks get no secrets, the usual markers count, and the time zone is UTC."""
    document = {"gitee": {"push": None}, "schedule": [{"cron": "0 4 * * *"}]}
    spec = trigger_spec.read(document)

    assert spec.services[Provider.GITEE].skip_markers == SKIP_MARKERS
    assert spec.services[Provider.GITEE].pull_request.forks is Forks.WITHOUT_SECRETS
    assert spec.schedule[0].timezone == "UTC"


@pytest.mark.parametrize(
    ("document", "path", "words"),
    [
        ([], "", "must be an object"),
        ("github", "", "must be an object"),
        ({"githbu": {}}, "githbu", 'did you mean "github"?'),
        ({"git": {}}, "git", "there are github, gitee, gitlab, codeup, schedule"),
        ({"github": []}, "github", "must be an object"),
        ({"github": {"pull-request": {}}}, "github pull-request", 'did you mean "pull_request"?'),
        ({"github": {"push": {"branch": {}}}}, "github push branch", 'did you mean "branches"?'),
        ({"github": {"push": {"branches": ["main"]}}}, "github push branches", "an object"),
        (push(prefixes=["a"]), "github push branches prefixes", 'did you mean "prefix"?'),
        (push(precise="main"), "github push branches precise", "must be a list"),
        (push(precise=["main", 1]), "github push branches precise 1", "must be a text"),
        (push(precise=[""]), "github push branches precise 0", "is no glob: it is empty"),
        (push(exclude=[""]), "github push branches exclude 0", "is no glob: it is empty"),
        (push(include=["{a,b"]), "github push branches include 0", "a { is not closed"),
        (push(exclude=["v\\d"]), "github push branches exclude 0", "no classes such as \\d"),
        (push(prefix=["a\\"]), "github push branches prefix 0", "a backslash stands at its end"),
        (push(precise=["a"] * 101), "github push branches precise", "at most 100 entries"),
        ({"github": {"skip-markers": [" "]}}, "github skip-markers 0", "1 to 64 characters"),
        ({"github": {"skip-markers": "x"}}, "github skip-markers", "must be a list"),
    ],
)
def test_mistakes_are_found(document, path, words):
    """The path leads to the mistake, and the message says what there must be."""
    ((where, message),) = found(document)

    assert where == path.split()
    assert words in message


@pytest.mark.parametrize(
    ("rules", "path", "words"),
    [
        ({"types": ["open"]}, "types 0", 'did you mean "opened"?'),
        ({"types": ["labeled"]}, "types 0", "one of opened, closed, reopened, merged"),
        ({"types": "opened"}, "types", "must be a list"),
        ({"forks": "alow"}, "forks", 'did you mean "allow"?'),
        ({"forks": {}}, "forks", "must be one of"),
        ({"paths": []}, "paths", "is no key here"),
        ({"branches": {"precise": ["main"]}}, "branches precise 0", '{"target": "main"}'),
        ({"branches": {"precise": [None]}}, "branches precise 0", "an object with a target"),
        ({"branches": {"precise": [{}]}}, "branches precise 0 target", "must be a text"),
        (
            {"branches": {"prefix": [{"target": "a", "src": "b"}]}},
            "branches prefix 0 src",
            'did you mean "source"?',
        ),
    ],
)
def test_mistakes_in_rules_for_pull_requests_are_found(rules, path, words):
    """The same within `pull_request`."""
    ((where, message),) = found({"codeup": {"pull_request": rules}})

    assert where == ["codeup", "pull_request", *path.split()]
    assert words in message


@pytest.mark.parametrize(
    ("entry", "path", "words"),
    [
        ({"cron": "* * * *"}, "cron", "five fields"),
        ({"cron": "0 25 * * *"}, "cron", "its hour never comes"),
        ({"cron": None}, "cron", "must be a text"),
        ({}, "cron", "must be a text"),
        ({"cron": "0 4 * * *", "timezone": "Asia/Shangai"}, "timezone", "Asia/Shanghai"),
        ({"cron": "0 4 * * *", "timezone": "../etc/passwd"}, "timezone", "a time zone"),
        ({"cron": "0 4 * * *", "timezone": "Asia"}, "timezone", "a time zone"),
        ({"cron": "0 4 * * *", "timezone": 8}, "timezone", "must be a text"),
        ({"cron": "0 4 * * *", "branch": ""}, "branch", "1 to 255 characters"),
    ],
)
def test_mistakes_in_a_schedule_are_found(entry, path, words):
    """The same within `schedule`."""
    ((where, message),) = found({"schedule": [entry]})

    assert where == ["schedule", "0", path]
    assert words in message


def test_a_mistake_breaks_the_rules_of_its_service_only():
    """The others go on; a secret that stands there from earlier breaks nothing."""
    spec = trigger_spec.read(
        {
            "github": {"push": {"branches": {"precise": ["main"], "exlude": ["x"]}}},
            "gitee": {"secret": "from earlier", "push": {"branches": {"precise": ["main"]}}},
        }
    )

    assert spec.services[Provider.GITHUB].mistake is not None
    assert spec.services[Provider.GITEE].mistake is None
    assert [issue.fault for issue in spec.issues] == [trigger_spec.Fault.KEY]


def test_mistakes_beyond_those_that_are_listed_break_rules_too():
    """A document full of nonsense does not hide a mistake behind it."""
    spec = trigger_spec.read(
        {
            "github": {"push": {f"k{index}": 0 for index in range(1000)}},
            "codeup": {"push": {"nonsense": 0}},
        }
    )

    assert len(spec.issues) == trigger_spec.ISSUES_MAX
    assert spec.services[Provider.CODEUP].mistake is not None


@given(JSON, st.sampled_from(SERVICES))
def test_any_document_can_be_read(document, provider):
    """Nothing that ever was stored stops anybody."""
    for each in (document, {provider.value: document}, {"schedule": document}):
        spec = trigger_spec.read(each)
        assert all(issue.message for issue in spec.issues)


@pytest.mark.parametrize(
    "document",
    [
        {f"github{index}": 0 for index in range(5000)},
        {"schedule": [{"cron": "0 4 * * *", "timezone": f"Europe/Berl{i}"} for i in range(20)]},
        push(precise=["{1..999}"] * 6000),
        push(precise=["*" * 500] * 100),
        push(precise=["a" * 60_000]),
    ],
)
def test_no_document_takes_long(document):
    """A document as large as may be is read in a moment."""
    start = time.process_time()
    trigger_spec.read(document)

    assert time.process_time() - start < 1


def test_keys_have_a_place_each():
    """No place has a key twice, and each place has some."""
    for place in Place:
        assert len(set(names(place))) == len(names(place)) > 0

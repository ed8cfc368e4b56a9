"""Triggers: which deliveries deploy an environment, and what people are told."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control import trigger_spec, triggers
from providers import Provider
from providers.hooks import (
    Commit,
    HookRepository,
    Person,
    PullRequest,
    PullRequestAction,
    Push,
    Tag,
    Unsupported,
)

RECORDED = json.loads((Path(__file__).parent / "recorded_triggers.json").read_text())
REPOSITORY = HookRepository("1", "https://git.example.com/engines/analytical.git")
MISTAKE = "Its rules for github have a mistake and start nothing: github.push.branches.include[0]"
ADA = Person("ada", "ada@example.com")


def push(branch="main", *, message="", provider=Provider.GITHUB, **more):
    """Return a push to a branch."""
    given = {"event": "push", "ref": f"refs/heads/{branch}", "pusher": ADA, **more}
    commit = Commit("c0", message)
    return Push(provider=provider, repository=REPOSITORY, branch=branch, commit=commit, **given)


def tag(name, *, message="", provider=Provider.GITHUB, **more):
    """Return a push of a tag."""
    given = {"event": "push", "ref": f"refs/tags/{name}", "pusher": ADA, **more}
    commit = Commit("c0", message)
    return Tag(provider=provider, repository=REPOSITORY, tag=name, commit=commit, **given)


def pull(source="dev", target="main", action="opened", *, provider=Provider.GITHUB, **more):
    """Return what happened to a pull request."""
    given = {
        "event": "pull_request",
        "number": 7,
        "head": Commit("c1"),
        "merge_commit": "",
        "pusher": ADA,
        **more,
    }
    return PullRequest(
        provider=provider,
        repository=REPOSITORY,
        action=PullRequestAction(action),
        source=source,
        target=target,
        **given,
    )


def other(event, detail="", *, provider=Provider.GITHUB):
    """Return a delivery of an event that deploys nothing."""
    return Unsupported(provider=provider, event=event, detail=detail)


def verdict(hook, rules):
    """Return what the rules of the hook's service say."""
    return triggers.match(hook, trigger_spec.read({hook.provider.value: rules}))


def branches(**rules):
    """Return rules for branches."""
    return {"push": {"branches": rules}}


def tags(**rules):
    """Return rules for tags."""
    return {"push": {"tags": rules}}


def pulls(*types, **rules):
    """Return rules for pull requests."""
    return {"pull_request": {"types": [*types], "branches": rules}}


def pair(target, source=None):
    """Return a pair of branches."""
    return {"target": target} if source is None else {"target": target, "source": source}


SKIPPED = "tidy up [skip ci]"
ROWS = [
    (1, push("main"), branches(precise=["main"]), True),
    (2, push("Main"), branches(precise=["main"]), False),
    (3, push("team/a"), branches(precise=["team/*"]), True),
    (4, push("fix/[bug]"), branches(precise=["fix/[bug]"]), True),
    (4, push("fix/b"), branches(precise=["fix/[bug]"]), True),
    (5, push("feature-1"), branches(prefix=["feature"]), True),
    (5, push("feature"), branches(prefix=["feature"]), True),
    (5, push("feat/a/b"), branches(prefix=["feat"]), True),
    (6, push("feature/login"), branches(prefix=["feat"]), True),  # a true prefix
    (7, push("release/1.2"), branches(prefix=["release/"]), True),
    (7, push("release/1/2"), branches(prefix=["release/"]), True),  # a true prefix
    (8, push("any/deep"), branches(prefix=[]), False),  # nothing is nothing
    (8, push(".config"), branches(prefix=[]), False),
    (9, push("a/b"), branches(include=["*"]), False),
    (9, push("a/b"), branches(include=["**"]), True),
    (10, push("release/1/2"), branches(include=["release/*"]), False),
    (10, push("release/1/2"), branches(include=["release/**"]), True),
    (11, push("release"), branches(include=["release/**"]), True),
    (12, push("dev"), branches(include=["{main,dev}"]), True),
    (12, push("dev"), branches(include=["@(main|dev)"]), True),
    (12, push("dev"), branches(include=["!(main)"]), True),
    (12, push("dev"), branches(include=["!main"]), True),
    (13, push("my-main-branch"), branches(include=["main"]), False),
    (14, push("main"), branches(exclude=["dev"]), True),
    (14, push("dev"), branches(exclude=["dev"]), False),
    (15, push("main"), branches(precise=["main"], exclude=["main"]), False),
    (16, tag("v1"), branches(precise=["main"]), False),
    (17, tag("v1.2.3-rc.1"), tags(include=["v*"], exclude=["*-rc*"]), False),
    (18, push("main", deleted=True), branches(precise=["main"]), False),  # never deploys
    (18, tag("v1", deleted=True), tags(include=["v*"]), False),
    (19, push("main", message=SKIPPED), branches(precise=["main"]), False),  # is asked not to
    (20, push("", ref="refs/notes/x"), branches(include=["**"]), False),
    (20, other("push", "refs/notes/x"), branches(include=["**"]), False),
    *(
        (21, other(event), branches(include=["**"]), False)
        for event in ("ping", "release", "create", "delete", "issues")
    ),
    (22, pull(), pulls("opened", precise=[pair("main", "dev")]), True),
    (22, pull(), pulls("opened", precise=[pair("main")]), True),
    (22, pull(), pulls("opened", precise=[pair("main", "")]), True),
    (23, pull(action="merged"), pulls("closed", precise=[pair("main")]), False),
    (23, pull(action="merged"), pulls("merged", precise=[pair("main")]), True),
    (24, pull(action="synchronize"), pulls("synchronize", precise=[pair("main")]), True),  # listed
    (24, pull(action="synchronize"), pulls("update", precise=[pair("main")]), True),
    (24, pull(action="synchronize"), pulls("opened", precise=[pair("main")]), False),
    (25, pull("feat/9/x", "release/1"), pulls("opened", prefix=[pair("release", "feat")]), True),
    (26, pull("feature/9"), pulls("opened", prefix=[pair("main", "feat")]), True),  # true prefix
    (27, pull(), pulls("opened", exclude=[pair("main")], precise=[pair("main")]), False),
    (28, pull(), pulls("opened", exclude=[pair("dev")]), False),
    (28, pull(), pulls("opened", prefix=[]), False),
    (29, pull(fork=True), pulls("opened", precise=[pair("main")]), True),  # without secrets
    (30, other("Job Hook", "main", provider=Provider.GITLAB), branches(precise=["main"]), False),
]


@pytest.mark.parametrize(
    ("row", "hook", "rules", "matched"),
    ROWS,
    ids=[f"{index}-row-{row[0]}" for index, row in enumerate(ROWS)],
)
def test_the_thirty_rows(row, hook, rules, matched):
    """The table of what was measured, with our decisions in it; each verdict has its reason."""
    found = verdict(hook, rules)

    assert found.matched is matched, row
    assert found.reason.endswith(".")


def recorded_hook(facts):
    """Return a recorded delivery in our vocabulary."""
    more = {"provider": Provider(facts["provider"]), "event": facts["event"]}
    match facts["kind"]:
        case "push":
            more |= {"message": facts.get("message", ""), "deleted": facts.get("deleted", False)}
            return push(facts["branch"], **more)
        case "tag":
            return tag(facts["tag"], deleted=facts.get("deleted", False), **more)
        case "pull_request":
            more["fork"] = facts.get("fork", False)
            return pull(facts["source"], facts["target"], facts["action"], **more)
        case _:
            return Unsupported(**more, detail=facts.get("ref", ""))


def decision(facts, rules, found):
    """Return the decision for which a verdict is not the recorded one."""
    empty = "an empty prefix matches nothing" if '"prefix": []' in json.dumps(rules) else None
    if found.matched:
        if facts.get("action") == "synchronize":
            return "synchronize is supported"
        return "a prefix is a true prefix" if ".prefix[" in (found.rule or "") else empty
    if facts.get("deleted"):
        return "deleted refs never deploy"
    if "message" in facts:
        return "skip markers"
    if facts["event"] == "Job Hook":
        return "jobs never deploy"
    return empty


def test_the_originals_verdicts():
    """Each recorded verdict is ours, or differs by a decision."""
    hooks = [(facts, recorded_hook(facts)) for facts in RECORDED["hooks"]]
    differences = Counter()
    for each in RECORDED["specs"]:
        for (facts, hook), theirs in zip(hooks, each["verdicts"], strict=True):
            found = verdict(hook, each["spec"])
            if found.matched != (theirs == "m"):
                differences[decision(facts, each["spec"], found)] += 1

    assert None not in differences
    assert set(differences) == {
        "a prefix is a true prefix",
        "an empty prefix matches nothing",
        "deleted refs never deploy",
        "jobs never deploy",
        "skip markers",
        "synchronize is supported",
    }


@pytest.mark.parametrize(
    ("hook", "rules", "rule", "words"),
    [
        (push("release/1"), branches(prefix=["v", "release/"]), "prefix[1]: release/", "matches"),
        (push("main"), branches(exclude=["dev"]), "", "is not excluded"),
        (push("dev"), branches(include=["*"], exclude=["dev"]), "exclude[0]: dev", "is excluded"),
        (push("dev"), branches(include=["*", "!dev"]), "include[1]: !dev", "is excluded"),
        (push("dev"), branches(precise=["main"]), "", "matches none of the branch rules"),
        (push("dev"), tags(precise=["main"]), "", "there are no branch rules"),
    ],
)
def test_the_rule_that_decided_is_named(hook, rules, rule, words):
    """As a path in the document, with what stands there."""
    found = verdict(hook, rules)

    assert found.rule == ".".join(filter(None, ["github.push.branches", rule]))
    assert words in found.reason


@pytest.mark.parametrize(
    ("hook", "rules", "rule", "reason"),
    [
        (
            pull(action="closed"),
            pulls("opened", "merged"),
            "github.pull_request.types",
            'The pull request was "closed", and merged, opened is listed.',
        ),
        (
            pull(),
            pulls("opened"),
            "github.pull_request.branches",
            "There are no branch rules for pull requests.",
        ),
        (
            pull(),
            pulls("opened", exclude=[pair("main", "d*")]),
            "github.pull_request.branches.exclude[0]: main <- d*",
            'The pull request from "dev" to "main" is excluded.',
        ),
        (
            push(message="x [Skip CD]"),
            branches(include=["*"]),
            "github.skip-markers: [skip cd]",
            "The commit message or title says [skip cd].",
        ),
        (
            push(deleted=True),
            branches(include=["*"]),
            None,
            'The branch "main" was deleted; that never deploys.',
        ),
        (other("ping"), branches(include=["*"]), None, 'The event "ping" starts no deploy.'),
        (
            push(),
            branches(include=["{"]),
            "github.push.branches.include[0]",
            f"{MISTAKE} is no glob: a {{ is not closed; a literal one is written \\{{.",
        ),
    ],
)
def test_why_nothing_deployed(hook, rules, rule, reason):
    """The sentence is for people, the rule leads them there."""
    found = verdict(hook, rules)

    assert (found.matched, found.rule, found.reason) == (False, rule, reason)


def test_rules_are_those_of_the_hooks_service():
    """Another service's rules say nothing."""
    spec = trigger_spec.read({"gitee": branches(include=["**"])})

    assert triggers.match(push(), spec).reason == "The environment has no rules for github."
    assert triggers.match(push(provider=Provider.GIT), spec).matched is False
    assert triggers.match(push(provider=Provider.GITEE), spec).matched is True


# ---------------------------------------------------------------- more rules


@pytest.mark.parametrize(
    ("policy", "matched", "secrets"),
    [(None, True, False), ("without-secrets", True, False), ("allow", True, True)],
)
def test_forks(policy, matched, secrets):
    """A fork's pull request deploys without secrets, unless the environment allows them."""
    rules = pulls("opened", precise=[pair("main")])
    rules["pull_request"]["forks"] = policy

    found = verdict(pull(fork=True), rules)
    assert (found.matched, found.secrets) == (matched, secrets)
    assert verdict(pull(), rules).secrets


def test_forks_can_be_refused():
    """Then those from the repository itself deploy all the same."""
    rules = pulls("opened", precise=[pair("main")])
    rules["pull_request"]["forks"] = "refuse"

    assert verdict(pull(fork=True), rules).rule == "github.pull_request.forks: refuse"
    assert verdict(pull(), rules).matched


@pytest.mark.parametrize(
    ("markers", "hook", "matched"),
    [
        (None, push(message="x\n\n[skip cd]"), False),
        (None, tag("main", message="[SKIP CI]"), False),
        (None, pull(title="[skip ci] x"), False),
        (None, pull(head=Commit("c1", "x [skip ci]")), False),
        (None, push(message="skip ci"), True),
        ([], push(message="[skip ci]"), True),
        (["#nodeploy"], push(message="[skip ci]"), True),
        (["#nodeploy"], push(message="x #NoDeploy"), False),
    ],
)
def test_skip_markers(markers, hook, matched):
    """The usual markers, those of the document, or none."""
    rules = branches(include=["*"]) | pulls("opened", include=[pair("*")])
    rules["push"]["tags"] = {"include": ["*"]}
    rules["skip-markers"] = markers

    assert verdict(hook, rules).matched is matched


@pytest.mark.parametrize(
    ("wanted", "ignored", "changed", "matched"),
    [
        (["src/**"], None, ("src/a.py", "README.md"), True),
        (["src/**"], None, ("README.md",), False),
        (["src/**"], None, ("src/.env",), True),
        (["src/**", "!src/docs/**"], None, ("src/docs/a",), False),
        (["./src/**"], None, ("src/a",), True),
        (None, ["docs/**", "*.md"], ("docs/a", "README.md"), False),
        (None, ["docs/**"], ("docs/a", "src/a"), True),
        (["src/**"], ["**/*.md"], ("src/a.md", "docs/a"), False),
        (["src/**"], None, (), False),
        (["src/**"], None, None, True),  # nobody knows
        ([], [], (), True),
    ],
)
def test_paths(wanted, ignored, changed, matched):
    """One changed file that is asked for and not ignored is enough."""
    rules = branches(include=["*"])
    rules["push"] |= {"paths": wanted, "paths-ignore": ignored}

    assert verdict(push(paths=changed), rules).matched is matched


@pytest.mark.parametrize(
    ("patterns", "authors", "matched"),
    [
        (["ada"], (), True),
        (["*@example.com"], (), True),
        (["grace"], (), False),
        (["grace"], (Person("grace"), Person("bot")), True),
        (["!*bot*"], (Person("renovate[bot]", "r@example.com"),), False),
        (["!*bot*"], (Person("renovate[bot]"), Person("grace")), True),
        (["*"], (Person("", ""),), False),
    ],
)
def test_authors(patterns, authors, matched):
    """One author with a name or an address that is asked for; neither may be excluded."""
    rules = branches(include=["*"])
    rules["push"]["authors"] = patterns

    found = verdict(push(authors=authors), rules)
    assert found.matched is matched
    assert matched or found.rule == "github.push.authors"


@pytest.mark.parametrize(
    ("hook", "matched"),
    [
        (push(message="release: a/b\n\nwip"), True),
        (push(message="wip: release: x"), False),
        (push(message=""), False),
        (tag("main", message="release: 1"), True),
        (pull(title="release: 1"), True),
        (pull(title="x", head=Commit("c", "release: 1")), False),
    ],
)
def test_messages(hook, matched):
    """The first line of a commit message, or the title of a pull request."""
    rules = branches(include=["*"]) | pulls("opened", include=[pair("*")])
    rules["push"] |= {"tags": {"include": ["*"]}, "messages": ["release:*", "!wip*"]}
    rules["pull_request"]["messages"] = ["release:*"]

    assert verdict(hook, rules).matched is matched


# ---------------------------------------------------------------- whatever comes

NAMES = st.text(max_size=30) | st.sampled_from(["main", "a/b", ".x", "v1"])
PATTERNS = st.lists(st.text("ab/.-*?[]{},()|!@+", min_size=1, max_size=12), max_size=3)


@given(NAMES, NAMES, PATTERNS, st.none() | st.lists(NAMES, max_size=3))
def test_any_hook_gets_a_verdict(name, text, patterns, paths):
    """Whatever a service sends and an environment says, there is an answer with a reason."""
    pairs = [pair(each) for each in patterns]
    rules = branches(include=patterns, prefix=patterns, exclude=patterns[:1])
    rules |= pulls("opened", include=pairs, prefix=pairs)
    rules["push"] |= {"tags": {"precise": patterns}, "paths": patterns, "authors": patterns}
    rules["push"]["messages"] = patterns
    changed = None if paths is None else tuple(paths)
    hooks = [
        push(name, message=text, paths=changed, authors=(Person(text, name),)),
        tag(name, message=text),
        pull(name, text, title=text),
        other(name, text),
    ]
    for hook in hooks:
        assert verdict(hook, rules).reason


def test_no_delivery_takes_long():
    """Neither the longest lists of files and authors nor the longest name make it so."""
    rules = branches(include=["*"])
    rules["push"] |= {"paths": ["*a*b" * 100] * 100, "authors": ["*a*b" * 100] * 100}
    many = tuple(f"{'a' * 200}{index}" for index in range(3000))
    hook = push("a" * 900 + "b", paths=many, authors=tuple(Person(each) for each in many))
    start = time.process_time()

    assert "more than 1000 characters" in verdict(push("a" * 100_000), rules).reason
    assert verdict(hook, rules).reason == "None of its authors is asked for."
    assert time.process_time() - start < 5


RULES = {
    "branches": {"precise": ["main"]},
    "tags": {"include": ["v*"]},
    "paths": ["src/**"],
    "authors": ["ada"],
    "messages": ["feat*"],
}


def foresee(hook, *unknown, **rules):
    """Say what would come of a hook, of which something is not known."""
    given = {"push": {**RULES, **rules}}
    return triggers.foresee(hook, trigger_spec.read({"github": given}), unknown)


def test_what_is_not_known_of_a_push_is_not_judged_and_named():
    """What is known decides; only a rule that is asked is named."""
    nobody = push(pusher=Person(), paths=None)
    all_of_it = foresee(nobody, *triggers.Fact)
    assert all_of_it.matched
    assert all_of_it.reason == (
        'The branch "main" matches. Not known: message, author, changed files;'
        " so not judged: skip-markers, messages, authors, paths."
    )
    assert all_of_it.rule == "github.push.branches.precise[0]: main"
    assert foresee(push("dev"), *triggers.Fact) == triggers.match(
        push("dev"), trigger_spec.read({"github": {"push": RULES}})
    )
    known = push(message="fix: it", paths=("src/a",))
    assert foresee(known, triggers.Fact.AUTHOR).reason == "The message is not asked for."
    unasked = {name: [] for name in ("paths", "authors", "messages")}
    few = foresee(nobody, triggers.Fact.AUTHOR, triggers.Fact.FILES, **unasked)
    assert few.reason == 'The branch "main" matches.'
    assert foresee(tag("v1", pusher=Person()), triggers.Fact.AUTHOR, messages=[]).reason == (
        'The tag "v1" matches. Not known: author; so not judged: authors.'
    )


def test_without_rules_or_with_a_mistake_it_is_as_in_a_delivery():
    """No fact would change that."""
    for document in ({}, {"github": {"push": {"branches": {"include": ["("]}}}}):
        spec = trigger_spec.read(document)
        assert triggers.foresee(push(), spec, triggers.Fact) == triggers.match(push(), spec)
        assert not triggers.match(push(), spec).matched


@pytest.mark.parametrize("hook", [push(message="feat: x", paths=("src/a",)), tag("v1")])
def test_with_everything_known_it_is_what_a_delivery_gets(hook):
    """The same function decides."""
    spec = trigger_spec.read({"github": {"push": RULES}})
    assert triggers.foresee(hook, spec, ()) == triggers.match(hook, spec)

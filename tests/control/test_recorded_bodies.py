"""The original's verdicts once more, for deliveries as they come: headers and a body."""

import json
from pathlib import Path

import pytest

from control import trigger_spec, triggers
from providers import Provider, webhooks

RECORDED = json.loads((Path(__file__).parent / "recorded_triggers.json").read_text())
URL = "https://git.example.com/engines/analytical.git"
SHA, NOTHING = "a" * 40, "0" * 40
REPOSITORY = {"id": 1, "clone_url": URL, "git_http_url": URL}
PROJECT = {"id": 1, "homepage": URL.removesuffix(".git"), "git_http_url": URL}
ABOUT = {"repository": REPOSITORY, "project": PROJECT, "project_id": 1}
CLOSED = {"github": "closed", "gitee": "merge", "gitlab": "merge", "codeup": "merge"}
ACTIONS = {"opened": "open", "closed": "close", "reopened": "reopen", "synchronize": "update"}
# What the original says otherwise, by decision.
DECIDED = ("deleted", "message", "prefix", "synchronize", "Job Hook")


def pushed(facts):
    """Return the body of a push."""
    names = {"push": "refs/heads/{branch}", "tag": "refs/tags/{tag}", "ref": "{ref}"}
    deleted = facts.get("deleted", False)
    commit = None if deleted else {"id": SHA, "message": facts.get("message", "")}
    return {
        **ABOUT,
        "ref": names[facts["kind"]].format(**facts),
        "before": "b" * 40,
        "after": NOTHING if deleted else SHA,
        "deleted": deleted,
        "head_commit": commit,
        "commits": [commit] if commit else [],
    }


def asked(facts):
    """Return the body of a pull request."""
    action, fork = facts["action"], facts.get("fork", False)
    merged, word = action == "merged", ACTIONS.get(action, action)
    if facts["provider"] == "github":
        word = action
    ends = {"source_branch": facts["source"], "target_branch": facts["target"]}
    return {
        **ABOUT,
        "action": CLOSED[facts["provider"]] if merged else word,
        "action_desc": "source_branch_changed",
        "pull_request": {
            "number": 7,
            "merged": merged,
            "head": {"ref": facts["source"], "sha": SHA, "repo": {"id": 2 if fork else 1}},
            "base": {"ref": facts["target"], "repo": {"id": 1}},
        },
        "object_attributes": {
            **ends,
            "action": "merge" if merged else word,
            **({"oldrev": SHA} if action == "synchronize" else {}),
            "is_update_by_push": action == "synchronize",
            "iid": 7,
            "source_project_id": 2 if fork else 1,
            "target_project_id": 1,
            "last_commit": {"id": SHA, "message": "Go"},
        },
    }


def body(facts):
    """Return the body of a recorded delivery."""
    if facts["kind"] == "pull_request":
        return asked(facts)
    return ABOUT if facts["kind"] == "other" else pushed(facts)


@pytest.mark.parametrize("provider", ["github", "gitee", "gitlab", "codeup"])
def test_the_originals_verdicts_of_bodies(provider):
    """Each body can be read, and its verdict is the recorded one where nothing else is decided."""
    host, judged = Provider(provider), 0
    for index, facts in enumerate(RECORDED["hooks"]):
        if facts["provider"] != provider:
            continue
        headers = {"content-type": "application/json", f"x-{provider}-event": facts["event"]}
        hook = webhooks.parse(host, headers, json.dumps(body(facts)).encode())
        for each in RECORDED["specs"]:
            about = json.dumps([facts, each["spec"]])
            if any(word in about for word in DECIDED):
                continue
            found = triggers.match(hook, trigger_spec.read({provider: each["spec"]}))
            assert found.matched == (each["verdicts"][index] == "m"), (about, found)
            judged += 1
    assert judged > 500

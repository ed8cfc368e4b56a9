"""Deliveries as the services send them."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some

from providers import Provider, codeup, gitee, github, gitlab, webhooks
from providers.headers import HeaderMissing, HeaderUnusable
from providers.hooks import Hook, Push
from providers.payloads import InvalidPayload
from providers.refusal import Refusal
from providers.webhooks import ProviderAmbiguous, ProviderUnexpected, ProviderUnknown

JSON_TYPE = {"content-type": "application/json"}
PAYLOADS = Path(__file__).parent / "payloads"
CASES = sorted(path for path in PAYLOADS.glob("*/*.json") if not path.stem.endswith(".hook"))
HOSTS = [Provider.GITHUB, Provider.GITEE, Provider.GITLAB, Provider.CODEUP]
EVENTS = [webhooks.SERVICES[each].EVENT for each in HOSTS]


def sent(path: Path) -> tuple[Provider, dict[str, str], bytes]:
    """Return a recorded delivery."""
    case = json.loads(path.read_text())
    body = case.get("body")
    if body is None:
        fields = {name: json.dumps(value) for name, value in case["form"].items()}
        return Provider(path.parent.name), case["headers"], urlencode(fields).encode()
    return Provider(path.parent.name), case["headers"], json.dumps(body).encode()


def shown(hook: Hook) -> dict[str, Any]:
    return json.loads(json.dumps({"kind": type(hook).__name__, **dataclasses.asdict(hook)}))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_deliveries_say_the_same_in_one_vocabulary(path):
    """Each delivery beside a `.hook.json` says what stands there, also from what is kept of it."""
    expected = json.loads(path.with_suffix(".hook.json").read_text())
    provider, headers, body = sent(path)
    kept, kept_body = webhooks.kept(headers), webhooks.kept_body(provider, body, "x-secret-x")

    assert webhooks.identify(headers) is provider
    assert shown(webhooks.parse(provider, headers, body)) == expected
    assert shown(webhooks.parse(provider, kept, kept_body)) == expected
    assert webhooks.event(provider, headers) == expected["event"]


def test_there_is_a_case_for_each_kind():
    """Each service has a case for each kind of hook, and for all that happens to pull requests."""
    for provider in HOSTS:
        hooks = [json.loads(path.read_text()) for path in PAYLOADS.glob(f"{provider}/*.hook.json")]
        actions = {hook["action"] for hook in hooks if hook["kind"] == "PullRequest"}

        assert {hook["kind"] for hook in hooks} == {"Push", "Tag", "PullRequest", "Unsupported"}
        assert actions == {"opened", "closed", "reopened", "merged", "synchronize"}


@pytest.mark.parametrize(
    ("headers", "provider"),
    [
        ({"X-GitHub-Event": "push", "User-Agent": "okhttp/3"}, Provider.GITHUB),
        ({"x-gitlab-event": "Push Hook", "user-agent": "okhttp/3.6.0"}, Provider.GITLAB),
        ({"x-codeup-event": "Push Hook", "user-agent": "GitLab/18"}, Provider.CODEUP),
        ({"Codeup-Event": "Push Hook", "user-agent": "Go/1"}, Provider.CODEUP),
        ({"x-gitee-event": "Push Hook", "x-gitlab-token": "x"}, Provider.GITEE),
        ({"user-agent": "GitHub-Hookshot/1"}, Provider.GITHUB),
        ({"user-agent": "git-oschina-hook"}, Provider.GITEE),
        ({"user-agent": "GitLab/18.9.1"}, Provider.GITLAB),
        ({"user-agent": "okhttp/3.6.0", "X-Gitlab-Token": "x"}, Provider.GITLAB),
        ({"user-agent": "okhttp/3.6.0"}, Provider.CODEUP),
    ],
)
def test_a_service_is_known_by_its_own_event_header(headers, provider):
    """Where there is none, by its user agent: a relay has its own."""
    assert webhooks.identify(headers) is provider


def test_codeup_is_heard_as_its_manual_has_it():
    """The header it really sends has another name."""
    sent = {"Codeup-Event": "Push Hook", "X-Codeup-Token": "secret", **JSON_TYPE}
    body = (PAYLOADS / "codeup" / "push.json").read_bytes()
    webhooks.verify(Provider.CODEUP, sent, body, "secret")
    kept = webhooks.kept(sent)
    assert webhooks.event(Provider.CODEUP, kept) == "Push Hook"
    as_sent = {"x-codeup-event": "Push Hook", **JSON_TYPE}
    assert webhooks.parse(Provider.CODEUP, kept, body) == webhooks.parse(
        Provider.CODEUP, as_sent, body
    )


def test_strangers_are_refused():
    """Nobody is guessed, and nobody is two."""
    with pytest.raises(ProviderUnknown):
        webhooks.identify({"user-agent": "curl/8"})
    with pytest.raises(ProviderUnknown):
        webhooks.event(Provider.GIT, {})
    with pytest.raises(ProviderAmbiguous) as refused:
        webhooks.identify({"x-github-event": "push", "x-gitlab-event": "Push Hook"})
    assert str(refused.value).endswith(": github, gitlab.")
    with pytest.raises(ProviderUnexpected):
        webhooks.verify(Provider.GITEE, {"x-github-event": "push"}, b"", "secret")


@pytest.mark.parametrize(
    ("provider", "headers", "expected"),
    [
        (Provider.GITHUB, {"X-GitHub-Delivery": "72d3162e-cc78"}, "72d3162e-cc78"),
        (Provider.GITLAB, {"Idempotency-Key": "f5e5f430"}, "f5e5f430"),
        (
            Provider.GITLAB,
            {"idempotency-key": "forged", "webhook-id": "f5e5f430", "webhook-signature": "v1,x"},
            "f5e5f430",
        ),
        (
            Provider.GITLAB,
            {"x-gitlab-event-uuid": "3d8a"},
            hashlib.sha256(b"3d8a{}").hexdigest(),
        ),
        (Provider.CODEUP, {"x-codeup-delivery": "37790a84"}, "37790a84"),
        (Provider.GITEE, {"x-gitee-timestamp": "177"}, hashlib.sha256(b"177{}").hexdigest()),
        (Provider.GITEE, {}, hashlib.sha256(b"{}").hexdigest()),
    ],
)
def test_a_delivery_has_an_id(provider, headers, expected):
    """It is the service's, or made of what a repetition has in common."""
    assert webhooks.delivery_id(provider, headers, b"{}") == expected


@pytest.mark.parametrize("value", ["x" * 129, "a\tb", "é"])
def test_an_odd_delivery_id_is_refused(value):
    """What is kept under an id can be found by it."""
    with pytest.raises(HeaderUnusable):
        webhooks.delivery_id(Provider.GITHUB, {"x-github-delivery": value}, b"")


def test_no_secret_is_kept():
    """Neither headers nor the body that are kept can prove another delivery."""
    headers = {
        "Content-Type": "application/json",
        "X-Gitee-Event": "Push Hook",
        "X-Gitee-Token": "hunter2",
        "X-Gitlab-Token": "hunter2",
        "X-Codeup-Token": "hunter2",
        "X-Hub-Signature-256": "hunter2",
        "webhook-signature": "hunter2",
        "Authorization": "hunter2",
        "Cookie": "hunter2",
    }
    body = rb'{"a": "\"password\": 1", "password" : "hunter2\"", "sign":"hunter2", "b": 2}'
    kept = webhooks.kept_body(Provider.GITEE, body, "x-secret-x")

    assert webhooks.kept(headers) == {
        "content-type": "application/json",
        "x-gitee-event": "Push Hook",
    }
    assert kept == rb'{"a": "\"password\": 1", "password" : null, "sign":null, "b": 2}'


def changed(path: Path, *keys: str | int, value: object) -> Hook:
    """Parse a recorded delivery with one value changed."""
    provider, headers, body = sent(path)
    payload = json.loads(body)
    place = payload
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return webhooks.parse(provider, headers, json.dumps(payload).encode())


@pytest.mark.parametrize("value", [None, 0, -1, 2**63, "7", 1.0, True, {}, "../x"])
@pytest.mark.parametrize(
    ("case", "keys"),
    [
        ("github/push", ("repository", "id")),
        ("github/push", ("after",)),
        ("github/push", ("ref",)),
        ("github/push", ("commits",)),
        ("github/push", ("commits", 0, "added")),
        ("github/pull_request_opened", ("pull_request", "number")),
        ("github/pull_request_opened", ("pull_request", "head", "sha")),
        ("github/pull_request_opened", ("pull_request", "base", "repo")),
        ("gitee/push", ("repository", "id")),
        ("gitee/merge_request_opened", ("pull_request", "head")),
        ("gitlab/push", ("after",)),
        ("gitlab/merge_request_opened", ("object_attributes", "iid")),
        ("gitlab/merge_request_opened", ("object_attributes", "last_commit", "id")),
        ("codeup/push", ("project_id",)),
        ("codeup/merge_request_opened", ("object_attributes", "source_branch")),
    ],
)
def test_a_wrong_field_is_named(case, keys, value):
    """What a deploy hangs on is there and of its kind, or the refusal says where it is not."""
    path = PAYLOADS / f"{case}.json"
    optional = keys[-1] in {"commits", "added"} and value is None
    nameable = keys[-1] in {"ref", "source_branch"} and value == "7"

    if optional or nameable:
        assert changed(path, *keys, value=value)
        return
    with pytest.raises(InvalidPayload) as refused:
        changed(path, *keys, value=value)
    assert str(keys[0]) in refused.value.where


@pytest.mark.parametrize(
    ("case", "keys"),
    [
        ("github/pull_request_opened", ("pull_request", "head", "repo", "id")),
        ("gitee/merge_request_opened", ("pull_request", "head", "repo", "id")),
        ("gitlab/merge_request_opened", ("object_attributes", "source_project_id")),
        ("codeup/merge_request_opened", ("object_attributes", "source_project_id")),
    ],
)
@pytest.mark.parametrize("value", [1, None, "31558204", 31558204.0, {}])
def test_who_is_not_known_to_be_inside_is_a_fork(case, keys, value):
    """A pull request is trusted only where its source is the repository itself."""
    assert changed(PAYLOADS / f"{case}.json", *keys, value=value).fork


def test_paths_are_told_wholly_or_not_at_all():
    """A list that may be cut is no list."""
    path = PAYLOADS / "github/push.json"
    commits = json.loads(path.read_text())["body"]["commits"]
    full = changed(path, "commits", value=commits[:1] * (github.COMMITS_MAX - 1))
    cut = changed(path, "commits", value=commits[:1] * github.COMMITS_MAX)

    assert isinstance(full, Push)
    assert full.paths == ("prices/bread.json",)
    assert isinstance(cut, Push)
    assert cut.paths is None
    assert changed(path, "commits", value=[]).paths is None
    assert changed(path, "commits", 0, value={"id": commits[0]["id"]}).paths is None


@pytest.mark.parametrize(
    ("case", "keys", "value"),
    [
        ("github/push", ("created",), True),
        ("github/push", ("distinct_size",), 3),
        ("gitee/push", ("before",), "0" * 40),
        ("gitee/push", ("total_commits_count",), 3),
        ("gitee/push", ("commits_more_than_ten",), True),
        ("gitlab/push", ("before",), "0" * 40),
        ("gitlab/push", ("total_commits_count",), 3),
        ("gitlab/push", ("total_commits_count",), None),
        ("codeup/push_with_paths", ("before",), "0" * 40),
        ("codeup/push_with_paths", ("total_commits_count",), 3),
    ],
)
def test_paths_are_not_told_where_the_list_is_not_all(case, keys, value):
    """A new branch, and a push with more commits than are listed, change more than is told."""
    path = PAYLOADS / f"{case}.json"

    assert json.loads(path.with_suffix(".hook.json").read_text())["paths"]
    assert changed(path, *keys, value=value).paths is None


def test_an_event_must_be_named():
    """A delivery without its event header cannot be read."""
    for provider, module in webhooks.SERVICES.items():
        with pytest.raises(HeaderMissing) as refused:
            webhooks.parse(provider, {"content-type": "application/json"}, b"{}")
        assert refused.value.name == module.EVENT


names = some.sampled_from(
    [
        *EVENTS,
        "content-type",
        "user-agent",
        github.SIGNATURE,
        github.OLD_SIGNATURE,
        gitee.TOKEN,
        gitee.STAMP,
        gitee.PING,
        gitlab.TOKEN,
        gitlab.SIGNATURE,
        gitlab.SIGNED_ID,
        gitlab.SIGNED_STAMP,
        gitlab.DELIVERY,
        codeup.TOKEN,
    ]
)
values = some.sampled_from(
    ["application/json", "push", "pull_request", "Push Hook", "Merge Request Hook", "okhttp", "v1,"]
)
anything = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=8,
)


def refused_or(call: Callable[[], Any]) -> Any:
    """Return what *call* gives, or the sentence of its refusal as JSON."""
    try:
        return call()
    except Refusal as refused:
        said = str(refused)
    assert said.endswith(".")
    return json.dumps(said)


@given(
    some.sampled_from(list(Provider)),
    some.dictionaries(names | some.text(), values | some.text()),
    some.binary(),
    some.text() | some.sampled_from(["whsec_AAAA", "whsec_A"]),
)
def test_nothing_a_stranger_sends_is_a_fault(provider, headers, body, secret):
    """Whatever comes is proven or refused, read or refused, and always with a sentence."""
    calls = (
        lambda: webhooks.identify(headers),
        lambda: webhooks.verify(provider, headers, body, secret),
        lambda: webhooks.delivery_id(provider, headers, body),
        lambda: webhooks.parse(provider, headers, body),
        lambda: webhooks.kept_body(provider, body, "x-secret-x") and webhooks.kept(headers),
    )
    for call in calls:
        refused_or(call)


@given(some.data())
def test_nothing_a_payload_says_is_a_fault(data):
    """A delivery with any one value changed is read or refused, and what is read can be stored."""
    provider, headers, body = sent(data.draw(some.sampled_from(CASES)))
    if body.startswith(b"payload="):
        return
    root: Any = {"": json.loads(body)}
    place, key = root, ""
    while isinstance(place[key], dict | list) and place[key] and data.draw(some.booleans()):
        place = place[key]
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(some.sampled_from(keys))
    place[key] = data.draw(anything)
    altered = json.dumps(root[""]).encode()
    said = refused_or(lambda: json.dumps(shown(webhooks.parse(provider, headers, altered))))

    assert "\\u0000" not in said
    assert json.dumps(json.loads(said), ensure_ascii=False).encode()

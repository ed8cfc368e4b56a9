"""Gitee: what its deliveries say, and what proves them."""

import base64
import hashlib
import hmac
import re
from urllib.parse import unquote_to_bytes

from providers import Provider, headers, pushes
from providers.headers import Headers, find, octets
from providers.hooks import (
    Commit,
    Hook,
    HookRepository,
    Person,
    PullRequest,
    PullRequestAction,
    Unsupported,
)
from providers.payloads import Fields, if_told, read
from providers.proofs import Proof, ProofMissing, ProofWrong, key_of, require_recent, same

EVENT = "x-gitee-event"
TOKEN = "x-gitee-token"  # noqa: S105 (a header's name)
STAMP = "x-gitee-timestamp"
PING = "x-gitee-ping"
WINDOW_SECONDS = 3_600
MILLISECONDS = 1_000

ACTIONS = {
    "open": PullRequestAction.OPENED,
    "reopen": PullRequestAction.REOPENED,
    "close": PullRequestAction.CLOSED,
    "merge": PullRequestAction.MERGED,
}
NEW_COMMITS = "source_branch_changed"
# Nothing is tried twice: this reads megabytes that anybody with a secret may send.
PASSWORD = re.compile(rb'("(?:password|sign)"\s*+:\s*+)"[^"\\]*+(?:\\.[^"\\]*+)*+"')


def verify(sent: Headers, _body: bytes, secret: str | None, now: float) -> Proof:
    """Prove the delivery by its signed time stamp, or by the password itself.

    Neither covers the body.
    """
    key = key_of(secret)
    token = find(sent, TOKEN)
    if token is None:
        raise ProofMissing(TOKEN)
    stamp = find(sent, STAMP) or ""
    digest = hmac.new(key, octets(stamp) + b"\n" + key, hashlib.sha256).digest()
    came = unquote_to_bytes(octets(token))
    if hmac.compare_digest(came, base64.b64encode(digest)):
        require_recent(STAMP, stamp, seconds=WINDOW_SECONDS, unit=MILLISECONDS, now=now)
    elif not same(token, key):
        raise ProofWrong(TOKEN)
    return Proof(TOKEN, covers_body=False)


def delivery_id(sent: Headers, body: bytes) -> str:
    """Return what stays the same when the delivery is sent again: Gitee names none."""
    return headers.delivery_id(sent, body, named="", else_by=STAMP)


def without_secrets(body: bytes) -> bytes:
    """Return the body without the password or the signature that Gitee writes into it."""
    return PASSWORD.sub(rb"\1null", body)


def parse(sent: Headers, body: bytes) -> Hook:
    """Read what happened; `InvalidPayload` says what cannot be read."""
    payload = read(sent, body)
    name = headers.need(sent, EVENT)
    if (find(sent, PING) or "").lower() == "true":
        return Unsupported(
            provider=Provider.GITEE,
            event=name,
            detail="ping",
            repository=if_told(_repository, payload),
        )
    match name:
        case "Push Hook" | "Tag Push Hook":
            return _push(name, payload)
        case "Merge Request Hook":
            return _pull_request(name, payload)
        case _:
            return Unsupported(
                provider=Provider.GITEE,
                event=name,
                detail=payload.text("action"),
                repository=if_told(_repository, payload),
            )


def _push(name: str, payload: Fields) -> Hook:
    head = payload.fields("head_commit")
    pusher = payload.fields("pusher") or payload.fields("sender")
    avatar = payload.fields("sender").text("avatar_url")
    return pushes.hook(
        Provider.GITEE,
        name,
        payload,
        _repository(payload),
        Commit(head.sha("id") or payload.needed_sha("after"), head.text("message")),
        Person(pusher.text("name"), pusher.text("email"), avatar),
        _paths(payload),
    )


def _paths(payload: Fields) -> tuple[str, ...] | None:
    commits = payload.list("commits")
    more = payload.flag("commits_more_than_ten")
    if more or payload.number("total_commits_count") > len(commits):
        return None
    before = payload.sha("before")
    if pushes.is_nothing(before):
        return None
    parents = {parent for commit in commits for parent in commit.texts("parent_ids")}
    if parents and before not in parents:  # a forced push: what it took away is not told
        return None
    return pushes.paths(commits)


def _pull_request(name: str, payload: Fields) -> Hook:
    repository = _repository(payload)
    pull, word = payload.needed_fields("pull_request"), payload.text("action")
    action = _action(word, payload.text("action_desc"), merged=pull.flag("merged"))
    if action is None:
        return Unsupported(provider=Provider.GITEE, event=name, detail=word, repository=repository)
    head, base = pull.needed_fields("head"), pull.needed_fields("base")
    sender = payload.fields("sender") or payload.fields("author")
    merged = action is PullRequestAction.MERGED
    return PullRequest(
        provider=Provider.GITEE,
        event=name,
        repository=repository,
        action=action,
        number=pull.needed_number("number"),
        source=head.needed_name("ref"),
        target=base.needed_name("ref"),
        head=Commit(head.needed_sha("sha")),
        merge_commit=pull.sha("merge_commit_sha") if merged else "",
        pusher=Person(sender.text("name"), sender.text("email"), sender.text("avatar_url")),
        fork=head.fields("repo").number("id") != base.fields("repo").needed_number("id"),
        title=pull.text("title"),
    )


def _action(word: str, detail: str, *, merged: bool) -> PullRequestAction | None:
    if word == "update":
        return PullRequestAction.SYNCHRONIZE if detail == NEW_COMMITS else None
    action = ACTIONS.get(word)
    if action in {PullRequestAction.CLOSED, PullRequestAction.MERGED}:
        return action if merged is (action is PullRequestAction.MERGED) else None
    return action


def _repository(payload: Fields) -> HookRepository:
    target = payload.fields("pull_request").fields("base").fields("repo")
    found = payload.fields("repository") or target or payload.needed_fields("project")
    owner, _, name = found.text("path_with_namespace").rpartition("/")
    return HookRepository(
        id=str(found.needed_number("id")),
        url=found.text("clone_url") or found.needed_text("git_http_url"),
        owner=owner or found.text("namespace"),
        name=name or found.text("path"),
    )

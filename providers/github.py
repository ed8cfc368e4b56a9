"""GitHub: what its deliveries say, and what proves them."""

import hashlib
import hmac

from providers import Provider, headers, pushes
from providers.headers import Headers, find
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
from providers.proofs import Proof, ProofMissing, ProofTooWeak, ProofWrong, key_of, same

EVENT = "x-github-event"
DELIVERY = "x-github-delivery"
SIGNATURE = "x-hub-signature-256"
OLD_SIGNATURE = "x-hub-signature"
COMMITS_MAX = 2_048

ACTIONS = {
    "opened": PullRequestAction.OPENED,
    "reopened": PullRequestAction.REOPENED,
    "synchronize": PullRequestAction.SYNCHRONIZE,
    "closed": PullRequestAction.CLOSED,
}


def verify(sent: Headers, body: bytes, secret: str | None, _now: float) -> Proof:
    """Prove the delivery by the SHA-256 signature of its body."""
    key = key_of(secret)
    signature = find(sent, SIGNATURE)
    if signature is None:
        if find(sent, OLD_SIGNATURE):
            raise ProofTooWeak(OLD_SIGNATURE, SIGNATURE)
        raise ProofMissing(SIGNATURE)
    expected = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
    if not same(signature, expected.encode()):
        raise ProofWrong(SIGNATURE)
    return Proof(SIGNATURE, covers_body=True)


def delivery_id(sent: Headers, body: bytes) -> str:
    """Return what stays the same when the delivery is sent again."""
    return headers.delivery_id(sent, body, named=DELIVERY)


def parse(sent: Headers, body: bytes) -> Hook:
    """Read what happened; `InvalidPayload` says what cannot be read."""
    payload = read(sent, body, form_field="payload")
    match headers.need(sent, EVENT):
        case "push" as name:
            return _push(name, payload)
        case "pull_request" as name:
            return _pull_request(name, payload)
        case name:
            return Unsupported(
                provider=Provider.GITHUB,
                event=name,
                detail=payload.text("action"),
                repository=if_told(_repository, payload),
            )


def _push(name: str, payload: Fields) -> Hook:
    head, pusher = payload.fields("head_commit"), payload.fields("pusher")
    sender = payload.fields("sender")
    return pushes.hook(
        Provider.GITHUB,
        name,
        payload,
        _repository(payload),
        Commit(head.sha("id") or payload.needed_sha("after"), head.text("message")),
        Person(pusher.text("name"), pusher.text("email"), sender.text("avatar_url")),
        _paths(payload),
    )


def _paths(payload: Fields) -> tuple[str, ...] | None:
    commits = payload.list("commits")
    told = max(payload.number("size"), payload.number("distinct_size"))
    if len(commits) >= COMMITS_MAX or told > len(commits):
        return None
    if payload.flag("forced") or payload.flag("created"):
        return None
    return pushes.paths(commits)


def _pull_request(name: str, payload: Fields) -> Hook:
    repository = _repository(payload)
    action, pull = payload.needed_text("action"), payload.needed_fields("pull_request")
    known = ACTIONS.get(action)
    if known is None:
        return Unsupported(
            provider=Provider.GITHUB, event=name, detail=action, repository=repository
        )
    merged = known is PullRequestAction.CLOSED and pull.flag("merged")
    head, base = pull.needed_fields("head"), pull.needed_fields("base")
    sender = payload.fields("sender")
    return PullRequest(
        provider=Provider.GITHUB,
        event=name,
        repository=repository,
        action=PullRequestAction.MERGED if merged else known,
        number=pull.needed_number("number"),
        source=head.needed_name("ref"),
        target=base.needed_name("ref"),
        head=Commit(head.needed_sha("sha")),
        merge_commit=pull.sha("merge_commit_sha") if merged else "",
        pusher=Person(sender.text("login"), avatar_url=sender.text("avatar_url")),
        fork=head.fields("repo").number("id") != base.fields("repo").needed_number("id"),
        title=pull.text("title"),
    )


def _repository(payload: Fields) -> HookRepository:
    found = payload.needed_fields("repository")
    owner = found.fields("owner")
    return HookRepository(
        id=str(found.needed_number("id")),
        url=found.needed_text("clone_url"),
        owner=owner.text("login") or owner.text("name"),
        name=found.text("name"),
    )

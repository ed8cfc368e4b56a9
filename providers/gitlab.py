"""GitLab: what its deliveries say, and what proves them."""

import base64
import binascii
import hashlib
import hmac

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

EVENT = "x-gitlab-event"
EVENT_ID = "x-gitlab-event-uuid"
DELIVERY = "idempotency-key"
TOKEN = "x-gitlab-token"  # noqa: S105 (a header's name)

SIGNATURE = "webhook-signature"
SIGNED_ID = "webhook-id"
SIGNED_STAMP = "webhook-timestamp"
SIGNING_PREFIX = "whsec_"
SIGNATURE_VERSION = "v1,"
WINDOW_SECONDS = 300

HIDDEN = "[REDACTED]"

ACTIONS = {
    "open": PullRequestAction.OPENED,
    "reopen": PullRequestAction.REOPENED,
    "close": PullRequestAction.CLOSED,
    "merge": PullRequestAction.MERGED,
}


def verify(sent: Headers, body: bytes, secret: str | None, now: float) -> Proof:
    """Prove the delivery by its signature, where *secret* is a signing token and GitLab signs.

    Else by the token itself, which does not cover the body.
    """
    key = key_of(secret)
    signing = _signing_key(key)
    if signing and (signatures := find(sent, SIGNATURE)):
        _verify_signature(sent, body, signing, signatures)
        stamp = find(sent, SIGNED_STAMP) or ""
        require_recent(SIGNED_STAMP, stamp, seconds=WINDOW_SECONDS, unit=1, now=now)
        return Proof(SIGNATURE, covers_body=True)
    token = find(sent, TOKEN)
    if token is None:
        raise ProofMissing(SIGNATURE if signing else TOKEN)
    if not same(token, key):
        raise ProofWrong(TOKEN)
    return Proof(TOKEN, covers_body=False)


def _verify_signature(sent: Headers, body: bytes, key: bytes, signatures: str) -> None:
    named, stamp = find(sent, SIGNED_ID), find(sent, SIGNED_STAMP)
    if named is None or stamp is None:
        raise ProofMissing(SIGNED_STAMP if named else SIGNED_ID)
    signed = b".".join((octets(named), octets(stamp), body))
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    expected = f"{SIGNATURE_VERSION}{digest}".encode()
    if not any([same(each, expected) for each in signatures.split()]):  # noqa: C419 (all, always)
        raise ProofWrong(SIGNATURE)


def _signing_key(secret: bytes) -> bytes:
    encoded = secret.removeprefix(SIGNING_PREFIX.encode())
    if encoded == secret:
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return b""


def delivery_id(sent: Headers, body: bytes) -> str:
    """Return what stays the same when the delivery is sent again.

    The id that is signed is the same as the other one, which an old GitLab does not send.
    """
    named = SIGNED_ID if find(sent, SIGNATURE) else DELIVERY
    return headers.delivery_id(sent, body, named=named, else_by=EVENT_ID)


def parse(sent: Headers, body: bytes) -> Hook:
    """Read what happened; `InvalidPayload` says what cannot be read."""
    payload = read(sent, body)
    match headers.need(sent, EVENT):
        case "Push Hook" | "Tag Push Hook" as name:
            return _push(name, payload)
        case "Merge Request Hook" as name:
            return _merge_request(name, payload)
        case name:
            return Unsupported(
                provider=Provider.GITLAB,
                event=name,
                detail=payload.text("object_kind"),
                repository=if_told(_repository, payload),
            )


def _push(name: str, payload: Fields) -> Hook:
    return pushes.hook(
        Provider.GITLAB,
        name,
        payload,
        _repository(payload),
        pushes.newest(payload, payload.sha("checkout_sha") or payload.needed_sha("after")),
        Person(
            payload.text("user_name"),
            _shown(payload.text("user_email")),
            payload.text("user_avatar"),
        ),
        _paths(payload),
    )


def _paths(payload: Fields) -> tuple[str, ...] | None:
    commits = payload.list("commits")
    if payload.number("total_commits_count") != len(commits) or pushes.is_nothing(
        payload.sha("before")
    ):
        return None
    return pushes.paths(commits)


def _merge_request(name: str, payload: Fields) -> Hook:
    repository = _repository(payload)
    merge = payload.needed_fields("object_attributes")
    word = merge.text("action")
    synchronized = word == "update" and "oldrev" in merge
    action = PullRequestAction.SYNCHRONIZE if synchronized else ACTIONS.get(word)
    if action is None:
        return Unsupported(provider=Provider.GITLAB, event=name, detail=word, repository=repository)
    last, user = merge.needed_fields("last_commit"), payload.fields("user")
    head = Commit(last.needed_sha("id"), last.text("message"))
    became = merge.sha("merge_commit_sha") or merge.sha("squash_commit_sha") or head.id
    return PullRequest(
        provider=Provider.GITLAB,
        event=name,
        repository=repository,
        action=action,
        number=merge.needed_number("iid"),
        source=merge.needed_name("source_branch"),
        target=merge.needed_name("target_branch"),
        head=head,
        merge_commit=became if action is PullRequestAction.MERGED else "",
        pusher=Person(user.text("name"), _shown(user.text("email")), user.text("avatar_url")),
        fork=merge.number("source_project_id") != merge.needed_number("target_project_id"),
        title=merge.text("title"),
    )


def _repository(payload: Fields) -> HookRepository:
    merge = payload.fields("object_attributes")  # with a target where it is a merge request
    told = payload.fields("project") or merge.fields("target") or payload.fields("repository")
    project = told or payload.needed_fields("project")
    homepage = project.text("homepage") or project.needed_text("web_url")
    number = payload.number("project_id") or merge.number("target_project_id")
    number = number or project.needed_number("id")
    owner, _, name = project.text("path_with_namespace").rpartition("/")
    return HookRepository(
        id=f"{homepage}:{number}",
        url=project.text("git_http_url") or project.needed_text("http_url"),
        owner=owner,
        name=name or project.text("name"),
    )


def _shown(email: str) -> str:
    return "" if email == HIDDEN else email

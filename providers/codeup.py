"""Codeup: what its deliveries say, and what proves them."""

from urllib.parse import urlsplit

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
from providers.proofs import Proof, ProofMissing, ProofWrong, key_of, same

EVENT = "x-codeup-event"
DELIVERY = "x-codeup-delivery"
TOKEN = "x-codeup-token"  # noqa: S105 (a header's name)

ACTIONS = {
    "open": PullRequestAction.OPENED,
    "reopen": PullRequestAction.REOPENED,
    "close": PullRequestAction.CLOSED,
    "merge": PullRequestAction.MERGED,
}


def verify(sent: Headers, _body: bytes, secret: str | None, _now: float) -> Proof:
    """Prove the delivery by the token itself, which does not cover the body."""
    key = key_of(secret)
    token = find(sent, TOKEN)
    if token is None:
        raise ProofMissing(TOKEN)
    if not same(token, key):
        raise ProofWrong(TOKEN)
    return Proof(TOKEN, covers_body=False)


def delivery_id(sent: Headers, body: bytes) -> str:
    """Return what stays the same when the delivery is sent again."""
    return headers.delivery_id(sent, body, named=DELIVERY)


def parse(sent: Headers, body: bytes) -> Hook:
    """Read what happened; `InvalidPayload` says what cannot be read."""
    payload = read(sent, body)
    match headers.need(sent, EVENT):
        case "Push Hook" | "Tag Push Hook" as name:
            if "ref" not in payload and "repository" not in payload:
                return Unsupported(provider=Provider.CODEUP, event=name, detail="test")
            return _push(name, payload)
        case "Merge Request Hook" as name:
            return _merge_request(name, payload)
        case name:
            return Unsupported(
                provider=Provider.CODEUP,
                event=name,
                detail=payload.text("object_kind"),
                repository=if_told(_repository, payload),
            )


def _push(name: str, payload: Fields) -> Hook:
    commits = payload.list("commits")
    told = payload.number("total_commits_count") <= len(commits)
    new = pushes.is_nothing(payload.sha("before"))
    return pushes.hook(
        Provider.CODEUP,
        name,
        payload,
        _repository(payload),
        pushes.newest(payload, payload.sha("checkout_sha") or payload.needed_sha("after")),
        Person(payload.text("user_name"), payload.text("user_email")),
        pushes.paths(commits) if told and not new else None,
    )


def _merge_request(name: str, payload: Fields) -> Hook:
    merge = payload.needed_fields("object_attributes")
    repository = _repository(payload)
    word = merge.text("action")
    pushed = word == "update" and merge.flag("is_update_by_push")
    action = PullRequestAction.SYNCHRONIZE if pushed else ACTIONS.get(word)
    if action is None:
        return Unsupported(provider=Provider.CODEUP, event=name, detail=word, repository=repository)
    last, user = merge.needed_fields("last_commit"), payload.fields("user")
    merged = action is PullRequestAction.MERGED
    return PullRequest(
        provider=Provider.CODEUP,
        event=name,
        repository=repository,
        action=action,
        number=_number(merge),
        source=merge.needed_name("source_branch"),
        target=merge.needed_name("target_branch"),
        head=Commit(last.needed_sha("id"), last.text("message")),
        merge_commit=merge.sha("merge_commit_sha") if merged else "",
        pusher=Person(user.text("name"), user.text("email"), user.text("avatar_url")),
        fork=merge.number("source_project_id") != merge.needed_number("target_project_id"),
        title=merge.text("title"),
    )


def _number(merge: Fields) -> int:
    """Return its number in the repository; deliveries of the version `new` have no `iid`."""
    return merge.number("iid") or merge.number("local_id") or merge.needed_number("id")


def _repository(payload: Fields) -> HookRepository:
    found, merge = payload.fields("repository"), payload.fields("object_attributes")
    number = merge.number("target_project_id") or payload.needed_number("project_id")
    target = merge.fields("target")
    url = found.text("git_http_url") or target.text("http_url")
    url = url or payload.needed_fields("repository").needed_text("git_http_url")
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""
    owner, _, name = path.strip("/").removesuffix(".git").rpartition("/")
    return HookRepository(id=str(number), url=url, owner=owner, name=name or found.text("name"))

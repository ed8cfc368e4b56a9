"""What pushes have in common: refs, and what their commits tell."""

from collections.abc import Iterable

from providers import Provider
from providers.hooks import Commit, HookRepository, Person, Push, Tag, Unsupported
from providers.payloads import Fields

CHANGES = ("added", "modified", "removed")
HEADS = "refs/heads/"
TAGS = "refs/tags/"


def is_nothing(sha: str) -> bool:
    """Tell whether this is what stands for no commit at all."""
    return bool(sha) and not sha.strip("0")


def is_deleted(payload: Fields) -> bool:
    """Tell whether the branch or tag is gone."""
    return payload.flag("deleted") or is_nothing(payload.needed_sha("after"))


def newest(payload: Fields, sha: str) -> Commit:
    """Return the commit *sha*, with its message where the payload lists it."""
    listed = (each for each in payload.list("commits") if each.text("id") == sha)
    return Commit(sha, next((each.text("message") for each in listed), ""))


def authors(commits: Iterable[Fields]) -> tuple[Person, ...]:
    """Return each author of the commits once."""
    found = (commit.fields("author") for commit in commits)
    people = (Person(author.text("name"), author.text("email")) for author in found)
    return tuple(dict.fromkeys(each for each in people if each != Person()))


def paths(commits: list[Fields]) -> tuple[str, ...] | None:
    """Return the files the commits changed; None where one of them does not tell."""
    if not commits or not all(any(key in each for key in CHANGES) for each in commits):
        return None
    return tuple(
        sorted({path for commit in commits for key in CHANGES for path in commit.texts(key)})
    )


def hook(
    provider: Provider,
    event: str,
    payload: Fields,
    repository: HookRepository,
    commit: Commit,
    pusher: Person,
    paths: tuple[str, ...] | None,
) -> Push | Tag | Unsupported:
    """Return what happened to the branch or the tag."""
    ref = payload.needed_name("ref")
    deleted = is_deleted(payload)
    commit = Commit() if deleted else commit
    if ref.startswith(HEADS):
        listed = payload.list("commits") or [payload.fields("head_commit")]
        return Push(
            provider=provider,
            event=event,
            repository=repository,
            ref=ref,
            branch=payload.needed_name("ref", HEADS),
            commit=commit,
            pusher=pusher,
            deleted=deleted,
            paths=None if deleted else paths,
            authors=authors(listed),
        )
    if ref.startswith(TAGS):
        return Tag(
            provider=provider,
            event=event,
            repository=repository,
            ref=ref,
            tag=payload.needed_name("ref", TAGS),
            commit=commit,
            pusher=pusher,
            deleted=deleted,
        )
    return Unsupported(provider=provider, event=event, detail=ref, repository=repository)

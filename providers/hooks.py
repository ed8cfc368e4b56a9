"""What a delivery of any Git hosting service says, in one vocabulary."""

from dataclasses import dataclass, field
from enum import StrEnum

from providers import Provider


@dataclass(frozen=True, slots=True)
class Person:
    """Who pushed, or who acted on a pull request; what the service does not tell is empty."""

    name: str = ""
    email: str = ""
    avatar_url: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit; *id* is empty where the service names none."""

    id: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class HookRepository:
    """The repository a delivery is about; *id* as an application's `repo_id`."""

    id: str
    url: str
    owner: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Commits came to a branch, or the branch was deleted.

    *paths* are the files its commits added, changed or removed; None where the delivery does not
    tell all of them. *authors* are names and e-mail addresses of its commits' authors.
    """

    provider: Provider
    event: str
    repository: HookRepository
    ref: str
    branch: str
    commit: Commit
    pusher: Person
    deleted: bool = False
    paths: tuple[str, ...] | None = None
    authors: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag came, moved, or was deleted."""

    provider: Provider
    event: str
    repository: HookRepository
    ref: str
    tag: str
    commit: Commit
    pusher: Person
    deleted: bool = False


class PullRequestAction(StrEnum):
    """What happened to a pull request, in the words of trigger specs."""

    OPENED = "opened"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"
    SYNCHRONIZE = "synchronize"  # its source has new commits


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request (merge request) was opened, changed or ended.

    *head* is the commit its source is at, *merge_commit* what it became in the target, empty
    until then. *source* is a branch of another repository where *fork* is true.
    """

    provider: Provider
    event: str
    repository: HookRepository
    action: PullRequestAction
    number: int
    source: str
    target: str
    head: Commit
    merge_commit: str
    pusher: Person
    fork: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """A delivery of an event that starts no deploy: a ping, a comment, a release."""

    provider: Provider
    event: str
    detail: str = ""
    repository: HookRepository | None = field(default=None)


Hook = Push | Tag | PullRequest | Unsupported

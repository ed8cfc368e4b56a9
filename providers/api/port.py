"""What every Git hosting service can be asked, in one vocabulary."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from providers.hooks import Person
from providers.repository import Repository

FILE_BYTES_MAX = 1024 * 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Account:
    """Whose token it is. *scopes* is None where the service does not tell."""

    id: str
    login: str
    avatar_url: str = ""
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A repository that the token can reach; *id* as in an application's `repo_id`."""

    id: str
    url: str
    owner: str
    name: str
    default_branch: str = ""
    private: bool = True


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch or a tag, and the commit it is at."""

    name: str
    commit: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of what there is; *next* is the number of the page after, None on the last."""

    items: list[T]
    next: int | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit.

    *paths* are the files it changed, a renamed one under both names; None where the service does
    not tell all of them.
    """

    id: str
    message: str
    author: Person
    paths: tuple[str, ...] | None


class State(StrEnum):
    """How a deploy of a commit stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Status:
    """What a commit shows: *context* tells one deployer's statuses from another's."""

    state: State
    context: str
    description: str = ""
    url: str = ""


class Api(Protocol):
    """A Git hosting service in the name of one token.

    Every call raises the refusals of `providers.api.refusals`.
    """

    async def close(self) -> None:
        """Close the connections."""

    async def account(self) -> Account:
        """Return whose token it is."""

    async def repositories(
        self, search: str = "", page: int = 1, *, owner: str = ""
    ) -> Page[Listed]:
        """List the repositories that the token can reach, those whose name holds *search*.

        *owner* narrows it; Codeup needs its organization there.
        """

    async def branches(self, repository: Repository, page: int = 1) -> Page[Ref]:
        """List the branches."""

    async def tags(self, repository: Repository, page: int = 1) -> Page[Ref]:
        """List the tags, each with the commit behind it."""

    async def resolve(self, repository: Repository, ref: str | None) -> str:
        """Return the commit that *ref* is at; None asks for the default branch.

        A short name is looked for among the branches, then among the tags; NotThere where there
        is none.
        """

    async def commit(self, repository: Repository, sha: str) -> Commit:
        """Return the commit of that id; NotThere where there is none."""

    async def file(
        self, repository: Repository, name: str, commit: str, bytes_max: int = FILE_BYTES_MAX
    ) -> bytes:
        """Return a file of a commit; NotThere, or FileTooLarge."""

    async def set_webhook(self, repository: Repository, url: str, secret: str) -> str:
        """Have pushes, tags and pull requests delivered to *url*, proven by *secret*.

        There is one webhook of that address afterwards, however often it is set; return its id.
        """

    async def remove_webhook(self, repository: Repository, url: str) -> bool:
        """Remove the webhooks of that address; return whether there were any."""

    async def set_status(self, repository: Repository, commit: str, status: Status) -> None:
        """Show on the commit how its deploy stands; the newest of a context counts."""

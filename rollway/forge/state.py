"""What a played service remembers: webhooks, what commits show, who asked."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

from rollway.forge.repositories import Bare, Commit, find

TOKEN = "forge-token"  # noqa: S105 (of a server that serves test repositories)
LOGIN = "ada"
KEPT_MAX = 1_000


@dataclass(slots=True)
class Webhook:
    """A webhook of a repository; *settings* in the words of the service."""

    id: int
    repository: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A ref came, moved or went; *commits* oldest first."""

    bare: Bare
    ref: str
    before: str
    after: str
    commit: str
    commits: Sequence[Commit]
    head: Commit | None  # the newest
    forced: bool = False

    @property
    def is_tag(self) -> bool:
        """Tell whether it is a tag."""
        return self.ref.startswith("refs/tags/")

    @property
    def created(self) -> bool:
        """Tell whether the ref is new."""
        return not self.before.strip("0")

    @property
    def deleted(self) -> bool:
        """Tell whether the ref is gone."""
        return not self.after.strip("0")


class Pull(StrEnum):
    """What happened to a pull request."""

    OPENED = "opened"
    PUSHED = "pushed"  # its source has new commits
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """Something happened to a pull request; *merged* is the commit it became."""

    bare: Bare
    number: int
    action: Pull
    source: str
    target: str
    title: str
    head: Commit
    merged: str = ""
    fork: bool = False

    @property
    def source_id(self) -> int:
        """Return the number of the repository that the source is in."""
        return self.bare.id + 1 if self.fork else self.bare.id


@dataclass(slots=True)
class State:
    """The repositories of a folder at an address, and what was told about them."""

    folder: Path
    url: str
    token: str = TOKEN
    login: str = LOGIN
    webhooks: dict[int, Webhook] = field(default_factory=dict)
    statuses: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_MAX))
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def repositories(self) -> list[Bare]:
        """List the repositories."""
        return find(self.folder)

    def repository(self, name: str) -> Bare | None:
        """Return the repository of that full name or number."""
        found = (each for each in self.repositories() if name in {each.full_name, str(each.id)})
        return next(found, None)

    def clone_url(self, bare: Bare) -> str:
        """Return where Git finds a repository."""
        return f"{self.url}/{bare.full_name}.git"

    def remember(self, bare: Bare, commit: str, **told: str) -> int:
        """Keep what a commit shall show; return the number of that."""
        number = next(self.numbers)
        row = {"id": number, "repository": bare.full_name, "commit": commit, **told}
        self.statuses.append(row)
        return number

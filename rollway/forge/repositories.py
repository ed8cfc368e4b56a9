"""A folder of bare Git repositories, as `FOLDER/owner/name.git`, read through `git`."""

import asyncio
import os
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

NOTHING = "0" * 40
COMMITS_MAX = 50
FIELDS = "%x1e%H%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%B%x1f"
CHANGES = {"A": "added", "D": "removed"}


class GitFailed(Exception):
    """Git could not do it; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a ref points to: an *object*, and the *commit* behind it."""

    object: str
    commit: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, and the files it changed: by added, removed, modified."""

    id: str
    parents: tuple[str, ...]
    author: str
    email: str
    time: str
    message: str
    files: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Bare:
    """A repository."""

    path: Path
    owner: str
    name: str

    @property
    def full_name(self) -> str:
        """Return owner and name."""
        return f"{self.owner}/{self.name}"

    @property
    def id(self) -> int:
        """Return its number, which belongs to its name."""
        return crc32(self.full_name.encode()) + 1

    async def refs(self) -> dict[str, Target]:
        """Return every branch and tag by its full name."""
        shape = "%(refname) %(objectname) %(*objectname)"
        listing = await self.git("for-each-ref", f"--format={shape}", "refs/heads", "refs/tags")
        rows = (line.split(" ") for line in listing.decode().splitlines())
        return {name: Target(found, peeled or found) for name, found, peeled in rows}

    async def default_branch(self) -> str:
        """Return the name of the branch that HEAD names, which need not be there."""
        return (await self.git("symbolic-ref", "--short", "HEAD")).decode().strip()

    async def commit(self, revision: str) -> str | None:
        """Return the id of a commit that is there."""
        try:
            found = await self.git(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except GitFailed:
            return None
        return found.decode().strip()

    async def entry(self, commit: str, path: str) -> str | None:
        """Return of what type the thing at *path* is; None where there is none."""
        try:
            return (await self.git("cat-file", "-t", f"{commit}:{path}")).decode().strip()
        except GitFailed:
            return None

    async def file(self, commit: str, path: str) -> bytes:
        """Return a file of a commit."""
        return await self.git("cat-file", "blob", f"{commit}:{path}")

    async def history(self, commit: str, known: Collection[str]) -> list[Commit]:
        """Return the commits that lead to *commit* and not to what is *known*, oldest first."""
        options = ("--reverse", f"--max-count={COMMITS_MAX}", "--name-status", "--no-renames")
        return await self._log(*options, "--ignore-missing", commit, "--not", *known)

    async def one(self, commit: str) -> Commit:
        """Return a commit with its files."""
        (found,) = await self._log("--max-count=1", "--name-status", "--no-renames", commit)
        return found

    async def _log(self, *arguments: str) -> list[Commit]:
        listing = await self.git("log", f"--format={FIELDS}", *arguments)
        return [_commit(each) for each in listing.decode(errors="replace").split("\x1e")[1:]]

    async def is_ahead(self, commit: str, before: str) -> bool:
        """Tell whether *commit* has *before* among its ancestors."""
        try:
            await self.git("merge-base", "--is-ancestor", before, commit)
        except GitFailed:
            return False
        return True

    async def git(self, *arguments: str) -> bytes:
        """Return what a command of Git prints."""
        command = ["git", "-c", "core.quotePath=false", "--git-dir", str(self.path), *arguments]
        done = await asyncio.to_thread(
            subprocess.run, command, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode:
            raise GitFailed(done.stderr.decode(errors="replace").strip())
        return done.stdout


def find(folder: Path) -> list[Bare]:
    """List the repositories of a folder by their names."""
    found = []
    for where, names, _ in os.walk(folder):
        inside = Path(where).relative_to(folder)
        bare = [name for name in names if name.endswith(".git")]
        names[:] = [name for name in names if name not in bare]  # git changes what is in them
        found += [inside / name for name in bare if (folder / inside / name / "HEAD").exists()]
    return [
        Bare(folder / path, path.parent.as_posix(), path.name.removesuffix(".git"))
        for path in sorted(found)
        if path.name != ".git" and path.parent != Path()
    ]


def _commit(text: str) -> Commit:
    found, parents, author, email, time, message, files = text.split("\x1f")
    kinds: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for line in filter(None, files.splitlines()):
        letter, _, path = line.partition("\t")
        kinds[CHANGES.get(letter, "modified")].append(path)
    return Commit(found, tuple(parents.split()), author, email, time, message.strip(), kinds)

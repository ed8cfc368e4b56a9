"""What a ref stands for, and the files of a commit: the engine's two questions to Git."""

import asyncio
import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.executors import PATH
from engine.refusal import Told
from engine.repository.credentials import Credential
from engine.repository.git_command import Git, caution, outdated
from engine.repository.mirror import Mirror
from engine.repository.source import (
    COMMIT,
    Cause,
    CheckoutFailed,
    CommitNotFound,
    LfsMissing,
    RefNotFound,
    RepositoryUnreachable,
    Source,
    SubmoduleRefused,
    candidates,
    is_ref,
    redacted,
)
from engine.repository.submodules import submodules

if TYPE_CHECKING:
    from engine.repository.listing import Listings  # brings an HTTP client, which workers need not

__all__ = [
    "CheckoutFailed",
    "CommitNotFound",
    "Credential",
    "LfsMissing",
    "RefNotFound",
    "RepositoryUnreachable",
    "Resolved",
    "Source",
    "SubmoduleRefused",
    "caution",
    "checkout",
    "outdated",
    "redacted",
    "resolve",
]

_BRIEF = {"core.fsync": "none"}  # a workspace does not outlive its task
_NO_SETTINGS: Mapping[str, str] = {}
_LFS = {  # it does nothing, and says all is well, where these are not set
    "filter.lfs.clean": "git-lfs clean -- %f",
    "filter.lfs.process": "git-lfs filter-process",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
}
_USED = set[tuple[int, int, int]]()
_CHECKOUT = ("checkout", "--quiet", "--force", "--detach")


@dataclass(frozen=True, slots=True)
class Resolved:
    """The *commit* a ref stood for when it was asked; *ref* is its full name.

    A commit asked for by its own hash is its own ref. *branch* and *tag* are short names.
    """

    commit: str
    ref: str
    branch: str | None
    tag: str | None


async def resolve(
    url: str,
    ref: str | None,
    *,
    protocols: Collection[str],
    pin: str | None = None,
    credential: Credential | None = None,
    listings: "Listings | None" = None,
    timeout_seconds: float = 5.0,
) -> Resolved:
    """Ask the repository which commit *ref* is; None asks for the default branch.

    A short name is looked for among the branches, then among the tags. A full hash is taken as
    it is once the repository answers. *pin* is the `host:port:address` to go to. *listings* are
    asked before Git is. Raises RefNotFound and RepositoryUnreachable.
    """
    source = Source(url, None, None, pin, credential)
    refused = source.refused()
    if refused:
        raise RepositoryUnreachable(source.shown, refused)
    if ref is not None and not is_ref(ref):
        raise RefNotFound(source.shown, ref)
    names = candidates(None if ref is not None and COMMIT.fullmatch(ref) else ref)
    try:
        async with asyncio.timeout(timeout_seconds):
            found = None
            if listings is not None and urlsplit(url).scheme in protocols:
                found = await listings.of(source, names)
            if found is None:
                found = await _asked(source, names, protocols)
    except TimeoutError:
        reason = Cause.SLOW.of(seconds=timeout_seconds)
        raise RepositoryUnreachable(source.shown, reason) from None
    resolved = _choose(ref, names, found)
    if resolved is None:
        raise RefNotFound(source.shown, ref or "HEAD")
    return resolved


async def _asked(
    source: Source, names: Sequence[str], protocols: Collection[str]
) -> Mapping[str, str]:
    """Return what Git finds of *names*; RepositoryUnreachable gives its reason."""
    git = Git(Path("/"), protocols, _silent, source, git_dir="/dev/null")
    patterns = [*names, *(f"{name}^{{}}" for name in names)]
    try:
        reason = await _unusable(git)
        listing = await git.answer("ls-remote", "--symref", "--", source.url, *patterns)
    except OSError as error:  # there is no git here
        why = error.args[0] if isinstance(error.args[0], Told) else str(error)
        raise RepositoryUnreachable(source.shown, why) from error
    if reason or listing is None:
        raise RepositoryUnreachable(source.shown, reason or git.reason)
    return _listed(listing.decode(errors="replace"))


async def checkout(
    source: Source,
    folder: Path,
    *,
    protocols: Collection[str],
    log: Callable[[str], None],
    mirrors: Path | None = None,
    tenant: str = "",
    submodules: bool = False,
    lfs: bool = False,
    timeout_seconds: float = 600.0,
) -> str:
    """Check *source* out into *folder*, a new one, and return the commit.

    One commit is fetched without its history where the server allows that, else its ref with
    all of it. With *mirrors*, a folder of the worker's own, only what *tenant* did not fetch
    before. *submodules* fetches those of the repository itself that are on the same server,
    *lfs* the files behind LFS pointers. *log* is called with what git says.
    Raises CheckoutFailed, CommitNotFound, SubmoduleRefused and LfsMissing.
    """
    refused = source.refused()
    if refused is not None:
        raise CheckoutFailed(source.shown, refused)
    work = _Checkout(source, protocols, log, mirrors, tenant)
    try:
        async with asyncio.timeout(timeout_seconds):
            return await work.whole(folder, with_submodules=submodules, with_lfs=lfs)
    except TimeoutError:
        raise CheckoutFailed(source.shown, f"it took longer than {timeout_seconds:g} s") from None
    except OSError as error:
        raise CheckoutFailed(source.shown, str(error)) from error


@dataclass(frozen=True, slots=True)
class _Checkout:
    """One checkout, and those of its submodules."""

    source: Source
    protocols: Collection[str]
    log: Callable[[str], None]
    mirrors: Path | None
    tenant: str

    async def whole(self, folder: Path, *, with_submodules: bool, with_lfs: bool) -> str:
        """Check out with what else was asked for."""
        git = self._git(folder)
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - at once
        if reason := await _unusable(git):
            raise CheckoutFailed(self.source.shown, reason)
        commit = await self.files(folder)
        if with_lfs:
            await self._lfs(folder)
        if with_submodules:
            for place, source in await submodules(git, self.source, folder, commit):
                mirrors = self.mirrors if source.trusted else None  # it may hold what is private
                await replace(self, source=source, mirrors=mirrors).files(place)
        self.log(f"Checked out {commit}")
        return commit

    async def files(self, folder: Path) -> str:
        """Check the one commit out."""
        git = self._git(folder)
        if self.mirrors is not None and not self.source.url.startswith("file:"):
            mirror = Mirror(self.mirrors, self.tenant, self.source, self.protocols, self.log)
            for tries_left in (1, 0):
                await self._init(git)
                commit = await mirror.give(folder / ".git")
                if commit is None:
                    break
                if not await git(*_CHECKOUT, commit):
                    return commit
                if not tries_left:
                    raise CheckoutFailed(self.source.shown, git.reason)
                await mirror.discard()
                await asyncio.to_thread(shutil.rmtree, folder / ".git")
        await self._init(git)
        commit = await git.fetch(self.source)
        if await git(*_CHECKOUT, commit):
            raise CheckoutFailed(self.source.shown, git.reason)
        return commit

    async def _init(self, git: Git) -> None:
        if await git("init", "--quiet"):
            raise CheckoutFailed(self.source.shown, git.reason)

    async def _lfs(self, folder: Path) -> None:
        """Replace LFS pointers by their files, from the repository's own LFS server."""
        url = self.source.url.rstrip("/")
        if url.startswith("file:"):
            raise CheckoutFailed(self.source.shown, "LFS files are fetched from servers only")
        if await self._git(folder, say=_silent)("lfs", "version"):
            raise LfsMissing(self.source.shown)
        address = url if url.endswith(".git") else f"{url}.git"
        git = self._git(folder, {**_LFS, "lfs.url": f"{address}/info/lfs"})
        for arguments in (("fetch", address), ("checkout",)):
            if await git("lfs", *arguments):
                raise CheckoutFailed(self.source.shown, git.reason)

    def _git(
        self,
        folder: Path,
        settings: Mapping[str, str] = _NO_SETTINGS,
        say: Callable[[str], None] | None = None,
    ) -> Git:
        settings = {**_BRIEF, **settings}
        return Git(folder, self.protocols, say or self.log, self.source, settings=settings)


async def _unusable(git: Git) -> str | None:
    """Return why the git that is installed is not used; one that is used is asked once."""
    path = shutil.which("git", path=PATH)
    found = os.stat(path) if path else None  # noqa: PTH116 - at once
    version = found and (found.st_dev, found.st_ino, found.st_mtime_ns)
    if version and version in _USED:
        return None
    reason = outdated((await git.answer("--version") or b"").decode(errors="replace"))
    if version and not reason:
        _USED.clear()
        _USED.add(version)
    return reason


def _silent(_: str) -> None:
    pass


def _listed(listing: str) -> dict[str, str]:
    """Return name to hash; a symbolic ref `ref: refs/heads/main  HEAD` is name to name."""
    pairs = (line.partition("\t") for line in listing.splitlines())
    found: dict[str, str] = {}
    for value, _, name in pairs:
        found.setdefault("ref: " + name if value.startswith("ref: ") else name, value)
    return found


def _choose(ref: str | None, names: list[str], found: Mapping[str, str]) -> Resolved | None:
    if ref is not None and COMMIT.fullmatch(ref):
        return Resolved(ref, ref, None, None)
    for name in names:
        commit = found.get(f"{name}^{{}}") or found.get(name)
        if commit is None:
            continue
        full = found.get(f"ref: {name}", name).removeprefix("ref: ")
        branch = full.removeprefix("refs/heads/") if full.startswith("refs/heads/") else None
        tag = full.removeprefix("refs/tags/") if full.startswith("refs/tags/") else None
        return Resolved(commit, full, branch, tag)
    return None

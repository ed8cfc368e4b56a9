"""A worker's own copies of repositories, so that a deploy fetches only what is new.

A mirror is a bare repository of one team's view of one address, in a folder that is the worker's
alone. It holds the commit that was fetched last, in one pack; a workspace gets a copy of that pack
and nothing that leads back here. The lock is on the folder itself: who finds that the folder was
replaced while waiting takes the new one.
"""

import asyncio
import fcntl
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from engine.repository.git_command import Git
from engine.repository.source import CheckoutFailed, Source

LOCK_SECONDS = 120.0
LOCK_POLL_SECONDS = 0.05
IDLE_SECONDS_MAX = 30 * 86400.0
BYTES_MAX = 10 * 1024**3
PACKS_MAX = 50  # of a mirror with history; then they become one
KEPT = "refs/heads/kept"
_GONE = ".gone"


class Mirror:
    """The mirror of *source* for *tenant*, below the folder *mirrors*."""

    def __init__(
        self,
        mirrors: Path,
        tenant: str,
        source: Source,
        protocols: Collection[str],
        log: Callable[[str], None],
    ) -> None:
        name = sha256(json.dumps([tenant, source.url]).encode()).hexdigest()
        self._folder = mirrors / name
        self._source = source
        self._log = log
        self._git = Git(self._folder, protocols, log, source, git_dir=".")
        self._ask = Git(self._folder, (), lambda _: None, source, git_dir=".")

    async def give(self, git_dir: Path, *, wait_seconds: float = LOCK_SECONDS) -> str | None:
        """Put the commit of the source into a new repository at *git_dir* and return it.

        What is not in the mirror is fetched first. None when others held it for *wait_seconds*.
        Raises CheckoutFailed and CommitNotFound.
        """
        try:
            async with asyncio.timeout(wait_seconds) as waiting, self._locked():
                waiting.reschedule(None)
                commit = await self._filled()
                await self._copy(git_dir)
                return commit
        except TimeoutError:
            if not waiting.expired():
                raise
            self._log("Others are busy with the mirror of this repository; going without it")
            return None

    async def discard(self) -> None:
        """Throw the mirror away: what it gave was damaged."""
        self._log("The mirror of this repository is damaged; fetching it anew")
        with suppress(TimeoutError):
            async with asyncio.timeout(LOCK_SECONDS), self._locked():
                await self._empty()

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        while True:
            with _held(self._folder) as held:
                if held:
                    yield
                    return
            await asyncio.sleep(LOCK_POLL_SECONDS)

    async def _filled(self) -> str:
        """Have the commit in the mirror; a damaged one is emptied and filled once more."""
        commit = self._source.commit
        if commit and await self._ask.has(commit):
            self._log(f"The mirror has {commit}")
            return commit
        used = next(self._folder.iterdir(), None) is not None
        if used and next(self._folder.rglob("*.lock"), None) is None:  # else git was killed here
            try:
                return await self._fetch()
            except CheckoutFailed:
                if not await self._ask("fsck", "--no-dangling", "--no-progress"):
                    raise
        if used:
            self._log("The mirror of this repository is damaged; filling it anew")
            await self._empty()
        return await self._fetch()

    async def _fetch(self) -> str:
        """Fetch the commit, and drop what was kept before where it came without history."""
        if await self._git("init", "--quiet", "--bare"):
            raise CheckoutFailed(self._source.shown, self._git.reason)
        commit = await self._git.fetch(self._source)
        if await self._git("update-ref", KEPT, commit):
            raise CheckoutFailed(self._source.shown, self._git.reason)
        shallow = self._folder / "shallow"
        alone = shallow.exists() and commit in shallow.read_text().split()
        if alone:
            shallow.write_text(f"{commit}\n")
            for refs in ("remotes", "tags"):  # of a time when all had to be fetched
                shutil.rmtree(self._folder / "refs" / refs, ignore_errors=True)
        packs = len([*self._folder.glob("objects/pack/*.pack")])
        loose = any(self._folder.glob("objects/[0-9a-f][0-9a-f]"))  # as plain HTTP servers give
        if (loose or packs > (1 if alone else PACKS_MAX)) and await self._git(
            "repack", "-a", "-d", "-q"
        ):
            raise CheckoutFailed(self._source.shown, self._git.reason)
        return commit

    async def _empty(self) -> None:
        """Take everything out, at once: the folder stays, and so does our hold on it."""
        gone = _gone(self._folder)
        gone.mkdir(mode=0o700)
        for entry in self._folder.iterdir():
            entry.rename(gone / entry.name)
        await asyncio.to_thread(shutil.rmtree, gone, ignore_errors=True)

    async def _copy(self, git_dir: Path) -> None:
        """Copy packs and shallow borders; a copy of a process's own can be killed, and a clone."""
        os.utime(self._folder)
        shallow = self._folder / "shallow"
        if shallow.exists():
            shutil.copyfile(shallow, git_dir / "shallow")
        copy = ("cp", "--reflink=auto", "--recursive", "--", "objects/pack", git_dir / "objects")
        if await self._ask.run(*map(str, copy)):
            raise CheckoutFailed(self._source.shown, self._ask.reason)


async def prune(
    mirrors: Path, *, bytes_max: int = BYTES_MAX, idle_seconds_max: float = IDLE_SECONDS_MAX
) -> int:
    """Delete mirrors nobody used for long, then the least recently used ones beyond *bytes_max*.

    One that is in use stays. Returns how many were deleted.
    """
    return await asyncio.to_thread(_prune, mirrors, bytes_max, idle_seconds_max)


def _prune(mirrors: Path, bytes_max: int, idle_seconds_max: float) -> int:
    """Go from the one used last to the one used first; leftovers of earlier removals go too."""
    if not mirrors.is_dir():
        return 0
    used: dict[Path, float] = {}
    for folder in mirrors.iterdir():
        if folder.suffix == _GONE:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            with suppress(FileNotFoundError):
                used[folder] = folder.stat().st_mtime
    deleted, total_bytes, now = 0, 0, time.time()
    for folder in sorted(used, key=used.__getitem__, reverse=True):
        total_bytes += _size_bytes(folder)
        if total_bytes > bytes_max or now - used[folder] > idle_seconds_max:
            with _held(folder) as held:
                if held:
                    _remove(folder)
                    deleted += 1
    return deleted


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Try to lock *folder*, made if need be; False while it is another's, or was just replaced."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:  # removed since
        yield False
        return
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = os.path.samestat(os.fstat(lock), folder.stat())
        except (BlockingIOError, FileNotFoundError):
            held = False
        yield held
    finally:
        os.close(lock)


def _remove(folder: Path) -> None:
    """Delete a mirror we hold: from the first moment on nobody finds half of it."""
    shutil.rmtree(folder.rename(_gone(folder)), ignore_errors=True)


def _gone(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-{time.time_ns()}{_GONE}")


def _size_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_blocks * 512
    return total

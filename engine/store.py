"""What outlives a task: caches by owner and key, artifacts by task; opaque files all.

Their content is packed and unpacked by commands of the sandbox only. Between the two, bytes are
copied through descriptors that follow no link a command may have left, and no further than a bound.
"""

import asyncio
import os
import re
import shutil
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path, PurePath
from uuid import uuid4

from engine.beneath import create_beneath, open_beneath
from engine.refusal import Refusal

CACHE_BYTES_MAX = 10 * 1024**3
ARTIFACT_BYTES_MAX = 10 * 1024**3  # of a team
ENTRY_BYTES_MAX = 2 * 1024**3
CACHE_IDLE_SECONDS_MAX = 14 * 24 * 3600
ARTIFACT_SECONDS_MAX = 90 * 24 * 3600
ABANDONED_SECONDS = 1800  # a copy that nobody has written to for so long was left in a crash
FREE_BYTES_MIN = 256 * 1024**2  # of the disk, which databases may be on: below, nothing is received
FILE_BYTES_MIN = 64 * 1024  # what a file counts for at least: folders of empty ones fill disks too
ARTIFACTS_MAX = 500  # of a task
CHUNK_BYTES = 4 * 1024 * 1024

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_SUFFIX = ".tar"


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact that is kept: a tar file."""

    name: str
    size_bytes: int


@dataclass(eq=False)
class TooLarge(Refusal):
    """'{name}' is larger than {bytes_max} bytes and is not kept."""

    name: str
    bytes_max: int


@dataclass(eq=False)
class TooMany(Refusal):
    """A task keeps at most {artifacts_max} artifacts, and '{name}' is one more."""

    name: str
    artifacts_max: int


@dataclass(eq=False)
class DiskFull(Refusal):
    """There is no room for an artifact on the server's disk."""


@dataclass(eq=False)
class NotKept(Refusal):
    """There is no artifact '{name}' of this task (any more)."""

    name: str


@dataclass(eq=False)
class NoFile(Refusal):
    """The file to keep for '{name}' is not there, or is no plain file with one name."""

    name: str


class Store:
    """Caches and artifacts in a *folder* of ours, which several workers may share.

    An *owner* is whoever may see what the others of it keep. Where all caches, or the artifacts of
    one *team*, take more than their bytes, those go first that were not used for longest. A file
    gets its name when it is whole, so nobody reads half of one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cache_bytes_max: int = CACHE_BYTES_MAX,
        artifact_bytes_max: int = ARTIFACT_BYTES_MAX,
        entry_bytes_max: int = ENTRY_BYTES_MAX,
        artifacts_max: int = ARTIFACTS_MAX,
    ) -> None:
        self._folder = folder
        self._caches = folder / "cache"
        self._artifacts = folder / "artifacts"
        self._teams = folder / "teams"  # for each team the tasks that have artifacts
        self._incoming = folder / "incoming"
        self._cache_bytes_max = cache_bytes_max
        self._artifact_bytes_max = artifact_bytes_max
        self._entry_bytes_max = entry_bytes_max
        self._one_artifact_bytes_max = min(entry_bytes_max, artifact_bytes_max)
        self._artifacts_max = artifacts_max

    async def fetch_cache(self, owner: str, key: str, workspace: Path, file: PurePath) -> bool:
        """Copy a cache to a new *file*, a path within *workspace*; tell whether there is one.

        Raises OSError.
        """
        return await asyncio.to_thread(self._fetch, self._cache(owner, key), workspace, file)

    async def keep_cache(self, owner: str, key: str, workspace: Path, file: PurePath) -> int:
        """Keep *file* under *key* instead of what was there; return its bytes.

        Raises NoFile, TooLarge, OSError.
        """
        target = self._cache(owner, key)
        size = await asyncio.to_thread(
            self._keep, target, key, workspace, file, self._entry_bytes_max
        )
        await asyncio.to_thread(self._evict_caches, target)
        return size

    async def keep_artifact(
        self, team: str, task: str, name: str, workspace: Path, file: PurePath
    ) -> int:
        """Keep *file* as the artifact *name* of a team's task, and return its bytes.

        Raises NoFile, TooLarge, TooMany, OSError.
        """
        target = await asyncio.to_thread(self._new_artifact, task, name)
        await asyncio.to_thread(self._count_for, team, task)
        size = await asyncio.to_thread(
            self._keep, target, name, workspace, file, self._one_artifact_bytes_max
        )
        await asyncio.to_thread(self._evict_artifacts, team, target)
        return size

    async def expect_artifact(self, task: str, name: str, size_bytes: int) -> None:
        """Return where an artifact of so many bytes would be received now.

        Raises TooLarge, TooMany, DiskFull.
        """
        if size_bytes > self._one_artifact_bytes_max:
            raise TooLarge(name, self._one_artifact_bytes_max)
        await asyncio.to_thread(self._new_artifact, task, name)
        await asyncio.to_thread(self._require_incoming, size_bytes)

    async def receive_artifact(
        self,
        team: str,
        task: str,
        name: str,
        chunks: AsyncIterable[bytes],
        size_bytes: int | None,
        check: Callable[[], Awaitable[None]],
    ) -> int:
        """Keep what comes as the artifact *name* of a team's task, once whole; return its bytes.

        *size_bytes*: how many shall come, where that is said. *check* may refuse it to the last.
        Raises TooLarge, TooMany, DiskFull, OSError, and what *chunks* and *check* raise.
        """
        await self.expect_artifact(task, name, size_bytes or 0)
        target = self._artifact(task, name)
        incoming = await asyncio.to_thread(self._new_incoming)
        size, waiting = 0, bytearray()
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > self._one_artifact_bytes_max:
                    raise TooLarge(name, self._one_artifact_bytes_max)
                waiting += chunk
                if len(waiting) >= CHUNK_BYTES:
                    await asyncio.to_thread(_append, incoming, bytes(waiting))
                    waiting.clear()
            await asyncio.to_thread(_append, incoming, bytes(waiting), sync=True)
            await check()
            await asyncio.to_thread(self._count_for, team, task)
            await asyncio.to_thread(_place, incoming, target)
        finally:
            await asyncio.to_thread(incoming.unlink, missing_ok=True)
        await asyncio.to_thread(self._evict_artifacts, team, target)
        return size

    def artifacts(self, task: str) -> list[Artifact]:
        """Return what is kept of a task, by name."""
        found = []
        for file in sorted(self._kept_of(task)):
            with suppress(FileNotFoundError):
                found.append(Artifact(file.stem, file.stat().st_size))
        return found

    def artifact(self, task: str, name: str) -> Path:
        """Return an artifact's file. Raises NotKept."""
        file = self._artifact(task, name)
        if not file.is_file():
            raise NotKept(name)
        return file

    async def prune(self) -> None:
        """Delete caches nobody used for 14 days, artifacts of 90 days ago, and left copies."""
        await asyncio.to_thread(self._prune)

    def _cache(self, owner: str, key: str) -> Path:
        return self._caches / _plain(owner) / f"{sha256(key.encode()).hexdigest()}{_SUFFIX}"

    def _artifact(self, task: str, name: str) -> Path:
        return self._artifacts / _plain(task) / f"{_plain(name)}{_SUFFIX}"

    def _new_artifact(self, task: str, name: str) -> Path:
        """Return where an artifact is put. Raises TooMany."""
        target = self._artifact(task, name)
        if not target.exists() and len(self.artifacts(task)) >= self._artifacts_max:
            raise TooMany(name, self._artifacts_max)
        return target

    def _fetch(self, kept: Path, workspace: Path, file: PurePath) -> bool:
        try:
            source = kept.open("rb")
        except FileNotFoundError:
            return False
        with source:
            target = create_beneath(workspace, str(file))
            try:
                os.utime(source.fileno())  # used now
                _copy(source.fileno(), target, self._entry_bytes_max)
            finally:
                os.close(target)
        return True

    def _keep(
        self, target: Path, name: str, workspace: Path, file: PurePath, bytes_max: int
    ) -> int:
        try:
            source = open_beneath(workspace, str(file))
        except OSError as error:
            raise NoFile(name) from error
        try:
            if os.fstat(source).st_nlink != 1:  # its other name may be somebody else's
                raise NoFile(name)
            incoming = self._incoming_file()
            try:
                size = _take(source, incoming, name, bytes_max)
                _place(incoming, target)
            finally:
                incoming.unlink(missing_ok=True)
        finally:
            os.close(source)
        return size

    def _incoming_file(self) -> Path:
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._incoming / uuid4().hex

    def _require_incoming(self, size_bytes: int) -> None:
        """Raise DiskFull where so many bytes find no room."""
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_room(self._incoming, size_bytes)

    def _new_incoming(self) -> Path:
        """Make an empty file."""
        incoming = self._incoming_file()
        os.close(os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        return incoming

    def _count_for(self, team: str, task: str) -> None:
        """Have what is kept of a task count for the team."""
        folder = self._teams / _plain(team)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _plain(task)).touch()

    def _evict_caches(self, newest: Path) -> None:
        _evict(self._caches.glob(f"*/*{_SUFFIX}"), newest, self._cache_bytes_max)

    def _evict_artifacts(self, team: str, newest: Path) -> None:
        """Have a team's artifacts fit: nobody else's go."""
        tasks = (self._teams / _plain(team)).iterdir()
        files = chain.from_iterable(self._kept_of(task.name) for task in tasks)
        _evict(files, newest, self._artifact_bytes_max)

    def _kept_of(self, task: str) -> Iterator[Path]:
        return (self._artifacts / _plain(task)).glob(f"*{_SUFFIX}")

    def _prune(self) -> None:
        for pattern, seconds_max in (
            (f"{self._caches.name}/*/*{_SUFFIX}", CACHE_IDLE_SECONDS_MAX),
            (f"{self._artifacts.name}/*/*{_SUFFIX}", ARTIFACT_SECONDS_MAX),
            (f"{self._incoming.name}/*", ABANDONED_SECONDS),
        ):
            for file in self._folder.glob(pattern):
                with suppress(FileNotFoundError):
                    if time.time() - file.stat().st_mtime > seconds_max:
                        file.unlink()
        for task in self._teams.glob("*/*"):
            with suppress(FileNotFoundError):
                idle_seconds = time.time() - task.stat().st_mtime
                if idle_seconds > ABANDONED_SECONDS and not any(self._kept_of(task.name)):
                    task.unlink()
        for area in (self._caches, self._artifacts, self._teams):
            for folder in area.glob("*/"):
                with suppress(OSError):  # it is not empty
                    folder.rmdir()


def _take(source: int, incoming: Path, name: str, bytes_max: int) -> int:
    """Copy to the disk, one byte more than may be: then it is too large."""
    copy = os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        size = _copy(source, copy, bytes_max + 1)
        if size > bytes_max:
            raise TooLarge(name, bytes_max)
        os.fsync(copy)
    finally:
        os.close(copy)
    return size


def _copy(source: int, target: int, bytes_max: int) -> int:
    """Copy up to *bytes_max*, within the kernel where it can; return how many there were."""
    copied = 0
    while copied < bytes_max:
        sent = os.sendfile(target, source, None, min(CHUNK_BYTES, bytes_max - copied))
        if not sent:
            break
        copied += sent
    return copied


def _place(incoming: Path, target: Path) -> None:
    """Give a whole file its name."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    incoming.rename(target)


def _evict(files: Iterable[Path], newest: Path, bytes_max: int) -> None:
    """Delete what was not used for longest, until the rest fits; never the newest."""
    kept = []
    for file in files:
        with suppress(FileNotFoundError):
            found = file.stat()
            kept.append((found.st_mtime_ns, max(found.st_size, FILE_BYTES_MIN), file))
    excess = sum(size for _, size, _ in kept) - bytes_max
    for _, size, file in sorted(kept):
        if excess <= 0:
            break
        if file != newest:
            file.unlink(missing_ok=True)
            excess -= size


def _require_room(folder: Path, size_bytes: int) -> None:
    if shutil.disk_usage(folder).free < size_bytes + FREE_BYTES_MIN:
        raise DiskFull


def _append(file: Path, data: bytes, *, sync: bool = False) -> None:
    """Write to a file that is there: one that was deleted meanwhile is not made again."""
    _require_room(file.parent, len(data))
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
        if sync:
            opened.flush()
            os.fsync(descriptor)


def _plain(name: str) -> str:
    """Return a name of a file: the name itself, where it is one that cannot lead elsewhere."""
    return name if _PLAIN.fullmatch(name) else sha256(name.encode()).hexdigest()

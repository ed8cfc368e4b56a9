"""Files below a folder somebody else can change: opened without following a link."""

import errno
import hashlib
import os
import stat
from pathlib import Path, PurePosixPath

BYTES_MAX = 1024**3
_READ_BYTES = 1024 * 1024
_LINKS_MAX = 40
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class LeadsOut(Exception):
    """A path or a link in it leads out of the folder."""


def resolve_beneath(folder: Path, path: str) -> str:
    """Return *path* below *folder* with its links followed, none of which may lead out of it.

    What lies outside is not looked at, and what does not exist stays as it is. Raises LeadsOut,
    OSError.
    """
    at: list[str] = []
    ahead = [*reversed(PurePosixPath(path).parts)]
    for _ in range(_LINKS_MAX):
        while ahead and (target := _link(folder, at, ahead[-1])) is None:
            part = ahead.pop()
            at = at[:-1] if part == ".." else [*at, part]
        if not ahead:
            return "/".join(at)
        ahead[-1:] = reversed(PurePosixPath(target or "").parts)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _link(folder: Path, at: list[str], part: str) -> str | None:
    """Return what a link leads to; None where *part* is none. Raises LeadsOut."""
    if part.startswith("/") or (part == ".." and not at):
        raise LeadsOut
    try:
        return None if part == ".." else str(folder.joinpath(*at, part).readlink())
    except (OSError, ValueError):  # ValueError: no name of a file
        return None


def is_folder_beneath(folder: Path, path: str) -> bool:
    """Tell whether *path* is a folder, of which its links do not lead out. Raises LeadsOut."""
    try:
        if resolved := resolve_beneath(folder, path):
            os.close(_open(folder, resolved, _FOLDER))
    except (OSError, ValueError):  # a folder that cannot be entered; no name of one
        return False
    return True


def open_beneath(folder: Path, path: str) -> int:
    """Return a descriptor of the regular file *path* below *folder*. Raises OSError."""
    found = _open(folder, path, _FILE)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(f"'{path}' is not a file")
    return found


def create_beneath(folder: Path, path: str) -> int:
    """Return a descriptor to write the new file *path* below *folder* with. Raises OSError."""
    return _open(folder, path, _NEW)


def _open(folder: Path, path: str, flags: int) -> int:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise OSError(f"'{path}' is not a path within the folder")
    at = os.open(folder, _FOLDER)
    try:
        for part in parts[:-1]:
            below = os.open(part, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        return os.open(parts[-1], flags, 0o644, dir_fd=at)
    finally:
        os.close(at)


def sha1(folder: Path, path: str) -> str:
    """Return the SHA-1 of a file of at most 1 GiB, as the original's hashFile. Raises OSError."""
    digest = hashlib.sha1(usedforsecurity=False)
    with os.fdopen(open_beneath(folder, path), "rb") as file:
        if os.fstat(file.fileno()).st_size > BYTES_MAX:
            raise OSError(f"'{path}' is larger than {BYTES_MAX} bytes")
        left = BYTES_MAX
        while left > 0 and (data := file.read(_READ_BYTES)):
            digest.update(data)
            left -= len(data)
    return digest.hexdigest()

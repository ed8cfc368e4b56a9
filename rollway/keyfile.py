"""The file `master.key`: one master key a line in base64, the current one first.

Blank lines and what stands behind a `#` are comments; they stay when the file is written anew.
"""

import base64
import fcntl
import logging
import os
import secrets
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time

from db.vault import KEY_BYTES, key_id
from rollway.refused import Refused

log = logging.getLogger("rollway.keys")

NAME = "master.key"
KEYS_MAX = 100
FILE_BYTES_MAX = 64 * 1024
HEAD = "# Master keys of Rollway, the current one first. Copies belong apart from the database.\n"


class BadKeyFile(Refused):
    """The key file cannot be used; the text says why, and what to do."""


class KeyFile:
    """The master keys of a data folder.

    Whoever changes the file locks its folder and replaces it whole, so that every reader finds
    either the old keys or the new ones, also after a power cut.
    """

    def __init__(self, folder: Path) -> None:
        self.path = (folder / NAME).resolve()
        self._seen: tuple[int, ...] | None = None

    def read(self) -> tuple[bytes, ...]:
        """Return the keys; BadKeyFile when there are none, or others than the owner may read."""
        return tuple(key for key in map(self._key, self._lines()) if key)

    def read_or_make(self) -> tuple[bytes, ...]:
        """Return the keys; on first start, one is made. Of processes at once one makes it."""
        if not self.path.exists():
            with self._locked():
                if not self.path.exists():
                    self._write([HEAD, _new_line(())])
        return self.read()

    def newer(self) -> tuple[bytes, ...] | None:
        """Return the keys if the file has changed since it was last read, else None.

        A file that cannot be used is logged once, and the keys are None: what is known goes on.
        """
        seen = self._stamp()
        if seen == self._seen:
            return None
        try:
            return self.read()
        except BadKeyFile as fault:
            self._seen = seen
            log.warning("the master keys stay as they are: %s", fault)
            return None

    def add(self) -> str:
        """Put a new key in front of the others; return its id."""
        with self._locked():
            lines = self._lines()
            keys = [key for key in map(self._key, lines) if key]
            if len(keys) >= KEYS_MAX:
                raise BadKeyFile(f"{self.path} holds {KEYS_MAX} keys; `rollway key retire` first")
            first = next(index for index, line in enumerate(lines) if self._key(line))
            line = _new_line([key_id(key) for key in keys])
            self._write([*lines[:first], line, *lines[first:]])
            return key_id(self.read()[0])

    def drop(self, ids: Collection[str]) -> None:
        """Take the keys called *ids* out."""
        with self._locked():
            lines = self._lines()
            self._write(
                [line for line in lines if not (key := self._key(line)) or key_id(key) not in ids]
            )

    def age_seconds(self) -> float:
        """Return how long ago the file was changed; 0 when the clock says in the future."""
        return max(0.0, time() - self.path.stat().st_mtime)

    def _lines(self) -> list[str]:
        """Return the lines of the file, all checked."""
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                content = file.read(FILE_BYTES_MAX + 1)
        except OSError as fault:
            raise BadKeyFile(f"{self.path} cannot be read: {fault.strerror}") from fault
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            mode = stat.S_IMODE(found.st_mode)
            raise BadKeyFile(
                f"{self.path} can be used by others than its owner (mode {mode:o});"
                f" `chmod 600 {self.path}`, and if somebody may have read it, `rollway key rotate`"
            )
        lines = content.decode(errors="replace").splitlines(keepends=True)
        keys = [key for key in map(self._key, lines) if key]
        if not keys or len(set(keys)) < len(keys) or len(content) > FILE_BYTES_MAX:
            raise BadKeyFile(f"{self.path} must hold master keys, each once, in at most 64 KiB")
        self._seen = _stamp_of(found)
        return lines

    def _key(self, line: str) -> bytes | None:
        """Return the key of a line; None: there is only a comment."""
        text = line.partition("#")[0].strip()
        if not text:
            return None
        try:
            return parse_key(text)
        except ValueError as fault:
            raise BadKeyFile(f"{self.path} has a line that is no master key: {fault}") from fault

    def _write(self, lines: Sequence[str]) -> None:
        """Replace the file by one of *lines*, on the disk before it has its name."""
        begun = self.path.with_name(f".{NAME}.new")
        begun.unlink(missing_ok=True)
        descriptor = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        begun.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder; OSErrors in the block are BadKeyFile."""
        try:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                yield
            finally:
                os.close(folder)
        except OSError as fault:
            raise BadKeyFile(f"{self.path} cannot be written: {fault.strerror}") from fault

    def _stamp(self) -> tuple[int, ...]:
        try:
            return _stamp_of(self.path.stat())
        except OSError:
            return ()


def parse_key(text: str) -> bytes:
    """Return the master key of a text; ValueError, which does not quote it, when it is none."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"must be {KEY_BYTES} random bytes in base64")
    return key


def _stamp_of(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode)


def _new_line(ids: Collection[str]) -> str:
    key = secrets.token_bytes(KEY_BYTES)
    while key_id(key) in ids:
        key = secrets.token_bytes(KEY_BYTES)
    made = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{base64.b64encode(key).decode()}  # {key_id(key)}, made {made}\n"

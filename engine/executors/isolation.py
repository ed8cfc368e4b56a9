"""How a task's commands are kept apart from the server: bubblewrap, another user, or not at all."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from engine.executors import PATH
from engine.workspace import GIVEN, STEPS

RUNNER = Path(__file__).with_name("runner.py")
PROBE_SECONDS = 10.0
UID_FIRST = 61000
TMPFS_BYTES = 1024**3

_LINKED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_EMPTY = ("/dev/shm", "/tmp", "/var/tmp", "/run", "/root", "/home")  # noqa: S108 - where empty ones go
FOLDER_OTHERS = stat.S_IROTH | stat.S_IXOTH


class Level(StrEnum):
    """How far commands are kept apart."""

    BWRAP = "bwrap"
    USER = "user"
    PLAIN = "plain"


class Unavailable(Exception):
    """The isolation that was asked for does not work on this machine."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """The level that works here, and what to say of it. *reasons*: why not a better one."""

    level: Level
    reasons: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """A sentence for whoever starts the server."""
        match self.level:
            case Level.BWRAP:
                return "Steps run in a sandbox: they see programs and their own workspace."
            case Level.USER:
                return "Steps run as a user of their own for each task, without a sandbox."
        return "Steps run as you, without a sandbox."

    @property
    def note(self) -> str | None:
        """What stands in the log of every task; None where there is nothing to warn of."""
        match self.level:
            case Level.BWRAP:
                return None
            case Level.USER:
                return "isolation: steps run as a user of their own, and see the machine's files"
        return (
            "isolation: none; steps run as the server's user and can read what it can,"
            " its database and keys too"
        )


def choose(wanted: str, workspaces: Path) -> Isolation:
    """Return the best level that works for *workspaces*; *wanted* is a level, or `auto`.

    A level that was named and does not work is not replaced by a weaker one: Unavailable.
    """
    reasons: list[str] = []
    for level in Level:
        if wanted not in {"auto", level}:
            continue
        reason = _probe(level, workspaces)
        if reason is None:
            return Isolation(level, tuple(reasons))
        reasons.append(f"{level}: {reason}")
    raise Unavailable("; ".join(reasons))


def runner(descriptor: int, uid: int | None = None) -> list[str]:
    """Return the arguments that start the runner."""
    python = [str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}")]
    user = [] if uid is None else [str(uid)]
    return [*python, "-I", "-S", "-B", str(RUNNER), str(descriptor), *user]


def bubblewrap(workspace: Path, shown: Sequence[Path] = ()) -> list[str]:
    """Return the arguments that put what follows them into a sandbox of its own.

    It sees the machine's programs, Python and the *shown* folders, all read-only, and its
    *workspace*; other processes, homes, sockets and the server's data are not there.
    """
    return [
        shutil.which("bwrap", path=PATH) or "bwrap",
        *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *(*_size(), "--tmpfs", "/"),
        *("--ro-bind", "/usr", "/usr", "--ro-bind-try", "/opt", "/opt"),
        *_links(),
        *("--ro-bind", "/etc", "/etc"),
        *_hidden("/etc"),
        *("--proc", "/proc", "--dev", "/dev"),
        *(word for path in _EMPTY for word in (*_size(), "--tmpfs", path)),
        *("--remount-ro", "/dev"),
        *_resolver(),
        *_read_only(Path(sys.base_prefix), RUNNER.parent.parent.parent / "plugins", RUNNER, *shown),
        *("--ro-bind", str(workspace), str(workspace)),
        *(word for each in (*GIVEN, STEPS) for word in _writable(workspace / each)),
        *("--chdir", str(workspace), "--"),
    ]


def _writable(folder: Path) -> tuple[str, str, str]:
    return "--bind-try", str(folder), str(folder)


def _links() -> Iterator[str]:
    for name in _LINKED:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))


def _hidden(top: str) -> Iterator[str]:
    """Hide what not everybody may read: where we are root, the sandbox could."""
    looking = [top]
    while looking:
        with os.scandir(looking.pop()) as entries:
            for entry in entries:
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode) and mode & FOLDER_OTHERS == FOLDER_OTHERS:
                    looking.append(entry.path)
                elif stat.S_ISDIR(mode):
                    yield from (*_size(), "--tmpfs", entry.path)
                elif stat.S_ISREG(mode) and not mode & stat.S_IROTH:
                    yield from ("--ro-bind", "/dev/null", entry.path)


@lru_cache(maxsize=1)
def _size() -> Sequence[str]:
    """Return what bounds the next tmpfs, where this bubblewrap can."""
    bwrap = [shutil.which("bwrap", path=PATH) or "bwrap", "--help"]
    help_text = subprocess.run(bwrap, capture_output=True, check=False, text=True).stdout  # noqa: S603
    return ("--size", str(TMPFS_BYTES)) if "--size" in help_text else ()


def _resolver() -> Iterator[str]:
    """Show what /etc/resolv.conf leads to, where that lies in a folder that is empty inside."""
    target = Path("/etc/resolv.conf").resolve()
    if target.is_relative_to("/run") and target.exists():
        yield from ("--ro-bind", str(target), str(target))


def _read_only(*paths: Path) -> Iterator[str]:
    for path in paths:
        if path.exists() and not path.is_relative_to("/usr"):
            yield from ("--ro-bind", str(path), str(path))


def _closed(folder: Path) -> str | None:
    """Return why another user cannot get to *folder*; None where it can."""
    for each in (folder, *folder.parents):
        if each.exists() and not each.stat().st_mode & stat.S_IXOTH:
            return f"other users cannot enter {each}"
    return None


def _probe(level: Level, workspaces: Path) -> str | None:
    """Return why a level does not work here; None where it does."""
    match level:
        case Level.PLAIN:
            return None
        case Level.USER:
            return _closed(workspaces) if os.geteuid() == 0 else "the server does not run as root"
    if shutil.which("bwrap", path=PATH) is None:
        return "bubblewrap (bwrap) is not installed"
    with tempfile.TemporaryDirectory() as folder:
        inside = [*runner(0)[:-2], "-c", "print('inside')"]
        try:
            done = subprocess.run(  # noqa: S603 - our own arguments
                [*bubblewrap(Path(folder)), *inside],
                capture_output=True,
                check=False,
                env={"PATH": PATH},
                text=True,
                timeout=PROBE_SECONDS,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
    said = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
    return None if done.stdout == "inside\n" else said

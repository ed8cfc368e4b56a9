"""One control group a task, where this machine lets us: limits, and a kill that misses nobody."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
OURS = Path("/proc/self/cgroup")
ROUNDS_MAX = 100
ROUND_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Caps:
    """What a task may take of the machine; None leaves it to the machine."""

    processes_max: int | None = None
    memory_bytes_max: int | None = None


@dataclass(slots=True)
class Cgroup:
    """A task's control group: a folder in each hierarchy that we may write to."""

    folders: list[Path] = field(default_factory=list)

    @property
    def entries(self) -> list[str]:
        """The files a process writes its number to, to be one of the group."""
        return [str(folder / "cgroup.procs") for folder in self.folders]

    @property
    def members(self) -> set[int]:
        """The processes of the group."""
        found: set[int] = set()
        for entry in self.entries:
            with contextlib.suppress(OSError):
                found.update(map(int, Path(entry).read_text().split()))
        return found

    def kill(self) -> None:
        """Kill every process of the group, whoever started it."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                if (folder / "cgroup.kill").exists():
                    (folder / "cgroup.kill").write_text("1")
                else:
                    for pid in (folder / "cgroup.procs").read_text().split():
                        os.kill(int(pid), signal.SIGKILL)

    async def remove(self) -> None:
        """Kill what is left and remove the group; a process takes a moment to leave it."""
        for _ in range(ROUNDS_MAX):
            self.kill()
            for folder in [*self.folders]:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    self.folders.remove(folder)
            if not self.folders:
                return
            await asyncio.sleep(ROUND_SECONDS)


def create(name: str, caps: Caps) -> Cgroup:
    """Return a new group below our own, with the limits that can be set; perhaps an empty one."""
    group = Cgroup()
    for base, version in _bases():
        folder = base / name
        try:
            folder.mkdir(exist_ok=True)
        except OSError:
            continue
        limits = _limits(caps, version)
        settable = [(folder / file, value) for file, value in limits if (folder / file).exists()]
        if version == 1 and not settable:
            with contextlib.suppress(OSError):
                folder.rmdir()
            continue
        for file, value in settable:
            with contextlib.suppress(OSError):
                file.write_text(value)
        group.folders.append(folder)
    return group


def left(prefix: str) -> Iterator[tuple[str, Cgroup]]:
    """Yield the groups whose names begin with *prefix*, by the rest of the name."""
    found: dict[str, Cgroup] = {}
    for base, _ in _bases():
        for folder in base.glob(f"{prefix}*"):
            found.setdefault(folder.name.removeprefix(prefix), Cgroup()).folders.append(folder)
    yield from found.items()


def _limits(caps: Caps, version: int) -> Iterator[tuple[str, str]]:
    if caps.processes_max is not None:
        yield "pids.max", str(caps.processes_max)
    if caps.memory_bytes_max is not None:
        yield (
            ("memory.max" if version > 1 else "memory.limit_in_bytes"),
            str(caps.memory_bytes_max),
        )


def _bases() -> Iterator[tuple[Path, int]]:
    """Yield our own group in each hierarchy that matters, with the version of its rules."""
    try:
        ours = dict(_ours())
        mounts = MOUNTS.read_text().splitlines()
    except OSError:
        return
    for line in mounts:
        before, _, after = line.partition(" - ")
        mount, (kind, _, options) = Path(before.split()[4]), after.split(" ", 2)
        if kind == "cgroup2":
            yield mount / ours.get("", "/").lstrip("/"), 2
        elif kind == "cgroup":
            for controller in ("pids", "memory"):
                if controller in options.split(","):
                    yield mount / ours.get(controller, "/").lstrip("/"), 1


def _ours() -> Iterator[tuple[str, str]]:
    for line in OURS.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path

"""Processes as /proc shows them: by group, or by the variables they were started with."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

ROUNDS_MAX = 100
ROUND_SECONDS = 0.01
DEAD = {b"Z", b"X"}


def group(number: int) -> set[int]:
    """Return the living processes of a process group."""
    members = set()
    for pid in pids():
        with suppress(OSError, IndexError, ValueError):
            state, _, member_of = _stat(pid)
            if int(member_of) == number and state not in DEAD:
                members.add(pid)
    return members


def kill(mark: bytes, chosen: Callable[[Mapping[bytes, bytes]], bool]) -> set[int]:
    """Kill every process whose starting environment has *mark* in it and is *chosen*; return which.

    Most have no mark, and are looked at no further.
    """
    return _kill_all(lambda pid: chosen(_environment(pid, mark)))


def kill_below(ancestor: int) -> None:
    """Kill every process below one."""
    _kill_all(lambda pid: _is_below(pid, ancestor))


def _kill_all(chosen: Callable[[int], bool]) -> set[int]:
    """Look until nothing is found, since a process may start another while we look."""
    killed: set[int] = set()
    for _ in range(ROUNDS_MAX):
        found = [pid for pid in pids() if pid != os.getpid() and _kill(pid, chosen)]
        if not found:
            break
        killed.update(found)
        time.sleep(ROUND_SECONDS)
    return killed


def pids() -> Iterator[int]:
    """Return the numbers of all processes."""
    return (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - names


def _kill(pid: int, chosen: Callable[[int], bool]) -> bool:
    if not chosen(pid):
        return False
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        # Asked again with the pidfd held: meanwhile the number may be another process's.
        if not chosen(pid):
            return False
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(pidfd)
    return True


def _is_below(pid: int, ancestor: int) -> bool:
    """Tell whether a living process is below another."""
    try:
        state, parent, _ = _stat(pid)
        while state not in DEAD and int(parent) not in {0, ancestor}:
            _, parent, _ = _stat(int(parent))
    except OSError:
        return False
    return state not in DEAD and int(parent) == ancestor


def _stat(pid: int) -> list[bytes]:
    """Return state, parent and group of a process. Raises OSError."""
    # `pid (name) state parent group …`, where the name may hold anything
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[:3]


def _environment(pid: int, mark: bytes) -> dict[bytes, bytes]:
    """Return the variables of a process; none of a zombie, another user's or one without *mark*."""
    try:
        with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:  # noqa: PTH123 - each of many
            data = file.readall()
    except OSError:
        return {}
    if mark not in data:
        return {}
    pairs = (entry.partition(b"=") for entry in data.split(b"\0"))
    return {name: value for name, _, value in pairs}

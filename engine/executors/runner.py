"""The runner: starts, signals and ends the commands of one task. A program of its own.

Run as `python -I -S -B runner.py DESCRIPTOR [UID]`, with nothing but what Python itself is made of:
it is there in milliseconds and small, and a process starts as fast as its parent is small. So
`_signal` and `_socket`, which `signal` and `socket` would wrap in enumerations: those take as long
as Python's own start. The descriptor is a socket to the worker. Each message on it asks for a
command and brings three descriptors: a file with what to start (arguments, env and folder, as
`marshal` writes them), the pipe for its output, a socket for what is said about this command.

Whoever looks after a command adopts what it starts, in whatever session, and so can end it to the
last process. The runner looks after one command itself; for one that is to run beside it, it forks
a shepherd, so that the processes of the two can be told apart. What is said about a command:
`taken`, then `started` or `failed REASON`; `exited CODE alone`, or `exited CODE company` where it
left something behind; `term` and `kill` to it, `left COUNT` as the answer to the latter. When the
worker goes away, everything is killed.
"""

import _signal as signal  # type: ignore[import-not-found] # typeshed has `signal` alone
import _socket as socket
import ctypes
import marshal
import os
import resource
import select
import sys
import time

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36
REAP_MILLISECONDS = 1000
ROUND_SECONDS = 0.002
ROUNDS_MAX = 2000
STOP_ROUNDS_MAX = 200
LOOKS = 2
DEAD = {b"Z", b"X"}
STILL = DEAD | {b"T", b"t"}
MESSAGE_BYTES_MAX = 4096
DESCRIPTORS = 3
DESCRIPTOR_BYTES = 4
DEFAULTS = (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGTERM, signal.SIGXFSZ)

LIBC = ctypes.CDLL(None, use_errno=True)
SHEPHERDS: set[int] = set()  # they and what is below them is looked after by themselves


def main() -> None:
    """Serve the worker until it goes away; then kill what is left and say how many it was."""
    worker = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(worker.fileno(), False)  # noqa: FBT003 - its own argument
    if len(sys.argv) > 2:  # noqa: PLR2004 - the user to become
        become(int(sys.argv[2]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    guard()
    worker.send(b"ready")
    mine = Minder()
    mine.poll.register(worker, select.POLLIN)
    while True:
        if mine.turn() and not take(worker, mine):
            break
    SHEPHERDS.clear()
    say(worker, str(len(sweep())))


def take(worker: socket.socket, mine: "Minder") -> bool:
    """Take a message of the worker; False when it has gone."""
    message, descriptors = receive(worker)
    if message and len(descriptors) == DESCRIPTORS:
        if not mine.busy:
            mine.start(*descriptors)
            return True
        pid = os.fork()
        if pid == 0:
            shepherd(worker, descriptors)
        SHEPHERDS.add(pid)
    for descriptor in descriptors:
        os.close(descriptor)
    return bool(message)


def shepherd(worker: socket.socket, descriptors: list[int]) -> None:
    """Look after one command until it is over; this process ends with it."""
    try:
        SHEPHERDS.clear()
        worker.close()
        guard()
        own = Minder()
        own.start(*descriptors)
        while own.busy:
            own.turn()
    finally:
        end()


class Minder:
    """Looks after one command at a time."""

    def __init__(self) -> None:
        self.poll = select.poll()
        self._control: socket.socket | None = None
        self._command = 0
        self._pidfd = -1
        self._alone = False  # it has ended, and nothing it started is left

    @property
    def busy(self) -> bool:
        """Tell whether there is a command to look after."""
        return self._control is not None

    def start(self, specification: int, output: int, control: int) -> None:
        """Start a command and say so, or why not."""
        worker = socket.socket(fileno=control)
        say(worker, "taken")
        try:
            command = spawn(specification, output)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            say(worker, f"failed {reason}")
            worker.close()
            return
        say(worker, "started")
        self._command = command
        self._alone = False
        self._control = worker
        self._pidfd = os.pidfd_open(command)
        self.poll.register(self._pidfd, select.POLLIN)
        self.poll.register(worker, select.POLLIN)

    def turn(self) -> bool:
        """Wait for what happens next and deal with it; True when it was something else."""
        other = False
        events = {descriptor for descriptor, _ in self.poll.poll(REAP_MILLISECONDS)}
        if self._control and self._pidfd in events:
            self._tell_end()
        if self._control and self._control.fileno() in events:
            self._obey()
            events = {descriptor for descriptor, _ in self.poll.poll(0)}
        other = bool(events - self._own)
        reap(self._command)
        return other

    @property
    def _own(self) -> set[int]:
        return {self._pidfd, self._control.fileno()} if self._control else set()

    def _tell_end(self) -> None:
        """Tell how the command ended; it stays a zombie, so that its number stays its own."""
        assert self._control  # noqa: S101 - it is busy
        self._forget_pidfd()
        info = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOWAIT)
        assert info is not None  # noqa: S101 - the pidfd said so
        code = info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
        reap(self._command)
        self._alone = all(pid == self._command for pid in descendants())
        say(self._control, f"exited {code} {'alone' if self._alone else 'company'}")

    def _obey(self) -> None:
        """Do what the worker says of the command; forget it when nobody speaks of it any more."""
        assert self._control  # noqa: S101 - it is busy
        try:
            message = self._control.recv(MESSAGE_BYTES_MAX)
        except OSError:
            message = b""
        if message == b"term":
            terminate()
        elif message == b"kill":
            killed = sweep(spare=self._command) - {self._command}
            say(self._control, f"left {len(killed)}")
        elif not message:
            if not self._alone:
                sweep()
            reap()
            self.poll.unregister(self._control)
            self._control.close()
            self._control = None
            self._forget_pidfd()
            os.close(self._pidfd)
            self._pidfd = -1
            self._command = 0

    def _forget_pidfd(self) -> None:
        try:
            self.poll.unregister(self._pidfd)
        except KeyError:  # its end was told already
            pass


def become(uid: int) -> None:
    """Become another user, for good."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def guard() -> None:
    """Adopt orphans, die with the parent, be unreadable for others of the same user."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: end())
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)


def end() -> None:
    """Kill all below us and go."""
    SHEPHERDS.clear()
    sweep()
    os._exit(0)


def receive(worker: socket.socket) -> tuple[bytes, list[int]]:
    """Wait for a message; an empty one means that nobody is there any more."""
    try:
        size = socket.CMSG_SPACE(DESCRIPTORS * DESCRIPTOR_BYTES)
        message, ancillary, _, _ = worker.recvmsg(MESSAGE_BYTES_MAX, size, socket.MSG_CMSG_CLOEXEC)
    except OSError:
        return b"", []
    descriptors: list[int] = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            whole = len(data) - len(data) % DESCRIPTOR_BYTES
            descriptors += memoryview(data[:whole]).cast("i")
    return message, descriptors


def spawn(specification: int, output: int) -> int:
    """Start a command in a session of its own, without stdin; return its number."""
    try:
        with os.fdopen(specification, "rb") as file:
            given = marshal.load(file)  # noqa: S302 - the worker's own
        os.chdir(given["folder"])
        os.environ["PATH"] = given["env"].get("PATH", "")  # noqa: TID251 - the command's own
        return os.posix_spawnp(
            given["arguments"][0],
            given["arguments"],
            given["env"],
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
            setsid=True,
            setsigdef=DEFAULTS,
        )
    finally:
        os.close(output)
        os.chdir("/")


def say(worker: socket.socket, text: str) -> None:
    """Send *text*, to whom it may still concern."""
    try:
        worker.send(text.encode(errors="replace")[:MESSAGE_BYTES_MAX])
    except OSError:
        pass


def send(pid: int, number: int) -> None:
    """Send a signal, if there is still somebody to get it."""
    try:
        os.kill(pid, number)
    except OSError:
        pass


def terminate() -> None:
    """Send SIGTERM once to everything we look after, also to what is forked this very moment.

    Who is stopped forks no more, so that nobody is missed; what a handler of SIGTERM starts later
    is let be.
    """
    stopped: set[int] = set()
    for _ in range(STOP_ROUNDS_MAX):
        still = all(state(pid) in STILL for pid in stopped)
        found = set(descendants()) - stopped
        if still and not found:
            break
        for pid in found:
            send(pid, signal.SIGSTOP)
        stopped |= found
        time.sleep(ROUND_SECONDS)
    for number in (signal.SIGTERM, signal.SIGCONT):
        for pid in stopped:
            send(pid, number)


def sweep(spare: int = 0) -> set[int]:
    """Kill everything we look after, looking until nothing is found; return which processes.

    The number of *spare* stays taken.
    """
    killed: set[int] = set()
    quiet = 0  # looks that found nothing: one may miss what is adopted in between
    for _ in range(ROUNDS_MAX):
        reap(spare)
        found = [pid for pid in descendants() if pid != spare or alive(pid)]
        quiet = 0 if found else quiet + 1
        if quiet == LOOKS:
            break
        for pid in filter(alive, found):
            send(pid, signal.SIGKILL)
            killed.add(pid)
        if found:
            time.sleep(ROUND_SECONDS)
    return killed


def descendants() -> list[int]:
    """Return all processes below us but shepherds and theirs, parents first."""
    found: list[int] = []
    looking = [os.getpid()]
    while looking:
        below = [pid for pid in children(looking.pop()) if pid not in SHEPHERDS]
        found += below
        looking += below
    return found


def children(pid: int) -> list[int]:
    """Return a process's children, of all its threads."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except OSError:
        pass
    return found


def alive(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    return state(pid) not in DEAD


def state(pid: int) -> bytes:
    """Return the letter of a process's state; X when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0]
    except OSError:
        return b"X"


def reap(spare: int = 0) -> None:
    """Take note of dead children, but for *spare*."""
    for pid in children(os.getpid()):
        if pid != spare:
            try:
                dead, _ = os.waitpid(pid, os.WNOHANG)
                SHEPHERDS.discard(dead)
            except ChildProcessError:
                pass


if __name__ == "__main__":
    main()

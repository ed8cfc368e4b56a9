"""Commands as processes of this machine."""

import asyncio
import marshal
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from engine.environment import environment
from engine.executors import PATH, Command, NotStarted, Place, cgroup, isolation, procfs
from engine.executors.cgroup import Caps, Cgroup
from engine.executors.child import Child
from engine.executors.isolation import UID_FIRST, Isolation, Level
from engine.executors.pipe import OutputPipe
from engine.executors.uids import Uid, Uids

START_SECONDS = 10.0
END_SECONDS = 10.0
MESSAGE_BYTES_MAX = 4096
MARSHAL_VERSION = 2  # that every Python reads

Specification: TypeAlias = dict[str, list[str] | dict[str, str] | str]
LAUNCH = 'until [ "$1" = -- ]; do echo $$ > "$1" 2> /dev/null; shift; done; shift; exec "$@"'


class ProcessExecutor:
    """Runs commands below a runner for each task, isolated as this machine allows.

    *data* is this Rollway's data folder: it marks our processes, so that two Rollways on one
    machine leave each other's alone. *path* is the PATH commands get, *timezone* their TZ.
    """

    def __init__(
        self,
        data: Path,
        *,
        path: str = PATH,
        timezone: str | None = None,
        isolation: Isolation = Isolation(Level.PLAIN),  # noqa: B008 - frozen
        caps: Caps = Caps(),  # noqa: B008 - frozen
        uid_first: int = UID_FIRST,
    ) -> None:
        self.isolation = isolation
        self.caps = caps
        self._mark = os.fsencode(data.absolute())
        self.group = f"rollway-{sha256(self._mark).hexdigest()[:12]}-"
        self._path = path
        self._timezone = timezone
        self._uids = Uids(uid_first)

    async def open(self, place: Place) -> "LocalSandbox":
        """Start the runner of a task. Raises NotStarted."""
        uid = self._uids.take() if self.isolation.level is Level.USER else None
        sandbox = LocalSandbox(self, place, uid)
        try:
            await sandbox.launch()
        except BaseException:
            await sandbox.close()
            raise
        return sandbox

    async def sweep(self, live: Collection[str]) -> int:
        """Kill our processes of every task not in *live*; return how many.

        A worker that was killed with signal 9 may leave detached processes. *live* may grow
        meanwhile: it is asked about each process after that was found.
        """

        def chosen(env: Mapping[bytes, bytes]) -> bool:
            task_id = _task(env)
            return self._ours(env) and task_id is not None and os.fsdecode(task_id) not in live

        killed: set[int] = set()
        for task_id, group in cgroup.left(self.group):
            if task_id not in live:
                killed |= group.members
                await group.remove()
        return len(killed | await asyncio.to_thread(self._kill, chosen))

    def kill_marked(self, task_id: str) -> set[int]:
        """Kill the processes that carry our mark and this task's id; return which."""
        return self._kill(lambda env: self._ours(env) and _task(env) == os.fsencode(task_id))

    def environment(self, command: Command, place: Place) -> dict[str, str]:
        """Return the variables a command sees."""
        path = ":".join((*map(str, place.path), self._path))
        env = environment(place, command.env, path=path, timezone=self._timezone)
        # The marks come last: whoever could set them could hide from the sweep.
        return {**env, **self.marks(place)}

    def marks(self, place: Place) -> dict[str, str]:
        """Return the variables by which our processes are found again."""
        return {
            "ROLLWAY_TASK_ID": place.task_id,
            "ROLLWAY_EPOCH": str(place.epoch),
            "ROLLWAY_STEP_OF": os.fsdecode(self._mark),
        }

    def _kill(self, chosen: Callable[[Mapping[bytes, bytes]], bool]) -> set[int]:
        return procfs.kill(b"ROLLWAY_STEP_OF=" + self._mark, chosen)

    def _ours(self, env: Mapping[bytes, bytes]) -> bool:
        return env.get(b"ROLLWAY_STEP_OF") == self._mark


class LocalSandbox:
    """A task's commands on this machine, below a runner of its own."""

    def __init__(self, executor: ProcessExecutor, place: Place, uid: Uid | None) -> None:
        self._executor = executor
        self._place = place
        self._user = uid
        self._uid = uid.number if uid else None
        self._runner: Child | None = None
        self._socket: socket.socket | None = None
        self._cgroup = Cgroup()
        self._launching = asyncio.Lock()

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the isolation."""
        note = self._executor.isolation.note
        return (note,) if note else ()

    async def launch(self) -> None:
        """Start the runner and wait for its word. Raises NotStarted."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)  # noqa: FBT003 - its own argument
        try:
            if not self._cgroup.folders:
                name = f"{self._executor.group}{self._place.task_id}"
                self._cgroup = await asyncio.to_thread(cgroup.create, name, self._executor.caps)
            arguments = await asyncio.to_thread(self._arguments, theirs.fileno())
            env = {"PATH": PATH, **self._executor.marks(self._place)}
            self._runner = Child(arguments, env, Path("/"), descriptors=[theirs.fileno()])
            theirs.close()
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(START_SECONDS):
                ready = await loop.sock_recv(ours, MESSAGE_BYTES_MAX)
            if not ready:
                raise await _refusal(self._runner)  # noqa: TRY301 - closes the socket, as others do
        except TimeoutError:
            ours.close()
            raise NotStarted(f"the runner was not there within {START_SECONDS:g} s") from None
        except OSError as error:
            ours.close()
            raise NotStarted(f"the runner did not start: {error.strerror}") from error
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._socket = ours

    def _arguments(self, descriptor: int) -> list[str]:
        place = self._place
        inner = isolation.runner(descriptor, self._uid)
        if self._executor.isolation.level is Level.BWRAP:
            shown = [path.parent for path in place.path]  # a `bin` needs the `lib` beside it
            inner = [*isolation.bubblewrap(place.workspace, shown), *inner]
        if not self._cgroup.folders:
            return inner
        return ["/bin/sh", "-c", LAUNCH, "sh", *self._cgroup.entries, "--", *inner]

    async def start(self, command: Command) -> "LocalProcess":
        """Start a command; after one that killed the runner, with a new one. Raises NotStarted."""
        env = self._executor.environment(command, self._place)
        _check(env)
        specification: Specification = {
            "arguments": [str(each) for each in command.arguments],
            "env": {str(name): str(value) for name, value in env.items()},
            "folder": str(command.working_directory),
        }
        for last in (False, True):
            runner = await self._running()
            try:
                return await self._send(runner, specification)
            except OSError as error:
                if last:
                    raise NotStarted(f"the runner is gone: {error.strerror}") from error
                await self._give_up(runner)
        raise AssertionError  # the last try returns or raises

    async def _running(self) -> Child:
        """Return the runner, a new one where there is none any more. Raises NotStarted."""
        async with self._launching:
            if not self._socket or not self._runner or self._runner.exited.done():
                await self._end_runner()
                await self._kill_rest()
                await self.launch()
            assert self._runner  # noqa: S101 - it was launched
            return self._runner

    async def _give_up(self, runner: Child) -> None:
        """Kill a runner that does not answer: a command may have killed it, or stopped it."""
        async with self._launching:
            if runner is self._runner:
                await self._kill_runner()

    async def _send(self, runner: Child, specification: Specification) -> "LocalProcess":
        """Have the runner start a command. Raises NotStarted, OSError when it does not take it."""
        assert self._socket  # noqa: S101 - it was launched
        with ExitStack() as given:
            process, descriptors = _prepared(specification, given)
            try:
                socket.send_fds(self._socket, [b"start"], descriptors)
                given.close()
                try:
                    await process.started()
                except TimeoutError:
                    await self._give_up(runner)
                    await process.started()  # if it was taken; it never is from here on
            except BaseException:
                await process.close()
                raise
        return process

    async def give(self, path: Path) -> None:
        """Let the task's user have *path*; without one of its own, it has it already."""
        if self._uid is not None:
            await asyncio.to_thread(_own, path, self._uid)

    async def close(self) -> int:
        """End every process of the task, in whatever session; return how many were left."""
        left = 0
        with suppress(Exception):
            left = await self._end_runner()
        with suppress(Exception):
            left += await self._kill_rest()
        with suppress(Exception):
            await self._cgroup.remove()
        if self._user:
            self._user.release()
        return left

    async def _kill_rest(self) -> int:
        """Kill what even the runner could not; return how many processes were found by mark."""
        self._cgroup.kill()
        if self._uid is not None:
            await asyncio.to_thread(_kill_user, self._uid)
        if self._executor.isolation.level is Level.BWRAP:
            return 0  # its namespace of processes ended with the runner
        marked = await asyncio.to_thread(self._executor.kill_marked, self._place.task_id)
        return len(marked)

    async def _end_runner(self) -> int:
        """Have the runner kill what is left and go; kill both where it does not."""
        left = 0
        if self._socket and self._runner:
            loop = asyncio.get_running_loop()
            with suppress(OSError, TimeoutError, ValueError):
                self._socket.shutdown(socket.SHUT_WR)
                async with asyncio.timeout(END_SECONDS):
                    left = int(await loop.sock_recv(self._socket, MESSAGE_BYTES_MAX) or b"0")
                    await asyncio.shield(self._runner.exited)
        await self._kill_runner()
        return left

    async def _kill_runner(self) -> None:
        """Kill the runner if it is still there, and first all below it, while it adopts orphans."""
        if self._runner:
            if not self._runner.exited.done():
                await asyncio.to_thread(procfs.kill_below, self._runner.pid)
            self._runner.close()
            self._runner = None
        if self._socket:
            self._socket.close()
            self._socket = None


class LocalProcess:
    """A command and whatever it started, looked after by a shepherd; see `runner`."""

    def __init__(self, pipe: OutputPipe, control: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        control.setblocking(False)  # noqa: FBT003 - its own argument
        self.exited: asyncio.Future[int] = loop.create_future()
        self._pipe = pipe
        self._control = control
        self._started: asyncio.Future[str] = loop.create_future()
        self._left: asyncio.Future[int] | None = None
        self._taken = False
        self._alone = False  # it has ended, and nothing it started is left
        self._loop = loop
        loop.add_reader(control, self._hear)

    async def started(self) -> None:
        """Wait until the command runs. Raises NotStarted, OSError when the runner took it not."""
        try:
            async with asyncio.timeout(START_SECONDS):
                refusal = await asyncio.shield(self._started)
        except TimeoutError:
            if not self._taken:
                raise
            refusal = f"the runner did not start it within {START_SECONDS:g} s"
        if refusal:
            raise NotStarted(refusal)

    async def read(self) -> bytes:
        """Return the next output; b"" at the end."""
        return await self._pipe.read()

    def terminate(self) -> None:
        """Send SIGTERM to the command and to all it started."""
        with suppress(OSError):
            self._control.send(b"term")

    async def kill(self) -> int:
        """Kill everything that is left; return how many processes the command had left behind."""
        if self._alone:
            return 0
        running = not self.exited.done()
        self._left = self._loop.create_future()
        try:
            self._control.send(b"kill")
            async with asyncio.timeout(END_SECONDS):
                left = await self._left
        except (OSError, TimeoutError):
            return 0
        return 0 if running else left

    async def close(self) -> None:
        """Give back what it holds; a command that still runs is killed."""
        if self._control.fileno() < 0:
            return
        self._loop.remove_reader(self._control)
        self._control.close()
        self._pipe.close()
        if not self.exited.done():
            self.exited.cancel()

    def _hear(self) -> None:
        """Take what the shepherd says."""
        try:
            word, _, rest = self._control.recv(MESSAGE_BYTES_MAX).decode().partition(" ")
        except BlockingIOError:
            return
        except OSError:
            word, rest = "", ""
        match word:
            case "taken":
                self._taken = True
            case "started" | "failed":
                _set(self._started, rest)
            case "exited":
                code, _, company = rest.partition(" ")
                self._alone = company == "alone"
                _set(self.exited, int(code))
            case "left" if self._left:
                _set(self._left, int(rest))
            case "":
                self._end()

    def _end(self) -> None:
        """Take note that nobody looks after the command any more: it may have killed its runner."""
        self._loop.remove_reader(self._control)
        if self._taken:
            _set(self._started, "")
        elif not self._started.done():
            self._started.set_exception(ConnectionResetError(0, "it was killed"))
        _set(self.exited, -signal.SIGKILL)
        if self._left:
            _set(self._left, 0)


def _set(future: "asyncio.Future[Any]", value: object) -> None:
    if not future.done():
        future.set_result(value)


async def _refusal(runner: Child) -> NotStarted:
    said = (await runner.read()).decode(errors="replace").strip()
    return NotStarted(f"the runner did not start: {said or 'it said nothing'}")


def _prepared(specification: Specification, given: ExitStack) -> tuple["LocalProcess", list[int]]:
    """Return a command to start, and what of it is *given* to the runner. Raises NotStarted."""
    with ExitStack() as kept:
        try:
            pipe = OutputPipe()
            kept.callback(pipe.close)
            given.callback(pipe.close_write_end)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            kept.enter_context(ours)
            given.enter_context(theirs)
            file = os.memfd_create("command", os.MFD_CLOEXEC)
            given.callback(os.close, file)
            os.write(file, marshal.dumps(specification, MARSHAL_VERSION))
            os.lseek(file, 0, os.SEEK_SET)
        except OSError as error:
            raise NotStarted(str(error.strerror)) from error
        process = LocalProcess(pipe, ours)
        kept.pop_all()
        return process, [file, pipe.write_end, theirs.fileno()]


def _check(env: Mapping[str, str]) -> None:
    for name, value in env.items():
        if "\0" in name or "\0" in value:
            raise NotStarted("embedded null byte")


def _task(env: Mapping[bytes, bytes]) -> bytes | None:
    return env.get(b"ROLLWAY_TASK_ID")


def _own(path: Path, uid: int) -> None:
    """Give *path* and all below it to a user, what lies deepest first; links, not their ends."""
    for folder, folders, files in os.walk(path, topdown=False):
        for name in (*folders, *files):
            os.lchown(os.path.join(folder, name), uid, uid)  # noqa: PTH118 - os.walk's own
    os.lchown(path, uid, uid)


def _kill_user(uid: int) -> None:
    """Kill every process of a user, whatever it did to hide."""
    command = ["/bin/sh", "-c", "kill -9 -1"]
    subprocess.run(command, user=uid, group=uid, extra_groups=[], check=False)  # noqa: S603

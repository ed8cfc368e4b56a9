"""Commands as processes, below a runner, with each kind of isolation."""

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import textwrap
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from engine.executors import Command, NotStarted, Place
from engine.executors.isolation import Isolation, Level, Unavailable, _size, choose
from engine.executors.process import ProcessExecutor
from tests.engine.commands import below, gone, output_of, survivors, until

# What people's scripts leave behind; each prints the numbers of its processes, then waits.
SCENARIOS = {
    "plain": "sleep 300 & echo $!; sleep 300 & echo $!; echo ready; wait",
    "setsid": "setsid sleep 300 & echo $!; echo ready; wait",
    "daemon": "(setsid sh -c 'echo $$; exec sleep 300' &) ; sleep 0.3; echo ready; sleep 300",
    "deaf": "trap '' TERM; sleep 300 & echo $!; echo ready; wait; wait",
    "deaf daemon": (
        "setsid nohup sh -c 'trap \"\" TERM; echo $$; sleep 300; sleep 300' &"
        " sleep 0.3; echo ready; wait"
    ),
    "stopped": "sleep 300 & echo $!; kill -STOP $!; echo ready; wait",
    "scrubbed": "env -i /usr/bin/setsid /bin/sleep 300 & echo $!; echo ready; wait",
    "orphans": (
        "i=0; while [ $i -lt 200 ]; do (setsid sleep 300 >/dev/null 2>&1 &); i=$((i+1)); done;"
        " echo ready; sleep 300"
    ),
    "respawner": (
        "cat > again.sh <<'X'\ntrap '' TERM\nwhile :; do sleep 0.01 & sleep 0.01; done\nX\n"
        "setsid sh again.sh & echo $!; setsid sh again.sh & echo $!; echo ready; wait"
    ),
}
MARKED = "ROLLWAY_SCENARIO"


@pytest.fixture
def folder():
    """Return a workspace that other users can get to."""
    path = Path(tempfile.mkdtemp(dir="/var/tmp"))
    path.chmod(0o711)
    for name in ("home", "tmp", "source", "steps"):
        (path / name).mkdir()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(params=[*Level])
def isolation(request, folder):
    """Return each isolation that works here."""
    try:
        return choose(request.param, folder)
    except Unavailable as reason:
        pytest.skip(f"NOT TESTED, steps kept apart by {request.param}: {reason}")


@pytest.fixture
def executor(folder, isolation, worker_id):
    """Return an executor; what runs as a user of its own is killed by user, so no two share one."""
    number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
    uid_first = 61000 + 1000 * number
    return ProcessExecutor(folder / "data", isolation=isolation, uid_first=uid_first)


@pytest.fixture
def command(folder):
    """Return a function that makes a command of a script."""

    def make(script, **env):
        file = folder / "source" / f"{uuid4().hex}.sh"
        file.write_text(script)
        file.chmod(0o644)
        arguments = ("/bin/sh", "-e", str(file))
        return Command(arguments=arguments, env=env, working_directory=folder / "source")

    return make


@pytest.fixture
async def sandboxes(folder):
    """Return a function that opens sandboxes, which are closed in the end."""
    opened = []

    async def make(executor, task_id="task-1", **place):
        sandbox = await executor.open(Place(task_id=task_id, epoch=1, workspace=folder, **place))
        opened.append(sandbox)
        for name in ("home", "tmp", "source"):
            await sandbox.give(folder / name)
        return sandbox

    yield make
    for sandbox in opened:
        await sandbox.close()


@pytest.fixture
async def sandbox(sandboxes, executor):
    return await sandboxes(executor)


async def test_output_and_exit_code(sandbox, command):
    """Stdout and stderr come in the order they were written, then the code."""
    process = await sandbox.start(command("echo a; echo b >&2; echo c; exit 4"))
    assert await output_of(process) == b"a\nb\nc\n"
    assert await process.exited == 4
    await process.close()


async def test_a_signal_is_minus_its_number(sandbox, command):
    """A shell that kills itself."""
    process = await sandbox.start(command("kill -9 $$"))
    assert await process.exited == -9
    await process.close()


async def test_the_environment_is_built_from_scratch(sandboxes, folder, command, isolation):
    """Nothing of the worker's environment gets in; the marks cannot be overridden."""
    executor = ProcessExecutor(
        folder / "data", path="/usr/bin:/bin", timezone="UTC", isolation=isolation
    )
    sandbox = await sandboxes(executor, path=(Path("/opt/java/bin"),))
    process = await sandbox.start(command("env", GREETING="hi", ROLLWAY_TASK_ID="x", CI="no"))
    env = dict(line.split("=", 1) for line in (await output_of(process)).decode().splitlines())
    await process.close()
    env.pop("PWD", None)
    assert env == {
        "PATH": "/opt/java/bin:/usr/bin:/bin",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "CI": "no",
        "PYTHONUNBUFFERED": "1",
        "TERM": "dumb",
        "SERVERLESS_CD": "serverless_cd",
        "ROLLWAY": "true",
        "serverless_devs_daemon_enable": "false",
        "ROLLWAY_TASK_ID": "task-1",
        "ROLLWAY_EPOCH": "1",
        "ROLLWAY_STEP_OF": str(folder / "data"),
        "GREETING": "hi",
    }


async def test_stdin_is_closed_and_the_shell_stops_at_errors(sandbox, command):
    """Reading gets nothing at once, and `sh -e` ends at the first failure."""
    process = await sandbox.start(command("cat; echo read; false; echo never"))
    assert await output_of(process) == b"read\n"
    assert await process.exited == 1
    await process.close()


async def test_what_cannot_be_started(sandbox, command, folder):
    """A folder that is gone, a variable with NUL or a megabyte of them is a refusal."""
    with pytest.raises(NotStarted, match="No such file or directory"):
        await sandbox.start(replace(command("true"), working_directory=folder / "gone"))
    with pytest.raises(NotStarted, match="null byte"):
        await sandbox.start(replace(command("true"), env={"A": "a\0b"}))
    with pytest.raises(NotStarted, match="Argument list too long"):
        await sandbox.start(replace(command("true"), env={"A": "a" * 1_000_000}))
    with pytest.raises(NotStarted, match="No such file or directory"):
        await sandbox.start(replace(command("true"), arguments=("/no/such/program",)))


async def test_large_environments_arrive(sandbox, command):
    """Half a megabyte in many variables, and text that is no UTF-8."""
    env = {f"A{number}": "x" * 100_000 for number in range(5)} | {"ODD": "\udcff"}
    process = await sandbox.start(command("printf %s $A0$A4 | wc -c; printf %s $ODD", **env))
    assert (await output_of(process)).split() == [b"200000", b"\xff"]
    await process.close()


async def test_what_is_left_behind_is_killed_and_counted(sandbox, command):
    """With or without the pipe in its hands, in whatever session."""
    script = "sleep 300 >/dev/null 2>&1 & sleep 300 & setsid sleep 300 & echo up; exit 0"
    process = await sandbox.start(command(script, **{MARKED: (mark := uuid4().hex)}))
    await until(process, b"up")
    assert await process.exited == 0
    assert await process.kill() == 3
    await gone(mark)
    assert await output_of(process) == b""
    assert await process.kill() == 0
    await process.close()


async def test_terminate_lets_a_command_clean_up(sandbox, command):
    """SIGTERM reaches the shell, whose trap still can write."""
    process = await sandbox.start(command("trap 'echo bye; exit 5' TERM; echo up; sleep 9 & wait"))
    assert await process.read() == b"up\n"
    process.terminate()
    assert await process.exited == 5
    await process.kill()
    assert await output_of(process) == b"bye\n"
    await process.close()


async def test_terminate_reaches_what_is_forked_this_very_moment(sandbox, command):
    """A shell that starts one process after the other is asked to end, and so is each of them."""
    script = "echo up; while :; do sleep 300 & done"
    for _ in range(3):
        process = await sandbox.start(command(script, **{MARKED: (mark := uuid4().hex)}))
        assert await process.read() == b"up\n"
        await asyncio.sleep(0.05)
        process.terminate()
        async with asyncio.timeout(10):
            assert await process.exited == -15
            assert await output_of(process) == b""  # its end: nobody is left who could write
        await gone(mark)
        await process.close()


async def test_terminate_lets_what_a_handler_starts_be(sandbox, command):
    """A trap may take its time, with commands of its own."""
    script = "trap 'sleep 0.3; echo cleaned up; exit 5' TERM; echo up; sleep 9 & wait"
    process = await sandbox.start(command(script))
    assert await process.read() == b"up\n"
    process.terminate()
    assert await process.exited == 5
    assert await output_of(process) == b"cleaned up\n"
    await process.close()


async def test_parallel_commands_leave_each_other_alone(sandbox, command):
    """What one left behind is killed, what the other still runs is not."""
    one = await sandbox.start(command("setsid sleep 300 & exit 0"))
    two = await sandbox.start(command("setsid sh -c 'sleep 1; echo still here' & wait"))
    await one.exited
    assert await one.kill() == 1
    assert await two.exited == 0
    assert await output_of(two) == b"still here\n"
    await one.close()
    await two.close()


@pytest.mark.parametrize("name", SCENARIOS)
async def test_nothing_survives_a_cancel(sandbox, command, name):
    """SIGTERM, a moment, then everything is killed, whatever it did to hide."""
    process = await sandbox.start(command(SCENARIOS[name], **{MARKED: (mark := uuid4().hex)}))
    shown = await until(process, b"ready")
    pids = [int(line) for line in shown.split() if line.isdigit()]
    process.terminate()
    await asyncio.sleep(0.3)
    await process.kill()
    await gone(mark)
    assert await process.exited is not None
    if sandbox._executor.isolation.level is not Level.BWRAP:  # there, numbers are others
        assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]  # noqa: ASYNC240, PTH110
    await process.close()


@pytest.mark.parametrize("name", SCENARIOS)
async def test_nothing_survives_the_worker(folder, isolation, name):
    """The worker is killed with signal 9: its commands end, whatever they did to hide."""
    mark = uuid4().hex
    program = textwrap.dedent(f"""
        import asyncio, pathlib
        from engine.executors import Command, Place
        from engine.executors.isolation import Isolation, Level
        from engine.executors.process import ProcessExecutor

        async def main():
            folder = pathlib.Path({str(folder)!r})
            script = folder / "source" / "script"
            script.write_text({SCENARIOS[name]!r})
            isolation = Isolation(Level({isolation.level.value!r}))
            executor = ProcessExecutor(folder / "data", isolation=isolation)
            sandbox = await executor.open(Place(task_id="t", epoch=1, workspace=folder))
            await sandbox.give(folder / "source")
            process = await sandbox.start(Command(
                arguments=("/bin/sh", str(script)), env={{{MARKED!r}: {mark!r}}},
                working_directory=folder / "source"))
            shown = b""
            while b"ready" not in shown:
                chunk = await process.read()
                assert chunk, shown
                shown += chunk
            print("ready", flush=True)
            await process.exited

        asyncio.run(main())
    """)
    arguments = [sys.executable, "-c", program]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as worker:  # noqa: ASYNC220
        assert worker.stdout.readline() == b"ready\n"
        assert survivors(mark)
        worker.kill()
    await gone(mark)
    await ProcessExecutor(folder / "data").sweep(())


@pytest.mark.parametrize("isolation", [Level.BWRAP, Level.USER], indirect=True)
async def test_a_command_that_kills_all_it_can_harms_only_itself(sandbox, command):
    """It ends as killed, and the next command runs; without isolation the server would too."""
    process = await sandbox.start(command("kill -9 -1; sleep 300"))
    assert await process.exited == -9
    await process.kill()
    await process.close()
    after = await sandbox.start(command("echo after"))
    assert await output_of(after) == b"after\n"
    await after.close()


async def test_a_command_that_stops_its_runner_harms_only_itself(sandbox, command, alive):
    """That runner is given up, with all below it, and what comes next runs once, below another."""
    script = "env -i setsid sleep 300 & echo up; sleep 0.2; kill -STOP $PPID; sleep 300"
    process = await sandbox.start(command(script, **{MARKED: (mark := uuid4().hex)}))
    await until(process, b"up")
    await asyncio.sleep(0.4)
    runner = sandbox._runner.pid
    looked_after = below(runner)
    scripts = (command("echo once >> $FILE; cat $FILE; sleep 0.5", FILE=name) for name in "ab")
    both = await asyncio.gather(*map(sandbox.start, scripts))
    assert [await output_of(after) for after in both] == [b"once\n", b"once\n"]
    assert [await after.exited for after in both] == [0, 0]
    assert await process.exited == -9
    await gone(mark)
    assert looked_after
    assert not any(map(alive, (runner, *looked_after)))
    for each in (process, *both):
        await each.close()


async def test_without_descriptors_nothing_starts_and_nothing_else_ends(
    sandbox, command, descriptors
):
    """The refusal names the cause and keeps no descriptor; what runs goes on."""
    running = await sandbox.start(command("echo up; sleep 1; echo still here"))
    await until(running, b"up")
    before = descriptors()
    script = command("true")
    for free in range(5):
        with exhausted(free), pytest.raises(NotStarted, match="Too many open files"):
            await sandbox.start(script)
        assert descriptors() == before
    assert await output_of(running) == b"still here\n"
    assert await running.exited == 0
    await running.close()


@contextmanager
def exhausted(free):
    """Leave this process as few descriptors as that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208 - names
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 10, hard))
    taken = []
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        for descriptor in taken[:free]:
            os.close(descriptor)
        yield
    finally:
        for descriptor in taken[free:]:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("isolation", [Level.BWRAP], indirect=True)
async def test_what_is_the_servers_stays_out_of_sight(sandboxes, command, folder, isolation):
    """Its data, other workspaces, its processes, files of root's alone."""
    secret = folder.parent / f"{folder.name}-other"
    secret.write_text("secret")
    sandbox = await sandboxes(ProcessExecutor(folder / "data", isolation=isolation))
    process = await sandbox.start(
        command(
            f"cat {secret} /etc/shadow /proc/{os.getpid()}/environ 2>&1 || true;"
            " ls /root /home /run /tmp /var/tmp; ls /proc | grep -c '^[0-9]'"
            "; touch /usr/x /etc/x 2>&1 || true; echo ok > $HOME/x; cat $HOME/x; touch ../x 2>&1"
        )
    )
    shown = (await output_of(process)).decode()
    await process.close()
    secret.unlink()
    assert "secret" not in shown.replace(str(secret), "")
    assert "\nroot:" not in f"\n{shown}"
    assert "Read-only file system" in shown
    assert shown.endswith("ok\ntouch: cannot touch '../x': Read-only file system\n")
    processes = [int(line) for line in shown.splitlines() if line.isdigit()]
    assert processes[0] < 12


@pytest.mark.parametrize("isolation", [Level.BWRAP], indirect=True)
async def test_what_a_sandbox_writes_to_memory_is_bounded(sandbox, command):
    """Each folder of its own that it can write to has a size; /dev still works."""
    if not _size():
        pytest.skip("NOT TESTED, bounds of folders in memory: this bubblewrap cannot set them")
    script = "grep ^tmpfs.*[^a-z]rw, /proc/self/mounts; echo x > /dev/null; echo y > /dev/shm/y"
    process = await sandbox.start(command(f"{script}; touch /z; touch /dev/z"))
    shown = (await output_of(process)).decode()
    await process.close()
    *mounts, last = shown.splitlines()
    assert len(mounts) > 5
    assert [line for line in mounts if "size=1048576k" not in line] == []
    assert last.endswith("cannot touch '/dev/z': Read-only file system")


async def test_sweep_spares_the_living_and_the_strangers(folder, sandboxes, command):
    """At the start, processes of tasks nobody runs are killed; another Rollway's are not."""
    ours, stranger = ProcessExecutor(folder / "data"), ProcessExecutor(folder / "other")
    marks, processes = {}, []
    for name, owner, task in (
        ("dead", ours, "dead"),
        ("alive", ours, "alive"),
        ("foreign", stranger, "dead"),
    ):
        sandbox = await sandboxes(owner, task)
        marks[name] = uuid4().hex
        process = await sandbox.start(
            command("setsid sleep 300 & echo up; wait", **{MARKED: marks[name]})
        )
        await until(process, b"up")
        processes.append(process)
    assert await ours.sweep({"alive"}) >= 1
    await gone(marks["dead"])
    assert survivors(marks["alive"])
    assert survivors(marks["foreign"])
    await ours.sweep(())
    await stranger.sweep(())
    await gone(marks["alive"])
    await gone(marks["foreign"])
    for process in processes:
        await process.close()


async def test_reading_is_bounded(sandbox, command):
    """A flood waits in the pipe until it is asked for."""
    process = await sandbox.start(command("yes"))
    assert len(await process.read()) <= 256 * 1024
    await process.kill()
    await process.close()


async def test_two_hundred_commands_leave_nothing(sandbox, command, descriptors):
    """No descriptor, no zombie."""
    script = command("echo x")

    async def once():
        process = await sandbox.start(script)
        assert await output_of(process) == b"x\n"
        await process.exited
        await process.kill()
        await process.close()

    await once()
    before = descriptors()
    for _ in range(200):
        await once()
    assert descriptors() == before
    assert "Z" not in states_of_children()


def states_of_children():
    """Return the states of our children, Z for zombies."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    stats = [Path(f"/proc/{pid}/stat").read_text() for pid in children]
    return [stat.rpartition(")")[2].split()[0] for stat in stats]


def test_an_isolation_that_was_asked_for_is_not_replaced(folder):
    """Another user cannot enter a closed folder: that is said, and nothing weaker is taken."""
    folder.chmod(0o700)
    with pytest.raises(Unavailable, match=r"other users cannot enter|does not run as root"):
        choose("user", folder)
    assert choose("auto", folder) == Isolation(
        choose("auto", folder).level, choose("auto", folder).reasons
    )


def test_what_is_not_isolated_says_so():
    """Plain execution is a warning in every task's log."""
    assert "read what it can" in Isolation(Level.PLAIN).note
    assert Isolation(Level.BWRAP).note is None

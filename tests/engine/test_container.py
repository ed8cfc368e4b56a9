"""Commands in containers of a real Podman, which the tests start themselves."""

import asyncio
import signal
from dataclasses import replace

import pytest

from engine.executors import Command, NotStarted
from engine.executors.container import ContainerExecutor
from engine.executors.container_process import OutputEnd
from tests.engine.commands import ids, output_of, run, until

IMAGE = "localhost/rollway-test:1"
MIB = 1024 * 1024
# What people's scripts leave behind; each says `ready` when it is there.
SCENARIOS = {
    "plain": "sleep 300 & sleep 300 & echo ready; wait",
    "setsid": "setsid sleep 300 & echo ready; wait",
    "daemon": "(setsid sh -c 'sleep 300' &); sleep 0.3; echo ready; sleep 300",
    "deaf": "trap '' TERM; sleep 300 & echo ready; wait; wait",
    "deaf daemon": (
        "setsid sh -c 'trap \"\" TERM HUP; sleep 300; sleep 300' > /dev/null 2>&1 &"
        " sleep 0.3; echo ready; wait"
    ),
    "stopped": "sleep 300 & kill -STOP $!; echo ready; wait",
    "scrubbed": "env -i /bin/setsid /bin/sleep 300 & echo ready; wait",
    "orphans": (
        "i=0; while [ $i -lt 100 ]; do (setsid sleep 300 > /dev/null 2>&1 &); i=$((i+1)); done;"
        " echo ready; sleep 300"
    ),
    "respawner": (
        "cat > again.sh <<'X'\ntrap '' TERM\nwhile :; do sleep 0.01 & sleep 0.01; done\nX\n"
        "setsid sh again.sh & setsid sh again.sh & echo ready; wait"
    ),
}


async def processes(container, contained):
    """Return how many processes there are in the container that are not its own."""
    script = 'n=0; for d in /proc/[0-9]*; do n=$((n+1)); done; echo "$n"'
    _, output = await run(container, contained(script))
    return int(output) - 4  # the first and its reader, the wrapper and the shell that counts


@pytest.mark.slow
async def test_exit_code_and_output(container, contained, place):
    """A command runs in the image, in the workspace, with what is declared for it and no more."""
    assert await run(container, contained("exit 3")) == (3, "")

    code, output = await run(container, contained("pwd; env | sort; id -u", A="b c\nd"))

    lines = output.splitlines()
    assert code == 0
    assert lines[0] == str(place.workspace / "source")
    assert {"A=b c", "d", f"HOME={place.workspace}/home", "CI=true", "ROLLWAY_EPOCH=7"} < {*lines}
    assert f"IMAGE={IMAGE}" in lines
    assert lines[-1] == "0"


@pytest.mark.slow
async def test_order_of_output(container, contained):
    """What a command writes to stdout and stderr comes in the order it was written."""
    script = "i=0; while [ $i -lt 500 ]; do echo $i; echo $i >&2; i=$((i+1)); done"

    code, output = await run(container, contained(script))

    assert code == 0
    assert output.split() == [str(number // 2) for number in range(1000)]


@pytest.mark.slow
async def test_large_output_waits_for_its_reader(container, contained):
    """A command that writes much waits for who reads, and nothing is lost."""
    script = f"head -c {16 * MIB} /dev/zero; echo end"
    process = await container.start(contained(script))

    await asyncio.sleep(0.5)
    assert not process.exited.done()

    output = await output_of(process)
    assert len(output) == 16 * MIB + 4
    assert await process.exited == 0
    await process.close()


@pytest.mark.slow
async def test_output_that_is_read_late(container, contained):
    """What a command wrote is there when it has long ended."""
    process = await container.start(contained("echo hi"))
    await process.exited
    await asyncio.sleep(0.5)

    assert await output_of(process) == b"hi\n"
    await process.close()


@pytest.mark.parametrize("size", range(1, 9))
def test_end_of_output(size):
    """The mark that ends output is found in whatever pieces; what only looks like it is output."""
    text = b"a\x04b\x04mar\x04\x04markx"
    for data, expected in ((text, b"a\x04b\x04mar\x04"), (text[:7], text[:7])):
        end = OutputEnd("mark")
        pieces = [end.feed(data[at : at + size]) for at in range(0, len(data), size)]
        assert b"".join(pieces) + end.flush() == expected
        assert end.found == (data == text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "folder", "reason"),
    [
        (("nosuch",), "source", "nosuch: not found"),
        (("/bin/nosuch",), "source", "/bin/nosuch: not found"),
        (("true",), "gone", "the working directory {} does not exist"),
    ],
)
async def test_not_started(container, place, arguments, folder, reason):
    """What cannot start says why, and the container goes on."""
    path = place.workspace / folder
    command = Command(arguments=arguments, env={}, working_directory=path)

    with pytest.raises(NotStarted) as caught:
        await container.start(command)

    assert caught.value.reason == reason.format(path)
    command = replace(command, arguments=("true",), working_directory=place.workspace)
    assert await run(container, command) == (0, "")


@pytest.mark.slow
async def test_what_no_process_can_be_given(container, contained):
    """A null byte or a value that is too long is refused, and the container goes on."""
    for value, reason in (("a\0b", "null byte"), ("x" * 131_072, "more than 131071 bytes")):
        with pytest.raises(NotStarted, match=reason):
            await container.start(contained("true", VALUE=value))

    longest = contained("echo ${#VALUE}", VALUE="x" * 131_065)
    assert await run(container, longest) == (0, "131065\n")


@pytest.mark.slow
async def test_no_image(containers, place):
    """An image that is not there and cannot be pulled is a refusal that names it."""
    with pytest.raises(NotStarted, match=r"there is no image localhost:1/nosuch:1: "):
        await containers().open(replace(place, image="localhost:1/nosuch:1"))


async def test_no_engine(place):
    """Without an engine a sandbox is refused, the sweep finds nothing, the probe says why."""
    executor = ContainerExecutor(f"unix://{place.workspace}/none", data=place.workspace)

    with pytest.raises(NotStarted, match="cannot be reached: No such file"):
        await executor.open(place)
    with pytest.raises(NotStarted, match="cannot be reached: No such file"):
        await executor.probe()
    assert await executor.sweep(()) == 0


@pytest.mark.slow
async def test_probe(containers):
    """The probe tells what engine there is."""
    assert (await containers().probe()).startswith("Podman Engine ")


@pytest.mark.slow
async def test_terminate_keeps_output(container, contained):
    """A command that is asked to end says its last words and has its own exit code."""
    process = await container.start(
        contained("trap 'echo bye; exit 5' TERM; sleep 300 & echo ready; wait")
    )
    await until(process, b"ready")

    process.terminate()

    assert await output_of(process) == b"bye\n"
    assert await process.exited == 5
    await process.close()


@pytest.mark.slow
async def test_terminate_reports_the_signal(container, contained):
    """A command that SIGTERM ends is reported with that."""
    process = await container.start(contained("echo ready; sleep 300"))
    await until(process, b"ready")

    process.terminate()

    assert await process.exited == -signal.SIGTERM
    await process.close()


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_kill_leaves_nothing(container, contained, scenario):
    """Whatever a command started is gone after the kill, in whatever session."""
    process = await container.start(contained(SCENARIOS[scenario]))
    await until(process, b"ready")

    await process.kill()

    assert await process.exited == -signal.SIGKILL
    await process.close()
    assert await processes(container, contained) == 0


@pytest.mark.slow
async def test_left_behind(container, contained):
    """A command ends with its shell; what that left behind is counted and killed."""
    process = await container.start(contained("sleep 300 & setsid sleep 300 & exit 3"))

    assert await process.exited == 3
    assert await process.kill() == 2
    assert await process.kill() == 0
    await process.close()
    assert await processes(container, contained) == 0


@pytest.mark.slow
async def test_kill_spares_the_others(container, contained):
    """Of commands side by side one is killed, with its daemon; the other goes on."""
    other = await container.start(contained("setsid sleep 2 & wait $!; echo done"))
    process = await container.start(contained("setsid sh -c 'sleep 301; :' & echo ready; wait"))
    await until(process, b"ready")

    await process.kill()
    await process.close()

    _, output = await run(container, contained("ps -o args"))
    assert "sleep 301" not in output
    assert await output_of(other) == b"done\n"
    assert await other.exited == 0
    await other.close()


@pytest.mark.slow
async def test_a_step_cannot_end_the_container(container, contained):
    """A command that kills everything it sees ends itself, not what comes after it."""
    process = await container.start(contained("kill -9 -1; kill -9 1; kill 1; sleep 300"))
    await output_of(process)
    await process.kill()
    await process.close()

    assert await run(container, contained("echo there")) == (0, "there\n")


@pytest.mark.slow
async def test_memory(containers, place, contained):
    """A command that takes more memory than it may is killed, its log says so, the task goes on."""
    sandbox = await containers(memory_bytes=48 * MIB).open(place)
    try:
        code, output = await run(sandbox, contained(f"head -c {200 * MIB} /dev/zero | tail"))

        assert code == 137
        assert output.endswith("[the container has 48 MiB of memory]\n")
        code, output = await run(sandbox, contained("kill -9 $$"))
        assert code == 137
        assert "memory" not in output
    finally:
        await sandbox.close()


@pytest.mark.slow
async def test_a_container_that_ended_is_replaced(podman, container, contained, place):
    """When the container has ended the next command has a new one, and its log says so."""
    await run(container, contained("touch /installed"))
    podman.command("kill", *ids(podman, place))

    code, output = await run(container, contained("ls /installed"))

    assert code == 1
    assert output.startswith("[nothing could enter the container: a new one, without what was")
    assert len(ids(podman, place)) == 1


@pytest.mark.slow
async def test_limits(containers, place, contained):
    """There is a bound on processes, few capabilities, and no way to get more."""
    sandbox = await containers(processes_max=40).open(place)
    try:
        script = "i=0; while [ $i -lt 60 ]; do sleep 300 & i=$((i+1)); done; wait"
        process = await sandbox.start(contained(script))
        assert b"can't fork" in await output_of(process)
        await process.close()
        assert (await run(sandbox, contained("true")))[0] == 0

        _, output = await run(sandbox, contained("grep -E 'CapBnd|NoNewPrivs' /proc/self/status"))
        assert output.split() == ["CapBnd:", "00000000000004fb", "NoNewPrivs:", "1"]
    finally:
        await sandbox.close()

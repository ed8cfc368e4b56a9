"""What stands around commands in containers: services, clean-up, and whole pipelines."""

import asyncio
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from engine.executors import NotStarted
from engine.executors.container import ContainerExecutor
from engine.executors.mixed import MixedExecutor
from engine.executors.process import ProcessExecutor
from engine.language.steps import Service
from tests.engine.commands import ids, run, until

IMAGE = "localhost/rollway-test:1"
OTHER = "localhost/rollway-other:1"


SERVICE = Service(
    name="web",
    image=IMAGE,
    env={"PAGE": "hello"},
    arguments=("sh", "-c", 'mkdir /www; echo "$PAGE" > /www/i; echo up; httpd -f -p 8080 -h /www'),
)


@pytest.mark.slow
async def test_services(podman, containers, place, contained):
    """A service is reached by its name from each image; when it dies the next command says it."""
    sandbox = await containers().open(replace(place, services=(SERVICE,)))
    try:
        for image in (IMAGE, OTHER):
            asking = contained("wget -qO- http://web:8080/i; echo $IMAGE", image=image)
            assert await run(sandbox, asking) == (0, f"hello\n{image}\n")
        assert len(ids(podman, place)) == 3

        job, service, other = podman.command(
            "ps", "-aq", "--sort=created", f"--filter=label=rollway.task={place.task_id}"
        ).split()
        del job, other
        podman.command("kill", service)
        output = ""
        while "ended" not in output:
            _, output = await run(sandbox, contained("true"))
        assert output == "[the service web ended with exit code 137; its last lines:\nup]\n"
    finally:
        await sandbox.close()
    assert ids(podman, place) == []


@pytest.mark.slow
async def test_a_service_that_does_not_start(podman, containers, place):
    """A service that ends at once is a refusal with its last lines, and nothing is left."""
    service = replace(SERVICE, arguments=("sh", "-c", "echo no disk; exit 5"))

    with pytest.raises(NotStarted) as caught:
        await containers().open(replace(place, services=(service,)))

    expected = "the service web ended with exit code 5; its last lines:\nno disk"
    assert caught.value.reason == expected
    assert ids(podman, place) == []


@pytest.mark.slow
async def test_close(podman, containers, place, contained, descriptors):
    """Twenty commands leave no descriptors; the close removes containers and their monitors."""
    sandbox = await containers().open(place)
    await run(sandbox, contained("true"))
    before, tasks = descriptors(), len(asyncio.all_tasks())
    for _ in range(20):
        await run(sandbox, contained("true"))
    assert descriptors() <= before
    assert len(asyncio.all_tasks()) == tasks
    process = await sandbox.start(contained("sleep 300"))
    (name,) = ids(podman, place)

    await sandbox.close()

    assert await process.exited == -signal.SIGKILL
    await process.close()
    assert ids(podman, place) == []
    while name.encode() in _arguments():
        await asyncio.sleep(0.1)
    with pytest.raises(NotStarted, match="the task is over"):
        await sandbox.start(contained("true"))
    assert [path.name for path in place.workspace.glob(".alive-*")] == []


def _arguments():
    """Return the arguments of every process of this machine."""
    found = b""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found += path.read_bytes()
    return found


@pytest.mark.slow
async def test_secrets_are_in_no_arguments(container, contained):
    """What is in a command's environment is in nobody's arguments."""
    process = await container.start(
        contained("echo ready; sleep 300", TOKEN="only-in-the-environment")
    )
    await until(process, b"ready")

    assert b"only-in-the-environment" not in _arguments()
    await process.close()


CRASH = """
    import asyncio, sys
    from pathlib import Path
    from engine.executors import Command, Place
    from engine.executors.container import ContainerExecutor
    from engine.language.steps import Service

    async def main(url, workspace, task_id, image):
        workspace = Path(workspace)
        service = Service(name="db", image=image, arguments=("sleep", "300"))
        place = Place(task_id=task_id, epoch=1, workspace=workspace, image=image,
                      services=(service,))
        executor = ContainerExecutor(url, data=workspace.parent / "data", network="none")
        container = await executor.open(place)
        command = Command(arguments=("sleep", "299.125"), env={}, working_directory=workspace)
        await container.start(command)
        print("ready", flush=True)
        await asyncio.sleep(300)

    asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_crash(podman, containers, place):
    """When the worker is killed its commands end by themselves; the sweep removes the rest."""
    arguments = [podman.url, str(place.workspace), place.task_id, IMAGE]
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(CRASH),
        *arguments,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert await worker.stdout.readline() == b"ready\n"

    worker.kill()
    await worker.wait()

    while b"299.125" in _arguments():
        await asyncio.sleep(0.05)
    stranger = ContainerExecutor(podman.url, data=place.workspace / "elsewhere", network="none")
    assert await stranger.sweep(()) == 0
    assert await containers().sweep([place.task_id]) == 0
    assert await containers().sweep(()) >= 1
    assert ids(podman, place) == []


@pytest.mark.slow
async def test_expired(podman, containers, place):
    """A container that is there for too long goes, whoever owns it."""
    sandbox = await containers(life_seconds=0).open(place)

    assert await containers().sweep([place.task_id]) == 1

    assert ids(podman, place) == []
    await sandbox.close()


@pytest.mark.slow
async def test_files_are_given_back(podman, place, contained):
    """What root in a container made is the server's own in the end."""
    data = place.workspace.parent / "data"
    executor = ContainerExecutor(podman.url, data=data, network="none", user=(61999, 61999))
    sandbox = await executor.open(place)
    await run(sandbox, contained("mkdir -p a/b; touch a/b/c"))

    await sandbox.close()

    assert (place.workspace / "source" / "a" / "b" / "c").stat().st_uid == 61999


@pytest.mark.slow
async def test_each_command_where_it_belongs(containers, place, contained):
    """Commands run in their image, in the task's, or on the machine; ours always there."""
    place = replace(place, image=None)
    executor = MixedExecutor(ProcessExecutor(place.workspace.parent / "data"), containers())
    sandbox = await executor.open(place)
    where = "echo ${IMAGE-here}"
    try:
        assert await run(sandbox, contained(where)) == (0, "here\n")
        assert await run(sandbox, contained(where, image=IMAGE)) == (0, f"{IMAGE}\n")
        assert await run(sandbox, contained(where, image=OTHER)) == (0, f"{OTHER}\n")
        assert await run(sandbox, contained(where, image=IMAGE, trusted=True)) == (0, "here\n")
    finally:
        await sandbox.close()


async def test_images_without_an_engine(place, contained):
    """Where no engine is configured, what wants an image is refused, and the rest runs."""
    executor = MixedExecutor(ProcessExecutor(place.workspace.parent / "data"))

    with pytest.raises(NotStarted, match="ROLLWAY_CONTAINER_ENGINE"):
        await executor.open(place)

    sandbox = await executor.open(replace(place, image=None))
    try:
        with pytest.raises(NotStarted, match="ROLLWAY_CONTAINER_ENGINE"):
            await sandbox.start(contained("true", image=IMAGE))
        assert await run(sandbox, contained("true")) == (0, "")
    finally:
        await sandbox.close()


PIPELINE = f"""
image: {IMAGE}
steps:
  - id: first
    run: echo "image=$IMAGE" >> "$ROLLWAY_OUTPUT"; echo made > file
  - image: {OTHER}
    run: echo "${{{{ steps.first.outputs.image }}}} then $IMAGE, $(cat file)"
  - run: trap 'echo bye; exit 5' TERM; sleep 300 & echo ready; wait
  - if: ${{{{ always() }}}}
    run: echo cleaned
"""


@pytest.mark.slow
async def test_pipeline(podman, containers, place, play):
    """A whole pipeline runs in its images; a cancel lets its commands say their last words."""
    executor = MixedExecutor(ProcessExecutor(place.workspace.parent / "data"), containers())

    def cancel_when_ready(event, cancel):
        if getattr(event, "text", "") == "ready\n":
            cancel.set("by the test")

    ran = await play(PIPELINE, executor=executor, on_event=cancel_when_ready)

    assert ran.log(2) == f"{IMAGE} then {OTHER}, made\n"
    assert ran.log(3) == "ready\n[cancelled: by the test: asked to end]\nbye\n"
    assert ran.log(4) == "cleaned\n"
    assert ran.ends() == {0: "success", 1: "success", 2: "success", 3: "cancelled", 4: "success"}
    assert ran.status == "cancelled"
    assert podman.command("ps", "-aq", "--filter=label=rollway.task=task-1") == ""

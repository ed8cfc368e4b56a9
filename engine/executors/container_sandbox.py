"""The place for a task's commands in containers: one for each image, and the services beside."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from aiodocker import Docker
from aiodocker.containers import DockerContainer

from engine.environment import environment
from engine.executors import PATH, Command, NotStarted, Place, container_engine
from engine.executors.alive import Alive
from engine.executors.container_engine import FAULTS, Image, reason
from engine.executors.container_process import ContainerProcess
from engine.executors.container_programs import FIRST
from engine.executors.job_container import USER, JobContainer
from engine.language.steps import Service

ARGUMENT_BYTES_MAX = 128 * 1024 - 1  # the kernel's
CLOSE_SECONDS = 60.0
GIVE_BACK_SECONDS = 30.0
STEADY_SECONDS = 0.3  # a service that lives as long is taken to be up
REPLACED = "nothing could enter the container: a new one, without what was installed in it"
LOG_LINES = 100
LOG = {"Type": "json-file", "Config": {"max-size": "1m"}}  # of a service
LOG_CHARACTERS_MAX = 8000


class Owner(Protocol):
    """What a sandbox asks of the executor that opened it."""

    timezone: str | None
    network: str | None
    memory_bytes: int | None
    given_back_to: tuple[int, int] | None

    def labels(self, place: Place, *, joined: bool) -> dict[str, str]:
        """Return what a container of a task is found again by."""

    def host_config(self) -> dict[str, Any]:
        """Return the limits of a container."""


class ContainerSandbox:
    """Runs a task's commands in containers that share one network and the workspace.

    The first container has the network; services and containers of further images join it, so
    that all reach each other at localhost, and services by name too.
    """

    def __init__(self, owner: Owner, place: Place, docker: Docker) -> None:
        self._owner = owner
        self._place = place
        self._docker = docker
        self._alive = Alive(place.workspace / f".alive-{uuid4().hex}")
        self._hosts = place.workspace / f".hosts-{uuid4().hex}"
        self._opening = asyncio.Lock()
        self._jobs: dict[str, JobContainer] = {}
        self._services: dict[str, DockerContainer] = {}
        self._watching: list[asyncio.Task[None]] = []
        self._closing: asyncio.Task[int] | None = None
        self._notes: list[str] = []
        self._news: list[str] = []  # of services that ended, for the next command's output

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the containers."""
        return tuple(self._notes)

    async def open(self) -> None:
        """Start the container of the task's own image. Raises NotStarted; close it even so."""
        try:
            self._alive.open()
            if self._place.services:
                names = ("localhost", *(service.name for service in self._place.services))
                text = "".join(f"127.0.0.1 {name}\n" for name in names)
                await asyncio.to_thread(self._hosts.write_text, text)
        except OSError as error:
            raise NotStarted(f"no file in the workspace: {error.strerror}") from error
        if self._place.image:
            await self._job(self._place.image)

    async def start(self, command: Command) -> ContainerProcess:
        """Start a command in the container of its image. Raises NotStarted."""
        name = command.image or self._place.image
        if not name:
            raise NotStarted("the command has no image")
        _check(command)
        try:
            process = await self._enter(name, command)
        except NotStarted:
            if name not in self._jobs or not self._jobs[name].lost:
                raise
            process = await self._enter(name, command)
        process.tell("".join(f"[{line}]\n" for line in self._news))
        self._news.clear()
        return process

    async def _enter(self, name: str, command: Command) -> ContainerProcess:
        job = await self._job(name)
        path = job.image.path or PATH
        zone = self._owner.timezone
        return await job.start(
            command, environment(self._place, command.env, path=path, timezone=zone)
        )

    async def give(self, path: Path) -> None:
        """Nothing is to be done: commands are root in their container, and see the workspace."""

    async def close(self) -> int:
        """End every process and remove every container; return how many had been left behind.

        It goes on when who waits for it is cancelled.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
            return await asyncio.shield(self._closing)
        await asyncio.shield(self._closing)
        return 0

    # ---------------------------------------------------------------- containers

    async def _job(self, name: str) -> JobContainer:
        """Return the container of an image, started if there is none yet. Raises NotStarted."""
        async with self._opening:
            if self._closing is not None:
                raise NotStarted("the task is over")
            if any(job.lost for job in self._jobs.values()):
                self._news.append(REPLACED)
                await self._remove()
            job = self._jobs.get(name)
            if job is None:
                image = await self._image(name)
                job = JobContainer(
                    await self._run(name, self._config(image)), image, self._owner.memory_bytes
                )
                self._jobs[name] = job
            for service in self._place.services:
                if service.name not in self._services:
                    await self._serve(service)
            return job

    def _config(self, image: Image) -> dict[str, Any]:
        workspace = self._place.workspace
        network = self._network()
        return {
            "Image": image.name,
            "Entrypoint": ["/bin/sh", "-c", FIRST, "sh"],
            "Cmd": [str(self._alive.path)],
            "User": USER,
            "WorkingDir": "/",
            "HostConfig": {
                **network,
                "Binds": [*network.get("Binds", ()), f"{workspace}:{workspace}"],
                "LogConfig": {"Type": "none"},
                "AutoRemove": True,  # also when it ends with our worker
            },
        }

    def _network(self) -> dict[str, Any]:
        """Return the network of the next container: that of the first, once there is one."""
        services = self._place.services
        for job in self._jobs.values():
            joined: dict[str, Any] = {"NetworkMode": f"container:{job.container.id}"}
            hosts = [f"{self._hosts}:/etc/hosts:ro"] if services else []
            return {**joined, "Binds": hosts}  # engines do not agree on whose /etc/hosts it has
        network = {"NetworkMode": self._owner.network} if self._owner.network else {}
        return {**network, "ExtraHosts": [f"{service.name}:127.0.0.1" for service in services]}

    async def _image(self, name: str) -> Image:
        image = await container_engine.image(self._docker, name)
        if image.note:
            self._notes.append(image.note)
        return image

    async def _run(self, name: str, config: Mapping[str, Any]) -> DockerContainer:
        """Start a container with the task's labels and limits. Raises NotStarted."""
        merged = {
            **config,
            "Labels": self._owner.labels(self._place, joined=bool(self._jobs)),
            "StopSignal": "SIGKILL",
            "HostConfig": {**self._owner.host_config(), **config["HostConfig"]},
        }
        try:
            return await container_engine.run(self._docker, merged)
        except FAULTS as fault:
            raise NotStarted(f"no container of {name}: {reason(fault)}") from fault

    # ---------------------------------------------------------------- services

    async def _serve(self, service: Service) -> None:
        """Start a service and see that it stays up for a moment. Raises NotStarted."""
        await self._image(service.image)
        config = {
            "Image": service.image,
            "Env": [f"{name}={value}" for name, value in service.env.items()],
            "HostConfig": {**self._network(), "LogConfig": LOG},
        }
        if service.arguments:
            config["Cmd"] = list(service.arguments)
        container = await self._run(service.image, config)
        self._services[service.name] = container
        await asyncio.sleep(STEADY_SECONDS)
        try:
            state = (await container.show())["State"]
        except FAULTS as fault:
            raise NotStarted(f"the service {service.name}: {reason(fault)}") from fault
        if not state["Running"]:
            raise NotStarted(await self._obituary(service.name, container, state["ExitCode"]))
        watching = asyncio.create_task(self._watch(service.name, container))
        self._watching.append(watching)

    async def _watch(self, name: str, container: DockerContainer) -> None:
        """Wait for a service's end, and keep what it said for the next command."""
        with suppress(*FAULTS):
            ended = await container.wait()
            self._news.append(await self._obituary(name, container, ended["StatusCode"]))

    async def _obituary(self, name: str, container: DockerContainer, code: int) -> str:
        text = ""
        with suppress(*FAULTS):
            text = "".join(await container.log(stdout=True, stderr=True, tail=LOG_LINES))
        text = text[-LOG_CHARACTERS_MAX:].strip()
        said = f"; its last lines:\n{text}" if text else ""
        return f"the service {name} ended with exit code {code}{said}"

    # ---------------------------------------------------------------- the end

    async def _close(self) -> int:
        left = 0
        with suppress(Exception):  # what goes wrong is left to the sweep
            async with asyncio.timeout(CLOSE_SECONDS):
                async with self._opening:
                    left = await self._end()
        self._alive.close()  # a job container that is there still ends by this
        with suppress(Exception):
            self._hosts.unlink(missing_ok=True)
            await self._docker.close()
        return left

    async def _end(self) -> int:
        jobs = [*self._jobs.values()]
        left = sum([await job.end() for job in jobs])
        if jobs and self._owner.given_back_to is not None:
            with suppress(*FAULTS):
                async with asyncio.timeout(GIVE_BACK_SECONDS):
                    await self._give_back(jobs[0], self._owner.given_back_to)
        await self._remove()
        return left

    async def _remove(self) -> None:
        """Remove every container, last the first, whose network the others have."""
        for task in self._watching:
            task.cancel()
        if self._watching:
            await asyncio.wait(self._watching)
        self._watching.clear()
        jobs = [job.container for job in self._jobs.values()]
        others = (*jobs[1:], *self._services.values())
        await asyncio.gather(*(container_engine.remove(each) for each in others))
        await asyncio.gather(*(container_engine.remove(each) for each in jobs[:1]))
        self._jobs.clear()
        self._services.clear()

    async def _give_back(self, job: JobContainer, user: tuple[int, int]) -> None:
        """Make the workspace the server's own again, unless root in a container is the server."""
        information = await self._docker.system.info()
        if "name=rootless" not in (information.get("SecurityOptions") or ()):
            await job.give_to(user, str(self._place.workspace))


def _check(command: Command) -> None:
    """Refuse what no process can be given, which an engine says late and unclearly."""
    variables = (f"{name}={value}" for name, value in command.env.items())
    for text in (*variables, *command.arguments):
        if "\0" in text:
            raise NotStarted("embedded null byte")
        if len(os.fsencode(text)) > ARGUMENT_BYTES_MAX:
            raise NotStarted(f"a variable or argument has more than {ARGUMENT_BYTES_MAX} bytes")

"""Commands on the machine or in containers, as each one wants."""

import asyncio
from collections.abc import Collection
from pathlib import Path

from engine.executors import Command, Executor, NotStarted, Place, Process, Sandbox

NO_ENGINE = "no container engine is configured (ROLLWAY_CONTAINER_ENGINE)"
UNREACHED = "services are reached only by commands that run in an image"


class MixedExecutor:
    """Opens a sandbox on the machine, and one of containers for what names an image."""

    def __init__(self, local: Executor, container: Executor | None = None) -> None:
        self._local = local
        self._container = container

    async def open(self, place: Place) -> "MixedSandbox":
        """Open the sandbox on the machine, and containers if the place has any. NotStarted."""
        sandbox = MixedSandbox(place, await self._local.open(place), self._container)
        try:
            if place.image or place.services:
                await sandbox.containers()
        except BaseException:
            await sandbox.close()
            raise
        return sandbox

    async def sweep(self, live: Collection[str]) -> int:
        """End what tasks not in *live* have left behind; return how many."""
        removed = await self._container.sweep(live) if self._container else 0
        return removed + await self._local.sweep(live)


class MixedSandbox:
    """A task's commands, on the machine and in containers."""

    def __init__(self, place: Place, local: Sandbox, container: Executor | None) -> None:
        self._place = place
        self._local = local
        self._container = container
        self._containers: Sandbox | None = None
        self._opening = asyncio.Lock()

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of both."""
        notes = self._local.notes + (self._containers.notes if self._containers else ())
        return (*notes, UNREACHED) if self._place.services and not self._place.image else notes

    async def containers(self) -> Sandbox:
        """Return the sandbox of containers, opened if it is not yet. Raises NotStarted."""
        if self._container is None:
            raise NotStarted(NO_ENGINE)
        async with self._opening:
            if self._containers is None:
                self._containers = await self._container.open(self._place)
            return self._containers

    async def start(self, command: Command) -> Process:
        """Start a command where it belongs: ours on the machine, others in their image."""
        if command.trusted or not (command.image or self._place.image):
            return await self._local.start(command)
        return await (await self.containers()).start(command)

    async def give(self, path: Path) -> None:
        """Let commands of both read and write *path*."""
        await self._local.give(path)
        if self._containers:
            await self._containers.give(path)

    async def close(self) -> int:
        """End every process of both; return how many had been left behind."""
        left = await self._containers.close() if self._containers else 0
        return left + await self._local.close()

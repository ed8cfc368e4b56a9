"""The container engine: its images, and its containers while they are made and removed."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import aiohttp
from aiodocker import Docker, DockerError
from aiodocker.containers import DockerContainer

from engine.executors import NotStarted

REQUEST_SECONDS = 60.0  # a loaded engine takes its time
PULL_SECONDS = 600.0
REMOVE_SECONDS = 20.0
RETRY_SECONDS = 0.2
REASON_CHARACTERS_MAX = 500
NOT_FOUND = 404
FAULTS = (DockerError, aiohttp.ClientError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is there: its PATH if it has one, and a note if it had to be pulled."""

    name: str
    path: str | None
    note: str | None = None


def connect(url: str) -> Docker:
    """Return a client of the engine at *url*, `unix://` or `tcp://`; close it in the end."""
    return Docker(url=url, timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS))


def reason(fault: BaseException) -> str:
    """Say in one line what an engine refused, or why it was not reached."""
    if isinstance(fault, TimeoutError):
        return "the container engine did not answer in time"
    connection = fault.__context__ if isinstance(fault, DockerError) else fault
    if isinstance(connection, aiohttp.ClientConnectorError):
        return f"the container engine cannot be reached: {connection.os_error.strerror}"
    text = fault.message if isinstance(fault, DockerError) else str(fault)
    line = " ".join(str(text or type(fault).__name__).split())
    return line[:REASON_CHARACTERS_MAX]


async def image(docker: Docker, name: str) -> Image:
    """Return an image, pulled if it is not there. Raises NotStarted."""
    try:
        return Image(name, _path(await docker.images.inspect(name)))
    except FAULTS as fault:
        if getattr(fault, "status", None) != NOT_FOUND:
            raise NotStarted(reason(fault)) from fault
    began = monotonic()
    try:
        async with asyncio.timeout(PULL_SECONDS):
            async for _ in docker.images.pull(name, stream=True):
                pass
        path = _path(await docker.images.inspect(name))
    except FAULTS as fault:
        raise NotStarted(f"there is no image {name}: {reason(fault)}") from fault
    return Image(name, path, f"the image {name} was pulled in {monotonic() - began:.0f} s")


def _path(inspected: Mapping[str, Any]) -> str | None:
    for line in (inspected.get("Config") or {}).get("Env") or ():
        name, _, value = line.partition("=")
        if name == "PATH":
            return str(value)
    return None


async def run(docker: Docker, config: Mapping[str, Any]) -> DockerContainer:
    """Create a container and start it. Raises one of FAULTS, and leaves none then."""
    container = await docker.containers.create(dict(config))
    try:
        await container.start()
    except BaseException:
        await asyncio.shield(remove(container))
        raise
    return container


async def remove(container: DockerContainer) -> bool:
    """Kill a container and delete it with its volumes; return whether it is gone.

    The engine may be removing it already, because it ended: then that is waited for.
    """
    with suppress(*FAULTS):
        async with asyncio.timeout(REMOVE_SECONDS):
            with suppress(DockerError):  # it is not running
                await container.kill()
            while True:
                try:
                    await container.delete(force=True, v=True)
                except DockerError as error:
                    if error.status == NOT_FOUND:
                        return True
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    return True
    return False

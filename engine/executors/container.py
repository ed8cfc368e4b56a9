"""Commands in containers, through the API of Docker or Podman."""

import asyncio
import hashlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

from engine.executors import NotStarted, Place, container_engine
from engine.executors.container_engine import FAULTS, reason
from engine.executors.container_sandbox import ContainerSandbox

TASK, DATA, EXPIRES = "rollway.task", "rollway.data", "rollway.expires"
JOINED = "rollway.joined"
CAPABILITIES = (
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETGID",
    "SETUID",
)
NANO = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLimits:
    """What each container may take, None: as much as there is.

    After *life_seconds* a container is swept away whoever owns it.
    """

    memory_bytes: int | None = None
    processes_max: int | None = 1024
    cpus: float | None = None
    life_seconds: float = 24 * 3600.0


class ContainerExecutor:
    """Runs commands in containers of the engine at *url*, which is on this machine.

    *data* is this Rollway's data folder: two Rollways leave each other's containers alone.
    *network* is the mode of the containers' network, None: the engine's default. Files a
    container's root made are given to *user*, a uid and a gid, in the end; None: to the server's
    own user, if that is not root.
    """

    def __init__(
        self,
        url: str,
        *,
        data: Path,
        limits: ContainerLimits = ContainerLimits(),
        network: str | None = None,
        timezone: str | None = None,
        user: tuple[int, int] | None = None,
    ) -> None:
        self.url = url
        self.timezone = timezone
        self.network = network
        self.memory_bytes = limits.memory_bytes
        server = (os.getuid(), os.getgid()) if os.getuid() else None
        self.given_back_to = user or server
        self._limits = limits
        self._data = hashlib.sha256(os.fsencode(data.absolute())).hexdigest()[:12]

    async def open(self, place: Place) -> ContainerSandbox:
        """Start the container of the place's image and its services. Raises NotStarted."""
        sandbox = ContainerSandbox(self, place, container_engine.connect(self.url))
        try:
            await sandbox.open()
        except BaseException:
            await sandbox.close()
            raise
        return sandbox

    async def sweep(self, live: Collection[str]) -> int:
        """Remove our containers of tasks not in *live*, and expired ones; return how many."""
        removed = 0
        try:
            async with container_engine.connect(self.url) as docker:
                filters = json.dumps({"label": [f"{DATA}={self._data}"]})
                found = await docker.containers.list(all=1, filters=filters)
                doomed = [each for each in found if _is_over(each["Labels"], live)]
                for joined in (True, False):  # first what uses the network of others
                    now = [each for each in doomed if (JOINED in each["Labels"]) is joined]
                    removed += sum(await asyncio.gather(*map(container_engine.remove, now)))
        except FAULTS:
            return removed
        return removed

    async def probe(self) -> str:
        """Return the engine's name and version. Raises NotStarted where it cannot be used."""
        try:
            async with container_engine.connect(self.url) as docker:
                version = await docker.version()
        except FAULTS as fault:
            raise NotStarted(reason(fault)) from fault
        components = version.get("Components") or [{"Name": "Docker"}]
        return f"{components[0]['Name']} {version['Version']}"

    def labels(self, place: Place, *, joined: bool) -> dict[str, str]:
        """Return what a container of a task is found again by; *joined*: not the first."""
        expires = int(time() + self._limits.life_seconds)
        labels = {TASK: place.task_id, DATA: self._data, EXPIRES: str(expires)}
        return {**labels, JOINED: "true"} if joined else labels

    def host_config(self) -> dict[str, Any]:
        """Return the limits of a container."""
        limits = self._limits
        config: dict[str, Any] = {
            "CapDrop": ["ALL"],
            "CapAdd": list(CAPABILITIES),
            "SecurityOpt": ["no-new-privileges"],
        }
        if limits.memory_bytes is not None:
            config |= {"Memory": limits.memory_bytes, "MemorySwap": limits.memory_bytes}
        if limits.processes_max is not None:
            config["PidsLimit"] = limits.processes_max
        if limits.cpus is not None:
            config["NanoCpus"] = int(limits.cpus * NANO)
        return config


def _is_over(labels: Mapping[str, str], live: Collection[str]) -> bool:
    """Tell whether a container's task is not live, or its own time is over."""
    return labels.get(TASK) not in live or float(labels.get(EXPIRES, 0)) <= time()

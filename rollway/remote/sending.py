"""A store whose artifacts go to the server too, where they can be downloaded."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path, PurePath
from time import monotonic

from control.port import Dismissed, EventsRefused, LeaseLost, QueueAway
from engine.refusal import Refusal
from engine.store import ARTIFACT_BYTES_MAX, Store
from rollway.remote.line import Line

log = logging.getLogger("rollway.worker")

TRY_SECONDS = 300.0  # for as long as servers may be away
REST_SECONDS = 2.0
OFFER_SECONDS = 30.0


@dataclass(eq=False)
class NotSent(Refusal):
    """The artifact '{name}' could not be sent to the server: {reason}."""

    name: str
    reason: str


class SendingStore(Store):
    """Keeps caches and artifacts in *folder*, and sends artifacts by *line*."""

    def __init__(
        self, folder: Path, line: Line, artifact_bytes_max: int = ARTIFACT_BYTES_MAX
    ) -> None:
        super().__init__(folder, artifact_bytes_max=artifact_bytes_max)
        self._line = line

    async def keep_artifact(
        self, team: str, task: str, name: str, workspace: Path, file: PurePath
    ) -> int:
        """Keep and send it. Raises NotSent besides."""
        size = await super().keep_artifact(team, task, name, workspace, file)
        kept = await asyncio.to_thread(self.artifact, task, name)
        until = monotonic() + TRY_SECONDS
        while True:
            try:
                await self._send(task, name, kept, size)
            except QueueAway as fault:
                if monotonic() > until:
                    raise NotSent(name, str(fault) or "no server answers") from fault
                log.warning("task %s: artifact %r: %s; trying again", task, name, fault)
                await asyncio.sleep(REST_SECONDS)
            except LeaseLost as fault:
                raise NotSent(name, "the task is not this worker's any more") from fault
            except (EventsRefused, Dismissed) as fault:
                raise NotSent(name, str(fault) or "this worker may not work") from fault
            else:
                return size

    async def _send(self, task: str, name: str, kept: Path, size: int) -> None:
        """Ask first: a refusal that comes while a large file is being sent may get lost."""
        offer = {"task": task, "name": name, "bytes": size}
        await self._line.ask("offer", offer, OFFER_SECONDS, task)
        await self._line.put("artifact", {"task": task, "name": name}, kept)

"""A store whose artifacts go to the server too, where they can be downloaded."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path, PurePath
from time import monotonic

from control.port import Dismissed, EventsRefused, LeaseLost, QueueAway
from engine.refusal import Refusal
from engine.store import Store
from rollway.remote.line import Line

log = logging.getLogger("rollway.worker")

TRY_SECONDS = 300.0  # for as long as servers may be away
REST_SECONDS = 2.0


@dataclass(eq=False)
class NotSent(Refusal):
    """The artifact '{name}' could not be sent to the server: {reason}."""

    name: str
    reason: str


class SendingStore(Store):
    """Keeps caches and artifacts in *folder*, and sends artifacts by *line*."""

    def __init__(self, folder: Path, line: Line) -> None:
        super().__init__(folder)
        self._line = line

    async def keep_artifact(self, task: str, name: str, workspace: Path, file: PurePath) -> int:
        """Keep and send it. Raises NotSent besides."""
        size = await super().keep_artifact(task, name, workspace, file)
        kept = await asyncio.to_thread(self.artifact, task, name)
        until = monotonic() + TRY_SECONDS
        while True:
            try:
                await self._line.put("artifact", {"task": task, "name": name}, kept)
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

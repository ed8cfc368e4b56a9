"""What a worker cleans up behind its tasks, now and then."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from engine.executors import Executor
from engine.repository.mirror import prune
from engine.store import Store

log = logging.getLogger("rollway.worker")

SWEEP_SECONDS = 300.0
PRUNE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a worker keeps things; what is None it does without."""

    workspaces: Path
    runtimes: Path | None = None
    mirrors: Path | None = None
    store: Store | None = None
    spools: Path | None = None


async def tidy(executor: Executor, folders: Folders, live: Collection[str]) -> None:
    """Clean up until cancelled.

    What belongs to no task of *live* is ended, whatever became of the task; its owner adds to it
    before a task has processes. Copies of repositories, caches and artifacts end with their time.
    """

    async def sweep() -> None:
        if ended := await executor.sweep(live):
            log.warning("ended %s processes or containers of tasks that are over", ended)

    async with asyncio.TaskGroup() as group:
        group.create_task(_every(SWEEP_SECONDS, sweep))
        if folders.mirrors:
            mirrors = folders.mirrors
            group.create_task(_every(PRUNE_SECONDS, lambda: prune(mirrors)))
        if folders.store:
            group.create_task(_every(PRUNE_SECONDS, folders.store.prune))


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("cleaning up failed; trying again in %s s", seconds)
        await asyncio.sleep(seconds)

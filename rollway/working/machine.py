"""What runs tasks on this machine, whatever queue they come from."""

import asyncio
import logging
import signal
from collections.abc import Callable
from socket import gethostname
from typing import TYPE_CHECKING

from control.port import Dismissed, WorkerQueue
from control.tidying import Folders
from control.working.link import CONCLUDE_SECONDS, Link
from control.working.switch import Switch
from control.working.worker import Worker
from engine.executors.cgroup import Caps
from engine.executors.isolation import Isolation
from engine.executors.mixed import MixedExecutor
from engine.executors.process import ProcessExecutor
from engine.store import Store
from engine.workspace import clear
from rollway.setting import BadSetting
from rollway.settings import Settings

if TYPE_CHECKING:
    from engine.executors.container import ContainerExecutor

log = logging.getLogger("rollway.worker")

ALONE_SECONDS = 3600.0  # how long the end of a task waits for a database nobody else works for


def containers_of(settings: Settings) -> "ContainerExecutor | None":
    """Return what runs steps with an `image`; None where no engine is set.

    BadSetting where the extra `containers` is not installed.
    """
    if settings.container_engine is None:
        return None
    try:
        from engine.executors import container  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as fault:
        reason = "needs the extra `containers`: pip install 'rollway[containers]'"
        raise BadSetting("ROLLWAY_CONTAINER_ENGINE", reason) from fault
    limits = container.ContainerLimits(
        memory_bytes=settings.memory_bytes_max, processes_max=settings.processes_max
    )
    return container.ContainerExecutor(settings.container_engine, data=settings.data, limits=limits)


class Working:
    """The executor and the folders of this machine."""

    def __init__(self, settings: Settings, isolation: Isolation) -> None:
        self._settings = settings
        local = ProcessExecutor(
            settings.data,
            isolation=isolation,
            caps=Caps(settings.processes_max, settings.memory_bytes_max),
            uid_first=settings.step_uid,
        )
        self.executor = MixedExecutor(local, containers_of(settings))
        self.store = Store(settings.data, artifact_bytes_max=settings.artifact_bytes_per_team)

    async def clear(self) -> None:
        """End and delete what a killed worker of this folder left."""
        workspaces = self._settings.workspaces
        if killed := await self.executor.sweep(()):
            log.warning("ended %s processes of a crashed worker", killed)
        try:
            await clear(workspaces)
        except OSError:
            log.exception("what a crashed worker left in %s could not be deleted", workspaces)

    def worker(
        self,
        queue: WorkerQueue,
        link: Link | None = None,
        lease_seconds: float | None = None,
        store: Store | None = None,
    ) -> Worker:
        """Return a worker for *queue*, which bears its silence for *lease_seconds*.

        *store* is where it keeps things, if not in the store of this machine alone.
        """
        settings = self._settings
        alone = settings.embedded and not settings.worker_urls
        link = link or Link(
            labels=settings.worker_labels or (),
            machine=gethostname(),
            conclude_seconds=ALONE_SECONDS if alone else CONCLUDE_SECONDS,
            alone=alone,
        )
        folders = Folders(
            settings.workspaces,
            settings.runtimes,
            mirrors=settings.mirrors,
            store=store or self.store,
            spools=settings.spools if link.spool_bytes_max else None,
        )
        return Worker(
            queue,
            self.executor,
            folders,
            slots=settings.worker_slots,
            lease_seconds=lease_seconds or settings.lease_seconds,
            policy=settings.policy,
            limits=settings.limits,
            link=link,
            switch=None if alone else Switch(),
        )


async def work_until_told(
    worker: Worker, drain_seconds: float, leave: Callable[[], None] = lambda: None
) -> None:
    """Work until SIGTERM and the end of what runs then, for which it has *drain_seconds*.

    At a second SIGTERM, or when cancelled, what runs is ended at once. *leave* is told that no
    new task is wanted. Raises Dismissed when the queue wants this worker no more.
    """
    loop = asyncio.get_running_loop()
    working = asyncio.create_task(worker.run())
    told = 0

    def stop() -> None:
        nonlocal told
        told += 1
        leave()
        if told > 1 or not drain_seconds:
            working.cancel()
            return
        worker.drain()
        loop.call_later(drain_seconds, working.cancel)

    loop.add_signal_handler(signal.SIGTERM, stop)
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        leave()
        working.cancel()
        await asyncio.wait({working})
        raise
    except BaseExceptionGroup as group:
        raise _dismissed(group) or group from group


def _dismissed(group: BaseExceptionGroup[BaseException]) -> Dismissed | None:
    for each in group.exceptions:
        found = _dismissed(each) if isinstance(each, BaseExceptionGroup) else each
        if isinstance(found, Dismissed):
            return found
    return None

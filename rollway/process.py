"""What every process on a database has, whether it serves or only works."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from control.port import Queue
from control.pubsub import PubSub
from control.queue import presence
from control.queue.embedded import EmbeddedTurns
from control.queue.procrastinate import ProcrastinateTurns
from control.queue.tasks import TaskQueue
from control.queue.turns import Turns
from control.sqlite_pubsub import SqlitePubSub
from db.trouble import DatabaseAway
from db.vault import Vault
from engine.executors.isolation import Isolation
from rollway.observing.health import Health
from rollway.observing.metered import MeteredQueue
from rollway.observing.metrics import Metrics
from rollway.setting import BadSetting
from rollway.settings import Settings
from rollway.working.machine import Working

if TYPE_CHECKING:
    from rollway.observing.tracing import Tracing

log = logging.getLogger("rollway.server")

RESTART_SECONDS = 5.0
POLL_SECONDS = 15.0  # where every bell is heard
POLL_SECONDS_SHARED = 1.0  # where a ring of another process may get lost


def tracing_of(settings: Settings) -> "Tracing | None":
    """Return what sends traces; None where no collector is set.

    BadSetting where the extra `tracing` is not installed.
    """
    if settings.otlp_url is None:
        return None
    try:
        from rollway.observing import tracing  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as fault:
        reason = "needs the extra `tracing`: pip install 'rollway[tracing]'"
        raise BadSetting("ROLLWAY_OTLP_URL", reason) from fault
    return tracing.Tracing(settings.otlp_url)


def shared_by(settings: Settings) -> tuple[Turns, PubSub]:
    """Return the order of tasks and the bells: of one process, or of all on one database."""
    if settings.embedded:
        return EmbeddedTurns(), SqlitePubSub()
    from control.postgres_pubsub import PostgresPubSub  # noqa: PLC0415 (an extra)

    return ProcrastinateTurns(), PostgresPubSub()


class Process:
    """The queue, its bells and figures, and what works on tasks.

    *open_now*: what counts connections that stay, for the figures.
    """

    def __init__(
        self,
        settings: Settings,
        vault: Vault,
        isolation: Isolation,
        open_now: Mapping[str, Callable[[], int]],
    ) -> None:
        self.settings = settings
        self.health = Health()
        self.metrics = Metrics(open_now)
        turns, self.pubsub = shared_by(settings)
        self.workers = presence.Workers()
        queue = TaskQueue(
            turns,
            self.pubsub,
            vault,
            workers=self.workers,
            lease_seconds=settings.lease_seconds,
            runs_max=settings.task_runs_max,
            log_bytes_max=settings.task_log_bytes_max,
            poll_seconds=POLL_SECONDS if settings.embedded else POLL_SECONDS_SHARED,
        )
        self.queue: Queue = MeteredQueue(queue, self.metrics)
        self.tracing = tracing_of(settings)
        if self.tracing:
            self.queue = self.tracing.queue(self.queue)
        self.working = Working(settings, isolation)

    async def flush(self) -> None:
        """Send the traces that are left."""
        if self.tracing:
            await asyncio.to_thread(self.tracing.close)

    @asynccontextmanager
    async def carrying(self) -> AsyncIterator[None]:
        """Let other servers on the same database hear what rings, for as long as somebody works."""
        carrying = asyncio.create_task(self.keep(self._carry))
        try:
            yield
        finally:
            carrying.cancel()
            await asyncio.wait({carrying})

    async def keep(self, part: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a part for ever; one that fails is started again, and /healthz tells meanwhile.

        Not where that is the database's fault.
        """
        while True:
            try:
                await part()
            except Exception as fault:
                if away := _away(fault):
                    log.warning("%s waits: %s", part.__name__, away)
                    await asyncio.sleep(RESTART_SECONDS)
                    continue
                log.critical("%s stopped", part.__name__, exc_info=True)
            self.metrics.failures.labels(part.__name__).inc()
            self.health.down(part.__name__)
            await asyncio.sleep(RESTART_SECONDS)
            self.health.up(part.__name__)

    async def work(self) -> None:
        """Run tasks until cancelled, after ending what a killed worker of this folder left."""
        await self.working.clear()
        worker = self.working.worker(self.queue)
        async with presence.known(worker.name, self.settings.worker_labels or ()):
            await worker.run()

    async def _carry(self) -> None:
        """Carry rings to and from other servers."""
        await self.pubsub.work()


def _away(fault: BaseException) -> DatabaseAway | None:
    """Return that the database is away, where a part stopped for nothing else."""
    if not isinstance(fault, BaseExceptionGroup):
        return fault if isinstance(fault, DatabaseAway) else None
    found = [_away(each) for each in fault.exceptions]
    return None if None in found else found[0]

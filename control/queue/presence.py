"""Which workers there are, and which waiting tasks none of them may take."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from control.port import Reach
from control.pubsub import PubSub
from control.watching import changes
from db import labels
from db.machines import ONLINE_SECONDS, LocalWorker, WorkerMachine
from db.models import Task
from engine.state import TaskStatus

log = logging.getLogger("rollway.presence")

TELL_SECONDS = 5.0
LOOK_SECONDS = 2.0
CHANGED_MAX = 1000  # tasks in one look; the next one comes soon
WAITING = {"status": TaskStatus.PENDING.value, "reported": False}


@asynccontextmanager
async def known(worker: str, has: Collection[str]) -> AsyncIterator[None]:
    """Have it known that *worker* works by the database, for the duration of the block."""
    telling = asyncio.create_task(_tell(worker, list(has)))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait({telling})
        with suppress(Exception):  # it is not heard of any more, which says the same
            await LocalWorker.filter(id=worker).delete()


async def _tell(worker: str, has: list[str]) -> None:
    while True:
        try:
            seen = {"labels": has, "last_seen_time": datetime.now(UTC)}
            await LocalWorker.update_or_create(seen, id=worker)
        except Exception as fault:  # noqa: BLE001 (whatever the database says)
            log.warning("the database cannot be reached: %r", fault)
        await asyncio.sleep(TELL_SECONDS)


class Stranded:
    """Marks waiting tasks that no worker may take, as long as that is so."""

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub

    async def work(self) -> None:
        """Look every two seconds, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception as fault:  # noqa: BLE001 (whatever the database says)
                log.warning("the database cannot be reached: %r", fault)

    async def look(self) -> None:
        """Mark tasks, or take the mark away; whoever watches them hears of it."""
        kinds = Task.filter(**WAITING).distinct()
        columns = ("app__owner_org__name", "runs_on", "stranded")
        found = await kinds.values_list(*columns)
        if not found:
            return
        workers = await _online()
        for org, needed, stranded in found:
            served = any(_takes(worker, str(org), str(needed)) for worker in workers)
            if served == stranded:
                await self._mark(str(org), str(needed), stranded=not served)

    async def _mark(self, org: str, needed: str, *, stranded: bool) -> None:
        """Change the mark of all that wait for the same; whoever watches one looks at it again."""
        others = Task.filter(stranded=not stranded, **WAITING)
        mine = others.filter(app__owner_org__name=org, runs_on=needed)
        tasks = await mine.only("id", "app_id").limit(CHANGED_MAX)
        same = others.filter(id__in=[task.id for task in tasks])
        await same.update(stranded=stranded, updated_time=datetime.now(UTC))
        for task in tasks:
            task.team = org
            await changes.ring(task, self._pubsub)


async def _online() -> list[Reach]:
    """Return what the workers take that were heard of lately; forget those by the database."""
    since = datetime.now(UTC) - timedelta(seconds=ONLINE_SECONDS)
    await LocalWorker.filter(last_seen_time__lt=since).delete()
    machines = WorkerMachine.exclude(session=None).filter(last_seen_time__gt=since)
    return [
        *(Reach(each.org_name, tuple(each.labels)) for each in await machines),
        *(Reach(None, tuple(each.labels)) for each in await LocalWorker.all()),
    ]


def _takes(worker: Reach, org: str, needed: str) -> bool:
    return worker.org in (None, org) and {*labels.split(needed)} <= {*worker.offers}

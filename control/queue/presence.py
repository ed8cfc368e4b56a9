"""Which workers there are, and which waiting tasks none of them may take."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from math import inf
from time import monotonic

from control.port import Reach
from control.pubsub import PubSub
from control.watching import changes
from db import labels, rows
from db.machines import ONLINE_SECONDS, LocalWorker, WorkerMachine
from db.models import Task
from engine.state import TaskStatus

log = logging.getLogger("rollway.presence")

TELL_SECONDS = 5.0
LOOK_SECONDS = 2.0
CHANGED_MAX = 1000  # tasks in one look; the next one comes soon
KNOWN_SECONDS = 2 * LOOK_SECONDS
WAITING = {"status": TaskStatus.PENDING.value, "reported": False}
# What differs among waiting tasks, one step along an index of just that for each of them.
KINDS = """
WITH RECURSIVE kind(id) AS (
  SELECT * FROM (
    SELECT id FROM task WHERE status = 'pending' AND reported = false
    ORDER BY app_id, runs_on, stranded LIMIT 1) first
  UNION ALL
  SELECT (
    SELECT n.id FROM task n WHERE n.status = 'pending' AND n.reported = false
      AND (n.app_id, n.runs_on, n.stranded) > (t.app_id, t.runs_on, t.stranded)
    ORDER BY n.app_id, n.runs_on, n.stranded LIMIT 1)
  FROM kind JOIN task t ON t.id = kind.id
)
SELECT t.app_id, t.runs_on, t.stranded, o.name AS org FROM kind JOIN task t ON t.id = kind.id
JOIN application a ON a.id = t.app_id JOIN org o ON o.id = a.owner_org_id
"""


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


class Workers:
    """What workers take that were there a moment ago, as far as that is known."""

    def __init__(self) -> None:
        self._found: list[Reach] = []
        self._until = -inf

    async def look(self) -> list[Reach]:
        """Return what those take that there are."""
        self._found = await _online()
        self._until = monotonic() + KNOWN_SECONDS
        return self._found

    def take(self, org: str, needed: str) -> bool:
        """Tell whether one takes a team's task that needs these labels; True if that is unknown."""
        return monotonic() > self._until or _served(self._found, org, needed)


class Stranded:
    """Marks waiting tasks that no worker may take, as long as that is so."""

    def __init__(self, pubsub: PubSub, workers: Workers) -> None:
        self._pubsub = pubsub
        self._workers = workers

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
        kinds = await rows.fetch(KINDS, [])
        if not kinds:
            return
        workers = await self._workers.look()
        for kind in kinds:
            served = _served(workers, kind["org"], kind["runs_on"])
            if served == bool(kind["stranded"]):
                await self._mark(kind, stranded=not served)

    async def _mark(self, kind: rows.Row, *, stranded: bool) -> None:
        """Change the mark of all that wait for the same; whoever watches one looks at it again."""
        same = Task.filter(app_id=kind["app_id"], runs_on=kind["runs_on"])
        others = same.filter(stranded=not stranded, **WAITING)
        tasks = await others.only("id", "app_id").limit(CHANGED_MAX)
        found = others.filter(id__in=[task.id for task in tasks])
        await found.update(stranded=stranded, updated_time=datetime.now(UTC))
        for task in tasks:
            task.team = kind["org"]
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


def _served(workers: Iterable[Reach], org: str, needed: str) -> bool:
    """Tell whether one of them takes a team's task that needs these labels."""
    wanted = {*labels.split(needed)}
    return any(each.org in (None, org) and wanted <= {*each.offers} for each in workers)

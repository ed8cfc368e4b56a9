"""Claims whose answer was lost: the worker has a task in the database and does not know it."""

from collections.abc import Collection

from control import assignment
from control.port import Assignment, Lease
from db.models import Task
from db.vault import NotSealedHere, Vault
from engine.state import TaskStatus

KNOWN_MAX = 10_000  # of leases; the oldest is asked for again


async def given_before(worker: str, held: Collection[Lease], vault: Vault) -> Assignment | None:
    """Return again a task that *worker* was given but does not hold; None where there is none."""
    running = Task.filter(worker=worker, status=TaskStatus.RUNNING.value)
    for task in await running.order_by("started_time", "id"):
        if Lease(task.id, task.epoch) not in held:
            environment = await assignment.environment_of(task)
            task.secret_versions = assignment.versions_of(task, environment)
            same = Task.filter(id=task.id, epoch=task.epoch)
            await same.update(secret_versions=task.secret_versions)
            try:
                return assignment.build(task, environment, vault)
            except NotSealedHere:  # who claimed it ends it
                continue
    return None


async def running_epoch(task_id: str, worker: str) -> int | None:
    """Return the epoch of a task that *worker* was given and that has not ended; None if not so."""
    mine = Task.filter(id=task_id, worker=worker, status=TaskStatus.RUNNING.value)
    found = await mine.only("id", "epoch").first()
    return None if found is None else found.epoch


async def team_of(task_id: str) -> str:
    """Return the team that has the application of a task; "" where there is no such task."""
    names = await Task.filter(id=task_id).values_list("app__owner_org__name", flat=True)
    return str(names[0]) if names else ""


class Given:
    """Which leases workers were given: that is so for ever, so what was found out is kept."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Lease], None] = {}

    async def has(self, lease: Lease, worker: str) -> bool:
        """Tell whether *worker* was given the task of *lease* with it."""
        if (worker, lease) in self._known:
            return True
        mine = Task.filter(id=lease.task_id, epoch=lease.epoch, worker=worker)
        if not await mine.exists():
            return False
        self._known[worker, lease] = None
        if len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]
        return True

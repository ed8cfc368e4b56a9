"""Claims whose answer was lost: the worker has a task in the database and does not know it."""

from collections.abc import Collection

from control import assignment
from control.port import Assignment, Lease
from db.models import Task
from db.vault import NotSealedHere, Vault
from engine.state import TaskStatus


async def given_before(worker: str, held: Collection[Lease], vault: Vault) -> Assignment | None:
    """Return again a task that *worker* was given but does not hold; None where there is none."""
    running = Task.filter(worker=worker, status=TaskStatus.RUNNING.value)
    for task in await running.order_by("started_time", "id"):
        if Lease(task.id, task.epoch) not in held:
            try:
                return await assignment.build(task, vault)
            except NotSealedHere:  # who claimed it ends it
                continue
    return None


async def running_epoch(task_id: str, worker: str) -> int | None:
    """Return the epoch of a task that *worker* was given and that has not ended; None if not so."""
    mine = Task.filter(id=task_id, worker=worker, status=TaskStatus.RUNNING.value)
    found = await mine.only("id", "epoch").first()
    return None if found is None else found.epoch


async def belongs_to(task_id: str, worker: str) -> bool:
    """Tell whether *worker* was given the task."""
    return await Task.filter(id=task_id, worker=worker).exists()

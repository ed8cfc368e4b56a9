"""A new task takes the place of older ones of its environment, where that is its way."""

from tortoise.backends.base.client import BaseDBAsyncClient

from control.queue import ends
from control.queue.turns import Turns
from db import audit
from db.audit import Act, Entry, Told
from db.fields import Concurrency
from db.models import Task
from engine.state import TaskStatus


async def supersede(
    task: Task, way: Concurrency, turns: Turns, told: Told | None, db: BaseDBAsyncClient
) -> list[Task]:
    """Cancel what waits before *task*, with CANCEL_RUNNING ask what runs to end; return them.

    At most AHEAD_MAX that wait, the oldest first. The environment's row is locked, so nobody
    submits meanwhile. One that a worker takes at this moment counts as running.
    """
    if way is Concurrency.QUEUE:
        return []
    stops = way is Concurrency.CANCEL_RUNNING
    superseded = []
    for task_id in await turns.ahead(task, db, running=stops):
        old = await Task.filter(id=task_id).using_db(db).select_for_update().get()
        status = TaskStatus(old.status)
        waits = status is TaskStatus.PENDING
        if not waits and (status.completed or old.cancel_requested or not stops):
            continue
        old.superseded_by_id = task.id
        old.cancel_requested = True
        old.cancel_reason = f"superseded by task {task.id}"
        columns = ["superseded_by_id", "cancel_requested", "cancel_reason"]
        await old.save(using_db=db, update_fields=columns)
        if waits:
            await turns.end(old, db)
            await ends.end(old, db)
        if told is not None:
            before, after = {"status": status.value}, {"supersededBy": task.id}
            entry = Entry(told.entry.actor, Act.TASK_SUPERSEDED, old.id, before, after)
            await audit.write(told.chain, entry, db)
        superseded.append(old)
    return superseded

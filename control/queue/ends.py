"""How a task ends, or is begun anew, without a word of its worker."""

from tortoise.backends.base.client import BaseDBAsyncClient

from control import journal
from db.fields import OnLost
from db.models import Environment, Step, Task
from engine.events import Event, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus

LOST = "The worker that ran this step went away, or was cut off; what was done by then is unknown."
AGAIN = "Run {run} ended here: its worker went away, and what it had done is unknown."


async def may_begin_again(task: Task, runs_max: int, db: BaseDBAsyncClient) -> bool:
    """Tell whether *task*, whose worker is gone, is to be run once more."""
    if task.status != TaskStatus.RUNNING or task.cancel_requested or task.epoch >= runs_max:
        return False
    environment = Environment.filter(id=f"{task.app_id}:{task.env_name}").using_db(db)
    return await environment.filter(on_lost=OnLost.REQUEUE.value).exists()


async def begin_again(task: Task, db: BaseDBAsyncClient) -> None:
    """Have *task* wait for its next run."""
    await journal.Writer(task, db).begin_again(AGAIN.format(run=task.epoch))


async def end(task: Task, db: BaseDBAsyncClient) -> None:
    """End *task*: CANCELLED where that was asked, else LOST; the first unended step says why."""
    if task.cancel_requested:
        status, running, unbegun = TaskStatus.CANCELLED, StepStatus.CANCELLED, StepStatus.CANCELLED
        error = f"cancelled: {task.cancel_reason}"
    else:
        status, running, unbegun = TaskStatus.LOST, StepStatus.FAILURE, StepStatus.SKIPPED
        error = LOST
    time = now()
    rows = await Step.filter(task_id=task.id).using_db(db).order_by("index")
    unended = [step for step in rows if not StepStatus(step.status).completed]
    sizes = await journal.log_bytes(task.id, db) if any(map(_runs, unended)) else {}
    events: list[Event] = [
        StepChanged(
            time=time,
            index=step.index,
            status=running if _runs(step) else unbegun,
            error=error if step is unended[0] else None,
            log_bytes=sizes.get(step.index, 0),
        )
        for step in unended
    ]
    await journal.Writer(task, db).write([*events, TaskChanged(time=time, status=status)])


def _runs(step: Step) -> bool:
    return step.status == StepStatus.RUNNING

"""The seed's documents, written again whenever the rows behind them change."""

from collections.abc import Iterable, Sequence
from json import dumps

from tortoise.backends.base.client import BaseDBAsyncClient

from db.bundle import Bundle
from db.models import Application, Document, Environment, Step, Task


async def write_environments(application_id: str, db: BaseDBAsyncClient) -> None:
    """Write `application.environment` from the application's environments.

    Locks the application's row first, so that of two writers the later one sees what the earlier
    one wrote. Call it in the transaction that changed an environment. The lock is one that goes
    with the foreign keys of tasks: two transactions that each stored a task would otherwise wait
    for each other.
    """
    query = Application.filter(id=application_id).using_db(db).select_for_update(no_key=True)
    application = await query.only("id").get()
    rows = await Environment.filter(application_id=application_id).using_db(db).order_by("name")
    latest = [row.latest_task_id for row in rows if row.latest_task_id]
    tasks = (
        {task.id: task for task in await Task.filter(id__in=latest).using_db(db)} if latest else {}
    )
    document = {row.name: _environment(row, tasks.get(row.latest_task_id or "")) for row in rows}
    await Application.filter(id=application.id).using_db(db).update(environment=document)


LATEST = {
    "sqlite": """
UPDATE application
SET environment = json_set(environment, '$."' || {1} || '".latest_task', json({2}))
WHERE id = {0} AND json_type(environment, '$."' || {1} || '"') = 'object'
""",
    "postgres": """
UPDATE application SET environment = jsonb_set(environment, ARRAY[{1}, 'latest_task'], {2}::jsonb)
WHERE id = {0} AND environment ? {1}
""",
}
# Who waited for the row's lock looks at the document that is there then.
STILL = {
    "sqlite": """AND json_extract(environment, '$."' || {1} || '".latest_task.taskId') = {3}""",
    "postgres": "AND environment #>> ARRAY[{1}, 'latest_task', 'taskId'] = {3}",
}


def become_latest(task: Task, bundle: Bundle) -> int:
    """Have written into `application.environment` that *task* is its environment's latest.

    The last lock of a transaction: who ends a task has the task's row when they take this one.
    Returns where it will say how many rows that were: none where the document does not know the
    environment, and is to be written anew.
    """
    return bundle.add(LATEST[bundle.db.capabilities.dialect], _written(task))


def add_latest(task: Task, bundle: Bundle) -> None:
    """Have written how *task* stands there, if it is its environment's latest, and nothing else."""
    dialect = bundle.db.capabilities.dialect
    bundle.add(LATEST[dialect] + STILL[dialect], [*_written(task), task.id])


def _written(task: Task) -> list[str]:
    return [task.app_id, task.env_name, dumps(_latest(task))]


def _environment(row: Environment, latest: Task | None) -> Document:
    document: Document = {
        "type": row.type,
        "trigger_spec": row.trigger_spec,
        "secrets": row.secrets,
        "cd_pipeline_yaml": row.cd_pipeline_yaml,
        "resource": row.resource,
    }
    if latest:
        document["latest_task"] = _latest(latest)
    return document


def _latest(task: Task) -> Document:
    return {
        "taskId": task.id,
        "status": task.status,
        "completed": task.finished_time is not None,
    }


def steps_document(before: Sequence[Document], changed: Iterable[Step]) -> list[Document]:
    """Return `task.steps` as it was *before*, with what changed of some steps.

    It has the seed's four keys of each step, and what the seed left out.
    """
    document = [*before]
    for step in sorted(changed, key=lambda step: step.index):
        document[step.index : step.index + 1] = [_step(step)]
    return document


def _step(step: Step) -> Document:
    return {
        "run": step.name,
        "stepCount": str(step.index),
        "status": step.status,
        "process_time": _seconds(step),
        "started_time": step.started_time.isoformat() if step.started_time else None,
        "finished_time": step.finished_time.isoformat() if step.finished_time else None,
        "exit_code": step.exit_code,
        "error": step.error,
    }


def _seconds(step: Step) -> float | None:
    if step.started_time is None or step.finished_time is None:
        return None
    return round((step.finished_time - step.started_time).total_seconds(), 3)

"""Rows of tasks as the queue writes to them: locked and read by one statement, with their team."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import DoesNotExist

from control.port import Lease
from db import rows
from db.models import Task

UNREAD = frozenset({"pipeline", "inputs", "trigger_payload"})  # by who writes what happened
TIME = {"sqlite": "", "postgres": ", clock_timestamp() AS time"}
WHERE = {
    "sqlite": "WHERE t.id = ?1 AND t.epoch = ?2 AND t.status = 'running'",
    "postgres": "WHERE t.id = $1 AND t.epoch = $2 AND t.status = 'running' FOR NO KEY UPDATE OF t",
}


@cache
def select(dialect: str, unread: frozenset[str] = frozenset(), more: str = "") -> str:
    """Return the beginning of a statement that reads tasks `t`, and *more*, after a comma."""
    columns = rows.acted_on(Task, unread, dialect).columns("t")
    return f"""
SELECT {columns}, o.name AS team{more} FROM task t
JOIN application a ON a.id = t.app_id JOIN org o ON o.id = a.owner_org_id
"""  # noqa: S608 (of our own texts)


def task_of(row: dict[str, Any], dialect: str, unread: frozenset[str] = frozenset()) -> Task:
    """Return the task that was read."""
    return rows.acted_on(Task, unread, dialect).of(row)


async def read(task_id: str, db: BaseDBAsyncClient) -> Task:
    """Return a task; DoesNotExist without one."""
    dialect = db.capabilities.dialect
    one = "WHERE t.id = " + ("?1" if dialect == "sqlite" else "$1")
    found = await db.execute_query_dict(f"{select(dialect, UNREAD)}{one}", [task_id])
    if not found:
        raise DoesNotExist(Task)
    return task_of(found[0], dialect, UNREAD)


async def hold(lease: Lease, db: BaseDBAsyncClient) -> tuple[Task, datetime] | None:
    """Lock the task of *lease* while that holds; return it, and the time by the shared clock.

    The epoch is the fence.
    """
    dialect = db.capabilities.dialect
    sql = f"{select(dialect, UNREAD, TIME[dialect])}{WHERE[dialect]}"
    found = await db.execute_query_dict(sql, [lease.task_id, lease.epoch])
    if not found:
        return None
    time = found[0].pop("time", None) or datetime.now(UTC)
    return task_of(found[0], dialect, UNREAD), time

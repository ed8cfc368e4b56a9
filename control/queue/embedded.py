"""Turns by the tables alone: for SQLite, where one process is everybody."""

from datetime import UTC, datetime, timedelta
from json import dumps

from tortoise.backends.base.client import BaseDBAsyncClient

from control.port import Reach
from control.queue import held
from control.queue.turns import AHEAD_MAX, Turn
from db.bundle import Bundle
from db.models import Task

# The oldest waiting task of each environment, one step along the index for each of them; of those
# that may run the oldest of the highest priority. The index serves because its conditions are
# written as it has them.
NEXT = """
WITH RECURSIVE head(id) AS (
  SELECT * FROM (
    SELECT id FROM task INDEXED BY idx_task_waiting WHERE status = 'pending' AND reported = false
    ORDER BY app_id, env_name, created_time, id LIMIT 1)
  UNION ALL
  SELECT coalesce(
    (SELECT n.id FROM task n INDEXED BY idx_task_waiting
     WHERE n.status = 'pending' AND n.reported = false
       AND n.app_id = t.app_id AND n.env_name > t.env_name
     ORDER BY n.app_id, n.env_name, n.created_time, n.id LIMIT 1),
    (SELECT n.id FROM task n INDEXED BY idx_task_waiting
     WHERE n.status = 'pending' AND n.reported = false AND n.app_id > t.app_id
     ORDER BY n.app_id, n.env_name, n.created_time, n.id LIMIT 1))
  FROM head JOIN task t ON t.id = head.id
)
SELECT t.id FROM head JOIN task t ON t.id = head.id
JOIN environment e ON e.application_id = t.app_id AND e.name = t.env_name
WHERE NOT EXISTS (SELECT 1 FROM task r WHERE r.app_id = t.app_id AND r.env_name = t.env_name
                  AND r.status = 'running' AND r.reported = false)
  AND (?1 IS NULL OR t.app_id IN (SELECT a.id FROM application a JOIN org o
                                  ON o.id = a.owner_org_id WHERE o.name = ?1))
  AND (t.runs_on = '' OR NOT EXISTS (
    SELECT 1 FROM json_each('["' || replace(t.runs_on, ',', '","') || '"]') needed
    WHERE needed.value NOT IN (SELECT value FROM json_each(?2))))
ORDER BY e.priority DESC, t.created_time, t.id LIMIT 1
"""
WAITING = f"""
SELECT id FROM task INDEXED BY idx_task_waiting
WHERE status = 'pending' AND reported = false AND app_id = ?1 AND env_name = ?2 AND id <> ?3
ORDER BY created_time, id LIMIT {AHEAD_MAX}
"""  # noqa: S608
RUNNING = """
SELECT id FROM task INDEXED BY uidx_task_run
WHERE status = 'running' AND reported = false AND app_id = ?1 AND env_name = ?2
"""


class EmbeddedTurns:
    """Implements `control.queue.turns.Turns` with nothing but the tasks."""

    def add(self, task: Task, bundle: Bundle) -> None:
        """Do nothing: the row itself lines up."""

    async def rank(self, environment_id: str, db: BaseDBAsyncClient) -> None:
        """Do nothing: whose turn it is, the environment itself says."""

    async def next(self, db: BaseDBAsyncClient, reach: Reach) -> Turn | None:
        """Return the oldest of the tasks that may run, of those with the highest priority."""
        sql = f"{held.select('sqlite')} WHERE t.id = ({NEXT})"
        found = await db.execute_query_dict(sql, [reach.org, dumps(reach.offers)])
        return Turn(held.task_of(found[0], "sqlite"), self.time_in(0)) if found else None

    async def ahead(self, task: Task, db: BaseDBAsyncClient, *, running: bool) -> list[str]:
        """Read two indexes."""
        place = [task.app_id, task.env_name]
        rows = await db.execute_query_dict(WAITING, [*place, task.id])
        if running:
            rows += await db.execute_query_dict(RUNNING, place)
        return [str(row["id"]) for row in rows]

    async def again(self, task: Task, db: BaseDBAsyncClient) -> None:
        """Do nothing: the row itself waits, by the time it was created."""

    async def end(self, task: Task, db: BaseDBAsyncClient) -> None:
        """Do nothing: the row itself goes."""

    async def alone(self, db: BaseDBAsyncClient) -> bool:  # noqa: ARG002 (the port's)
        """Tell that one process has the file."""
        return True

    async def mend(self, db: BaseDBAsyncClient) -> None:
        """Do nothing: there is nothing beside the tasks."""

    def time_in(self, seconds: float) -> datetime:
        """Return the time by this machine's clock."""
        return datetime.now(UTC) + timedelta(seconds=seconds)

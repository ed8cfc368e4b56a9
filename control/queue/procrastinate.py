"""Turns by Procrastinate's tables and functions: for PostgreSQL, where several servers claim.

A waiting or running task has a job there. Its queueing lock is the task's id, its lock the
environment, so that one runs at a time and in the order of their jobs: all that wait in one have
its priority, or the newer would overtake the older. Its queue is named for the
team, whose applications change hands only while no task of theirs waits, and for the labels that
the task needs of its worker: `acme`, `acme:gpu,linux`. A job that ends is
deleted. Nothing of Procrastinate runs here: its functions are called in the transactions that
change tasks.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import RawSQL

from control.port import Reach
from control.queue import held
from control.queue.turns import AHEAD_MAX, Turn
from db import labels
from db.bundle import Bundle, Question
from db.models import Task
from engine.state import TaskStatus

SWEEPER = 0x726F6C6C77617901  # the number of our lock: "rollway", then 1
PASSED_OVER_MAX = 100  # jobs in one claim
PIECE = 500  # jobs, and tasks, that are looked at in one go
FIRST_TASK = ("", "", datetime(1970, 1, 1, tzinfo=UTC), "")

QUEUE_NAME = "rtrim(o.name || ':' || t.runs_on, ':')"
# All that wait in an environment have its priority. Whether it has changed shows at both ends of
# the line: what is given out this moment is the first, and gets none.
RANKED = """
UPDATE procrastinate_jobs j SET priority = e.priority FROM environment e
WHERE e.id = {0} AND e.priority <> any(ARRAY(
    (SELECT priority FROM procrastinate_jobs WHERE lock = {0} AND status = 'todo'
     ORDER BY id LIMIT 1) UNION ALL
    (SELECT priority FROM procrastinate_jobs WHERE lock = {0} AND status = 'todo'
     ORDER BY id DESC LIMIT 1)))
  AND j.lock = {0} AND j.status = 'todo' AND j.priority <> e.priority
"""
DEFERRED = """
SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(rtrim(o.name || ':' || {2}::text, ':'), 'deploy',
  e.priority, e.id, {1}::text, '{{}}', NULL)::procrastinate_job_to_defer_v1])
FROM environment e JOIN application a ON a.id = e.application_id
JOIN org o ON o.id = a.owner_org_id WHERE e.id = {0}
"""
# Of the queues that have jobs, one step along their index for each, those that a worker may serve.
FETCH = """
WITH RECURSIVE line(name) AS (
  SELECT min(queue_name) FROM procrastinate_jobs
  UNION ALL
  SELECT (SELECT min(j.queue_name) FROM procrastinate_jobs j WHERE j.queue_name > line.name)
  FROM line WHERE line.name IS NOT NULL
)
SELECT id, queueing_lock AS task_id FROM procrastinate_fetch_job_v2(ARRAY(
  SELECT name FROM line WHERE ($1::text IS NULL OR split_part(name, ':', 1) = $1)
    AND string_to_array(split_part(name, ':', 2), ',') <@ $2::text[]), NULL)
WHERE id IS NOT NULL
"""
# Nothing where somebody changes the task this moment: waiting for that could never end.
READY = "WHERE t.id = $1 FOR NO KEY UPDATE OF t SKIP LOCKED"
BLOCKED_AND_TIME = """,
  EXISTS (SELECT 1 FROM task r WHERE r.app_id = t.app_id AND r.env_name = t.env_name
          AND r.status = 'running' AND r.reported = false) AS blocked,
  clock_timestamp() AS time
"""
KNOWN = "SELECT 1 FROM task WHERE id = $1"
LATER = "SELECT procrastinate_retry_job_v2($1, now() + interval '1 second', NULL, NULL, NULL)"
# A server of an older version gave it a queue without labels.
ELSEWHERE = f"""
SELECT procrastinate_retry_job_v2($1, now(), NULL, {QUEUE_NAME}, NULL)
FROM task t JOIN application a ON a.id = t.app_id JOIN org o ON o.id = a.owner_org_id
WHERE t.id = $2
"""  # noqa: S608 (of our own texts)
DROP = "SELECT procrastinate_finish_job_v1($1, 'failed', true)"
WAITING = f"""
SELECT id FROM task WHERE status = 'pending' AND reported = false
  AND app_id = $1 AND env_name = $2 AND id <> $3
ORDER BY created_time, id LIMIT {AHEAD_MAX}
"""  # noqa: S608
RUNNING = """
SELECT id FROM task WHERE status = 'running' AND reported = false
  AND app_id = $1 AND env_name = $2
"""
AGAIN = """
SELECT procrastinate_retry_job_v2(j.id, now(), e.priority, NULL, NULL)
FROM procrastinate_jobs j JOIN environment e ON e.id = j.lock
WHERE j.lock = $1 AND j.status = 'doing' AND j.queueing_lock = $2
"""
CANCEL = """
SELECT procrastinate_cancel_job_v1(id, false, true) FROM procrastinate_jobs
WHERE queueing_lock = $1 AND status = 'todo'
"""
FINISH = """
SELECT procrastinate_finish_job_v1(id, 'succeeded', true) FROM procrastinate_jobs
WHERE lock = $1 AND status = 'doing' AND queueing_lock = $2
"""
# Whether jobs and tasks say the same, of a piece of each: all of them take long to be read.
JOBS = f"""
SELECT max(j.id) AS last, count(*) AS read, count(*) FILTER (WHERE
  t.id IS NULL OR t.reported OR e.priority <> j.priority AND j.status = 'todo'
  OR t.status <> CASE j.status WHEN 'todo' THEN 'pending' ELSE 'running' END) AS wrong
FROM (SELECT * FROM procrastinate_jobs WHERE id > $1 ORDER BY id LIMIT {PIECE}) j
LEFT JOIN task t ON t.id = j.queueing_lock LEFT JOIN environment e ON e.id = j.lock
"""  # noqa: S608 (of our own texts)
TASKS = f"""
SELECT app_id, env_name, created_time, id, count(*) OVER () AS read,
  count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs j
      WHERE j.queueing_lock = t.id AND j.status = 'todo')
    AND EXISTS (SELECT 1 FROM environment e
      WHERE e.application_id = t.app_id AND e.name = t.env_name)) OVER () AS wrong
FROM (SELECT app_id, env_name, created_time, id FROM task
  WHERE status = 'pending' AND reported = false
    AND (app_id, env_name, created_time, id) > ($1, $2, $3::timestamptz, $4)
  ORDER BY app_id, env_name, created_time, id LIMIT {PIECE}) t
ORDER BY app_id DESC, env_name DESC, created_time DESC, id DESC LIMIT 1
"""  # noqa: S608 (of our own texts)
# Its own function would fail where somebody else has deleted the job meanwhile.
STRAY = """
DELETE FROM procrastinate_jobs j WHERE
  j.status = 'todo' AND NOT EXISTS (SELECT 1 FROM task t
    WHERE t.id = j.queueing_lock AND t.status = 'pending' AND t.reported = false)
  OR j.status = 'doing' AND NOT EXISTS (SELECT 1 FROM task t
    WHERE t.id = j.queueing_lock AND t.status = 'running' AND t.reported = false)
"""
# NOT IN is looked up in a table of hashes. NOT EXISTS read all jobs anew for each task for as long
# as the tables had not been analysed since they were few: 0.5 s for 2,000 tasks.
MISSING = f"""
SELECT procrastinate_defer_jobs_v1(array_agg(
  ROW({QUEUE_NAME}, 'deploy', e.priority, e.id, t.id, '{{}}', NULL)
    ::procrastinate_job_to_defer_v1 ORDER BY t.created_time, t.id))
FROM task t JOIN environment e ON e.application_id = t.app_id AND e.name = t.env_name
JOIN application a ON a.id = t.app_id JOIN org o ON o.id = a.owner_org_id
WHERE t.status = 'pending' AND t.reported = false AND t.id NOT IN (
  SELECT j.queueing_lock FROM procrastinate_jobs j
  WHERE j.status = 'todo' AND j.queueing_lock IS NOT NULL)
HAVING count(*) > 0
"""  # noqa: S608 (of our own texts)
# A job that somebody else changes is left for the next time: waiting while holding others could
# never end.
RANK = """
UPDATE procrastinate_jobs SET priority = found.priority FROM (
  SELECT j.id, e.priority FROM procrastinate_jobs j JOIN environment e ON e.id = j.lock
  WHERE j.status = 'todo' AND j.priority <> e.priority FOR NO KEY UPDATE OF j SKIP LOCKED
) found WHERE procrastinate_jobs.id = found.id
"""


class ProcrastinateTurns:
    """Implements `control.queue.turns.Turns` with Procrastinate 3.10."""

    def __init__(self) -> None:
        self._job = 0  # behind which those are that are looked at next
        self._task: Sequence[object] = FIRST_TASK

    def add(self, task: Task, bundle: Bundle) -> None:
        """Have it given a job. The team's chain is locked, so that jobs come in their order."""
        bundle.add(RANKED, [_lock(task)])
        bundle.ask(Question(DEFERRED, [_lock(task), task.id, task.runs_on]))

    async def rank(self, environment_id: str, db: BaseDBAsyncClient) -> None:
        """Change its jobs; who gives one out this moment is waited for."""
        bundle = Bundle(db)
        bundle.add(RANKED, [environment_id])
        await bundle.send()

    async def next(self, db: BaseDBAsyncClient, reach: Reach) -> Turn | None:
        """Fetch a job, and pass over those whose task is not there to run."""
        offers = reach.offers
        for _ in range(PASSED_OVER_MAX):
            found = await db.execute_query_dict(FETCH, [reach.org, offers])
            if not found:
                return None
            job_id, task_id = found[0]["id"], str(found[0]["task_id"])
            ready = f"{held.select('postgres', more=BLOCKED_AND_TIME)}{READY}"
            if not (rows := await db.execute_query_dict(ready, [task_id])):
                waits = bool(await db.execute_query_dict(KNOWN, [task_id]))
                await db.execute_query(LATER if waits else DROP, [job_id])
                continue
            blocked, time = rows[0].pop("blocked"), rows[0].pop("time")
            task = held.task_of(rows[0], "postgres")
            waits = task.status == TaskStatus.PENDING and not task.reported
            if blocked or not waits:
                await db.execute_query(LATER if waits else DROP, [job_id])
            elif {*labels.split(task.runs_on)} <= {*offers}:
                return Turn(task, time)
            else:
                await db.execute_query(ELSEWHERE, [job_id, task_id])
        return None

    async def ahead(self, task: Task, db: BaseDBAsyncClient, *, running: bool) -> list[str]:
        """Read the tasks, whatever jobs there are: what waits first, for it may begin to run."""
        place = [task.app_id, task.env_name]
        rows = await db.execute_query_dict(WAITING, [*place, task.id])
        if running:
            rows += await db.execute_query_dict(RUNNING, place)
        return [str(row["id"]) for row in rows]

    async def again(self, task: Task, db: BaseDBAsyncClient) -> None:
        """Have its job wait: it keeps its number, so it is before all others of its lock."""
        await db.execute_query(AGAIN, [_lock(task), task.id])

    async def end(self, task: Task, db: BaseDBAsyncClient) -> None:
        """Delete the job of *task*."""
        if task.status == TaskStatus.PENDING.value:
            await db.execute_query(CANCEL, [task.id])
        else:
            await db.execute_query(FINISH, [_lock(task), task.id])

    async def alone(self, db: BaseDBAsyncClient) -> bool:
        """Take the lock of those who tidy up, if nobody has it."""
        rows = await db.execute_query_dict("SELECT pg_try_advisory_xact_lock($1) AS ok", [SWEEPER])
        return bool(rows[0]["ok"])

    async def mend(self, db: BaseDBAsyncClient) -> None:
        """Look at the next jobs and tasks, 500 of each, from the first again after the last."""
        (jobs,) = await db.execute_query_dict(JOBS, [self._job])
        tasks = await db.execute_query_dict(TASKS, [*self._task])
        if jobs["wrong"] or any(row["wrong"] for row in tasks):
            await self.mend_all(db)
        self._job = jobs["last"] if jobs["read"] == PIECE else 0
        more = bool(tasks) and tasks[0]["read"] == PIECE
        self._task = [*tasks[0].values()][: len(FIRST_TASK)] if more else FIRST_TASK

    async def mend_all(self, db: BaseDBAsyncClient) -> None:
        """Delete jobs that stand for nothing, give tasks without one theirs, set priorities."""
        await db.execute_query(STRAY)
        await db.execute_query(MISSING)
        await db.execute_query(RANK)

    def time_in(self, seconds: float) -> RawSQL:
        """Return the time by the database's clock."""
        return RawSQL(f"clock_timestamp() + make_interval(secs => {float(seconds)})")


def _lock(task: Task) -> str:
    return f"{task.app_id}:{task.env_name}"

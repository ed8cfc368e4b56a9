"""The pages by a few statements each, whose rows are put together here.

The first finds whose token it is; what is asked for by its id is found only in a team in which that
user has a row.
"""

import hashlib
from collections import defaultdict
from datetime import datetime
from typing import Any

from asyncpg import Pool

Row = dict[str, Any]

MAY = frozenset({"OWNER", "ADMIN", "MEMBER"})
VIEWER = """SELECT u.id, u.username, u.avatar FROM session s JOIN "user" u ON u.id = s.user_id
  WHERE s.token_hash = $1 AND s.expires_time > now()"""
SHOWN = """x.id, upper(x.status) AS status, x.env_name AS "envName", x.ref, x."commit", x.message,
  x.trigger_type AS "triggerType", x.created_time AS "createdTime",
  x.started_time AS "startedTime", x.finished_time AS "finishedTime" """
LATEST = "ORDER BY x.created_time DESC, x.id DESC LIMIT"
APPLICATION = 'a.id, a.name, a.description, upper(a.provider) AS provider, a.repo_url AS "repoUrl"'
TEAM = "w.id AS team_id, w.name AS team, w.alias, m.role"
MEMBER = """JOIN org w ON w.id = a.owner_org_id
  JOIN org m ON m.name = w.name AND m.user_id = $2"""
TEAMS = """SELECT m.id, m.name, w.alias, m.role, w.id AS owner FROM org m
  JOIN org w ON w.name = m.name AND w.role = 'OWNER' WHERE m.user_id = $1
  ORDER BY m.name, m.id LIMIT 3"""
APPLICATIONS = f"""SELECT y.* FROM unnest($1::text[]) p(id) CROSS JOIN LATERAL
  (SELECT {APPLICATION}, a.updated_time AS "updatedTime", a.owner_org_id FROM application a
  WHERE a.owner_org_id = p.id ORDER BY a.name, a.id LIMIT 20) y"""
ENVIRONMENTS = """SELECT e.application_id, e.id, e.name, upper(e.type) AS type, e.version,
  t.id AS latest, upper(t.status) AS latest_status FROM environment e
  LEFT JOIN task t ON t.id = e.latest_task_id WHERE e.application_id = any($1) ORDER BY e.name"""
TASKS = f"""SELECT y.* FROM unnest($1::text[]) p(id) CROSS JOIN LATERAL
  (SELECT {SHOWN}, x.app_id FROM task x WHERE x.app_id = p.id {LATEST} $2) y"""
STEPS = """SELECT s.task_id, s."index", s.name, upper(s.status) AS status,
  s.started_time AS "startedTime", s.finished_time AS "finishedTime" FROM step s
  WHERE s.task_id = any($1) ORDER BY s."index" """
ONE = f"SELECT {APPLICATION}, {TEAM} FROM application a {MEMBER} WHERE a.id = $1"
TASK = f"""SELECT {SHOWN}, a.id AS app_id, a.name AS app_name, m.role FROM task x
  JOIN application a ON a.id = x.app_id {MEMBER} WHERE x.id = $1"""
FILTERED = f"""SELECT {SHOWN}, x.branch FROM task x WHERE x.app_id = $1 AND x.env_name = $2 AND
  x.status = any($3) AND (x.created_time, x.id) < ($4, $5) {LATEST} $6"""
FOUND = f"SELECT a.id, a.name FROM application a {MEMBER} WHERE a.id = $1"


BEGINNING = "9999-12-31T00:00:00+00:00 "  # the cursor that all rows are behind


class Pages:
    """Makes the answers."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        """Return rows as dictionaries."""
        return [dict(each) for each in await self.pool.fetch(sql, *values)]

    async def viewer(self, token: str) -> Row | None:
        """Return whose token it is."""
        found = await self.fetch(VIEWER, hashlib.sha256(token.encode()).hexdigest())
        return found[0] if found else None

    async def dashboard(self, viewer: Row, _: Row) -> Row:
        """Return all teams with their applications."""
        teams = await self.fetch(TEAMS, viewer["id"])
        applications = await self.fetch(APPLICATIONS, [each["owner"] for each in teams])
        ids = [each["id"] for each in applications]
        environments = await self._environments(ids)
        tasks = defaultdict(list)
        for task in await self._with_steps(await self.fetch(TASKS, ids, 10)):
            tasks[task.pop("app_id")].append(task)
        of = defaultdict(list)
        for each in applications:
            of[each.pop("owner_org_id")].append(each)
            each["environments"] = environments[each["id"]]
            for environment in each["environments"]:
                del environment["version"]
            each["tasks"] = {"nodes": tasks[each["id"]]}
        for each in teams:
            each["applications"] = {"nodes": of[each.pop("owner")]}
        return {"viewer": {**viewer, "orgs": {"nodes": teams}}}

    async def application(self, viewer: Row, asked: Row) -> Row:
        """Return an application with its latest tasks."""
        rows = await self.fetch(ONE, asked["id"], viewer["id"])
        if not rows:
            return {"application": None}
        [found] = rows
        may = found.pop("role") in MAY
        team = ("team_id", "team", "alias")
        found["ownerOrg"] = dict(zip(("id", "name", "alias"), map(found.pop, team), strict=True))
        found["viewerCan"] = {"deploy": may, "update": may}
        found["environments"] = (await self._environments([asked["id"]]))[asked["id"]]
        size = asked["first"]
        tasks = await self.fetch(TASKS, [asked["id"]], size + 1)
        shown = await self._with_steps(tasks[:size])
        for task in shown:
            del task["app_id"]
        found["tasks"] = {"pageInfo": {"hasNextPage": len(tasks) > size}, "nodes": shown}
        return {"application": found}

    async def task(self, viewer: Row, asked: Row) -> Row:
        """Return a task with its steps."""
        rows = await self.fetch(TASK, asked["id"], viewer["id"])
        if not rows:
            return {"task": None}
        [found] = await self._with_steps(rows)
        may = found.pop("role") in MAY
        found["application"] = {"id": found.pop("app_id"), "name": found.pop("app_name")}
        found["viewerCan"] = {"redeploy": may, "cancel": may}
        return {"task": found}

    async def tasks(self, viewer: Row, asked: Row) -> Row:
        """Return an application's tasks that a filter lets through, behind a place in the list."""
        rows = await self.fetch(FOUND, asked["id"], viewer["id"])
        if not rows:
            return {"application": None}
        where, size = asked["where"], asked["first"]
        time, _, key = (asked.get("after") or BEGINNING).partition(" ")
        statuses = [each.lower() for each in where["statuses"]]
        place = (datetime.fromisoformat(time), key)
        tasks = await self.fetch(
            FILTERED, asked["id"], where["envName"], statuses, *place, size + 1
        )
        shown = timed(tasks[:size])
        last = shown[-1] if shown else None
        cursor = f"{last['createdTime'].isoformat()} {last['id']}" if last else None
        information = {"hasNextPage": len(tasks) > size, "endCursor": cursor}
        return {"application": {**rows[0], "tasks": {"pageInfo": information, "nodes": shown}}}

    async def _environments(self, applications: list[str]) -> dict[str, list[Row]]:
        found = defaultdict(list)
        for row in await self.fetch(ENVIRONMENTS, applications):
            latest, status = row.pop("latest"), row.pop("latest_status")
            row["latestTask"] = {"id": latest, "status": status} if latest else None
            found[row.pop("application_id")].append(row)
        return found

    async def _with_steps(self, tasks: list[Row]) -> list[Row]:
        by_id = {task["id"]: task for task in timed(tasks)}
        for task in tasks:
            task["steps"] = []
        for row in await self.fetch(STEPS, list(by_id)):
            by_id[row.pop("task_id")]["steps"].append(row)
        return tasks


def timed(tasks: list[Row]) -> list[Row]:
    """Say how long each task took, in seconds."""
    for task in tasks:
        begun, ended = task["startedTime"], task["finishedTime"]
        task["duration"] = (ended - begun).total_seconds() if begun and ended else None
    return tasks

"""The same pages by hand: statements as one would write them, behind a bare Starlette route.

They show one user's own teams and check nothing but the session; there is no GraphQL in it.
"""

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TASKS = 5  # of an application's page

Rows = list[dict[str, Any]]
Fetch = Callable[..., Awaitable[Rows]]

SESSION = """SELECT u.id, u.username, u.avatar FROM session s JOIN "user" u ON u.id = s.user_id
  WHERE s.token_hash = $1 AND s.expires_time > '2026-01-02'"""
TASK = """x.id, upper(x.status) AS status, x.env_name AS "envName", x.ref, x."commit", x.message,
  x.trigger_type AS "triggerType", x.created_time AS "createdTime",
  x.started_time AS "startedTime", x.finished_time AS "finishedTime" """
STEP = """s.task_id, s."index", s.name, upper(s.status) AS status,
  s.started_time AS "startedTime", s.finished_time AS "finishedTime" """
ENVIRONMENT = """e.application_id, e.id, e.name, upper(e.type) AS type, e.version,
  t.id AS latest, upper(t.status) AS latest_status"""
APPLICATION = """a.id, a.name, a.description, upper(a.provider) AS provider,
  a.repo_url AS "repoUrl", a.updated_time AS "updatedTime", a.owner_org_id"""
LATEST = {
    "postgres": f"""SELECT {TASK}, x.app_id FROM unnest($1::text[]) p(id) CROSS JOIN LATERAL
      (SELECT * FROM task WHERE app_id = p.id ORDER BY created_time DESC, id DESC LIMIT $2) x""",
    "sqlite": f"""SELECT {TASK}, x.app_id FROM application p CROSS JOIN task x ON x.id IN
      (SELECT id FROM task WHERE app_id = p.id ORDER BY created_time DESC, id DESC LIMIT $2)
      WHERE p.id IN ($1) ORDER BY x.created_time DESC""",
}

# Moments as Python writes them; PostgreSQL leaves zeros at their end out.
MOMENT = """'YYYY-MM-DD"T"HH24:MI:SS.US+00:00'"""
WHOLE = f"""SELECT json_build_object('data', json_build_object('viewer', (SELECT row_to_json(v) FROM
  (SELECT u.id, u.username, u.avatar, json_build_object('nodes', (SELECT json_agg(row_to_json(o))
  FROM (SELECT id, name, alias, role, json_build_object('nodes', (SELECT json_agg(row_to_json(y))
  FROM (SELECT a.id, a.name, a.description, upper(a.provider) AS provider, a.repo_url AS "repoUrl",
  to_char(a.updated_time AT TIME ZONE 'UTC', {MOMENT}) AS "updatedTime",
  (SELECT json_agg(row_to_json(z)) FROM (SELECT e.id, e.name, upper(e.type) AS type,
  json_build_object('id', t.id, 'status', upper(t.status)) AS "latestTask" FROM environment e
  LEFT JOIN task t ON t.id = e.latest_task_id WHERE e.application_id = a.id ORDER BY e.name) z)
  AS environments, json_build_object('nodes', (SELECT json_agg(row_to_json(x)) FROM (SELECT {TASK},
  94.0 AS duration, (SELECT json_agg(row_to_json(w)) FROM (SELECT s."index", s.name, upper(s.status)
  AS status, s.started_time AS "startedTime", s.finished_time AS "finishedTime" FROM step s
  WHERE s.task_id = x.id ORDER BY s."index") w) AS steps FROM task x WHERE x.app_id = a.id
  ORDER BY x.created_time DESC, x.id DESC LIMIT 10) x)) AS tasks
  FROM application a WHERE a.owner_org_id = q.id ORDER BY a.name) y)) AS applications
  FROM org q WHERE q.user_id = u.id ORDER BY q.id) o)) AS orgs
  FROM "user" u WHERE u.id = $1) v)))"""
AS_TEXT = f"SELECT ({WHOLE})::text AS answer"
AS_BYTES = f"SELECT convert_to(({WHOLE})::text, 'UTF8') AS answer"


class Database:
    """Statements on PostgreSQL by asyncpg, on SQLite by the standard library in this thread."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.dialect = "sqlite" if url.startswith("sqlite") else "postgres"

    @asynccontextmanager
    async def open(self, _: Starlette) -> AsyncIterator[None]:
        """Open it for the duration of the block."""
        if self.dialect == "sqlite":
            self.connection = sqlite3.connect(self.url.partition("://")[2], isolation_level=None)
            self.connection.row_factory = sqlite3.Row
            yield
            return
        url = self.url.replace("postgres://", "postgresql://")
        async with asyncpg.create_pool(
            url, min_size=1, max_size=5, connection_class=Connection
        ) as self.pool:
            yield

    async def fetch(self, sql: str, ids: list[str] | str, *more: object) -> Rows:
        """Return rows; `= any($1)` and `IN ($1)` take a list."""
        if self.dialect == "postgres":
            return [dict(each) for each in await self.pool.fetch(sql, ids, *more)]
        listed = ids if isinstance(ids, list) else [ids]
        marks = ", ".join("?" * len(listed))
        sql = sql.replace("= any($1)", f"IN ({marks})").replace("($1)", f"({marks})")
        sql = sql.replace("$1", "?").replace("$2", "?")
        # The limit stands before the list in LATEST alone.
        given = (*more, *listed) if "LIMIT ?" in sql else (*listed, *more)
        rows = [dict(each) for each in self.connection.execute(sql, given)]
        for name in rows[0] if rows else ():
            if name.endswith("Time"):  # kept as text, with a blank
                for row in rows:
                    row[name] = row[name].replace(" ", "T")
        return rows


class Connection(asyncpg.Connection):
    """One that is not reset when it goes back to the pool."""

    def get_reset_query(self) -> str:
        """Return nothing."""
        return ""


async def environments(fetch: Fetch, applications: list[str]) -> dict[str, Rows]:
    """Return the environments of each application, with their latest tasks."""
    found: dict[str, Rows] = defaultdict(list)
    sql = f"""SELECT {ENVIRONMENT} FROM environment e LEFT JOIN task t ON t.id = e.latest_task_id
      WHERE e.application_id = any($1) ORDER BY e.name"""
    for row in await fetch(sql, applications):
        mine = found[row.pop("application_id")]
        row["latestTask"] = {"id": row.pop("latest"), "status": row.pop("latest_status")}
        mine.append(row)
    return found


async def with_steps(fetch: Fetch, tasks: Rows) -> Rows:
    """Return tasks with their steps and durations."""
    by_id = {task["id"]: task for task in tasks}
    for task in tasks:
        task["duration"] = 94.0
        task["steps"] = []
    sql = f'SELECT {STEP} FROM step s WHERE s.task_id = any($1) ORDER BY s."index"'
    for row in await fetch(sql, list(by_id)):
        by_id[row.pop("task_id")]["steps"].append(row)
    return tasks


async def dashboard(fetch: Fetch, viewer: dict[str, Any], _: str) -> object:
    """Return who is signed in, with all there is."""
    orgs = await fetch(
        "SELECT id, name, alias, role FROM org WHERE user_id = $1 ORDER BY id", viewer["id"]
    )
    sql = f"""SELECT {APPLICATION} FROM application a WHERE a.owner_org_id = any($1)
      ORDER BY a.name"""
    applications = await fetch(sql, [each["id"] for each in orgs])
    ids = [each["id"] for each in applications]
    below = await environments(fetch, ids)
    latest: dict[str, Rows] = defaultdict(list)
    for task in await with_steps(fetch, await fetch(LATEST[fetch.__self__.dialect], ids, 10)):
        latest[task.pop("app_id")].append(task)
    of: dict[str, Rows] = defaultdict(list)
    for each in applications:
        of[each.pop("owner_org_id")].append(each)
        each["environments"] = below[each["id"]]
        for environment in each["environments"]:
            del environment["version"]
        each["tasks"] = {"nodes": latest[each["id"]]}
    for each in orgs:
        each["applications"] = {"nodes": of[each["id"]]}
    return {"viewer": {**viewer, "orgs": {"nodes": orgs}}}


async def application(fetch: Fetch, viewer: dict[str, Any], name: str) -> object:
    """Return an application of the caller's teams, with its latest tasks."""
    sql = f"""SELECT {APPLICATION}, o.name AS team, o.alias FROM application a
      JOIN org o ON o.id = a.owner_org_id WHERE a.id = $1"""
    [found] = await fetch(sql, name)
    found |= {"viewerCan": await can(fetch, viewer, found, ("deploy", "update"))}
    del found["updatedTime"]
    found["environments"] = (await environments(fetch, [name]))[name]
    tasks = await with_steps(fetch, await fetch(LATEST[fetch.__self__.dialect], [name], TASKS + 1))
    for task in tasks:
        del task["app_id"]
    found["tasks"] = {"pageInfo": {"hasNextPage": len(tasks) > TASKS}, "nodes": tasks[:TASKS]}
    return {"application": found}


async def task(fetch: Fetch, viewer: dict[str, Any], name: str) -> object:
    """Return a task of the caller's teams."""
    sql = f"""SELECT {TASK}, a.id AS app_id, a.name AS app_name, o.id AS owner_org_id,
      o.name AS team, o.alias FROM task x JOIN application a ON a.id = x.app_id
      JOIN org o ON o.id = a.owner_org_id WHERE x.id = $1"""
    [found] = await with_steps(fetch, await fetch(sql, name))
    found["viewerCan"] = await can(fetch, viewer, found, ("redeploy", "cancel"))
    del found["ownerOrg"]
    found["application"] = {"id": found.pop("app_id"), "name": found.pop("app_name")}
    return {"task": found}


async def can(
    fetch: Fetch, viewer: dict[str, Any], found: dict[str, Any], acts: tuple[str, ...]
) -> object:
    """Return what the caller may do, by their role in the team."""
    found["ownerOrg"] = {
        "id": found.pop("owner_org_id"),
        "name": found.pop("team"),
        "alias": found.pop("alias"),
    }
    sql = "SELECT role FROM org WHERE id = $1"
    [mine] = await fetch(sql, f"{viewer['id']}:{found['ownerOrg']['name']}")
    return dict.fromkeys(acts, mine["role"] == "OWNER")


def app(url: str, whole: str | None = None) -> Starlette:
    """Return the application; the dashboard is *whole*, a statement that answers all, if given."""
    database = Database(url)
    known = {"dashboard": dashboard, "application": application, "task": task}

    async def answer(request: Request) -> Response:
        token = request.headers["authorization"].partition(" ")[2]
        digest = hashlib.sha256(token.encode()).hexdigest()
        [viewer] = await database.fetch(SESSION, digest)
        asked = json.loads(await request.body())
        name = asked["operationName"].lower()
        if whole and name == "dashboard":
            [row] = await database.fetch(whole, viewer["id"])
            return Response(row["answer"], media_type="application/json")
        page = known[name]
        data = await page(database.fetch, viewer, asked["variables"].get("id", ""))
        return Response(
            json.dumps({"data": data}, default=datetime.isoformat), media_type="application/json"
        )

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])], lifespan=database.open)

"""The dashboard by one statement of SQLite, whose answer is the JSON, behind a bare route."""

import argparse
import hashlib
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from floor import token  # noqa: E402 - lies beside
from serving import serve  # noqa: E402

# Kept as text, with a blank.
MOMENT = "replace({0}, ' ', 'T')"
SPAN = "round((julianday(x.finished_time) - julianday(x.started_time)) * 86400, 3)"


def listed(name: str, fields: str, rows: str) -> str:
    """Return the expression of a list of objects, one for each of *rows*, in their order."""
    return f"(SELECT json_group_array(json_object({fields})) FROM ({rows}) {name})"


STEPS = listed(
    "s",
    f"""'index', s."index", 'name', s.name, 'status', upper(s.status),
      'startedTime', {MOMENT.format("s.started_time")},
      'finishedTime', {MOMENT.format("s.finished_time")}""",
    'SELECT * FROM step WHERE task_id = x.id ORDER BY "index"',
)
TASKS = listed(
    "x",
    f"""'id', x.id, 'status', upper(x.status), 'envName', x.env_name, 'ref', x.ref,
      'commit', x."commit", 'message', x.message, 'triggerType', x.trigger_type,
      'createdTime', {MOMENT.format("x.created_time")},
      'startedTime', {MOMENT.format("x.started_time")},
      'finishedTime', {MOMENT.format("x.finished_time")},
      'duration', {SPAN}, 'steps', {STEPS}""",
    """SELECT id, status, env_name, ref, "commit", message, trigger_type, created_time,
      started_time, finished_time FROM task WHERE app_id = a.id
      ORDER BY created_time DESC, id DESC LIMIT 10""",
)
ENVIRONMENTS = listed(
    "e",
    """'id', e.id, 'name', e.name, 'type', upper(e.type), 'latestTask',
      iif(e.latest IS NULL, NULL, json_object('id', e.latest, 'status', upper(e.status)))""",
    """SELECT e.id, e.name, e.type, t.id AS latest, t.status FROM environment e
      LEFT JOIN task t ON t.id = e.latest_task_id WHERE e.application_id = a.id ORDER BY e.name""",
)
APPLICATIONS = listed(
    "a",
    f"""'id', a.id, 'name', a.name, 'description', a.description, 'provider', upper(a.provider),
      'repoUrl', a.repo_url, 'updatedTime', {MOMENT.format("a.updated_time")},
      'environments', {ENVIRONMENTS}, 'tasks', json_object('nodes', {TASKS})""",
    "SELECT * FROM application WHERE owner_org_id = m.owner ORDER BY name, id LIMIT 20",
)
TEAMS = listed(
    "m",
    f"""'id', m.id, 'name', m.name, 'alias', m.alias, 'role', m.role,
      'applications', json_object('nodes', {APPLICATIONS})""",
    """SELECT m.id, m.name, w.alias, m.role, w.id AS owner FROM org m
      JOIN org w ON w.name = m.name AND w.role = 'OWNER' WHERE m.user_id = u.id
      ORDER BY m.name, m.id LIMIT 3""",
)
DASHBOARD = f"""SELECT json_object('data', json_object('viewer', json_object('id', u.id,
  'username', u.username, 'avatar', u.avatar, 'orgs', json_object('nodes', {TEAMS}))))
  FROM session s JOIN "user" u ON u.id = s.user_id
  WHERE s.token_hash = ? AND s.expires_time > datetime('now')"""


class Floor:
    """Answers the dashboard."""

    def __init__(self, url: str) -> None:
        self.path = url.partition("://")[2]

    @asynccontextmanager
    async def open(self, _: Starlette) -> AsyncIterator[None]:
        """Open the file for the duration of the block."""
        self.connection = sqlite3.connect(self.path, isolation_level=None)
        yield
        self.connection.close()

    async def answer(self, request: Request) -> Response:
        """Answer what the database wrote, whatever is asked."""
        await request.body()
        digest = hashlib.sha256(token(request).encode()).hexdigest()
        row = self.connection.execute(DASHBOARD, [digest]).fetchone()
        if row is None:
            return Response(status_code=401)
        return Response(row[0], media_type="application/json")


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    floor = Floor(parser.parse_args().url)
    routes = [Route("/graphql", floor.answer, methods=["POST"])]
    serve(Starlette(routes=routes, lifespan=floor.open))


if __name__ == "__main__":
    main()

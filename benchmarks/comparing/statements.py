"""The pages as one statement of PostgreSQL each, whose answer is the JSON.

$1 is the hash of a token: whose it is, is looked up in the statement itself, and nothing is found
that is not of a team in which that user has a row. No row is the answer to a token of nobody's.

How many are asked for stands in the text: of a limit that is a parameter a plan knows nothing, and
gathers and sorts all of an application's tasks.
"""

from functools import cache

VIEWER = """(SELECT u.id, u.username, u.avatar FROM session s JOIN "user" u ON u.id = s.user_id
  WHERE s.token_hash = $1 AND s.expires_time > now()) v"""
# `w` is the row of a team's owner, `m` the caller's.
MEMBER = """JOIN org w ON w.id = a.owner_org_id
  JOIN org m ON m.name = w.name AND m.user_id = v.id"""
MAY = "m.role IN ('OWNER', 'ADMIN', 'MEMBER')"
SHOWN = """x.id, upper(x.status) AS status, x.env_name AS "envName", x.ref, x."commit", x.message,
  x.trigger_type AS "triggerType", x.created_time AS "createdTime",
  x.started_time AS "startedTime", x.finished_time AS "finishedTime",
  extract(epoch FROM x.finished_time - x.started_time)::float AS duration"""
SIZE = "{size}"
LATEST = "ORDER BY x.created_time DESC, x.id DESC LIMIT"
APPLICATION = 'a.id, a.name, a.description, upper(a.provider) AS provider, a.repo_url AS "repoUrl"'
OWNER = """json_build_object('id', w.id, 'name', w.name, 'alias', w.alias) AS "ownerOrg" """


def listed(rows: str) -> str:
    """Return the expression of a list of objects, one for each of *rows*."""
    return f"(SELECT coalesce(json_agg(row_to_json(y)), '[]') FROM ({rows}) y)"


def nodes(rows: str) -> str:
    """Return the expression of a page that holds a list of objects."""
    return f"json_build_object('nodes', {listed(rows)})"


def page(rows: str, size: str, information: str = "") -> str:
    """Return the expression of a page of *size*, of which *rows* are one more."""
    return f"""(SELECT json_build_object('pageInfo', json_build_object('hasNextPage',
      count(*) > {size}{information}), 'nodes', coalesce(json_agg(line) FILTER
      (WHERE place <= {size}), '[]')) FROM (SELECT row_to_json(z) AS line, row_number() OVER ()
      AS place FROM ({rows} {size} + 1) z) c)"""


STEPS = listed("""SELECT s."index", s.name, upper(s.status) AS status, s.started_time AS
  "startedTime", s.finished_time AS "finishedTime" FROM step s WHERE s.task_id = x.id
  ORDER BY s."index" """)


def _environments(more: str = "") -> str:
    return listed(f"""SELECT e.id, e.name, upper(e.type) AS type {more}, CASE WHEN t.id IS NOT NULL
      THEN json_build_object('id', t.id, 'status', upper(t.status)) END AS "latestTask"
      FROM environment e LEFT JOIN task t ON t.id = e.latest_task_id
      WHERE e.application_id = a.id ORDER BY e.name""")


def _whole(field: str, row: str) -> str:
    return f"""SELECT convert_to(json_build_object('data', json_build_object('{field}',
      (SELECT row_to_json(r) FROM ({row}) r)))::text, 'UTF8') FROM {VIEWER}"""


_TASKS = nodes(f"SELECT {SHOWN}, {STEPS} AS steps FROM task x WHERE x.app_id = a.id {LATEST} 10")
_APPLICATIONS = nodes(f"""SELECT {APPLICATION}, a.updated_time AS "updatedTime",
  {_environments()} AS environments, {_TASKS} AS tasks FROM application a
  WHERE a.owner_org_id = w.id ORDER BY a.name, a.id LIMIT 20""")
_TEAMS = nodes(f"""SELECT m.id, m.name, w.alias, m.role, {_APPLICATIONS} AS applications FROM org m
  JOIN org w ON w.name = m.name AND w.role = 'OWNER' WHERE m.user_id = v.id
  ORDER BY m.name, m.id LIMIT 3""")
_NEWEST = page(f"SELECT {SHOWN}, {STEPS} AS steps FROM task x WHERE x.app_id = a.id {LATEST}", SIZE)
_FILTERED = page(
    f"""SELECT {SHOWN}, x.branch FROM task x WHERE x.app_id = a.id AND x.env_name = $3 AND
      x.status = any($4::text[]) AND (x.created_time, x.id) < ($5::timestamptz, $6::text)
      {LATEST}""",
    SIZE,
    f""", 'endCursor', (array_agg(line ->> 'createdTime' || ' ' || (line ->> 'id'))
      FILTER (WHERE place = {SIZE}))[1]""",
)

_STATEMENTS = {
    "dashboard": _whole("viewer", f"SELECT v.id, v.username, v.avatar, {_TEAMS} AS orgs"),
    "application": _whole(
        "application",
        f"""SELECT {APPLICATION}, {OWNER}, json_build_object('deploy', {MAY}, 'update', {MAY})
          AS "viewerCan", {_environments(", e.version")} AS environments, {_NEWEST} AS tasks
          FROM application a {MEMBER} WHERE a.id = $2""",
    ),
    "task": _whole(
        "task",
        f"""SELECT {SHOWN}, {STEPS} AS steps, json_build_object('id', a.id, 'name', a.name)
          AS application, json_build_object('redeploy', {MAY}, 'cancel', {MAY}) AS "viewerCan"
          FROM task x JOIN application a ON a.id = x.app_id {MEMBER} WHERE x.id = $2""",
    ),
    "tasks": _whole(
        "application",
        f"""SELECT a.id, a.name, {_FILTERED} AS tasks FROM application a {MEMBER}
          WHERE a.id = $2""",
    ),
}


@cache
def statement(page: str, size: int) -> str:
    """Return the statement for a page of which *size* are asked for."""
    return _STATEMENTS[page].replace(SIZE, str(int(size)))

"""The types that are tables, with what of them SQL can answer; other fields are answered by Python.

Whoever may see a row may see what belongs to it, with the exceptions that stand here; who reaches
one application is told nothing of teams and users by a statement.
"""

from collections.abc import Mapping

from auth.permissions import Role
from control.port import WaitingFor
from db import models
from engine.state import UNFINISHED, TaskStatus
from resolvers import applications, environments, orgs, paging, users
from schema.planning.declared import Computed, Many, One, Paged, Rights, Table, Word
from schema.planning.dialect import Dialect, quoted

OWNER = f"role = {quoted(Role.OWNER.value)}"
OWNER_ID = f'(SELECT o.id FROM "org" o WHERE o.name = {{p}}.name AND o.{OWNER})'
MINE = """EXISTS (SELECT 1 FROM "org" o JOIN "org" m ON m.name = o.name
  WHERE o.id = {owner} AND m.user_id = {{viewer}}{{m_within}})"""
OWNER_OF_TASK = '(SELECT a.owner_org_id FROM "application" a WHERE a.id = {}.app_id)'
NAME_OF_TEAM = '(SELECT o.name FROM "org" o WHERE o.id = {})'
OF_ENVIRONMENT = """FROM "task" y WHERE y.app_id = {p}.application_id AND y.env_name = {p}.name
  AND NOT y.reported AND y.status"""
RUNNING = quoted(TaskStatus.RUNNING.value)
ACTIVE = f"""{{x}}.id = coalesce((SELECT y.id {OF_ENVIRONMENT} = {RUNNING}
  ORDER BY y.created_time, y.id LIMIT 1), (SELECT y.id {OF_ENVIRONMENT}
  IN ({", ".join(quoted(each.value) for each in UNFINISHED)})
  ORDER BY y.created_time, y.id LIMIT 1))"""
COMPLETED = ", ".join(quoted(each.value) for each in TaskStatus if each.completed)
SELF = "{p}.id = {viewer}"


def _shared(column: str) -> Computed:
    """Return what the whole team shares, which stands in the OWNER's row."""
    sql = f'(SELECT o.{column} FROM "org" o WHERE o.name = {{p}}.name AND o.{OWNER})'
    return Computed(lambda dialect: dialect.text(sql))


def _duration(dialect: Dialect) -> str:
    return dialect.seconds("{p}.started_time", "{p}.finished_time")


def _linked(column: str) -> Computed:
    return Computed(lambda dialect: dialect.flag(f"({SELF} AND {{p}}.{column} IS NOT NULL)"))


def _waiting_for(dialect: Dialect) -> str:
    waits = f"{{p}}.status = {quoted(TaskStatus.PENDING.value)} AND NOT {{p}}.reported"
    word = quoted(WaitingFor.WORKER.name)
    return dialect.text(f"CASE WHEN {waits} AND {{p}}.stranded THEN {word} END")


ROOTS = Table(
    None,
    {
        "viewer": One("User", "{x}.id = {viewer}"),
        "org": One("Org", "{x}.user_id = {viewer} AND {x}.name = {name}{x_within}"),
        "application": One(
            "Application",
            f"{{x}}.id = {{id}}{{x_application}} AND {MINE.format(owner='{x}.owner_org_id')}",
        ),
        "applicationByName": One(
            "Application",
            f"{{x}}.owner_org_id = {OWNER_ID.replace('{p}.name', '{org_name}')}"
            f" AND {{x}}.name = {{name}}{{x_application}}"
            f" AND {MINE.format(owner='{x}.owner_org_id')}",
        ),
        "task": One(
            "Task",
            f"{{x}}.id = {{id}}{{x_task}} AND {MINE.format(owner=OWNER_OF_TASK.format('{x}'))}",
        ),
    },
)

TABLES: Mapping[str, Table] = {
    "User": Table(
        models.User,
        {
            "email": Computed(lambda sql: sql.text(f"CASE WHEN {SELF} THEN {{p}}.email END")),
            "githubLinked": _linked("github_unionid"),
            "giteeLinked": _linked("gitee_unionid"),
            "orgs": Paged(
                "Org",
                users.ORGS,
                ("{p}.id",),
                paging.select,
                f"({SELF} OR {{x}}.name IN"
                ' (SELECT m.name FROM "org" m WHERE m.user_id = {viewer})){x_within}',
            ),
        },
    ),
    "Org": Table(
        models.Org,
        {
            "alias": _shared("alias"),
            "logo": _shared("logo"),
            "description": _shared("description"),
            "role": Word("{p}.role"),
            "user": One("User", "{x}.id = {p}.user_id"),
            "owner": One("Org", f"{{x}}.name = {{p}}.name AND {{x}}.{OWNER}"),
            "members": Paged("Org", orgs.MEMBERS, ("{p}.name",), paging.select),
            "applications": Paged(
                "Application", orgs.APPLICATIONS, (OWNER_ID,), orgs.applications_selected
            ),
            "tasks": Paged("Task", orgs.TASKS, (OWNER_ID,), orgs.tasks_selected),
            "viewerCan": Rights("{p}.name"),
        },
    ),
    "Application": Table(
        models.Application,
        {
            "org": One(
                "Org",
                "{x}.id = {p}.org_id AND {x}.name = " + NAME_OF_TEAM.format("{p}.owner_org_id"),
            ),
            "ownerOrg": One("Org", "{x}.id = {p}.owner_org_id"),
            "provider": Word("{p}.provider"),
            "environments": Many(
                "Environment", "{x}.application_id = {p}.id{x_environment}", "name"
            ),
            "environment": One("Environment", "{x}.id = {p}.id || ':' || {name}{x_environment}"),
            "tasks": Paged(
                "Task", applications.TASKS, ("{p}.id",), orgs.tasks_selected, "TRUE{x_task}"
            ),
            "viewerCan": Rights(NAME_OF_TEAM.format("{p}.owner_org_id")),
        },
    ),
    "Environment": Table(
        models.Environment,
        {
            "application": One("Application", "{x}.id = {p}.application_id"),
            "type": Word("{p}.type"),
            "runsOn": Computed(lambda sql: sql.listed("{p}.runs_on")),
            "concurrency": Word("{p}.concurrency"),
            "priority": Word("{p}.priority"),
            "onLost": Word("{p}.on_lost"),
            "latestTask": One("Task", "{x}.id = {p}.latest_task_id"),
            "activeTask": One("Task", ACTIVE),
            "queue": Paged(
                "Task", environments.QUEUE, ("{p}.application_id", "{p}.name"), paging.select
            ),
        },
    ),
    "Task": Table(
        models.Task,
        {
            "application": One("Application", "{x}.id = {p}.app_id"),
            "environment": One("Environment", "{x}.id = {p}.app_id || ':' || {p}.env_name"),
            "status": Word("{p}.status"),
            "completed": Computed(lambda sql: sql.flag(f"({{p}}.status IN ({COMPLETED}))")),
            "runsOn": Computed(lambda sql: sql.listed("{p}.runs_on")),
            "waitingFor": Computed(_waiting_for),
            "steps": Many("Step", "{x}.task_id = {p}.id", "index"),
            "dispatchOrg": One(
                "Org",
                "{x}.id = {p}.dispatch_org_id AND {x}.name = "
                + NAME_OF_TEAM.format(OWNER_OF_TASK.format("{p}")),
            ),
            "provider": Word('(SELECT a.provider FROM "application" a WHERE a.id = {p}.app_id)'),
            "supersededBy": One("Task", "{x}.id = {p}.superseded_by_id"),
            "sourceTask": One("Task", "{x}.id = {p}.source_task_id"),
            "duration": Computed(_duration),
            "viewerCan": Rights(NAME_OF_TEAM.format(OWNER_OF_TASK.format("{p}"))),
        },
    ),
    "Step": Table(models.Step, {"status": Word("{p}.status"), "duration": Computed(_duration)}),
}

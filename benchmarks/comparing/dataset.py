"""The rows that everybody reads: two teams of the caller's, and a mass of other tasks.

Of the base (`reading/data.py`: 20 applications, 60 environments, 200 tasks of 8 steps) copies are
made by SQL alone, in seconds. The caller owns one of the teams and is a member of the other; most
tasks are older, or of applications that the caller may not see.
"""

# ruff: noqa: SLF001 - tables and columns are named by the models

import argparse
import asyncio
import json
import sys
from pathlib import Path

from tortoise import connections
from tortoise.models import Model

import db
from db.models import Application, Environment, Org, Step, Task, User
from rollway import migrations

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "reading"))
import data  # noqa: E402 - lies beside

BASE = 200  # tasks: ten for each of the caller's applications
BUSY = 200  # older tasks of the application whose page and list are asked for
OTHERS = 4  # times as many applications as the caller's
APPLICATION = "a_acme_0"
TASK = "t_000000"

NUMBERED = """(SELECT *, row_number() OVER (ORDER BY id) - 1 AS number FROM task
  WHERE substr(id, 1, 2) = 't_') t"""
STATUS = "CASE i % 5 WHEN 0 THEN 'failure' WHEN 1 THEN 'cancelled' ELSE x.status END"
OWNER = f"""CASE WHEN i <= {BUSY} THEN '{APPLICATION}' WHEN i / {BASE} % 2 = 0 THEN x.app_id
  ELSE x.app_id || '_' || (1 + i / {BASE} / 2 % {OTHERS}) END"""
EARLIER = {
    "postgres": "x.{0} - make_interval(mins => i::int)",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S+00:00', x.{0}, '-' || i || ' minutes')",
}


async def fill(url: str, tasks: int) -> dict[str, str]:
    """Fill an empty database with so many *tasks*, `BASE` or more; return the caller's token."""
    await migrations.upgrade(url)
    async with db.connect(url):
        made = await data.furnish(BASE)
        await _share()
        await _copy_applications()
        await _copy_tasks(tasks - BASE)
        if _dialect() == "postgres":
            await _run((HERE / "postgraphile.sql").read_text())
            await _run("VACUUM ANALYZE")
        else:
            await _run("ANALYZE")
    return {"token": made["token"], "application": APPLICATION, "task": TASK}


async def _share() -> None:
    """Give one of the teams to somebody else, and that person a team without the caller."""
    bob = await User.create(id="u_bob", username="bob")
    await Org.filter(id="u_ann:labs").update(role="MEMBER", alias=None)
    for name in ("labs", "others"):
        await Org.create(
            id=f"u_bob:{name}", user=bob, name=name, role="OWNER", alias=name.title(), secrets={}
        )
    labs = Application.filter(owner_org_id="u_ann:labs")
    await labs.update(owner_org_id="u_bob:labs", org_id="u_bob:labs")


async def _copy_applications() -> None:
    others = dict.fromkeys(("org_id", "owner_org_id"), "'u_bob:others'")
    named = dict.fromkeys(("id", "name", "repo_id"), "x.id || '_' || i")
    await _copy(Application, "application x CROSS JOIN s", OTHERS, **others, **named)
    await _copy(
        Environment,
        "environment x CROSS JOIN s",
        OTHERS,
        id="x.application_id || '_' || i || ':' || x.name",
        application_id="x.application_id || '_' || i",
        latest_task_id="NULL",
    )


async def _copy_tasks(count: int) -> None:
    earlier = EARLIER[_dialect()].format
    times = ("created_time", "updated_time", "started_time", "finished_time")
    source = f"s JOIN {NUMBERED} ON t.number = (i - 1) % {BASE}"
    changed = {"id": "'c_' || i", "app_id": OWNER, "status": STATUS}
    changed |= {name: earlier(name) for name in times}
    await _copy(Task, f"{source} JOIN task x ON x.id = t.id", count, **changed)
    await _copy(
        Step,
        f"{source} JOIN step x ON x.task_id = t.id",
        count,
        id="""'c_' || i || ':' || x."index" """,
        task_id="'c_' || i",
        **{name: earlier(name) for name in times[2:]},
    )


async def _copy(model: type[Model], source: str, times: int, **changed: str) -> None:
    """Insert rows of *source*, whose `x` are the model's and whose `i` counts from 1 to *times*."""
    names = sorted(model._meta.db_fields)
    columns = ", ".join(f'"{each}"' for each in names)
    values = ", ".join(changed.get(each, f'x."{each}"') for each in names)
    await _run(
        f'INSERT INTO "{model._meta.db_table}" ({columns}) WITH RECURSIVE s(i) AS (SELECT 1 UNION'
        f" ALL SELECT i + 1 FROM s WHERE i < {times}) SELECT {values} FROM {source}"
    )


def _dialect() -> str:
    return connections.get("default").capabilities.dialect


async def _run(sql: str) -> None:
    await connections.get("default").execute_script(sql)


def main() -> None:
    """Fill a database, and print what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--tasks", type=int, required=True)
    parsed = parser.parse_args()
    print(json.dumps(asyncio.run(fill(parsed.url, parsed.tasks))))


if __name__ == "__main__":
    main()

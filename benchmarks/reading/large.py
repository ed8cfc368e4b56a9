"""More of what furnish() makes, and larger: as much as one member may have, by SQL alone."""

# ruff: noqa: SLF001 - tables and columns are named by the models

import json
import secrets
from datetime import UTC, datetime

from data import START
from tortoise import connections

from db.models import Application, Delivery, Environment, LogChunk, Step, Task
from db.rows import mark

COPIES = 10  # of each application: 220 with the 20 there are
ENVIRONMENTS = 47  # beside the 3 there are: as many as an application may have
LONG_TASKS, LONG_STEPS = 100, 500  # as many steps as a pipeline may have
CHUNKS, CHUNK_CHARACTERS, LINES = 64, 64 * 1024, 16
LOGS, OUTPUTS, LARGE_APPLICATIONS = 50, 100, 20
DELIVERIES, BODY_BYTES = 100, 4 * 1024 * 1024
DOCUMENT = {"text": "x" * 60_000}
OUTPUT = {"text": "x" * 500_000}


async def grow(tasks: int, of: int) -> None:
    """Copy rows until there are as many *tasks* as asked for, of the *of* there are."""
    await _copy(Application, COPIES, id="x.id || '_' || n", name="x.name || '-' || n")
    await _copy(
        Environment, ENVIRONMENTS, "x.name = 'live'", id="x.id || '-' || n", name="'e' || n"
    )
    await _run(
        f"INSERT INTO environment ({_columns(Environment)}) SELECT {_values(Environment, _MOVED)}"
        " FROM environment x JOIN application a ON a.id LIKE x.application_id || '_%'"
        " AND a.id NOT IN (SELECT application_id FROM environment)"
    )
    turn = f"n % {COPIES + 1}"
    app = f"x.app_id || CASE WHEN {turn} = 0 THEN '' ELSE '_' || ({turn}) END"
    await _copy(Task, tasks // of - 1, id="x.id || '_' || n", app_id=app)
    await _copy(
        Step, tasks // of - 1, id=f"x.task_id || '_' || n || ':' || x.{_q('index')}",
        task_id="x.task_id || '_' || n",
    )  # fmt: skip
    await _run(
        "UPDATE environment SET latest_task_id = (SELECT id FROM task"
        " WHERE app_id = application_id ORDER BY created_time DESC, id DESC LIMIT 1)"
    )
    await _enlarge()
    await _run("ANALYZE")


_MOVED = {"id": "a.id || ':' || x.name", "application_id": "a.id"}


async def _enlarge() -> None:
    """Make documents, outputs and logs as large as they may be, in one application's tasks."""
    whole = f"(SELECT id FROM application WHERE name LIKE 'shop-1%' LIMIT {LARGE_APPLICATIONS})"
    for column in ("resource", "trigger_spec"):
        sql = f"UPDATE environment SET {column} = {mark(1)} WHERE application_id IN {whole}"
        await _run(sql, json.dumps(DOCUMENT))
    mine = "SELECT id FROM task WHERE app_id = 'a_acme_0' ORDER BY created_time DESC, id DESC"
    added = LONG_STEPS - 8
    await _copy(
        Step, added, f"x.{_q('index')} = 7 AND x.task_id IN ({mine} LIMIT {LONG_TASKS})",
        id="x.task_id || ':' || (7 + n)", index="7 + n",
    )  # fmt: skip
    first = f"SELECT task_id FROM step WHERE {_q('index')} = 0 AND task_id IN ({mine} LIMIT "
    sql = f"UPDATE step SET outputs = {mark(1)} WHERE {_q('index')} = 1 AND task_id IN ({first}"
    await _run(f"{sql}{OUTPUTS}))", json.dumps(OUTPUT))
    text = ("y" * (CHUNK_CHARACTERS // LINES - 1) + "\n") * LINES
    for task in await connections.get("default").execute_query_dict(f"{mine} LIMIT {LOGS}"):
        await LogChunk.bulk_create(
            LogChunk(
                task_id=task["id"],
                seq=seq,
                step_index=0,
                first_line=seq * LINES,
                last_line=(seq + 1) * LINES - 1,
                stream="output",
                time=START,
                text=text,
            )
            for seq in range(CHUNKS)
        )
    body = secrets.token_bytes(BODY_BYTES)
    await Delivery.bulk_create(
        Delivery(
            id=f"d_{number}",
            application_id="a_acme_0",
            delivery_id=str(number),
            event="push",
            headers={},
            body=body,
            status="done",
            verdicts=[],
            received_time=datetime.now(UTC),
        )
        for number in range(DELIVERIES)
    )


async def _copy(model: type, times: int, where: str = "true", **changed: str) -> None:
    table = model._meta.db_table
    if model is Application:
        changed["repo_id"] = "x.repo_id || '-' || n"
    await _run(
        f"INSERT INTO {_q(table)} ({_columns(model)}) WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL"
        f" SELECT n + 1 FROM s WHERE n < {times}) SELECT {_values(model, changed)}"
        f" FROM {_q(table)} x CROSS JOIN s WHERE {where}"
    )


def _columns(model: type) -> str:
    return ", ".join(_q(each) for each in sorted(model._meta.db_fields))


def _values(model: type, changed: dict[str, str]) -> str:
    names = sorted(model._meta.db_fields)
    return ", ".join(changed.get(each, f"x.{_q(each)}") for each in names)


def _q(name: str) -> str:
    return f'"{name}"'


async def _run(sql: str, *values: object) -> None:
    await connections.get("default").execute_query(sql, list(values))

"""Two teams, 20 applications, 60 environments, and as many tasks as are asked for, of 8 steps."""

from datetime import UTC, datetime, timedelta

from tortoise.transactions import in_transaction

from auth import sessions
from control.journal import new_step
from db import documents
from db.models import Application, Environment, Org, Step, Task, User

TEAMS = ("acme", "labs")
APPLICATIONS = 10  # of each team
ENVIRONMENTS = ("live", "staging", "test")
STEPS = 8
START = datetime(2026, 1, 1, tzinfo=UTC)
PIPELINE = "steps:\n" + "  - run: echo of a pipeline as people write them\n" * 40
PAYLOAD = {"commits": [{"id": f"{each:040}", "message": "a change " * 8} for each in range(10)]}
BATCH = 500


async def furnish(tasks: int) -> dict[str, str]:
    """Fill an empty database; return a session's token, an application's and a task's id."""
    user = await User.create(id="u_ann", username="ann", avatar="https://example.com/ann.png")
    owners = [
        await Org.create(
            id=f"u_ann:{name}", user=user, name=name, role="OWNER", alias=name.title(), secrets={}
        )
        for name in TEAMS
    ]
    applications = [
        await _application(owner, number) for owner in owners for number in range(APPLICATIONS)
    ]
    rows = [_task(applications[each % len(applications)], each) for each in range(tasks)]
    for begin in range(0, len(rows), BATCH):
        batch = rows[begin : begin + BATCH]
        steps = [[_step(task, index) for index in range(STEPS)] for task in batch]
        for task, mine in zip(batch, steps, strict=True):
            task.steps = documents.steps_document([], mine)
        await Task.bulk_create(batch)
        await Step.bulk_create([step for mine in steps for step in mine])
    for task in rows[-len(applications) * len(ENVIRONMENTS) :]:
        environment = Environment.filter(id=f"{task.app_id}:{task.env_name}")
        await environment.update(latest_task_id=task.id)
    for application in applications:
        async with in_transaction() as db:
            await documents.write_environments(application.id, db)
    return {
        "token": (await sessions.start(user))[1],
        "application": applications[0].id,
        "task": rows[0].id,
    }


async def _application(owner: Org, number: int) -> Application:
    name = f"shop-{number}"
    row = await Application.create(
        id=f"a_{owner.name}_{number}",
        name=name,
        description="What customers see",
        org_id=owner.id,
        owner_org=owner,
        environment={},
        provider="git",
        repo_owner=owner.name,
        repo_id=f"{owner.name}/{name}",
        repo_name=name,
        repo_url=f"https://git.example.com/{owner.name}/{name}.git",
    )
    for environment in ENVIRONMENTS:
        await Environment.create(
            id=f"{row.id}:{environment}",
            application=row,
            name=environment,
            type="testing",
            trigger_spec={"push": {"branches": ["main"]}},
            cd_pipeline_yaml="serverless-pipeline.yaml",
            secrets={},
            resource={},
        )
    return row


def _task(application: Application, number: int) -> Task:
    time = START + timedelta(minutes=number)
    turn = number // (APPLICATIONS * len(TEAMS))
    return Task(
        id=f"t_{number:06}",
        env_name=ENVIRONMENTS[turn % len(ENVIRONMENTS)],
        app=application,
        status="success",
        trigger_type="manual",
        trigger_payload=PAYLOAD,
        dispatch_org_id=application.org_id,
        ref="refs/heads/main",
        branch="main",
        commit=f"{number:040x}",
        message="Deploy what was merged",
        pipeline=PIPELINE,
        created_time=time,
        updated_time=time + timedelta(seconds=95),
        started_time=time + timedelta(seconds=1),
        finished_time=time + timedelta(seconds=95),
    )


def _step(task: Task, index: int) -> Step:
    step = new_step(task.id, index, f"step {index}")
    step.status = "success"
    step.started_time = task.started_time + timedelta(seconds=10 * index)
    step.finished_time = step.started_time + timedelta(seconds=9)
    step.exit_code = 0
    step.packed = True  # else the server would be busy with their logs
    return step

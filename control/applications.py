"""Applications: how they change hands, and how they and their environments go."""

from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from control.hosting import webhooks
from control.schedules.plan import COLUMNS, begun
from db import documents
from db.models import ApiToken, Application, Delivery, DeployHook, Environment, Org, Task
from engine.state import UNFINISHED

PAGE_TASKS = 500


@dataclass(eq=False)
class StillDeploying(Exception):
    """It has tasks that have not ended."""


async def delete(application: Application, db: BaseDBAsyncClient) -> None:
    """Delete an application with its environments, tasks and logs, and the tokens bound to it.

    A worker that runs a task of it loses its lease, and stops. Environments and tasks are locked
    before the application, as by deploys and workers, so that they do not wait for each other.
    """
    environments = Environment.filter(application_id=application.id).using_db(db)
    await environments.select_for_update().order_by("id").only("id")
    tasks = Task.filter(app_id=application.id).using_db(db)
    await tasks.filter(finished_time=None).select_for_update().order_by("id").only("id")
    await ApiToken.filter(application_id=application.id).using_db(db).delete()
    await Application.filter(id=application.id).using_db(db).delete()


async def delete_environment(environment: Environment, db: BaseDBAsyncClient) -> None:
    """Delete an environment; its tasks stay. StillDeploying while one of them has not ended."""
    await Environment.filter(id=environment.id).using_db(db).select_for_update().only("id")
    await _lock(environment.application_id, db)
    if await _unfinished(environment.application_id, environment.name, db):
        raise StillDeploying
    bound = ApiToken.filter(application_id=environment.application_id, env_name=environment.name)
    await bound.using_db(db).delete()
    await environment.delete(using_db=db)
    await documents.write_environments(environment.application_id, db)


async def move(application: Application, to: Org, db: BaseDBAsyncClient) -> None:
    """Give an application to the team of *to*, its OWNER's row.

    No secret goes with it: those of its environments are deleted, and so are its webhook's secret
    and deliveries, its deploy hooks, the tokens bound to it and what was typed into the inputs of
    its tasks. Its schedules go on, but what was due before does not deploy with the new team's.
    StillDeploying while a task of it runs with the old team's.
    """
    await _lock(application.id, db)
    if await _unfinished(application.id, None, db):
        raise StillDeploying
    await ApiToken.filter(application_id=application.id).using_db(db).delete()
    environments = Environment.filter(application_id=application.id).using_db(db)
    ids = await environments.values_list("id", flat=True)
    await DeployHook.filter(environment_id__in=list(ids)).using_db(db).delete()
    await _begin_anew(application.id, db)
    await Delivery.filter(application_id=application.id).using_db(db).delete()
    await _forget_inputs(application.id, db)
    same = Application.filter(id=application.id).using_db(db)
    await same.update(owner_org_id=to.id, org_id=to.id, transfer_org_name=None)
    await webhooks.forget(application.id, db)
    await documents.write_environments(application.id, db)


async def _begin_anew(application_id: str, db: BaseDBAsyncClient) -> None:
    """Take the secrets from all environments, and have their schedules begin now."""
    for row in await Environment.filter(application_id=application_id).using_db(db):
        row.update_from_dict({"secrets": {}, **begun(row.trigger_spec)})
        await row.save(using_db=db, update_fields=["secrets", *COLUMNS])


async def _forget_inputs(application_id: str, db: BaseDBAsyncClient) -> None:
    """Delete the inputs of all tasks, sealed and as the request shows them."""
    tasks = Task.filter(app_id=application_id, inputs__isnull=False).using_db(db)
    while rows := await tasks.only("id", "trigger_payload").limit(PAGE_TASKS):
        for row in rows:
            payload = row.trigger_payload or {}
            row.trigger_payload = {key: payload[key] for key in payload if key != "inputs"}
            row.inputs = None
        await Task.bulk_update(rows, ["trigger_payload", "inputs"], using_db=db)


async def _lock(application_id: str, db: BaseDBAsyncClient) -> None:
    """Have new tasks of the application wait: storing one takes a lock that this one excludes."""
    rows = Application.filter(id=application_id).using_db(db)
    await rows.select_for_update().only("id").get()


async def _unfinished(
    application_id: str, env_name: str | None, db: BaseDBAsyncClient | None = None
) -> list[Task]:
    tasks = Task.filter(
        app_id=application_id, status__in=[status.value for status in UNFINISHED]
    ).using_db(db)
    if env_name is not None:
        tasks = tasks.filter(env_name=env_name)
    return await tasks.only("id")

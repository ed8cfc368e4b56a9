"""Deploys that another system makes: recorded as it tells of them, never run here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from json import dumps
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from control import journal, resources
from control.assignment import openable
from control.deploys import masked
from control.port import ApplicationGone, EnvironmentGone, IdempotencyKeyReused
from control.pubsub import PubSub
from control.watching import changes
from db import audit, documents
from db.audit import Act, Actor, Entry, Still, org_chain
from db.bundle import Bundle
from db.ids import new_id
from db.models import Application, Environment, Org, Task
from db.vault import Vault
from engine.events import TaskChanged, now
from engine.output.masking import Secrets
from engine.state import TaskStatus

TRACKER = "tracker:"
RESOURCE_BYTES_MAX = 64 * 1024


@dataclass(eq=False)
class EndedOtherwise(Exception):
    """This deploy has ended with {status}, and how it ended does not change any more."""

    status: str


@dataclass(eq=False)
class ResourceFull(Exception):
    """The environment's resource would have more than 64 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What another system, *platform*, tells of a deploy, which it calls *external_id*.

    *team* owns the application; *still* refuses what the actor may not do any more.
    """

    actor: Actor
    team: str
    application: Application
    env_name: str
    platform: str
    status: TaskStatus
    by: Org | None
    still: Still
    resource: Mapping[str, Any] = field(default_factory=dict)
    message: str | None = field(default=None, repr=False)
    external_id: str | None = None

    @property
    def app_id(self) -> str:
        """The application's id."""
        return self.application.id

    @property
    def digest(self) -> str | None:
        """What the reports of one deploy have in common; None when nothing says which it is."""
        if self.external_id is None:
            return None
        return sha256(dumps([self.platform, self.env_name, self.external_id]).encode()).hexdigest()

    @property
    def key(self) -> str | None:
        """The digest as the task's idempotency key."""
        return self.digest and f"{TRACKER}{self.digest}"


class Reports:
    """Turns reports into tasks that no worker sees."""

    def __init__(self, vault: Vault, pubsub: PubSub) -> None:
        self._vault = vault
        self._pubsub = pubsub

    async def report(self, report: Report) -> Task:
        """Record what is reported; return the task of that deploy.

        The first report of a deploy makes the task, later ones bring it forward: a report that is
        behind, or comes again, changes nothing. EndedOtherwise for another end than the one known,
        EnvironmentGone, ResourceFull.
        """
        chain = org_chain(report.team)
        async with in_transaction() as db:
            await audit.lock(chain, db)
            await report.still(db)
            environment = await _environment(report, db)
            known = await _known(report, db)
            if known is not None and not _brings_forward(known, report.status):
                return known
            secrets = await self._secrets(report, environment, db)
            before = known.status if known else None
            if known is None:
                task = await _begin(report, secrets, db)
            else:
                task = await _advance(known, report, secrets, db)
            await _merge(environment, report.resource, db)
            await audit.write(chain, _entry(report, task, before, secrets), db)
        await changes.ring(task, self._pubsub)
        return task

    async def _secrets(
        self, report: Report, environment: Environment, db: BaseDBAsyncClient
    ) -> Secrets:
        same = Application.filter(id=report.app_id, owner_org__name=report.team).using_db(db)
        application = await same.select_related("owner_org").first()
        if application is None:
            raise ApplicationGone
        return Secrets(openable(application.owner_org, environment, self._vault))


async def _environment(report: Report, db: BaseDBAsyncClient) -> Environment:
    found = Environment.filter(id=f"{report.app_id}:{report.env_name}").using_db(db)
    environment = await found.select_for_update(no_key=True).first()
    if environment is None:
        raise EnvironmentGone(report.env_name)
    return environment


async def _known(report: Report, db: BaseDBAsyncClient) -> Task | None:
    """Return the task of the deploy that is reported, locked; never one of the queue."""
    if report.key is None:
        return None
    same = Task.filter(app_id=report.app_id, idempotency_key=report.key).using_db(db)
    task = await same.select_for_update().first()
    if task is not None and not task.reported:
        raise IdempotencyKeyReused(report.key)
    return task


def _brings_forward(task: Task, status: TaskStatus) -> bool:
    """Tell whether *status* lies ahead of where *task* stands; EndedOtherwise for another end."""
    before = TaskStatus(task.status)
    if before.completed:
        if status.completed and status is not before:
            raise EndedOtherwise(before.name)
        return False
    return status.completed or (before is TaskStatus.PENDING and status is TaskStatus.RUNNING)


async def _begin(report: Report, secrets: Secrets, db: BaseDBAsyncClient) -> Task:
    """Store the task of a deploy that was not known; what has ended has no known beginning."""
    time = datetime.now(UTC)
    status = report.status
    payload = {
        "platform": report.platform,
        "externalId": report.external_id,
        "message": report.message,
        "resource": report.resource,
    }
    task = Task(
        id=new_id("t"),
        app_id=report.app_id,
        env_name=report.env_name,
        reported=True,
        status=(TaskStatus.RUNNING if status.completed else status).value,
        steps=[],
        trigger_type=f"{TRACKER}{report.platform}",
        trigger_payload={key: masked(value, secrets) for key, value in payload.items() if value},
        dispatch_org_id=report.by.id if report.by else None,
        message=report.message and secrets.mask(report.message),
        idempotency_key=report.key,
        idempotency_hash=report.digest,
        created_time=time,
        updated_time=time,
        started_time=time if status is TaskStatus.RUNNING else None,
        next_seq=journal.FIRST_SEQ + 1,
    )
    mine = Environment.filter(id=f"{task.app_id}:{task.env_name}").using_db(db)
    await mine.update(latest_task_id=task.id)
    bundle = Bundle(db)
    journal.begin(task, (), bundle)
    written = documents.become_latest(task, bundle)
    if not (await bundle.send())[written]:
        await documents.write_environments(task.app_id, db)
    if status.completed:
        await journal.Writer(task, db).write([TaskChanged(time=now(), status=status)])
    return task


async def _advance(task: Task, report: Report, secrets: Secrets, db: BaseDBAsyncClient) -> Task:
    if report.status.completed and task.status == TaskStatus.PENDING:
        task.status = TaskStatus.RUNNING.value  # it began, though nobody told when
    if report.message:
        task.message = secrets.mask(report.message)
        await task.save(using_db=db, update_fields=["message"])
    await journal.Writer(task, db).write([TaskChanged(time=now(), status=report.status)])
    return task


async def _merge(environment: Environment, told: Mapping[str, Any], db: BaseDBAsyncClient) -> None:
    """Add to the environment's resource what the deploy left there."""
    resource = resources.merged(environment.resource, told)
    if resource == environment.resource:
        return
    if len(dumps(resource)) > RESOURCE_BYTES_MAX:
        raise ResourceFull
    environment.resource = resource
    environment.version += 1
    await environment.save(using_db=db, update_fields=["resource", "version"])
    await documents.write_environments(environment.application_id, db)


def _entry(report: Report, task: Task, before: str | None, secrets: Secrets) -> Entry:
    after = {
        "application": report.application.name,
        "environment": report.env_name,
        "trigger": task.trigger_type,
        "externalId": report.external_id,
        "status": task.status,
        "resource": report.resource,
    }
    return Entry(
        report.actor,
        Act.TASK_REPORTED,
        task.id,
        before={"status": before} if before else None,
        after={key: masked(value, secrets) for key, value in after.items() if value},
    )

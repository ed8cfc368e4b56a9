"""Commits show how their deploys stand: the Git hosting service is told, behind the deploys.

A row of `commit_status` stands for a task whose service has not been told its end. Whoever tells
takes the row for longer than telling may take, so that two servers never tell of one task at once,
and tells what the task's status is then: the newest is told last.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from tortoise.expressions import F
from tortoise.queryset import QuerySet

from control.integrations import Hosted, Integrations, TokenUnreadable
from control.integrations.accounts import NotLinked
from control.pubsub import STATUSES, PubSub
from db.models import CommitStatus
from engine.state import TaskStatus
from providers.api import GitHub, State, Status
from providers.api.refusals import (
    Forbidden,
    InvalidApiUrl,
    Moved,
    NotThere,
    RateLimited,
    Rejected,
    TokenRefused,
)
from providers.refusal import Refusal
from providers.repository import AddressNotAllowed, InvalidRepositoryUrl

log = logging.getLogger("rollway.statuses")

AT_ONCE_MAX = 8
OF_A_HOST_MAX = 4  # at once: one that is silent does not keep the others waiting
OF_AN_APPLICATION_MAX = 2  # at once: while it has them, its other tasks are not even looked at
DUE_MAX = 1_000
TELLING_SECONDS = 20.0
TAKEN_FOR = timedelta(seconds=30)
TOLD_FOR = timedelta(days=1)  # since the task was made
POLL_SECONDS = 5.0
PAUSE_SECONDS = 0.5  # what changes within is told once
TRIES_MAX = 5
RETRY_SECONDS = 5.0  # four times as long after each further try
PRUNED_MAX = 500

SHOWN: Mapping[TaskStatus, tuple[State, str]] = {
    TaskStatus.PENDING: (State.PENDING, "Waits for its turn"),
    TaskStatus.WAITING_APPROVAL: (State.PENDING, "Waits for approval"),
    TaskStatus.RUNNING: (State.RUNNING, "Deploys"),
    TaskStatus.SUCCESS: (State.SUCCESS, "Deployed"),
    TaskStatus.FAILURE: (State.FAILURE, "The deploy failed"),
    TaskStatus.CANCELLED: (State.CANCELLED, "The deploy was cancelled"),
    TaskStatus.LOST: (State.FAILURE, "The worker was lost; how far the deploy came is unknown"),
}

LASTING = (  # asking again would not help
    *(AddressNotAllowed, Forbidden, InvalidApiUrl, InvalidRepositoryUrl, Moved),
    *(NotThere, Rejected, TokenRefused, TokenUnreadable),
)


class Statuses:
    """Tells Git hosting services how deploys stand, at least once each, in order."""

    def __init__(self, integrations: Integrations, pubsub: PubSub) -> None:
        self._integrations = integrations
        self._pubsub = pubsub
        self._telling: dict[str, _Due] = {}  # by the task's id

    async def work(self) -> None:
        """Tell what has changed, until cancelled; a few at once."""
        self._telling.clear()
        with self._pubsub.listen(STATUSES) as bell:
            async with asyncio.TaskGroup() as group:
                while True:
                    for each in self._next(await _due(self._full())):
                        self._telling[each.task_id] = each
                        group.create_task(self._told(each.task_id))
                    await bell.wait(POLL_SECONDS)
                    await asyncio.sleep(PAUSE_SECONDS)

    async def prune(self) -> int:
        """Forget tasks of which it is too late to tell; return how many."""
        late = CommitStatus.filter(task__created_time__lt=datetime.now(UTC) - TOLD_FOR)
        ids = late.limit(PRUNED_MAX).values_list("task_id", flat=True)
        count = 0
        while found := await ids:
            count += await CommitStatus.filter(task_id__in=found).delete()
        return count

    def _full(self) -> list[str]:
        """Return the applications of which as many tasks are told as may be at once."""
        counts = Counter(each.application_id for each in self._telling.values())
        return [each for each, count in counts.items() if count >= OF_AN_APPLICATION_MAX]

    def _next(self, due: "Collection[_Due]") -> "list[_Due]":
        """Return whose turn it is."""
        hosts = Counter(each.host for each in self._telling.values())
        applications = Counter(each.application_id for each in self._telling.values())
        chosen = []
        for each in due:
            if hosts.total() == AT_ONCE_MAX:
                break
            busy = hosts[each.host] == OF_A_HOST_MAX
            full = applications[each.application_id] == OF_AN_APPLICATION_MAX
            if busy or full or each.task_id in self._telling:
                continue
            hosts[each.host] += 1
            applications[each.application_id] += 1
            chosen.append(each)
        return chosen

    async def _told(self, task_id: str) -> None:
        try:
            if row := await _taken(task_id):
                await self._tell(row)
        except Exception:
            log.exception("task %s: how it stands could not be told", task_id)
        finally:
            del self._telling[task_id]
            self._pubsub.ring(STATUSES)

    async def _tell(self, row: CommitStatus) -> None:
        """Tell how the task stands, and note what came of it."""
        task = row.task
        try:
            owner = task.app.owner_org
            async with self._integrations.hosted(owner, task.app, TELLING_SECONDS) as found:
                await _show(found, row)
        except NotLinked:
            await _of(row.task_id).delete()
        except LASTING as reason:
            await _give_up(row, reason)
        except Exception as reason:  # noqa: BLE001 (whatever it is, it is tried a few times)
            await _put_off(row, reason)
        else:
            if TaskStatus(task.status).completed:
                await _of(row.task_id).delete()
            else:
                now = datetime.now(UTC)
                await _of(row.task_id).update(told=task.status, tries=0, due_time=now)


@dataclass(frozen=True, slots=True)
class _Due:
    """A task that stands otherwise than was told, of an application, and the host to be told."""

    task_id: str
    application_id: str
    host: str


def _of(task_id: str) -> QuerySet[CommitStatus]:
    return CommitStatus.filter(task_id=task_id)


async def _due(full: Collection[str]) -> list[_Due]:
    """Return what is to be told and has waited longest, but of applications that are *full*."""
    now = datetime.now(UTC)
    due = CommitStatus.filter(
        due_time__lte=now,
        task__commit__not_isnull=True,
        task__created_time__gte=now - TOLD_FOR,
        task__app_id__not_in=full,
    ).exclude(told=F("task__status"))
    oldest = due.order_by("due_time", "task_id").limit(DUE_MAX)
    rows = await oldest.values_list("task_id", "task__app_id", "task__app__repo_url")
    return [_Due(str(task), str(app), urlsplit(str(url)).netloc) for task, app, url in rows]


async def _taken(task_id: str) -> CommitStatus | None:
    """Take a task to tell of; None where another server was faster, or it is gone."""
    now = datetime.now(UTC)
    if not await _of(task_id).filter(due_time__lte=now).update(due_time=now + TAKEN_FOR):
        return None
    return await _of(task_id).select_related("task__app__owner_org").first()


async def _show(found: Hosted, row: CommitStatus) -> None:
    """Show on the commit how the task stands; at GitHub, where allowed, as a deployment too.

    Not so a commit that a stranger wrote: workflows that run on deployments come from the commit.
    """
    task, api = row.task, found.api
    commit = task.commit or ""
    state, description = SHOWN[TaskStatus(task.status)]
    status = Status(state, f"rollway/{task.app.name}/{task.env_name}", description)
    await api.set_status(found.repository, commit, status)
    if not isinstance(api, GitHub) or not task.with_secrets:
        return
    try:
        if row.deployment is None:
            made = await api.deployment(found.repository, commit, task.env_name)
            row.deployment = made
            await _of(task.id).update(deployment=made)
        await api.set_deployment_status(found.repository, row.deployment, status)
    except (Forbidden, NotThere, Rejected) as refusal:
        log.info("task %s: there is no deployment: %s", task.id, refusal)


async def _put_off(row: CommitStatus, reason: Exception) -> None:
    """Have it told later, unless that was tried often enough."""
    tries = row.tries + 1
    if tries == TRIES_MAX:
        await _give_up(row, reason)
        return
    seconds = RETRY_SECONDS * 4**row.tries
    if isinstance(reason, RateLimited):
        seconds = max(seconds, reason.seconds)
    due = datetime.now(UTC) + timedelta(seconds=seconds)
    await _of(row.task_id).update(tries=tries, due_time=due)
    fault = None if isinstance(reason, Refusal) else reason
    level = logging.ERROR if fault else logging.INFO
    log.log(level, "task %s: try %s: %s", row.task_id, tries, _said(reason), exc_info=fault)


async def _give_up(row: CommitStatus, reason: Exception) -> None:
    await _of(row.task_id).delete()
    said = _said(reason)
    log.warning("task %s: its commit does not show how it stands: %s", row.task_id, said)


def _said(reason: Exception) -> str:
    return str(reason) or type(reason).__name__

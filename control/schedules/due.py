"""What is due is deployed, once, however many servers look."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

from tortoise.backends.base.client import BaseDBAsyncClient

from control.deploys import REFUSALS, Deploys, Dispatch, TriggerType, sentence
from control.port import ApplicationGone, IdempotencyKeyReused
from control.pubsub import Bell
from control.schedules.plan import Plan, Tick, plan
from db.audit import Actor
from db.models import Application, Environment, Task
from db.trouble import DatabaseAway
from engine.state import TaskStatus

log = logging.getLogger("rollway.schedules")

POLL_SECONDS = 1.0
REST_SECONDS_MIN = 0.01  # a clock that is put back makes no haste
AT_ONCE_MAX = 16  # environments
RETRY_SECONDS = 1.0  # doubled after each try
TRIES_MAX = 8
FAILED_MAX = 1000  # environments that are tried again; one more is given up
FORGOTTEN_SECONDS = 60.0  # behind the time of a try that did not come
WAITING_MAX = 10  # tasks of an environment; then its schedule makes no more
FAULT = "The deploy could not be started; the server's log says why."


@dataclass(eq=False)
class TooManyWaiting(Exception):
    """{most} deploys of this environment wait for their turn already."""

    most: int


@dataclass(eq=False)
class ScheduleMoved(Exception):
    """The schedule was changed, or another server has deployed what was due."""


@dataclass(frozen=True, slots=True)
class Due:
    """An environment, and since when it is due."""

    env_id: str
    time: datetime


class Schedules:
    """Deploys what is due."""

    def __init__(self, deploys: Deploys) -> None:
        self._deploys = deploys
        self._busy: set[str] = set()
        self._failed: dict[str, _Failed] = {}
        self._free = Bell()

    async def work(self) -> None:
        """Deploy what is due until cancelled.

        One that fails is tried again later, and does not keep the others waiting.
        """
        self._busy.clear()
        async with asyncio.TaskGroup() as jobs:
            while True:
                rest_seconds = POLL_SECONDS
                for due in await self._soon():
                    rest = due.time - datetime.now(UTC)
                    if rest > timedelta():
                        rest_seconds = max(rest.total_seconds(), REST_SECONDS_MIN)
                        break
                    self._busy.add(due.env_id)
                    jobs.create_task(self._work_on(due))
                await self._free.wait(rest_seconds)

    async def _soon(self) -> list[Due]:
        """Return what is due before the next look, in order, as many as there is room for."""
        room = AT_ONCE_MAX - len(self._busy)
        if not room:  # Tortoise takes a limit of 0 for none
            return []
        clock = monotonic()
        self._failed = {
            env_id: failed
            for env_id, failed in self._failed.items()
            if clock < failed.until + FORGOTTEN_SECONDS  # it went, or another server had success
        }
        resting = [env_id for env_id, failed in self._failed.items() if clock < failed.until]
        until = datetime.now(UTC) + timedelta(seconds=POLL_SECONDS)
        soon = Environment.filter(
            next_scheduled_time__lte=until, id__not_in=[*self._busy, *resting]
        )
        rows: list[tuple[str, datetime]] = (
            await soon.order_by("next_scheduled_time", "id")
            .limit(room)
            .values_list("id", "next_scheduled_time")
        )
        return [Due(*row) for row in rows]

    async def _work_on(self, due: Due) -> None:
        tries = self._failed[due.env_id].tries + 1 if due.env_id in self._failed else 1
        try:
            await self._try(due)
            self._failed.pop(due.env_id, None)
        except DatabaseAway as fault:
            log.warning("environment %s: its schedule waits: %s", due.env_id, fault)
            self._failed[due.env_id] = _Failed(tries - 1, monotonic() + RETRY_SECONDS)
        except Exception:
            log.exception("environment %s: schedule, try %s", due.env_id, tries)
            if tries < TRIES_MAX and len(self._failed) < FAILED_MAX:
                until = monotonic() + RETRY_SECONDS * 2 ** (tries - 1)
                self._failed[due.env_id] = _Failed(tries, until)
            else:
                self._failed.pop(due.env_id, None)
                await _move(due, await _following(due), FAULT)
        finally:
            self._busy.discard(due.env_id)
            self._free.ring()

    async def _try(self, due: Due) -> None:
        environment = await Environment.filter(id=due.env_id).first()
        if environment is None or environment.next_scheduled_time != due.time:
            return
        now = datetime.now(UTC)
        planned = await asyncio.to_thread(plan, environment.trigger_spec, due.time, now)
        if planned.missed is not None:
            log.warning(
                "environment %s: missed its schedule of %s; %s",
                due.env_id,
                planned.missed.isoformat(),
                f"deploys for {planned.tick.time.isoformat()}" if planned.tick else "deploys not",
            )
        problem = None
        if planned.tick is not None:
            problem = await self._deploy(environment, due, planned, planned.tick)
        await _move(due, planned.following, problem)

    async def _deploy(
        self, environment: Environment, due: Due, planned: Plan, tick: Tick
    ) -> str | None:
        """Deploy for a tick unless that was done; return why it cannot be."""
        application = await Application.filter(id=environment.application_id).first()
        if application is None:
            return None  # and so is the environment
        request = _dispatch(application, environment, due, planned, tick)
        try:
            await self._deploys.dispatch(request)
        except (ScheduleMoved, IdempotencyKeyReused, ApplicationGone):
            return None
        except (TooManyWaiting, *REFUSALS) as refusal:
            problem = sentence(refusal)
            log.warning("environment %s: schedule of %s: %s", due.env_id, tick.time, problem)
            return problem
        return None


@dataclass(frozen=True, slots=True)
class _Failed:
    """How often an environment failed, and until when it is left alone."""

    tries: int
    until: float


def _dispatch(
    application: Application, environment: Environment, due: Due, planned: Plan, tick: Tick
) -> Dispatch:
    branch, trigger_type = tick.schedule.branch, TriggerType.SCHEDULE

    async def still(db: BaseDBAsyncClient) -> None:
        """Move the schedule on with the task, so that neither is there without the other."""
        await _require_room(environment, db)
        if not await _move(due, planned.following, None, db):
            raise ScheduleMoved

    return Dispatch(
        actor=Actor(None, trigger_type.value, trigger_type.value),
        application=application,
        env_name=environment.name,
        trigger_type=trigger_type,
        by=None,
        ref=None if branch is None else f"refs/heads/{branch}",
        branch=branch,
        facts={
            "cron": tick.schedule.line,
            "timeZone": tick.schedule.timezone,
            "scheduledTime": tick.time.isoformat(),
        },
        idempotency_key=f"schedule.{environment.name}.{tick.time:%Y%m%dT%H%M%SZ}",
        still=still,
    )


async def _require_room(environment: Environment, db: BaseDBAsyncClient) -> None:
    """Raise TooManyWaiting when all the newest tasks of an environment wait."""
    tasks = Task.filter(
        app_id=environment.application_id, env_name=environment.name, reported=False
    ).using_db(db)
    newest = tasks.order_by("-created_time").limit(WAITING_MAX)
    statuses = [str(each) for each in await newest.values_list("status", flat=True)]
    if statuses == [TaskStatus.PENDING.value] * WAITING_MAX:
        raise TooManyWaiting(WAITING_MAX)


async def _move(
    due: Due, following: datetime | None, problem: str | None, db: BaseDBAsyncClient | None = None
) -> bool:
    """Have the schedule wait for its next tick; tell whether nobody else did before."""
    same = Environment.filter(id=due.env_id, next_scheduled_time=due.time).using_db(db)
    return bool(await same.update(next_scheduled_time=following, schedule_problem=problem))


async def _following(due: Due) -> datetime | None:
    """Return the next tick of an environment that failed, None where that fails as well."""
    try:
        environment = await Environment.filter(id=due.env_id).first()
        document = environment.trigger_spec if environment else None
        now = datetime.now(UTC)
        return (await asyncio.to_thread(plan, document, now, now)).following
    except Exception:
        log.exception("environment %s: its schedule ends", due.env_id)
        return None

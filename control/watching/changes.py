"""Tasks as they change, for dashboards: no events, only where each one stands."""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from control.port import Shown, Watched
from control.pubsub import (
    STATUSES,
    PubSub,
    application_topic,
    org_topic,
    task_topic,
    user_topic,
)
from db.models import Application, Org, Task
from engine.state import UNFINISHED

RECENT = timedelta(minutes=5)
OVERLAP = timedelta(seconds=5)
CHANGES_MAX = 1000


async def follow(
    watched: Watched, since: datetime | None, pubsub: PubSub, poll_seconds: float
) -> AsyncGenerator[Task | Shown, None]:
    """Yield unfinished and recent tasks, then each task again whenever it has changed.

    Begun with *since*, it yields those that have changed since then, instead of the first ones.
    Reads what changed since shortly before the last look, so that a lost ring or a write that
    became visible late is caught up with. After each look it says since when the next one asks.
    """
    seen: dict[str, datetime] = {}
    news = Q(updated_time__gte=since) if since else _first()
    teams = await _teams(watched)
    while True:
        with pubsub.listen(*_topics(watched, teams)) as bell:
            now = teams
            while now == teams:
                looked = datetime.now(UTC)
                async with aclosing(_in_pages(_selected(watched, teams).filter(news))) as tasks:
                    async for task in tasks:
                        if seen.get(task.id) != task.updated_time:
                            seen[task.id] = task.updated_time
                            yield task
                        if watched.user_id and bell.rung(user_topic(watched.user_id)):
                            bell.heard()
                            break  # they may have left a team
                    else:
                        since = looked - OVERLAP
                        yield Shown(since)
                        seen = {each: at for each, at in seen.items() if at >= since - OVERLAP}
                        news = Q(updated_time__gte=since)
                        await bell.wait(poll_seconds)
                now = await _teams(watched)
        if joined := now - teams:
            news |= Q(app__owner_org__name__in=joined) & _first()
        teams = now


async def ring(task: Task, pubsub: PubSub) -> None:
    """Say, once it is stored, that *task* has changed."""
    names: Collection[object] = [task.team]
    if task.team is None:
        mine = Application.filter(id=task.app_id)
        names = await mine.values_list("owner_org__name", flat=True)
    orgs = [org_topic(str(name)) for name in names]
    pubsub.ring(task_topic(task.id), application_topic(task.app_id), STATUSES, *orgs)


def _first() -> Q:
    recent = datetime.now(UTC) - RECENT
    unfinished = [status.value for status in UNFINISHED]
    return Q(updated_time__gte=recent) | Q(status__in=unfinished)


async def _teams(watched: Watched) -> frozenset[str]:
    """Return the teams whose tasks are watched, where that is for their members to say."""
    if watched.user_id is None:
        return frozenset()
    names = await Org.filter(user_id=watched.user_id).values_list("name", flat=True)
    return frozenset(str(name) for name in names)


def _topics(watched: Watched, teams: Collection[str]) -> list[str]:
    if watched.user_id is not None:
        return [user_topic(watched.user_id), *map(org_topic, teams)]
    if watched.org_name is not None:
        return [org_topic(watched.org_name)]
    return [application_topic(watched.application_id or "")]


def _selected(watched: Watched, teams: Collection[str]) -> QuerySet[Task]:
    if watched.user_id is not None:
        return Task.filter(app__owner_org__name__in=list(teams))
    if watched.org_name is not None:
        return Task.filter(app__owner_org__name=watched.org_name)
    tasks = Task.filter(app_id=watched.application_id or "")
    return tasks if watched.env_name is None else tasks.filter(env_name=watched.env_name)


async def _in_pages(tasks: QuerySet[Task]) -> AsyncGenerator[Task, None]:
    """Yield *tasks* by the time they changed, a bounded number at a time."""
    rest = tasks.order_by("updated_time", "id").limit(CHANGES_MAX)
    rows = await rest
    while rows:
        for row in rows:
            yield row
        last = rows[-1]
        behind = Q(updated_time__gt=last.updated_time) | Q(
            updated_time=last.updated_time, id__gt=last.id
        )
        rows = await rest.filter(behind) if len(rows) == CHANGES_MAX else []

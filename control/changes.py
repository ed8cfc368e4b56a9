"""Tasks as they change, for dashboards: no events, only where each one stands."""

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from control.port import Watched
from control.pubsub import STATUSES, PubSub, application_topic, org_topic, task_topic
from db.models import Application, Task
from engine.state import UNFINISHED

RECENT = timedelta(minutes=5)
OVERLAP = timedelta(seconds=5)
CHANGES_MAX = 1000


async def follow(
    watched: Watched, pubsub: PubSub, poll_seconds: float
) -> AsyncGenerator[Task, None]:
    """Yield unfinished and recent tasks, then each task again whenever it has changed.

    Reads what changed since shortly before the last look, so that a lost ring or a write that
    became visible late is caught up with.
    """
    tasks, topic = _selected(watched)
    seen: dict[str, datetime] = {}
    since = datetime.now(UTC) - RECENT
    news = Q(updated_time__gte=since) | Q(status__in=[status.value for status in UNFINISHED])
    with pubsub.listen(topic) as bell:
        while True:
            looked = datetime.now(UTC)
            async for task in _in_pages(tasks.filter(news)):
                if seen.get(task.id) != task.updated_time:
                    seen[task.id] = task.updated_time
                    yield task
            since = looked - OVERLAP
            seen = {task_id: time for task_id, time in seen.items() if time >= since - OVERLAP}
            news = Q(updated_time__gte=since)
            await bell.wait(poll_seconds)


async def ring(task: Task, pubsub: PubSub) -> None:
    """Say, once it is stored, that *task* has changed."""
    mine = Application.filter(id=task.app_id)
    names = await mine.values_list("owner_org__name", flat=True)
    orgs = [org_topic(str(name)) for name in names]
    pubsub.ring(task_topic(task.id), application_topic(task.app_id), STATUSES, *orgs)


def _selected(watched: Watched) -> tuple[QuerySet[Task], str]:
    if watched.org_name is not None:
        return Task.filter(app__owner_org__name=watched.org_name), org_topic(watched.org_name)
    application_id = watched.application_id or ""
    tasks = Task.filter(app_id=application_id)
    if watched.env_name is not None:
        tasks = tasks.filter(env_name=watched.env_name)
    return tasks, application_topic(application_id)


async def _in_pages(tasks: QuerySet[Task]) -> AsyncIterator[Task]:
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

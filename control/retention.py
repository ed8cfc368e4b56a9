"""Logs end with their time: what steps printed is deleted some days after their task's end.

A journal keeps its entries, so that it has no gap; those of outputs say that their text is gone.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from db import rows
from db.models import LogChunk, Task

CHUNKS_MAX = 500  # in one transaction
REST_SECONDS = 0.05  # between two of them: others write too


class LogExpired(Exception):
    """This log has expired: logs are kept for a time after the end of their task."""


EXPIRED = """
SELECT s.id AS id FROM step s WHERE {chosen}
AND EXISTS (SELECT 1 FROM task_event e WHERE e.task_id = s.task_id
            AND e.step_index = s."index" AND e.kind = 'output')
AND NOT EXISTS (SELECT 1 FROM log_chunk c WHERE c.task_id = s.task_id
                AND c.step_index = s."index" AND c.first_line = 1)
"""


async def prune(kept_days: int) -> int:
    """Delete logs of tasks that ended more than *kept_days* ago; return how many pieces.

    It may be stopped anywhere and run by several servers at once. Pieces have their numbers in the
    order in which they came, so it looks only at those that are old enough themselves.
    """
    before = datetime.now(UTC) - timedelta(days=kept_days)
    last = deleted = 0
    while True:
        chunks = LogChunk.filter(id__gt=last).order_by("id").limit(CHUNKS_MAX)
        found = await chunks.only("id", "task_id", "time")
        if not any(chunk.time < before for chunk in found):
            return deleted
        last = found[-1].id
        over = await _ended({chunk.task_id for chunk in found}, before)
        if ids := [chunk.id for chunk in found if chunk.task_id in over]:
            deleted += await LogChunk.filter(id__in=ids).delete()
        await asyncio.sleep(REST_SECONDS)


async def _ended(task_ids: Collection[str], before: datetime) -> Collection[object]:
    tasks = Task.filter(id__in=task_ids, finished_time__lt=before)
    return set(await tasks.values_list("id", flat=True))


async def expired(step_ids: Sequence[str]) -> list[bool]:
    """Tell of each step whether it had a log whose beginning is kept no more."""
    sql = EXPIRED.format(chosen=rows.one_of("s.id", 1))
    gone = {row["id"] for row in await rows.fetch(sql, [rows.listing(step_ids)])}
    return [step_id in gone for step_id in step_ids]

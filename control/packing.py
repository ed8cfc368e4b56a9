"""Logs of ended tasks, compressed: text shrinks to a third or a tenth and is seldom read."""

import asyncio
import zlib
from collections.abc import Sequence

from tortoise.transactions import in_transaction

from db.models import LogChunk, Step
from db.rows import fetch, shown

STEPS_MAX = 200  # looked at in one go
CHUNKS_MAX = 64  # rewritten in one transaction; each is at most 64 KiB
PACKED_BYTES_MIN = 512  # less is not worth it
LEVEL = 6
# In the words, and in the order, of an index that has none but those that are not packed. As a
# join, all tasks would be read beside it.
ENDED = f"""
SELECT {{columns}} FROM step s WHERE s.packed = false
AND (SELECT t.finished_time FROM task t WHERE t.id = s.task_id) IS NOT NULL
ORDER BY s.task_id LIMIT {STEPS_MAX}
"""  # noqa: S608 (of our own texts)


async def pack() -> int:
    """Compress the logs of up to 200 steps of ended tasks; return how many steps that were.

    What is packed says the same as before, so it can be stopped anywhere and done by several
    servers at once. Tasks that run are left alone: they need the database themselves.
    """
    known = shown(Step)
    found = await fetch(ENDED.format(columns=known.columns("s")), [])
    steps = [known.of(row) for row in found]
    for step in steps:
        if step.started_time is not None and not 0 < step.log_bytes < PACKED_BYTES_MIN:
            await _pack(step)
    await Step.filter(id__in=[step.id for step in steps]).update(packed=True)
    return len(steps)


async def _pack(step: Step) -> None:
    last = 0
    while True:
        found = LogChunk.filter(task_id=step.task_id, step_index=step.index, id__gt=last)
        chunks = await found.order_by("id").limit(CHUNKS_MAX)
        if not chunks:
            return
        last = chunks[-1].id
        large = [
            chunk
            for chunk in chunks
            if chunk.packed is None and len(chunk.text) >= PACKED_BYTES_MIN
        ]
        if large:
            rows = await asyncio.to_thread(_compressed, large)
            async with in_transaction() as db:
                postgres = db.capabilities.dialect == "postgres"
                packed, row = ("$1", "$2") if postgres else ("?", "?")
                sql = f"UPDATE log_chunk SET text = '', packed = {packed} WHERE id = {row}"  # noqa: S608
                await db.execute_many(sql, rows)


def _compressed(chunks: Sequence[LogChunk]) -> list[list[object]]:
    return [[zlib.compress(chunk.text.encode(), LEVEL), chunk.id] for chunk in chunks]

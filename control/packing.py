"""Logs of ended tasks, compressed: text shrinks to a third or a tenth and is seldom read."""

import asyncio
import zlib
from collections.abc import Sequence

from tortoise.transactions import in_transaction

from db import rows
from db.models import LogChunk, Step

PIECE = 1000  # steps that are looked at in one go
STEPS_MAX = 200  # of them packed
CHUNKS_MAX = 64  # rewritten in one transaction; each is at most 64 KiB
PACKED_BYTES_MIN = 512  # less is not worth it
LEVEL = 6
# In the words, and in the order, of an index that has none but those that are not packed. Those of
# tasks that wait or run are among them, which may be many.
UNPACKED = f"""
SELECT s.id, s.task_id, t.finished_time IS NOT NULL AS ended FROM (
  SELECT id, task_id FROM step WHERE packed = false AND task_id > {{after}}
  ORDER BY task_id LIMIT {PIECE}) s
JOIN task t ON t.id = s.task_id ORDER BY s.task_id
"""  # noqa: S608 (of our own texts)


class Packer:
    """Packs the logs of ended tasks.

    What is packed says the same as before, so it can be stopped anywhere and done by several
    servers at once. Tasks that run are left alone: they need the database themselves.
    """

    def __init__(self) -> None:
        self._after = ""  # the task behind which it goes on

    async def pack(self) -> int:
        """Look at the next 1,000 steps, pack up to 200 of ended tasks; return how many that were.

        After the last it begins with the first again.
        """
        found = await rows.fetch(UNPACKED.format(after=rows.mark(1)), [self._after])
        ended = [row["id"] for row in found if row["ended"]]
        steps = await rows.among(Step, "id", ended[:STEPS_MAX]) if ended else []
        for step in steps:
            if step.started_time is not None and not 0 < step.log_bytes < PACKED_BYTES_MIN:
                await _pack(step)
        if steps:
            await Step.filter(id__in=[step.id for step in steps]).update(packed=True)
        if len(ended) <= STEPS_MAX:  # else the same again, without those
            self._after = _behind(found)
        return len(steps)


def _behind(piece: Sequence[rows.Row]) -> str:
    """Return the last task of which all steps are in the *piece*; of one alone that one."""
    if len(piece) < PIECE:
        return ""
    tasks = [str(row["task_id"]) for row in piece]
    return next((each for each in reversed(tasks) if each != tasks[-1]), tasks[-1])


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
            compressed = await asyncio.to_thread(_compressed, large)
            async with in_transaction() as db:
                postgres = db.capabilities.dialect == "postgres"
                packed, row = ("$1", "$2") if postgres else ("?", "?")
                sql = f"UPDATE log_chunk SET text = '', packed = {packed} WHERE id = {row}"  # noqa: S608
                await db.execute_many(sql, compressed)


def _compressed(chunks: Sequence[LogChunk]) -> list[list[object]]:
    return [[zlib.compress(chunk.text.encode(), LEVEL), chunk.id] for chunk in chunks]

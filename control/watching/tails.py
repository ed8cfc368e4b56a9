"""Journals as they are written: those of many tasks in one stream, by one poll."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from time import monotonic

from control.journal import PAGE_ENTRIES, page
from control.port import Entry, EntryKind
from control.pubsub import PubSub, task_topic
from db.models import Task
from engine.state import TaskStatus

TURN_ENTRIES_MIN = 10
LONG_TEXT_BREAKS = 50
REST_SECONDS = 0.001


async def follow(
    after: Mapping[str, int], pubsub: PubSub, poll_seconds: float, turn: asyncio.Lock
) -> AsyncGenerator[Entry, None]:
    """Yield every entry of the tasks behind those of *after*, each task's in order, to their ENDs.

    Where several have news each gives a few in its turn, so that none waits for a chatty one.
    It ends early when a task is gone. What one process follows shares a *turn*: see
    `_wait_for_turn`.
    """
    left = dict(after)
    most = max(TURN_ENTRIES_MIN, PAGE_ENTRIES // max(len(left), 1))
    with pubsub.listen(*map(task_topic, left)) as bell:
        due, looked = await _with_news(left), monotonic()
        while left:
            news: set[str] = set()
            silent = False
            for task_id in due:
                entries = await page(task_id, left[task_id], most)
                silent = silent or not entries
                if len(entries) == most:
                    news.add(task_topic(task_id))
                for entry in entries:
                    await _wait_for_turn(entry, turn)
                    yield entry
                    left[task_id] = entry.seq
                    if entry.kind is EntryKind.END:
                        del left[task_id]
            news |= bell.heard()
            if left and not news and not silent:
                news = await bell.wait(poll_seconds)
            if silent or not news or monotonic() - looked > poll_seconds:
                due, looked = await _with_news(left), monotonic()
            else:
                due = [task_id for task_id in left if task_topic(task_id) in news]


async def _with_news(left: dict[str, int]) -> Collection[str]:
    """Return the tasks that have entries behind those read; forget the others that have ended.

    All are forgotten when one is gone.
    """
    rows = await Task.filter(id__in=list(left)).only("id", "status", "next_seq")
    if len(rows) < len(left):
        left.clear()
    due = []
    for row in rows if left else ():
        if left[row.id] < row.next_seq - 1:
            due.append(row.id)
        elif TaskStatus(row.status).completed:
            del left[row.id]
    return due


async def _wait_for_turn(entry: Entry, turn: asyncio.Lock) -> None:
    """Keep long texts apart, however many read them: what is done with one blocks the process.

    Between two of them others are served: requests, heartbeats, the database's answers.
    """
    if entry.text.count("\n") < LONG_TEXT_BREAKS:
        await asyncio.sleep(0)
        return
    async with turn:
        await asyncio.sleep(REST_SECONDS)

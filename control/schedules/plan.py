"""When a schedule is due: what to deploy now, and when to look again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from control.trigger_spec import Schedule, read

LATE = timedelta(hours=1)  # what was due before has been missed
COLUMNS = ("next_scheduled_time", "schedule_problem")
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment at which *schedule* is due."""

    time: datetime
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Plan:
    """The tick to deploy for, if there is one, and when the next one comes.

    *missed* is the first that came before it and deploys no more.
    """

    tick: Tick | None
    missed: datetime | None
    following: datetime | None


def ticks(schedules: Sequence[Schedule], after: datetime) -> Iterator[Tick]:
    """Yield what is due behind *after*, in order; of those due at once the first in the list."""
    for tick in merge(*(_ticks(each, after) for each in schedules), key=attrgetter("time")):
        if tick.time > after:
            yield tick
            after = tick.time


def _ticks(schedule: Schedule, after: datetime) -> Iterator[Tick]:
    for moment in schedule.cron.moments(after, ZoneInfo(schedule.timezone)):
        yield Tick(moment, schedule)


def plan(document: object, since: datetime, now: datetime) -> Plan:
    """Return what to do for a trigger spec that is due *since* some time.

    The newest tick of the last hour deploys, those before it do not.
    """
    schedules = _schedules(document)
    first = _next(schedules, since - _INSTANT)
    newest = None
    for tick in ticks(schedules, max(since, now - LATE) - _INSTANT):
        if tick.time > now:
            break
        newest = tick
    missed = first is not None and first <= now and (newest is None or first < newest.time)
    return Plan(newest, first if missed else None, _next(schedules, now))


def begun(document: object) -> dict[str, Any]:
    """Return the columns of an environment whose schedule begins now."""
    following = _next(_schedules(document), datetime.now(UTC))
    return dict(zip(COLUMNS, (following, None), strict=True))


def _next(schedules: Sequence[Schedule], after: datetime) -> datetime | None:
    return next((tick.time for tick in ticks(schedules, after)), None)


def _schedules(document: object) -> tuple[Schedule, ...]:
    entries = document if isinstance(document, dict) else {}
    return read({"schedule": entries.get("schedule")}).schedule

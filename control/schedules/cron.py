"""Cron lines: five fields, when a schedule is due. Pure."""

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

_YEARS_MAX = 40  # a 29th of February that is a Sunday may be as far away
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_DAYS_OF_MONTH_MAX = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART = re.compile(r"(?:(\*)|(\w{1,3})(?:-(\w{1,3}))?)(?:/(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, tuple(_MONTHS)),
    _Field("day of the week", 0, 7, tuple(_WEEKDAYS)),
)
FIELDS = tuple(field.name for field in _FIELDS)


@dataclass(eq=False)
class InvalidCron(Exception):
    """The line is none of cron's; *field* is the one to look at, None for their number."""

    field: str | None


@dataclass(frozen=True, slots=True)
class Cron:
    """When a schedule is due; Sunday is 0.

    Where both days are given (not `*`), one of the two is enough.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @classmethod
    def read(cls, line: str) -> "Cron":
        """Read a line. Raises InvalidCron, also for a day that no month has."""
        texts = line.split()
        if len(texts) != len(_FIELDS):
            raise InvalidCron(None)
        sets = [_values(text, field) for text, field in zip(texts, _FIELDS, strict=True)]
        minutes, hours, days, months, weekdays = sets
        either_day = not texts[2].startswith("*") and not texts[4].startswith("*")
        longest = max(_DAYS_OF_MONTH_MAX[month - 1] for month in months)
        if min(days) > longest and not either_day:
            raise InvalidCron(_FIELDS[2].name)
        sundays = frozenset(day % 7 for day in weekdays)
        return cls(minutes, hours, days, months, sundays, either_day)

    def moments(self, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield when the line is due behind *after*, by a clock of *zone*, in UTC and in order.

        What the clock leaves out when it is put forward is due at the first moment that exists
        behind it. What the clock shows twice when it is put back is due the first time.
        """
        for wall in self._walls(after.astimezone(zone).replace(tzinfo=None)):
            moment = _moment(wall, zone)
            if moment > after:
                yield moment
                after = moment

    def _walls(self, begin: datetime) -> Iterator[datetime]:
        """Yield what a clock shows when the line is due, from the minute of *begin* on."""
        years = range(begin.year, begin.year + _YEARS_MAX + 1)
        times = [*product(sorted(self.hours), sorted(self.minutes))]
        first = bisect_left(times, (begin.hour, begin.minute))
        for year, month in product(years, sorted(self.months)):
            for day in range(1, monthrange(year, month)[1] + 1):
                if (year, month, day) < (begin.year, begin.month, begin.day):
                    continue
                if self._has(datetime(year, month, day)):  # noqa: DTZ001 (what a clock shows)
                    today = (year, month, day) == (begin.year, begin.month, begin.day)
                    for time in times[first if today else 0 :]:
                        yield datetime(year, month, day, *time)  # noqa: DTZ001

    def _has(self, day: datetime) -> bool:
        found = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        return any(found) if self.either_day else all(found)


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when a clock of *zone* shows *wall* for the first time, or has passed it."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = moment.astimezone(zone).utcoffset()
    seconds = range(int(before.timestamp()), int(moment.timestamp()) + 1)
    first = bisect_left(
        seconds,
        1,
        key=lambda each: int(datetime.fromtimestamp(each, zone).utcoffset() == offset),
    )
    return datetime.fromtimestamp(seconds[first], UTC)


def _values(text: str, field: _Field) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise InvalidCron(field.name)
        star, first, last, step = match.groups()
        low = field.least if star else _value(first, field)
        high = _value(last, field) if last else low
        if star or (step and not last):
            high = field.most
        if low > high or step == "0" * len(step or ""):
            raise InvalidCron(field.name)
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def _value(text: str, field: _Field) -> int:
    if text.lower() in field.names:
        return field.names.index(text.lower()) + field.least
    if not text.isdecimal() or not field.least <= int(text) <= field.most:
        raise InvalidCron(field.name)
    return int(text)

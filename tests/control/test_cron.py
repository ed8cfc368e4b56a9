"""Cron lines."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.schedules.cron import Cron, InvalidCron


def test_a_line_is_read():
    """Lists, ranges, steps and names stand for numbers; Sunday is 0 and 7."""
    cron = Cron.read("*/20 8-10 1,15 jan-mar/2 MON,7")

    assert cron.minutes == {0, 20, 40}
    assert cron.hours == {8, 9, 10}
    assert cron.days == {1, 15}
    assert cron.months == {1, 3}
    assert cron.weekdays == {0, 1}
    assert cron.either_day


@pytest.mark.parametrize("line", ["* * * * *", "5/10 * * * *", "0 0 29 2 *", "0 0 31 2 fri"])
def test_lines_that_come(line):
    """Each of them is due some day."""
    assert Cron.read(line)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("", None),
        ("* * * *", None),
        ("@daily", None),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("0 0 30 2 *", "day of the month"),
        ("0 0 31 4,6 *", "day of the month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of the week"),
        ("* * * * mo", "day of the week"),
        ("*/0 * * * *", "minute"),
        ("5-1 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("? * * * *", "minute"),
    ],
)
def test_lines_that_are_none(line, field):
    """The refusal names the field."""
    with pytest.raises(InvalidCron) as caught:
        Cron.read(line)

    assert caught.value.field == field


@given(st.text("*/,-0123456789 jansu", max_size=30))
def test_any_text_is_a_line_or_refused(text):
    """Nothing else happens."""
    try:
        cron = Cron.read(text)
    except InvalidCron:
        return
    assert cron.minutes
    assert cron.hours
    assert cron.days
    assert cron.months
    assert cron.weekdays


def due(line, zone, after, count):
    """Return the next moments of a line, in UTC."""
    moments = Cron.read(line).moments(datetime.fromisoformat(after), ZoneInfo(zone))
    return [f"{each:%Y-%m-%d %H:%M}" for each in islice(moments, count)]


@pytest.mark.parametrize(
    ("line", "zone", "after", "expected"),
    [
        ("30 4 * * *", "UTC", "2026-01-01T04:29:59Z", ["2026-01-01 04:30", "2026-01-02 04:30"]),
        ("30 4 * * *", "UTC", "2026-01-01T04:30:00Z", ["2026-01-02 04:30", "2026-01-03 04:30"]),
        ("30 4 * * *", "Asia/Shanghai", "2026-01-01T00:00Z", ["2026-01-01 20:30"]),
        ("0 0 1 1 *", "Pacific/Auckland", "2026-06-01T00:00Z", ["2026-12-31 11:00"]),
        ("0 12 13 * fri", "UTC", "2026-11-11T00:00Z", ["2026-11-13 12:00", "2026-11-20 12:00"]),
        ("0 12 */13 * fri", "UTC", "2026-11-01T00:00Z", ["2026-11-27 12:00"]),
        ("0 0 29 2 *", "UTC", "2096-03-01T00:00Z", ["2104-02-29 00:00"]),
        ("0 0 29 2 */7", "UTC", "2088-03-01T00:00Z", ["2128-02-29 00:00"]),
        ("0 0 31 * *", "UTC", "2026-01-31T00:00Z", ["2026-03-31 00:00", "2026-05-31 00:00"]),
    ],
)
def test_when_a_line_is_due(line, zone, after, expected):
    """By the clock of its zone, however far away."""
    assert due(line, zone, after, len(expected)) == expected


@pytest.mark.parametrize(
    ("line", "zone", "after", "expected"),
    [
        # 29 March 2026, 2:00 in Berlin, is 3:00 at once: 01:00 in UTC
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00Z",
            ["2026-03-29 01:00", "2026-03-30 00:30"],
        ),
        (
            "*/20 2-3 * * *",
            "Europe/Berlin",
            "2026-03-29T00:00Z",
            ["2026-03-29 01:00", "2026-03-29 01:20"],
        ),
        (
            "59 1 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00Z",
            ["2026-03-29 00:59", "2026-03-29 23:59"],
        ),
        # 25 October 2026, 3:00 in Berlin, is 2:00 once more: 01:00 in UTC
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00Z",
            ["2026-10-25 00:30", "2026-10-26 01:30"],
        ),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45Z", ["2026-10-26 01:30"]),
        (
            "0 * * * *",
            "Europe/Berlin",
            "2026-10-24T23:30Z",
            ["2026-10-25 00:00", "2026-10-25 02:00"],
        ),
        # half an hour, in Lord Howe, and a whole day that Samoa left out
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00Z", ["2026-10-03 15:30"]),
        ("0 5 30 12 *", "Pacific/Apia", "2011-12-01T00:00Z", ["2011-12-30 10:00"]),
    ],
)
def test_when_the_clock_is_changed(line, zone, after, expected):
    """What is left out is due right behind it, what comes twice is due the first time."""
    assert due(line, zone, after, len(expected)) == expected


@given(
    st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 0 1 * mon", "15,45 1-3 * 3,10 *"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_moments_are_in_order_and_the_same_from_anywhere(line, zone, after):
    """Whoever asks at one of them gets the one behind it."""
    cron, clock = Cron.read(line), ZoneInfo(zone)
    moments = [*islice(cron.moments(after, clock), 10)]

    assert [after, *moments] == sorted({after, *moments})
    for one, another in pairwise(moments):
        assert next(cron.moments(one, clock)) == another
        assert next(cron.moments(another - timedelta(microseconds=1), clock)) == another

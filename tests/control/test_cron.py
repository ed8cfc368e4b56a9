"""Cron lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.cron import Cron, InvalidCron


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

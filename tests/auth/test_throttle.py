"""Throttles: no more than may, however many at once; and nothing that stays for ever."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from auth import throttle
from auth.throttle import CLEANED_MAX, Limit, Throttled, network
from db.models import Throttle

LIMIT = Limit(("sign-in", "ann"), 5, 60)


async def allowed(calls):
    """Return how many of the calls were not refused."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(answer is None or isinstance(answer, Throttled) for answer in answers), answers
    return answers.count(None)


async def test_of_many_at_once_no_more_get_through_than_may(database):
    """Twenty at once, then twenty more."""
    assert await allowed(throttle.take(LIMIT) for _ in range(20)) == 5
    assert await allowed(throttle.take(LIMIT) for _ in range(20)) == 0


async def test_two_limits_are_counted_together_or_not_at_all(database):
    """What one refuses does not count for the other."""
    wide = Limit(("sign-in",), 100, 60)
    assert await allowed(throttle.take(wide, LIMIT) for _ in range(20)) == 5
    assert (await Throttle.get(key=wide.key)).count == 5

    full = Limit(("sign-in", "bob"), 5, 60)
    await allowed(throttle.take(full) for _ in range(5))
    assert await allowed(throttle.take(wide, full) for _ in range(3)) == 0
    assert (await Throttle.get(key=wide.key)).count == 5


async def test_the_refusal_says_when_to_come_again(database):
    """Whole seconds, at least one; then the count begins anew, at one."""
    await allowed(throttle.take(LIMIT) for _ in range(5))
    with pytest.raises(Throttled) as refused:
        await throttle.take(LIMIT)
    assert 55 <= refused.value.retry_after <= 60

    await Throttle.all().update(expires_time=datetime.now(UTC) + timedelta(milliseconds=900))
    with pytest.raises(Throttled) as refused:
        await throttle.take(LIMIT)
    assert refused.value.retry_after == 1

    await Throttle.all().update(expires_time=datetime.now(UTC) - timedelta(milliseconds=1))
    assert await allowed(throttle.take(LIMIT) for _ in range(20)) == 5


async def test_an_attempt_can_be_given_back(database):
    """As often as it was taken; no count falls below nothing."""
    await allowed(throttle.take(LIMIT) for _ in range(5))
    await throttle.give_back(LIMIT)
    assert await allowed(throttle.take(LIMIT) for _ in range(5)) == 1
    for _ in range(10):
        await throttle.give_back(LIMIT)
    assert await allowed(throttle.take(LIMIT) for _ in range(20)) == 5


async def test_old_rows_go(database):
    """Whoever comes new takes away what is over: the table does not grow with time."""
    over = datetime.now(UTC) - timedelta(seconds=1)
    rows = [Throttle(key=f"k{number}", count=1, expires_time=over) for number in range(250)]
    await Throttle.bulk_create(rows)
    await throttle.take(LIMIT)
    assert await Throttle.all().count() == 251 - CLEANED_MAX

    others = [Limit(("other", str(number)), 1, 60) for number in range(20)]
    assert await allowed(throttle.take(each) for each in others) == 20
    assert await Throttle.filter(expires_time__lt=datetime.now(UTC)).count() == 0
    assert await Throttle.all().count() == 21


async def test_a_mark_stands_for_its_time(database):
    """It can be made again, also by many at once."""
    known = Limit(("known", "ann"), 1, 60)
    assert not await throttle.marked(known)
    await throttle.mark(known)
    await throttle.mark(known)
    assert await throttle.marked(known)
    await Throttle.all().update(expires_time=datetime.now(UTC) - timedelta(milliseconds=1))
    assert not await throttle.marked(known)
    await asyncio.gather(*(throttle.mark(known) for _ in range(20)))
    assert await throttle.marked(known)


async def test_a_row_does_not_tell_what_was_typed(database):
    """Somebody who types a password for a name leaves no trace of it."""
    await throttle.take(Limit(("sign-in", "hunter2-typed-as-a-name"), 5, 60))
    (row,) = await Throttle.all()

    assert "hunter2" not in row.key
    assert len(row.key) == 64


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1%eth0", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
        ("a proxy's nonsense", "a proxy's nonsense"),
    ],
)
def test_what_an_address_counts_as(address, counted):
    """An IPv6 customer has a /64 at least, and gets one count."""
    assert network(address) == counted

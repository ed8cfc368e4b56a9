"""Who gets in, and who gives way."""

from contextlib import ExitStack

import pytest

from rollway.connections.seats import Full, Seats, Waiting


def test_seats_are_counted_by_caller_and_in_all():
    """A seat that is given back can be taken again; nothing is remembered of who has gone."""
    seats = Seats(2, 3)
    with ExitStack() as held:
        for caller in ("ann", "ann", "ben"):
            held.enter_context(seats.seat(caller))
        for caller in ("ann", "ben", "cid"):
            with pytest.raises(Full), seats.seat(caller):
                pass
    with seats.seat("cid"):
        pass
    assert not seats._taken


def test_the_oldest_of_the_address_with_most_gives_way():
    """A crowd from one network displaces itself, not the one who came from elsewhere before it."""
    waiting, gone = Waiting(3, 5), []

    def enter(name, address):
        return waiting.enter(address, lambda: gone.append(name))

    first = enter("first", "198.51.100.7")
    for number in range(4):
        enter(f"crowd {number}", f"2001:db8::{number}")
    assert gone == ["crowd 0"]
    enter("second", "198.51.100.8")
    enter("third", "198.51.100.9")
    assert gone == ["crowd 0", "crowd 1"]
    first()
    first()
    enter("fourth", "198.51.100.10")
    assert gone == ["crowd 0", "crowd 1"]


def test_who_has_left_does_not_give_way():
    """Leaving after one has given way is nothing."""
    waiting, gone = Waiting(1, 5), []
    leaves = [waiting.enter("::1", lambda each=each: gone.append(each)) for each in range(3)]
    for leave in leaves:
        leave()
    assert gone == [0, 1]
    assert not waiting._rooms
    assert not waiting._waiting

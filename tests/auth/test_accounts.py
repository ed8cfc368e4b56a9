"""Accounts: found however they are typed, opened by their password, not guessed."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import IntegrityError

from auth import accounts, sessions
from auth.accounts import AccountExists, WrongPassword
from auth.passwords import Cost, Passwords
from auth.sessions import WrongCredentials
from auth.throttle import Throttled
from db.audit import Act, Actor, Entry, Told
from db.models import Session, Throttle, User

PASSWORD = "correct horse battery"
TOLD = Told("user:u_1", Entry(Actor("u_1", "Ann", "s_1"), Act.USER_UPDATED, "u_1"))
HOME, CAFE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
async def ann(database, accounts_of):
    """A user with a name, an address and a password."""
    return await accounts_of().create("Ann", PASSWORD, "Ann.Ä@Example.COM")


async def window_ends():
    """Let the window of every count be over."""
    await Throttle.all().update(expires_time=datetime.now(UTC) - timedelta(milliseconds=1))


async def outcome(call):
    """Return the name of what a call was refused with; "in" when it was not."""
    try:
        await call
    except (WrongCredentials, Throttled, WrongPassword) as refusal:
        return type(refusal).__name__
    return "in"


async def guess(made, login, count, address=HOME):
    """Guess so often at once; return what happened how often."""
    calls = [outcome(made.check(login, f"wrong {n}", address)) for n in range(count)]
    return Counter(await asyncio.gather(*calls))


@pytest.mark.parametrize("login", ["Ann", "ann", "ANN", "ann.ä@example.com", "ANN.Ä@EXAMPLE.COM"])
async def test_an_account_is_found_in_capital_and_small_letters(accounts_of, ann, login):
    """By its name and by its address, of whatever alphabet."""
    assert (await accounts_of().check(login, PASSWORD, HOME)).id == ann.id
    assert ann.email == "ann.ä@example.com"
    assert ann.username == "Ann"


@pytest.mark.parametrize("login", ["", "an", "ann ", "a%", "_nn", "ann\0", "\ud800", "x" * 10**6])
async def test_nobody_is_found_by_anything_else(accounts_of, ann, login):
    """Neither by a part nor by a pattern, and no text is a fault."""
    assert await outcome(accounts_of().check(login, PASSWORD, HOME)) == "WrongCredentials"


async def test_the_database_itself_keeps_names_apart(ann):
    """Whoever writes past `create` is refused too."""
    with pytest.raises(IntegrityError):
        await User.create(id="u_2", username="aNN")
    bob = await User.create(id="u_3", username="bob", email="bob@example.com")
    with pytest.raises(IntegrityError):
        await User.create(id="u_4", username="rob", email="BOB@example.com")
    taken = {"email": accounts.normal_email("ANN.Ä@example.com")}
    with pytest.raises(AccountExists) as refused:
        await accounts.update(bob, taken, TOLD)
    assert refused.value.field == "email"
    assert bob.email == "bob@example.com"


@pytest.mark.parametrize("login", ["ann", "nobody"])
async def test_of_many_guesses_at_once_no_more_are_checked_than_may(accounts_of, ann, login):
    """The same for an account that there is and for one that there is not."""
    made = accounts_of()
    assert await guess(made, login, 20) == {"WrongCredentials": 5, "Throttled": 15}
    assert await guess(made, login.upper(), 20) == {"Throttled": 20}
    await window_ends()
    assert await guess(made, login, 20) == {"WrongCredentials": 5, "Throttled": 15}


async def test_the_right_password_is_refused_too(accounts_of, ann):
    """A guesser learns nothing; the window over, the owner comes in and the count is cleared."""
    made = accounts_of()
    await guess(made, "ann", 20)
    assert await outcome(made.check("ann", PASSWORD, HOME)) == "Throttled"
    await window_ends()
    assert await guess(made, "ann", 4) == {"WrongCredentials": 4}
    assert await outcome(made.check("ann", PASSWORD, HOME)) == "in"
    assert await guess(made, "ann", 4) == {"WrongCredentials": 4}


async def test_a_guesser_elsewhere_does_not_lock_the_owner_out(accounts_of, ann):
    """One address is refused on its own; many lock out only who comes from somewhere new."""
    made = accounts_of()
    await made.check("ann", PASSWORD, HOME)
    _, session = await sessions.start(ann)
    assert (await guess(made, "ann", 20, CAFE))["WrongCredentials"] == 5
    assert await outcome(made.check("ann", PASSWORD, "198.51.100.8")) == "in"

    for number in range(10, 20):
        await guess(made, "ann", 20, f"198.51.100.{number}")
    assert await outcome(made.check("ann", PASSWORD, "203.0.113.5")) == "Throttled"
    assert await outcome(made.check("ann", PASSWORD, HOME)) == "in"
    assert await sessions.find(session)


async def test_all_addresses_together_have_a_limit(accounts_of, ann):
    """A guesser with many addresses gets no more either; nor does success wipe their count."""
    made = accounts_of()
    counts = Counter()
    for number in range(8):
        counts += await guess(made, "ann", 5, f"2001:db8:{number}::1")
        await outcome(made.check("ann", PASSWORD, HOME))
    assert counts["WrongCredentials"] == 10


async def test_neighbours_in_an_ipv6_network_are_one_address(accounts_of, ann):
    """Who owns a /64 has no more guesses than others."""
    made = accounts_of()
    counts = Counter()
    for number in range(8):
        counts += await guess(made, "ann", 5, f"2001:db8::{number:x}")
    assert counts["WrongCredentials"] == 5


async def test_one_address_has_a_limit_over_all_names(accounts_of, database):
    """One password for many names: refused as well. Another address is not concerned."""
    made = accounts_of(address=20)
    calls = [outcome(made.check(f"user{n}", "Winter2026!", CAFE)) for n in range(40)]
    assert Counter(await asyncio.gather(*calls)) == {"WrongCredentials": 20, "Throttled": 20}
    assert await outcome(made.check("user1", "Winter2026!", HOME)) == "WrongCredentials"


async def test_an_office_does_not_lock_itself_out_by_coming_in(accounts_of, ann):
    """Only failures count for an address: many right passwords leave no trace."""
    made = accounts_of(address=3, login=3, login_elsewhere=3)
    for _ in range(10):
        assert await outcome(made.check("ann", PASSWORD, HOME)) == "in"
    assert await guess(made, "bob", 5) == {"WrongCredentials": 3, "Throttled": 2}


async def test_a_hash_of_another_cost_is_made_anew_at_sign_in(accounts_of, ann):
    """By one of many at once, and all of them come in; a wrong password changes nothing."""
    dearer = Cost(memory_kib=64, passes=2, lanes=1)
    made, stored = accounts_of(dearer), ann.password
    await outcome(made.check("ann", "wrong", HOME))
    assert (await User.get(id=ann.id)).password == stored
    users = await asyncio.gather(*(made.check("ann", PASSWORD, HOME) for _ in range(4)))
    fresh = (await User.get(id=ann.id)).password

    assert "m=64,t=2,p=1" in fresh
    assert not Passwords(dearer).outdated(fresh)
    assert {user.password for user in users} == {fresh}


async def test_a_changed_password_ends_the_other_sessions(accounts_of, ann):
    """The one that asked goes on; the old password opens nothing."""
    made = accounts_of()
    tokens = [(await sessions.start(ann))[1] for _ in range(3)]
    here = await sessions.find(tokens[0])
    given = {"address": HOME, "session_id": here.id, "told": TOLD}

    with pytest.raises(WrongPassword):
        await made.change_password(ann, "wrong", "another long one", **given)
    with pytest.raises(WrongPassword):
        await made.change_password(ann, None, "another long one", **given)
    assert await Session.all().count() == 3
    assert await made.change_password(ann, PASSWORD, "another long one", **given) == 2

    assert [await sessions.find(token) is not None for token in tokens] == [True, False, False]
    assert await outcome(made.check("ann", PASSWORD, HOME)) == "WrongCredentials"
    assert await outcome(made.check("ann", "another long one", HOME)) == "in"


async def test_a_stolen_session_cannot_guess_the_password(accounts_of, ann):
    """The current password is counted as a sign-in is; the right one is refused too."""
    made = accounts_of()
    given = {"address": HOME, "session_id": "s_none", "told": TOLD}
    calls = [
        outcome(made.change_password(ann, f"wrong {n}", "another long one", **given))
        for n in range(20)
    ]
    assert Counter(await asyncio.gather(*calls)) == {"WrongPassword": 5, "Throttled": 15}
    right = made.change_password(ann, PASSWORD, "another long one", **given)
    assert await outcome(right) == "Throttled"
    assert await outcome(made.check("ann", PASSWORD, HOME)) == "Throttled"


async def test_of_two_changes_at_once_one_is_made(accounts_of, ann):
    """Both know the current password; the second one's is not current any more."""
    made = accounts_of()
    given = {"address": HOME, "session_id": "s_none", "told": TOLD}
    calls = [
        outcome(made.change_password(ann, PASSWORD, f"another long one {n}", **given))
        for n in range(5)
    ]
    assert Counter(await asyncio.gather(*calls)) == {"in": 1, "WrongPassword": 4}


async def test_who_has_no_password_sets_one_without(accounts_of, database):
    """Whoever came by a linked login; any password given for none is wrong. Once only."""
    made = accounts_of()
    user = await made.create("hub", github_unionid="42")
    given = {"address": HOME, "session_id": "s_none", "told": TOLD}
    assert await outcome(made.check("hub", "", HOME)) == "WrongCredentials"
    wrong = made.change_password(user, "guessed one", "another long one", **given)
    assert await outcome(wrong) == "WrongPassword"
    first = [made.change_password(user, None, f"another long one {n}", **given) for n in range(5)]
    outcomes = Counter(await asyncio.gather(*map(outcome, first)))
    assert outcomes == {"in": 1, "WrongPassword": 4}


async def test_an_operator_lets_somebody_in_again(accounts_of, ann):
    """A new password, all sessions ended, and the account's lock taken off."""
    made = accounts_of(login_elsewhere=3)
    await sessions.start(ann)
    await guess(made, "ann", 10, CAFE)
    assert await outcome(made.check("ann", PASSWORD, HOME)) == "Throttled"

    assert await made.set_password(ann, "another long one", TOLD) == 1
    assert await outcome(made.check("ann", "another long one", HOME)) == "in"


async def test_nobody_asks_through_changes_who_has_an_account(accounts_of, ann):
    """Of a hundred addresses tried at once, twenty are looked at."""
    bob = await accounts_of().create("bob", PASSWORD)
    tries = [
        outcome(accounts.update(bob, {"email": f"x{n}@example.com"}, TOLD)) for n in range(100)
    ]
    assert Counter(await asyncio.gather(*tries)) == {"in": 20, "Throttled": 80}

"""Accounts by logins of other services: one each, never somebody else's."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import identities, sessions
from auth.accounts import SignUpClosed
from auth.identities import LastWayIn, LoginTaken, SessionEnded
from auth.logins import Identity, Service
from auth.throttle import Throttled
from db.audit import Act, Actor, Entry, Told
from db.chains import AuditEntry
from db.models import Session, User
from resolvers.validation import NAME

HERE = ("192.0.2.1", "a browser")
TOLD = Told("user:u_1", Entry(Actor("u_1", "ada", "s_1"), Act.LOGIN_UNLINKED, "u_1"))


def github(number=1, login="ada"):
    return Identity(
        service=Service.GITHUB, union_id=str(number), login=login, avatar="https://x/1.png"
    )


def gitee(number=1, login="ada"):
    return Identity(service=Service.GITEE, union_id=str(number), login=login, avatar=None)


@pytest.fixture
def accounts(accounts_of):
    """The accounts of a server."""
    return accounts_of()


async def sign_in(accounts, identity, **given):
    """Return whose login it is."""
    return (await identities.sign_in(accounts, identity, HERE[0], **given))[0]


async def session_of(user):
    """Return the id of a new session."""
    return (await sessions.start(user))[0].id


async def test_a_login_is_one_account(database, accounts):
    """Whatever it is called today; the same number at another service is somebody else."""
    first = await sign_in(accounts, github(1, "ada"))
    again = await sign_in(accounts, github(1, "ada-lovelace"))
    other = await sign_in(accounts, gitee(1, "ada"))

    assert first.id == again.id != other.id
    row = await User.get(id=first.id)
    assert (row.username, row.password, row.email) == ("ada", None, None)
    assert (row.github_unionid, row.gitee_unionid, row.avatar) == ("1", None, "https://x/1.png")


async def test_a_name_is_no_identity(database, accounts):
    """Who is called like an account here does not get that account."""
    victim = await User.create(id="u_1", username="ada", email="ada@example.com", password="x")
    guests = [
        await sign_in(accounts, github(n, login))
        for n, login in enumerate(("ada", "ADA", "ada@example.com"), 1)
    ]

    assert victim.id not in {guest.id for guest in guests}
    assert [guest.username for guest in guests] == ["ada-2", "ADA-3", "ada-example.com"]


async def test_the_same_login_ten_times_at_once_is_one_account(database, accounts):
    """Double clicks and two windows make no second account, and no fault."""
    users = await asyncio.gather(*(sign_in(accounts, github()) for _ in range(10)))

    assert len({user.id for user in users}) == 1
    assert await User.all().count() == 1


async def test_ten_people_of_one_name_get_ten(database, accounts):
    """All at once, too; the tenth gets a random one."""
    users = await asyncio.gather(*(sign_in(accounts, github(n + 1)) for n in range(10)))

    assert len({user.username for user in users}) == 10
    assert [user.username for user in users if not NAME.fullmatch(user.username)] == []


@given(st.text(min_size=1, max_size=255), st.integers(1, 2**63 - 1))
def test_every_login_makes_valid_names(login, number):
    """Whatever the service lets people be called."""
    names = list(identities._usernames(github(number, login)))

    assert [name for name in names if not NAME.fullmatch(name)] == []


async def test_closed_sign_up_is_closed_here_too(database, accounts):
    """The first account may come by a login; after that only known ones come in."""
    first = await sign_in(accounts, github(1), first_only=True)

    with pytest.raises(SignUpClosed):
        await sign_in(accounts, github(2), first_only=True)
    assert (await sign_in(accounts, github(1), first_only=True)).id == first.id
    assert await User.all().count() == 1


async def test_the_first_account_is_one_however_many_come_at_once(database, accounts):
    """The same person twice is let in twice, everybody else not at all."""
    coming = [github(n) for n in (1, 2, 3, 1, 2, 3)]
    results = await asyncio.gather(
        *(sign_in(accounts, each, first_only=True) for each in coming),
        return_exceptions=True,
    )

    refused = [each for each in results if isinstance(each, SignUpClosed)]
    users = {each.id for each in results if isinstance(each, User)}
    assert len(users) == 1
    assert len(refused) == 4


async def test_linking_needs_a_session_that_lives(database):
    """Signed out or expired meanwhile: nothing is linked."""
    user = await User.create(id="u_1", username="ada", password="x")
    session_id = await session_of(user)
    await Session.filter(id=session_id).update(
        expires_time=datetime.now(UTC) - timedelta(seconds=1)
    )

    for each in (session_id, "s_none"):
        with pytest.raises(SessionEnded):
            await identities.link(each, github(), *HERE)
    assert (await User.get(id="u_1")).github_unionid is None


async def test_a_login_is_linked_to_one_user(database, accounts):
    """Another's is refused, one's own is no change, a new one takes the old one's place."""
    ada = await User.create(id="u_1", username="ada", password="x")
    bob = await sign_in(accounts, github(2, "bob"))
    session_id = await session_of(ada)

    with pytest.raises(LoginTaken) as taken:
        await identities.link(session_id, github(2, "bob"), *HERE)
    for number in (1, 1, 3):
        await identities.link(session_id, github(number), *HERE)
    await identities.link(session_id, gitee(2), *HERE)

    assert taken.value.service == "GitHub"
    ada, bob = await User.get(id=ada.id), await User.get(id=bob.id)
    assert (ada.github_unionid, ada.gitee_unionid, ada.password) == ("3", "2", "x")
    assert bob.github_unionid == "2"
    told = await AuditEntry.all().order_by("seq")
    assert {(row.chain, row.action, row.via) for row in told} == {
        ("user:u_1", "user.login_linked", session_id)
    }
    assert [row.after["service"] for row in told] == ["github", "github", "github", "gitee"]


async def test_one_login_linked_by_many_at_once_goes_to_one(database):
    """The constraint decides."""
    users = [await User.create(id=f"u_{n}", username=f"user{n}") for n in range(5)]
    tickets = [await session_of(user) for user in users]
    results = await asyncio.gather(
        *(identities.link(ticket, github(), *HERE) for ticket in tickets), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in results) == ["LoginTaken"] * 4 + ["NoneType"]
    assert await User.filter(github_unionid="1").count() == 1


async def test_the_last_way_in_stays(database, accounts):
    """Without a password one of two logins can go, not both; without a login nothing happens."""
    user = await sign_in(accounts, github())
    with pytest.raises(LastWayIn):
        await identities.unlink(user.id, Service.GITHUB, TOLD)
    await identities.unlink(user.id, Service.GITEE, TOLD)
    await identities.link(await session_of(user), gitee(), *HERE)

    results = await asyncio.gather(
        *(identities.unlink(user.id, service, TOLD) for service in Service), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in results) == ["LastWayIn", "User"]
    row = await User.get(id=user.id)
    assert [row.github_unionid, row.gitee_unionid].count(None) == 1


async def test_with_a_password_every_login_can_go(database):
    """It is another way in."""
    user = await User.create(id="u_1", username="ada", password="x", github_unionid="1")

    assert (await identities.unlink("u_1", Service.GITHUB, TOLD)).github_unionid is None
    assert (await User.get(id=user.id)).github_unionid is None


async def test_many_new_logins_from_one_address_are_throttled(database, accounts_of):
    """As sign-ups with a password are; who has an account signs in all the same."""
    few = accounts_of(sign_ups=3)
    known = await sign_in(few, github(1, "ada"))
    for number in (2, 3):
        await sign_in(few, github(number, f"ada{number}"))

    with pytest.raises(Throttled):
        await sign_in(few, github(4, "eve"))
    assert (await sign_in(few, github(1, "ada"))).id == known.id

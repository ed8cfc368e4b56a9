"""Passwords: what is kept of them, what a check costs, and how many are checked at a time."""

import asyncio
from dataclasses import replace
from threading import Event

import pytest
from argon2 import PasswordHasher, extract_parameters

from auth.passwords import LENGTH_MAX, THREADS, WAITING_MAX, Busy, Cost, Passwords

CHEAP = Cost(memory_kib=8, passes=1, lanes=1)


@pytest.fixture
def passwords():
    """Passwords that cost little."""
    return Passwords(CHEAP)


async def test_a_password_is_kept_as_an_argon2id_hash(passwords):
    """Two hashes of one password differ; only the password opens them."""
    first, second = [await passwords.hash("long enough") for _ in range(2)]

    assert first.startswith("$argon2id$")
    assert first != second
    assert await passwords.verify(first, "long enough")
    assert not await passwords.verify(first, "long enougH")


async def test_nobody_has_no_password(passwords):
    """No such user, and a stored text that is no hash, refuse every password."""
    assert not await passwords.verify(None, "nobody has this password")
    assert not await passwords.verify("", "")
    assert not await passwords.verify("5f4dcc3b5aa765d61d8327deb882cf99", "password")


@pytest.mark.parametrize(
    ("typed", "elsewhere"),
    [
        ("caf\u00e9 au lait", "cafe\u0301 au lait"),
        ("horse 12 staple", "ｈｏｒｓｅ　１２　ｓｔａｐｌｅ"),  # noqa: RUF001 (an input method's wide letters)
        (
            "\ud55c\uad6d\uc5b4 \uc554\ud638",
            "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165 암호",
        ),
    ],
    ids=["accent", "full width", "hangul"],
)
async def test_another_keyboard_opens_the_same_account(passwords, typed, elsewhere):
    """The same text in another form of Unicode is the same password."""
    assert typed != elsewhere
    assert await passwords.verify(await passwords.hash(typed), elsewhere)
    assert await passwords.verify(await passwords.hash(elsewhere), typed)


@pytest.mark.parametrize("odd", ["\ud800", "x" * 1024 * 1024, "\u0301\u0316" * 500_000, "\0", ""])
async def test_odd_texts_are_wrong_passwords(passwords, odd):
    """No text is a fault, and none keeps the thread busy for long."""
    stored = await passwords.hash("long enough")

    assert not await passwords.verify(stored, odd)
    assert not await passwords.verify(None, odd)


async def test_no_longer_text_opens_what_a_password_of_full_length_does(passwords):
    """What is cut off does not pass for the rest."""
    longest = "x" * LENGTH_MAX
    stored = await passwords.hash(longest)

    assert await passwords.verify(stored, longest)
    assert not await passwords.verify(stored, longest + "y")


@pytest.mark.parametrize("change", [{"memory_kib": 64}, {"passes": 2}, {"lanes": 2}])
async def test_a_hash_of_another_cost_opens_and_is_outdated(change):
    """Settings may change; what was hashed before is opened as it was made."""
    cost = replace(CHEAP, memory_kib=64) if "lanes" in change else CHEAP
    before, after = Passwords(cost), Passwords(replace(cost, **change))
    stored = await before.hash("long enough")

    assert await after.verify(stored, "long enough")
    assert after.outdated(stored)
    assert not before.outdated(stored)


async def test_nobodys_password_costs_what_a_wrong_one_costs(monkeypatch):
    """Whether there is an account: one check each, of the same parameters. Those are today's."""
    checked = []
    verify = PasswordHasher.verify

    def counted(self, stored, password):
        checked.append(extract_parameters(stored))
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for cost in (CHEAP, Cost(memory_kib=64, passes=3, lanes=2)):
        checked.clear()
        passwords = Passwords(cost)
        stored = await passwords.hash("long enough")
        for password in ("wrong password", "\ud800", "x" * 1000):
            assert not await passwords.verify(stored, password)
            assert not await passwords.verify(None, password)

        assert len(checked) == 6
        assert set(map(str, checked)) == {str(extract_parameters(stored))}


async def test_a_flood_is_refused_instead_of_waiting(monkeypatch):
    """Two are checked, so many wait, the next is told when to come again."""
    gate = Event()
    monkeypatch.setattr(PasswordHasher, "verify", lambda *_: gate.wait())
    passwords = Passwords(CHEAP)
    waiting = [
        asyncio.create_task(passwords.verify("x", "y")) for _ in range(THREADS + WAITING_MAX)
    ]
    await asyncio.sleep(0)
    try:
        with pytest.raises(Busy):
            await passwords.verify("x", "y")
        waiting.pop().cancel()  # who goes away makes room
        await asyncio.sleep(0.05)
        late = asyncio.create_task(passwords.verify("x", "y"))
        await asyncio.sleep(0.05)
        assert not late.done()
    finally:
        gate.set()
    assert await late
    assert all(await asyncio.gather(*waiting))

"""Sealed values open only where they belong, under whichever master key wraps them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.vault import KEY_BYTES, NotSealedHere, Seal, Vault, key_id

KEY = bytes(range(KEY_BYTES))
OTHER = KEY[::-1]


@given(st.text(), st.text(min_size=1), st.text(min_size=1))
def test_what_is_sealed_opens_at_its_place(value, place, name):
    """Any text comes back as it was."""
    vault = Vault(KEY)

    assert (
        vault.open(vault.seal(value, place=place, name=name, version=1), place=place, name=name)
        == value
    )


def test_two_seals_of_one_value_differ():
    """Nobody can tell from the table that two secrets are equal, and each has its own data key."""
    vault = Vault(KEY)
    first, second = (vault.seal("hunter22", place="p", name="n", version=1) for _ in range(2))

    assert Seal.parse(first).wrapped != Seal.parse(second).wrapped
    assert Seal.parse(first).body != Seal.parse(second).body
    assert "hunter22" not in first


def _altered(part):
    """Return a function that changes one byte in a part of a sealed value."""

    def change(sealed):
        parts = sealed.split(":")
        content = bytearray(base64.b64decode(parts[part]))
        content[-1] ^= 1
        parts[part] = base64.b64encode(content).decode()
        return ":".join(parts)

    return change


MOVED = [
    ("other", "n", lambda sealed: sealed),
    ("p", "other", lambda sealed: sealed),
    ("p", "n", lambda sealed: sealed.replace(":1:", ":2:", 1)),
    ("p", "n", _altered(4)),
    ("p", "n", lambda sealed: "rw9" + sealed[3:]),
    ("p", "n", lambda sealed: sealed.rpartition(":")[0]),
    ("p", "n", lambda _: "plain text"),
    ("p", "n", lambda _: ""),
]
MOVES = ["place", "name", "version", "data key", "format", "body missing", "plain", "empty"]


@pytest.mark.parametrize(("place", "name", "change"), MOVED, ids=MOVES)
def test_a_moved_or_altered_seal_does_not_open(place, name, change):
    """Another row, another name, another version, another byte: refused, naming the place."""
    vault = Vault(KEY)
    sealed = change(vault.seal("value", place="p", name="n", version=1))

    with pytest.raises(NotSealedHere, match=f"{place} {name}"):
        vault.open(sealed, place=place, name=name)


@pytest.mark.parametrize(("place", "name", "change"), MOVED, ids=MOVES)
def test_a_moved_or_altered_seal_is_not_wrapped_anew(place, name, change):
    """A rotation does not make a stolen value belong to its new row."""
    sealed = change(Vault(OTHER).seal("value", place="p", name="n", version=1))

    with pytest.raises(NotSealedHere):
        Vault(KEY, OTHER).rewrap(sealed, place=place, name=name)


def test_neither_half_goes_with_another_value():
    """The body of one value does not open with the data key of another, nor a key as a value."""
    vault = Vault(KEY)
    one, two = (
        Seal.parse(vault.seal(value, place="p", name="n", version=1)) for value in ("one", "two")
    )
    form = f"rw1:{one.key_id}:1:0"

    for sealed in (
        f"{form}:{one.wrapped}:{two.body}",
        f"{form}:{one.wrapped}:{one.wrapped}",
        _altered(5)(str(one)),
    ):
        with pytest.raises(NotSealedHere, match="altered, or moved"):
            vault.open(sealed, place="p", name="n")


def test_another_key_is_named():
    """The message says which key it takes and which are here, and never shows the value."""
    sealed = Vault(KEY).seal("value", place="p", name="n", version=1)

    with pytest.raises(NotSealedHere, match=f"key {key_id(KEY)}.* {key_id(OTHER)}") as refused:
        Vault(OTHER).open(sealed, place="p", name="n")
    assert sealed not in str(refused.value)


def test_versions_go_up_and_removed_names_are_gone():
    """Setting counts, removing removes, the rest stays as it is."""
    vault = Vault(KEY)
    first = vault.change({}, {"A": "aaaa", "B": "bbbb"}, place="p")
    second = vault.change(first, {"A": "cccc", "B": None, "C": None}, place="p")

    assert set(second) == {"A"}
    assert Seal.parse(second["A"]).version == 2
    assert vault.open_all(second, place="p") == {"A": "cccc"}


def test_the_first_key_seals_and_all_open():
    """In the order in which they are given."""
    old = Vault(OTHER).seal("value", place="p", name="n", version=1)
    vault = Vault(KEY, OTHER)

    assert vault.key_ids == (key_id(KEY), key_id(OTHER))
    assert vault.open(old, place="p", name="n") == "value"
    assert Seal.parse(vault.seal("x", place="p", name="n", version=1)).key_id == key_id(KEY)


def test_wrapping_anew_leaves_the_value_closed():
    """Only key id and wrapped data key change; the old master key is not needed any more."""
    old = Vault(OTHER).seal("value", place="p", name="n", version=3)
    new = Vault(KEY, OTHER).rewrap(old, place="p", name="n")
    before, after = Seal.parse(old), Seal.parse(new)

    assert (after.key_id, after.version) == (key_id(KEY), 3)
    assert after.wrapped != before.wrapped
    assert (after.body, after.updated_time) == (before.body, before.updated_time)
    assert Vault(KEY).open(new, place="p", name="n") == "value"
    assert Vault(KEY, OTHER).rewrap(new, place="p", name="n") == new


def test_a_running_vault_meets_new_keys():
    """It asks for them before it seals, and when a value is sealed with a key it does not know."""
    news = []
    vault = Vault(OTHER, newer=lambda: news.pop() if news else None)
    sealed = Vault(KEY).seal("value", place="p", name="n", version=1)
    with pytest.raises(NotSealedHere):
        vault.open(sealed, place="p", name="n")

    news.append((KEY, OTHER))
    assert vault.open(sealed, place="p", name="n") == "value"
    news.append((OTHER, KEY))
    assert Seal.parse(vault.seal("x", place="p", name="n", version=1)).key_id == key_id(OTHER)


@pytest.mark.parametrize("keys", [(), (b"short",), (KEY, KEY)], ids=["none", "short", "twice"])
def test_keys_that_are_none_are_refused(keys):
    """A vault without a usable list of keys is a fault of whoever makes it."""
    with pytest.raises(ValueError, match="master key"):
        Vault(*keys)


def test_no_key_is_shown():
    """The repr of a vault names its keys by their ids."""
    vault = Vault(KEY, OTHER)

    assert repr(vault) == f"Vault({key_id(KEY)}, {key_id(OTHER)})"
    assert str(vault) == repr(vault)

"""What GitHub and Gitee are like, and a trip to one of them and back."""

import json
import secrets
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import logins
from auth.logins import NEXT_CHARACTERS_MAX, Client, Identity, Service, Trip, is_local_path
from db.vault import KEY_BYTES, Vault

VAULT = Vault(bytes(KEY_BYTES))
USER = {"id": 583231, "login": "octocat", "avatar_url": "https://example.com/1.png"}


@pytest.mark.parametrize("path", ["/", "/graphql", "/a?b=c&d=%2F%2Fevil#e", "/" + "x" * 999])
def test_a_path_of_this_server_is_one(path):
    """Query, fragment and escapes are part of it."""
    assert is_local_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "graphql",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/ä",
        "/a b",
        "/a\r\nSet-Cookie: x=y",
        "/" + "x" * NEXT_CHARACTERS_MAX,
    ],
)
def test_other_places_are_none(path):
    """Whatever a browser would read as another host, and what fits into no header."""
    assert not is_local_path(path)


@given(st.text(alphabet="/\\:.@?#\t evil", max_size=12))
def test_no_local_path_leads_elsewhere(path):
    """A browser takes a backslash for a slash and drops tabs; so does this test."""
    read = path.replace("\t", "").replace("\\", "/").strip()
    if is_local_path(path):
        assert urlsplit(urljoin("https://here.example/oauth/x", read)).netloc == "here.example"


def test_a_user_is_read():
    """The number is the identity; the name may change."""
    assert Identity.read(Service.GITHUB, USER) == Identity(
        service=Service.GITHUB,
        union_id="583231",
        login="octocat",
        avatar="https://example.com/1.png",
    )


@pytest.mark.parametrize("avatar", [None, 1, "javascript:alert(1)", "https://x/" + "y" * 2000])
def test_an_odd_picture_is_none(avatar):
    """Somebody without a picture can sign in too."""
    assert Identity.read(Service.GITEE, {**USER, "avatar_url": avatar}).avatar is None


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        *({**USER, "id": each} for each in (None, 0, -1, True, "1", 1.5, 2**70, [1])),
        *({**USER, "login": each} for each in (None, "", 1, ["ada"], "x" * 300, "a\0b", "\ud800")),
    ],
)
def test_no_user_is_made_of_nonsense(answer):
    """An identity of None would be everybody's."""
    with pytest.raises(ValueError, match=r"^(not an object|no id|no login)$"):
        Identity.read(Service.GITHUB, answer)


@pytest.mark.parametrize(
    ("service", "url", "user"),
    [
        ("github", "https://github.com", "https://api.github.com/user"),
        ("github", "https://git.example.com", "https://git.example.com/api/v3/user"),
        ("gitee", "https://gitee.com", "https://gitee.com/api/v5/user"),
        ("gitee", "http://127.0.0.1:1", "http://127.0.0.1:1/api/v5/user"),
    ],
)
def test_addresses_follow_from_the_services(service, url, user):
    """A server of one's own has its API below its address."""
    client = Client(service=Service(service), url=url, id="i", secret="s")

    assert client.user_url == user
    assert client.authorize_url.startswith(url)
    assert client.token_url.startswith(url)


def test_a_trip_comes_back_as_it_left():
    """The longest path fits into a cookie, and nothing of it can be read there."""
    trip = Trip.start(Service.GITHUB, '/"' + "x" * (NEXT_CHARACTERS_MAX - 2), "s_1")
    sealed = trip.seal(VAULT)

    assert len(sealed) < 3500
    assert trip.state not in sealed
    assert Trip.resume(sealed, Service.GITHUB, trip.state, VAULT) == trip
    assert len({Trip.start(Service.GITHUB, "/").state for _ in range(9)}) == 9


def test_a_trip_of_another_kind_does_not_come_back(monkeypatch):
    """Another service, another state, another key, another text, another time."""
    trip = Trip.start(Service.GITHUB, "/")
    sealed = trip.seal(VAULT)
    elsewhere = VAULT.seal(json.dumps({}), place="team/x", name="github", version=1)
    altered = sealed[:-20] + ("A" if sealed[-20] != "A" else "B") + sealed[-19:]
    cases = [
        (sealed, Service.GITEE, trip.state, VAULT),
        (sealed, Service.GITHUB, "", VAULT),
        (sealed, Service.GITHUB, trip.state + "x", VAULT),
        (sealed, Service.GITHUB, "\ud800ä", VAULT),
        (sealed, Service.GITHUB, trip.state, Vault(secrets.token_bytes(KEY_BYTES))),
        (altered, Service.GITHUB, trip.state, VAULT),
        (elsewhere, Service.GITHUB, trip.state, VAULT),
        ("", Service.GITHUB, trip.state, VAULT),
        ("rw1:x:1:1:é", Service.GITHUB, trip.state, VAULT),
        ("rw1:" + ":".join(["9" * 5000] * 3) + ":", Service.GITHUB, trip.state, VAULT),
    ]
    assert [case for case in cases if Trip.resume(*case) is not None] == []

    monkeypatch.setattr(logins, "time", lambda: trip.expires_time + 1)
    assert Trip.resume(sealed, Service.GITHUB, trip.state, VAULT) is None


def test_secrets_do_not_show():
    """What ends up in a traceback or a log is harmless."""
    client = Client(service=Service.GITHUB, url="https://x", id="the-id", secret="hush")
    trip = Trip.start(Service.GITHUB, "/")

    assert "hush" not in repr(client)
    assert trip.state not in repr(trip)
    assert trip.verifier not in repr(trip)

"""Where repositories may be."""

import asyncio

import pytest

from providers.repository import (
    AddressNotAllowed,
    AddressUnknown,
    InvalidRepositoryUrl,
    Policy,
    check_address,
    parse,
)

ANYWHERE = Policy(schemes=("https", "http", "file"), private_addresses=True)
STRICT = Policy()


@pytest.mark.parametrize(
    ("url", "owner", "name"),
    [
        ("https://github.com/acme/web", "acme", "web"),
        ("https://github.com/acme/web.git", "acme", "web"),
        ("https://gitlab.com/group/sub/web.git", "group/sub", "web"),
        ("https://git.example.com:8443/acme/web/", "acme", "web"),
        ("http://127.0.0.1:3000/web.git", "", "web"),
        ("file:///srv/git/web.git", "", "web"),
        ("https://example.com/.git", "", ".git"),
    ],
)
def test_an_address_names_owner_and_repository(url, owner, name):
    """Groups belong to the owner, the suffix .git to nobody."""
    found = parse(url, ANYWHERE)

    assert (found.url, found.owner, found.name) == (url, owner, name)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "web",
        "git@github.com:acme/web.git",
        "ssh://git@github.com/acme/web",
        "ext::sh -c id",
        "--upload-pack=id",
        "https://",
        "https://github.com",
        "https://github.com/",
        "https:///acme/web",
        "https://user:secret@github.com/acme/web",
        "https://token@github.com/acme/web",
        "https://github.com/acme/../web",
        "https://github.com/acme/web?x=1",
        "https://github.com/acme/web#main",
        "https://github.com/acme/we b",
        "https://github.com/acme/web\n",
        "https://github.com:port/acme/web",
        "https://[::1/acme/web",
        "https://ann:hunter2/x@github.com/acme/web",
        "file://host/srv/git/web",
        "javascript:alert(1)//x",
        "https://%31%32%37.0.0.1/acme/web",
        "https://loc%61lhost/acme/web",
        "https://exämple.com/acme/web",
    ],
)
def test_other_addresses_are_refused_in_words(url):
    """Whatever Git would take for an option, a helper or a password is no address."""
    with pytest.raises(InvalidRepositoryUrl) as refusal:
        parse(url, ANYWHERE)

    assert refusal.value.reason
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("url", ["http://example.com/a/b", "file:///srv/git/web"])
def test_a_scheme_that_is_not_allowed_is_refused(url):
    """A server lets nobody read its own disk by default."""
    with pytest.raises(AddressNotAllowed):
        parse(url, STRICT)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[fe80::1]",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "[::127.0.0.1]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::10.0.0.1]",
        "[2002:7f00:1::]",
        "[fec0::1]",
        "[ff0e::1]",
        "224.0.0.1",
    ],
)
async def test_private_addresses_are_refused_unless_allowed(host):
    """However the address is written."""
    url = f"https://{host}/a/b"

    with pytest.raises(AddressNotAllowed):
        await check_address(url, STRICT)
    await check_address(url, ANYWHERE)


@pytest.mark.parametrize(
    "host",
    ["93.184.216.34", "[2606:2800:220:1::1]", "[64:ff9b::93.184.216.34]", "[2002:5db8:d822::]"],
)
async def test_public_addresses_are_reached(host):
    """Also through a gateway."""
    assert await check_address(f"https://{host}/a/b", STRICT)


async def test_a_name_that_cannot_be_looked_up_cannot_be_checked():
    """What git would find there is unknown, so it may not go."""
    with pytest.raises(AddressUnknown, match=r"nowhere\.invalid"):
        await check_address("https://nowhere.invalid/a/b", STRICT)


async def test_git_is_told_the_address_that_was_checked(monkeypatch):
    """A second look-up could be answered differently."""

    async def getaddrinfo(host, *_, **__):
        return [(0, 0, 0, "", ("93.184.216.34", 0)), (0, 0, 0, "", ("2606:2800:220:1::1", 0, 0, 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)

    pin = await check_address("https://example.com/a/b", STRICT)
    assert pin == "example.com:443:93.184.216.34,[2606:2800:220:1::1]"
    assert await check_address("https://example.com/a/b", ANYWHERE) is None

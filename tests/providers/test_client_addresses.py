"""Where a client goes with its token: to the host it was made for, at an address that may be."""

import ssl

import pytest
from starlette.responses import (
    RedirectResponse,
)

from providers.api.client import Client, Host
from providers.api.refusals import (
    InvalidApiUrl,
    Moved,
    ServiceDown,
)
from providers.repository import AddressNotAllowed, AddressUnknown, Policy
from tests.certificates import certified
from tests.providers.script import ANYWHERE, BOUNDS, STRICT, TOKEN, Script, fine, status


async def test_a_redirect_to_another_host_is_not_followed(asking, serve):
    """The token stays here, whatever the other is called."""
    other = Script(fine())
    async with serve(other.app()) as elsewhere:
        for target in (
            elsewhere,
            elsewhere.replace("127.0.0.1", "localhost"),
            "https://127.0.0.1/",
            "https://[::1",
        ):
            script = Script(RedirectResponse(target, 302))
            async with asking(script) as client:
                with pytest.raises(Moved):
                    await client.get("user")
            assert len(script.requests) == 1
    assert other.requests == []


async def test_a_redirect_of_the_same_host_is_followed_a_few_times(asking):
    """A renamed repository; but nothing is created where it was not asked for."""
    script = Script(RedirectResponse("/api/repositories/1", 301), fine())
    async with asking(script) as client:
        assert (await client.get("repos/a/b")).status == 200
    assert script.paths == ["/api/repos/a/b", "/api/repositories/1"]

    script = Script(RedirectResponse("/api/around", 307))
    async with asking(script) as client:
        with pytest.raises(Moved):
            await client.get("repos/a/b")
        asked = len(script.requests)
        with pytest.raises(Moved):
            await client.post("repos/a/b/hooks", {})
    assert asked == 4
    assert len(script.requests) == 5


async def test_a_private_address_is_asked_only_where_that_is_allowed(asking):
    """Nothing is sent before the address was checked."""
    script = Script(fine())
    async with asking(script, policy=STRICT) as client:
        with pytest.raises(AddressNotAllowed):
            await client.get("user")

    assert script.requests == []


async def test_the_address_that_was_checked_is_the_one_connected_to(asking):
    """The name is looked up once a try and not again by whoever connects; it stays in `Host`."""
    looked_up = []

    async def lookup(url, policy):
        looked_up.append((url, policy))
        return ("127.0.0.1",)

    script = Script(status(502), fine())
    async with asking(script) as found:
        port = found._base.rpartition(":")[2]
        host = Host("Forge", f"http://forge.invalid:{port}")
        async with Client(host, TOKEN, STRICT, BOUNDS, lookup) as client:
            assert (await client.get("user")).status == 200

    assert looked_up == [(host.url, STRICT)] * 2
    authority = f"forge.invalid:{port.partition('/')[0]}"
    assert [request.headers["host"] for request in script.requests] == [authority] * 2


@pytest.mark.parametrize("named", ["forge.invalid", "evil.invalid"])
async def test_the_certificate_must_be_of_the_name(serve, tmp_path, named):
    """Not of the address that is connected to; and one that nobody vouches for is told."""

    async def lookup(url, policy):
        return ("127.0.0.1",)

    certificate, key = certified(tmp_path, named)
    trust = ssl.create_default_context(cafile=certificate)
    tls = {"ssl_certfile": certificate, "ssl_keyfile": key}
    script = Script(fine())
    async with serve(script.app(), **tls) as url:
        host = Host("Forge", f"https://forge.invalid:{url.rpartition(':')[2]}")
        async with Client(host, TOKEN, Policy(), BOUNDS, lookup) as client:
            with pytest.raises(ServiceDown, match="certificate"):
                await client.get("user")
        async with Client(host, TOKEN, Policy(), BOUNDS, lookup, trust) as client:
            if named == "forge.invalid":
                assert (await client.get("user")).status == 200
            else:
                with pytest.raises(ServiceDown, match="certificate"):
                    await client.get("user")

    assert len(script.requests) == (named == "forge.invalid")


async def test_each_of_its_addresses_is_tried(asking):
    """One that nobody listens at does not hide the next, IPv6 among them."""

    async def lookup(url, policy):
        return ("::1", "127.0.0.2", "127.0.0.1")

    script = Script(fine())
    async with asking(script, lookup=lookup) as client:
        assert (await client.post("hooks", {})).status == 200


async def test_an_address_that_cannot_be_looked_up_is_told():
    """As for a repository."""
    client = Client(Host("Forge", "https://nowhere.invalid"), TOKEN, Policy(), BOUNDS)
    async with client:
        with pytest.raises(AddressUnknown):
            await client.get("user")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "forge.example",
        "ftp://forge.example",
        "file:///srv",
        "https://",
        "https://ada:pw@forge.example",
        "https://forge.example?x=1",
        "https://forge.example#x",
        "https://forge.example/a b",
        "https://forge.example/\n",
        "https://forge.example:port",
        "https://[::1",
        "https://forge.example,evil.example",
    ],
)
async def test_an_address_of_an_api_names_a_host_and_no_secret(url):
    """What the refusal says holds no password."""
    with pytest.raises(InvalidApiUrl) as caught:
        Client(Host("Forge", url), TOKEN, ANYWHERE)

    assert "pw" not in str(caught.value)


async def test_the_scheme_must_be_allowed():
    """By default that is https alone."""
    with pytest.raises(AddressNotAllowed):
        Client(Host("Forge", "http://forge.example"), TOKEN, Policy())

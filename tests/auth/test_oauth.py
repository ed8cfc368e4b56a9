"""The exchange of a code for an identity, with a double of the services."""

import logging
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from auth.logins import Client, LoginNotOffered, NotThisTrip, Service
from auth.oauth import (
    CodeRefused,
    LoginDenied,
    LoginRefused,
    Logins,
    ServiceDown,
    ServiceNonsense,
)
from db.vault import KEY_BYTES, Vault
from rollway import double

HERE = "https://rollway.example"
URL = "https://double.example"
BOTH = pytest.mark.parametrize("service", list(Service))


class World:
    """This server's logins, the double they reach, and a browser between them."""

    def __init__(self, seconds=5.0, code_seconds=60.0):
        self.app = double.Double(code_seconds).app()
        self.hosts = set()
        self.logins = self.registered(seconds=seconds)

    def registered(self, seconds=5.0, secret=double.CLIENT_SECRET):
        """Return logins that the double knows; this world is their network."""
        clients = [
            Client(service=each, url=URL, id=double.client_id(each), secret=secret)
            for each in Service
        ]
        return Logins(
            clients,
            Vault(bytes(KEY_BYTES)),
            HERE,
            exchange_seconds=seconds,
            transport=lambda: self,
        )

    async def handle_async_request(self, request):
        """Pass on to the double; note for whom it was."""
        self.hosts.add(request.url.host)
        return await httpx2.ASGITransport(self.app).handle_async_request(request)

    async def aclose(self):
        """Nothing is open."""

    async def go(self, service, *, next_path="/", session_id=None, **chosen):
        """Leave for the service and choose there; return the trip and what comes back."""
        url, sealed = self.logins.depart(service, next_path, session_id)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        form = {"decision": "allow", "login": "ada", **asked, **chosen}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app)) as browser:
            answer = await browser.post(url.partition("?")[0], data=form)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == f"{HERE}/oauth/{service}/callback"
        given = {name: values[0] for name, values in parse_qs(back.query).items()}
        return self.logins.resume(service, sealed, given["state"]), given


@BOTH
async def test_who_comes_back_is_who_the_service_says(service):
    """The id is the service's, whatever the browser adds."""
    world = World()
    trip, given = await world.go(service, next_path="/x", session_id="s_1", login="bob")
    identity, _ = await world.logins.identify(trip, {**given, "id": "1", "login": "ada"})

    assert identity.service is service
    assert identity.login == "bob"
    assert identity.union_id == str(double.user_document(service, "bob")["id"])
    assert (trip.next_path, trip.session_id) == ("/x", "s_1")
    assert world.hosts == {"double.example"}


def test_the_way_there_asks_for_no_more_than_it_needs():
    """PKCE where the service has it, the smallest scope, and no secret in the address."""
    logins = World().logins
    asked = {each: parse_qs(urlsplit(logins.depart(each, "/")[0]).query) for each in Service}

    assert asked[Service.GITHUB]["code_challenge_method"] == ["S256"]
    assert "scope" not in asked[Service.GITHUB]
    assert "code_challenge" not in asked[Service.GITEE]
    assert asked[Service.GITEE]["scope"] == ["user_info"]
    assert double.CLIENT_SECRET not in str(asked)
    assert "code_verifier" not in str(asked)


async def test_a_refresh_token_gets_another_token_once():
    """It allows what the one before did, and ends later; then it is used up."""
    world = World()
    allowed = {"hook", "projects", "user_info"}
    trip, given = await world.go(Service.GITEE, scope=" ".join(allowed))
    _, grant = await world.logins.identify(trip, given)
    assert grant.scopes == allowed

    renewed = await world.logins.renew(Service.GITEE, grant.refresh_token)

    assert renewed.scopes == allowed
    assert renewed.access_token != grant.access_token
    assert renewed.expires_time >= grant.expires_time
    for used in (grant.refresh_token, "never-was-one"):
        with pytest.raises(CodeRefused):
            await world.logins.renew(Service.GITEE, used)


@BOTH
async def test_a_code_is_good_once(service):
    """A second exchange is refused by the service."""
    world = World()
    trip, given = await world.go(service)
    await world.logins.identify(trip, given)

    with pytest.raises(CodeRefused):
        await world.logins.identify(trip, given)


@BOTH
async def test_a_code_is_good_for_a_while(service):
    """Whoever takes too long starts again."""
    world = World(code_seconds=0.0)
    trip, given = await world.go(service)

    with pytest.raises(CodeRefused):
        await world.logins.identify(trip, given)


async def test_a_stolen_code_is_worth_nothing_in_another_trip():
    """PKCE: the code belongs to the browser that began."""
    world = World()
    _, stolen = await world.go(Service.GITHUB)
    trip, _ = await world.go(Service.GITHUB)

    with pytest.raises(CodeRefused):
        await world.logins.identify(trip, stolen)


@BOTH
async def test_no_is_no(service):
    """Who declines is told so."""
    world = World()
    trip, given = await world.go(service, decision="deny")

    with pytest.raises(LoginDenied):
        await world.logins.identify(trip, given)
    with pytest.raises(LoginRefused):
        await world.logins.identify(trip, {"error": "redirect_uri_mismatch"})
    for code in ("", "ä", "\ud800", "\0", "a b", "%zz", "a&b=c", "x" * 1001):
        with pytest.raises(CodeRefused):
            await world.logins.identify(trip, {"code": code})


@BOTH
@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        ("code", CodeRefused),
        ("credentials", LoginRefused),
        ("down", ServiceDown),
        ("html", ServiceNonsense),
        ("huge", ServiceNonsense),
        ("slow", ServiceDown),
        ("moved", ServiceNonsense),
        ("user-html", ServiceNonsense),
        ("user-odd", ServiceNonsense),
    ],
)
async def test_whatever_goes_wrong_there_is_a_refusal_here(service, fault, refusal, caplog):
    """One that says whose fault it is; and the log has the reason, but no secret."""
    caplog.set_level(logging.DEBUG)
    world = World(seconds=3.0)
    trip, given = await world.go(service, fault=fault)

    with pytest.raises(refusal):
        await world.logins.identify(trip, given)
    ours = [record for record in caplog.records if record.name == "rollway.oauth"]
    assert len(ours) == (refusal is not CodeRefused)
    secrets = (given["code"], trip.verifier, trip.state, double.CLIENT_SECRET)
    assert [secret for secret in secrets if secret in caplog.text] == []


def test_every_fault_has_a_case():
    """What the double can do wrong is what is tested."""
    (mark,) = [
        each
        for each in test_whatever_goes_wrong_there_is_a_refusal_here.pytestmark
        if "fault" in each.args[0]
    ]
    assert {fault for fault, _ in mark.args[1]} == set(double.FAULTS)


@BOTH
async def test_a_wrong_secret_is_the_operators_fault(service, caplog):
    """The user is told that the log says more, and it does."""
    world = World()
    world.logins = world.registered(secret="wrong")
    trip, given = await world.go(service)

    with pytest.raises(LoginRefused):
        await world.logins.identify(trip, given)
    word = "incorrect_client_credentials" if service is Service.GITHUB else "invalid_client"
    assert word in caplog.text
    assert "wrong" not in caplog.text


async def test_a_packed_answer_is_not_unpacked(caplog):
    """A small answer that becomes a large one would fill the memory."""

    class Packing(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request):
            return httpx2.Response(200, headers={"Content-Encoding": "gzip"}, content=b"")

    world = World()
    trip, given = await world.go(Service.GITHUB)
    world.logins._transport = Packing

    with pytest.raises(ServiceNonsense):
        await world.logins.identify(trip, given)


async def test_a_service_that_is_not_there_is_down(unused_tcp_port):
    """Over the network as it is."""
    client = Client(
        service=Service.GITHUB, url=f"http://127.0.0.1:{unused_tcp_port}", id="i", secret="s"
    )
    logins = Logins([client], Vault(bytes(KEY_BYTES)), HERE)
    url, sealed = logins.depart(Service.GITHUB, "/")
    trip = logins.resume(Service.GITHUB, sealed, parse_qs(url)["state"][0])

    with pytest.raises(ServiceDown):
        await logins.identify(trip, {"code": "x"})


def test_what_is_not_set_up_is_not_offered():
    """Neither to leave for nor to come back from."""
    logins = Logins([], Vault(bytes(KEY_BYTES)), HERE)

    assert logins.offers == []
    with pytest.raises(LoginNotOffered):
        logins.depart(Service.GITHUB, "/")
    with pytest.raises(LoginNotOffered):
        logins.resume(Service.GITHUB, "x", "y")
    with pytest.raises(NotThisTrip):
        World().logins.resume(Service.GITHUB, None, "")

"""The door for logins of other services, as a browser finds it."""

import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from auth.logins import Client, Service
from auth.oauth import Logins
from control.integrations import Integrations
from db.chains import AuditEntry
from db.models import Session, User
from db.vault import KEY_BYTES, Vault
from engine.executors.isolation import Isolation, Level
from rollway import double, renewing
from rollway.app import Server
from rollway.oauth import PAGES
from rollway.settings import SERVE, load

HERE = "http://127.0.0.1:8000"
SERVICE = "https://double.example"


class World:
    """A server, a double, and browsers that go to and fro; no network."""

    def __init__(self, url, folder, **settings):
        given = {"ROLLWAY_DATABASE_URL": url, "ROLLWAY_DATA": str(folder), **settings}
        vault = Vault(bytes(KEY_BYTES))
        server = Server(load(SERVE, given, {}), vault, Isolation(Level.PLAIN))
        self.here = server.settings.url
        double_app = double.Double().app()
        clients = [
            Client(
                service=each,
                url=SERVICE,
                id=double.client_id(each),
                secret=double.CLIENT_SECRET,
            )
            for each in Service
        ]
        logins = Logins(
            clients,
            vault,
            self.here,
            exchange_seconds=5.0,
            transport=lambda: httpx2.ASGITransport(double_app),
        )
        integrations = Integrations(vault, server.settings.policy, renewing.by(logins))
        server.services = replace(server.services, logins=logins, integrations=integrations)
        self.server = server
        self.mounts = {
            f"{self.here}": httpx2.ASGITransport(server.app()),
            SERVICE: httpx2.ASGITransport(double_app),
        }

    def browser(self, language="en"):
        """Return a fresh browser."""
        return Browser(self, language)


class Browser:
    """Somebody's browser; it keeps cookies and follows no redirect by itself."""

    def __init__(self, world, language):
        self.world = world
        headers = {"Accept-Language": language}
        self.http = httpx2.AsyncClient(mounts=world.mounts, headers=headers)

    async def get(self, path):
        """Open a path of the server."""
        return await self.http.get(f"{self.world.here}{path}")

    async def choose(self, url, **chosen):
        """Choose at the service; return the path of the callback."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        form = {"decision": "allow", "login": "ada", **asked, **chosen}
        answer = await self.http.post(url.partition("?")[0], data=form)
        return answer.headers["location"].removeprefix(self.world.here)

    async def leave(self, service="github", query="", **chosen):
        """Start and choose; return the path of the callback."""
        start = await self.get(f"/oauth/{service}/start{query}")
        assert start.status_code == 303, start.text
        return await self.choose(start.headers["location"], **chosen)

    async def sign_in(self, service="github", query="", **chosen):
        """Go there and back; return the last answer."""
        return await self.get(await self.leave(service, query, **chosen))

    async def ask(self, query, **variables):
        """Return the data of an operation."""
        body = {"query": query, "variables": variables}
        answer = await self.http.post(f"{self.world.here}/graphql", json=body)
        return answer.json()["data"]

    async def viewer(self):
        """Return who is signed in."""
        return (await self.ask("{ viewer { username githubLinked giteeLinked } }"))["viewer"]

    async def link(self, service, **more):
        """Begin to link a login; return the payload or the problem."""
        query = """mutation ($input: LinkLoginInput!) { linkLogin(input: $input) {
          __typename ... on LinkLoginPayload { authorizeUrl }
          ... on Problem { code message field } } }"""
        return (await self.ask(query, input={"service": service, **more}))["linkLogin"]


@pytest.fixture
def world(database, tmp_path):
    """A server with open sign-up, on each database."""
    return World(database, tmp_path, ROLLWAY_SIGN_UP="open")


@pytest.fixture
def of(sqlite, tmp_path):
    """Return how to make a server of other settings, on SQLite."""
    return lambda **settings: World(sqlite, tmp_path, **settings)


def message(answer):
    """Return the sentence of a page, which must be as pages are."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return re.search("<p>(.*?)</p>", answer.text)[1]


@pytest.mark.parametrize("service", list(Service))
async def test_there_and_back_is_signed_in(world, service):
    """The second time it is the same user, and the trip's cookie is gone."""
    for _ in range(2):
        browser = world.browser()
        answer = await browser.sign_in(service, "?next=/graphql%3Fa=b", login="bob")

        assert (answer.status_code, answer.headers["location"]) == (303, "/graphql?a=b")
        assert list(browser.http.cookies) == ["rollway_session"]
        linked = {f"{each}Linked": each is service for each in Service}
        assert await browser.viewer() == {"username": "bob", **linked}
    assert await User.all().count() == 1


async def test_cookies_are_out_of_reach(of):
    """HttpOnly, Lax; with https also Secure and bound to this host; the trip's for 10 minutes."""
    for url, prefix in ((HERE, ""), ("https://rollway.example", "__Host-")):
        browser = of(ROLLWAY_PUBLIC_URL=url).browser()
        start = await browser.get("/oauth/github/start")
        back = await browser.get(await browser.choose(start.headers["location"]))
        trip, session = start.headers["set-cookie"], back.headers.get_list("set-cookie")[0]

        assert trip.startswith(f"{prefix}rollway_login=")
        assert session.startswith(f"{prefix}rollway_session=rws_")
        assert "Max-Age=600;" in trip
        for cookie in (trip, session):
            assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {*cookie.split("; ")}
            assert ("Secure" in cookie.split("; ")) == bool(prefix)
        assert start.headers["referrer-policy"] == back.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil", "x", ""])
async def test_next_is_a_path_of_this_server(of, path):
    """Anything else is refused before anybody leaves."""
    browser = of().browser()
    answer = await browser.http.get(f"{HERE}/oauth/github/start", params={"next": path})

    assert answer.status_code == 400
    assert "`next` must be a path" in message(answer)
    assert not browser.http.cookies


@pytest.mark.parametrize(
    "trick", ["no cookie", "another browser", "forged", "state", "no state", "replay", "service"]
)
async def test_a_trip_that_is_not_this_browsers_is_refused(of, trick):
    """The page says so, nobody is signed in, and the cookie is gone."""
    world = of(ROLLWAY_SIGN_UP="open")
    browser, other = world.browser(), world.browser()
    path = await browser.leave()
    match trick:
        case "no cookie":
            browser.http.cookies.clear()
        case "another browser":
            await other.leave(login="mallory")
            browser = other
        case "forged":
            browser.http.cookies.clear()
            browser.http.cookies.set("rollway_login", "rw1:0:1:1:Zm9yZ2Vk", domain="127.0.0.1")
        case "state":
            path = path[:-1] + ("A" if path[-1] != "A" else "B")
        case "no state":
            path = path.partition("&state")[0]
        case "replay":
            await browser.get(path)
            await browser.ask("mutation { signOut { __typename } }")
        case "service":
            path = path.replace("github", "gitee")
    users = await User.all().count()
    answer = await browser.get(path)

    assert answer.status_code == 400
    assert message(answer).startswith("This sign-in did not begin in this browser at http://127")
    assert 'rollway_login=""; ' in answer.headers["set-cookie"]
    assert list(browser.http.cookies) == []
    assert await browser.viewer() is None
    assert await User.all().count() == users


@pytest.mark.parametrize("language", ["en", "zh-CN,zh;q=0.9"])
@pytest.mark.parametrize(
    ("chosen", "status", "english", "chinese"),
    [
        ({"decision": "deny"}, 403, "You did not allow it at GitHub", "您在 GitHub 拒绝了授权"),
        ({"fault": "code"}, 400, "GitHub did not accept", "GitHub 不再接受"),
        ({"fault": "credentials"}, 502, "GitHub refused", "GitHub 拒绝了登录"),
        ({"fault": "down"}, 502, "GitHub does not answer", "GitHub 没有响应"),
        ({"fault": "html"}, 502, "GitHub answered something", "GitHub 的回答无法理解"),
    ],
)
async def test_a_failure_is_a_page(of, language, chosen, status, english, chinese):
    """In the reader's language, without a code or a state in it."""
    browser = of(ROLLWAY_SIGN_UP="open").browser(language)
    path = await browser.leave(**chosen)
    answer = await browser.get(path)
    given = parse_qs(urlsplit(path).query)

    assert answer.status_code == status
    assert message(answer).startswith(chinese if language.startswith("zh") else english)
    secrets = [*given.get("code", []), *given["state"]]
    assert [secret for secret in secrets if secret in answer.text] == []
    assert list(browser.http.cookies) == []


async def test_what_comes_from_outside_is_escaped(of):
    """A service called like a script is shown, not run."""
    answer = await of().browser().get("/oauth/<script>alert(1)<%2Fscript>/start")
    escaped = await of().browser().get("/oauth/<script>/callback")

    assert answer.status_code == escaped.status_code == 404
    assert message(escaped).startswith("This server offers no sign-in with &lt;script&gt;. Use")


async def test_closed_sign_up_is_said(of):
    """After the first account, strangers get a page; known people come in."""
    world = of()
    assert (await world.browser().sign_in(login="ada")).status_code == 303
    stranger = await world.browser().sign_in(login="bob")
    known = await world.browser().sign_in(login="ada")

    assert stranger.status_code == 403
    assert message(stranger).startswith("Sign-up is closed")
    assert known.status_code == 303


async def test_the_door_answers_our_hosts_only(of):
    """As the API does."""
    browser = of().browser()
    for path in ("/oauth/github/start", "/oauth/github/callback"):
        answer = await browser.http.get(f"{HERE}{path}", headers={"Host": "evil.example"})
        assert answer.status_code == 400
        assert answer.text == "Invalid host header"


async def test_link_and_unlink(world):
    """A second login for the same user; the last way in cannot go."""
    browser = world.browser()
    await browser.sign_in("github")
    begun = await browser.link("GITEE", next="/there")
    answer = await browser.get(await browser.choose(begun["authorizeUrl"], login="bob"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/there")
    assert await browser.viewer() == {
        "username": "ada",
        "githubLinked": True,
        "giteeLinked": True,
    }
    same = world.browser()
    await same.sign_in("gitee", login="bob")
    assert (await same.viewer())["username"] == "ada"

    unlink = """mutation ($service: LoginService!) { unlinkLogin(input: {service: $service}) {
      ... on UnlinkLoginPayload { user { githubLinked giteeLinked } }
      ... on Problem { code message field } } }"""
    first = (await browser.ask(unlink, service="GITHUB"))["unlinkLogin"]
    last = (await browser.ask(unlink, service="GITEE"))["unlinkLogin"]
    assert first == {"user": {"githubLinked": False, "giteeLinked": True}}
    assert (last["code"], last["field"]) == ("CONFLICT", ["service"])


async def test_a_login_of_somebody_else_is_not_taken_over(of):
    """Neither by linking it nor from whoever has it."""
    world = of(ROLLWAY_SIGN_UP="open")
    ada, bob = world.browser(), world.browser()
    await ada.sign_in("github", login="ada")
    await bob.sign_in("gitee", login="bob")
    begun = await bob.link("GITHUB")
    answer = await bob.get(await bob.choose(begun["authorizeUrl"], login="ada"))

    assert answer.status_code == 403
    assert message(answer) == "This GitHub login belongs to another account here."
    assert (await ada.viewer())["githubLinked"]
    assert not (await bob.viewer())["githubLinked"]


async def test_who_signs_out_meanwhile_links_nothing(of):
    """The session that asked must live when the answer comes."""
    browser = of(ROLLWAY_SIGN_UP="open").browser()
    await browser.sign_in("github")
    begun = await browser.link("GITEE")
    path = await browser.choose(begun["authorizeUrl"])
    await browser.ask("mutation { signOut { __typename } }")
    answer = await browser.get(path)

    assert answer.status_code == 403
    assert message(answer).startswith("The session that wanted to link this login has ended")
    assert await User.filter(gitee_unionid__isnull=False).count() == 0


async def test_the_audit_log_tells_how_somebody_came(of):
    """First the account, then the sign-ins, each by the session that began."""
    world = of(ROLLWAY_SIGN_UP="open")
    for _ in range(2):
        await world.browser().sign_in(login="ada")
    rows = await AuditEntry.all().order_by("seq")
    sessions = await Session.all().order_by("id")

    assert [row.action for row in rows] == ["user.signed_up", "user.signed_in"]
    assert [row.via for row in rows] == [session.id for session in sessions]
    assert {row.actor for row in rows} == {"ada"}


async def test_an_api_token_links_nothing(of):
    """A token that leaked must not become a way in."""
    world = of(ROLLWAY_SIGN_UP="open")
    browser = world.browser()
    await browser.sign_in()
    made = await browser.ask("""mutation { createApiToken(input: {name: "ci", scopes: [ADMIN]}) {
      ... on CreateApiTokenPayload { value } ... on Problem { code } } }""")
    browser.http.cookies.clear()
    browser.http.headers["Authorization"] = f"Bearer {made['createApiToken']['value']}"

    assert (await browser.link("GITEE"))["code"] == "FORBIDDEN"
    unlinked = await browser.ask("""mutation { unlinkLogin(input: {service: GITHUB}) {
      ... on Problem { code } } }""")
    assert unlinked["unlinkLogin"]["code"] == "FORBIDDEN"


async def test_what_the_api_says_of_logins(of):
    """The buttons for a page; and refusals to link."""
    world = of(ROLLWAY_SIGN_UP="open")
    browser = world.browser()
    assert (await browser.link("GITHUB"))["code"] == "UNAUTHENTICATED"
    await browser.sign_in()

    elsewhere = await browser.link("GITEE", next="//evil.example")
    assert (elsewhere["code"], elsewhere["__typename"]) == ("INVALID", "InvalidProblem")
    assert await browser.ask("{ logins { service startUrl } }") == {
        "logins": [
            {"service": each.name, "startUrl": f"{HERE}/oauth/{each}/start"} for each in Service
        ]
    }


async def test_without_registrations_nothing_is_offered(sqlite, tmp_path):
    """A button that leads to a page of regret is none."""
    settings = {"ROLLWAY_DATABASE_URL": sqlite, "ROLLWAY_DATA": str(tmp_path)}
    server = Server(load(SERVE, settings, {}), Vault(bytes(KEY_BYTES)), Isolation(Level.PLAIN))
    transport = httpx2.ASGITransport(server.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HERE) as http:
        start = await http.get("/oauth/gitee/start", headers={"Accept-Language": "zh"})
        answer = await http.post("/graphql", json={"query": "{ logins { service } }"})

    assert start.status_code == 404
    assert message(start).startswith("此服务器未提供 Gitee 登录。 请使用")
    assert json.loads(answer.text)["data"] == {"logins": []}


def test_every_page_has_both_languages():
    """With the same words to fill in."""
    for refusal, shown in PAGES.items():
        assert set(re.findall(r"{\w+}", refusal.__doc__)) == set(
            re.findall(r"{\w+}", shown.chinese)
        )
        assert shown.status in {400, 403, 404, 429, 502}

"""Signing in with GitHub and Gitee: a real server, a double of the services, a real browser."""

import json
import re
import subprocess
import sysconfig
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

SERVICES = {"github": "GitHub", "gitee": "Gitee"}
VIEWER = "{ viewer { username githubLinked giteeLinked } }"
LINES_MAX = 50
STOP_SECONDS = 20

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def double():
    """A double of both services as a process; yields the settings that it prints."""
    command = [Path(sysconfig.get_path("scripts")) / "rollway", "provider-double", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed = ""
        for line in process.stdout:
            printed += line
            if "Ctrl-C" in line:
                break
            assert printed.count("\n") < LINES_MAX
        yield dict(re.findall(r"^export (\w+)=(\S+)$", printed, re.MULTILINE))
        process.terminate()
        process.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def server(double, tmp_path_factory, rollway_class):
    """A server that is registered with the double."""
    made = rollway_class(tmp_path_factory.mktemp("login"), settings=double)
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Person:
    """Somebody at a browser."""

    def __init__(self, page, server):
        self.page = page
        self.server = server

    async def open(self, path):
        """Open a path of the server; return the last answer."""
        return await self.page.goto(f"{self.server.url}{path}")

    async def choose(self, name="ada", decision="Allow", fault=""):
        """Fill in the service's form; return what the browser gets in the end."""
        await expect(self.page.locator("h1")).to_contain_text("imitated")
        await self.page.get_by_label("somebody else").fill(name)
        await self.page.get_by_label("what goes wrong").select_option(fault)
        arrives = re.compile(re.escape(self.server.url))
        async with self.page.expect_navigation(url=arrives) as navigation:
            await self.page.get_by_role("button", name=decision).click()
        return await navigation.value

    async def sign_in(self, service, name="ada", next_path="/graphql", **chosen):
        """Go there and back; return the last answer."""
        await self.open(f"/oauth/{service}/start?next={next_path}")
        return await self.choose(name, **chosen)

    async def ask(self, query, **variables):
        """Return the data of an operation that the page sends, with its cookies."""
        script = """async ([url, body]) => (await fetch(url, {
            method: "POST", headers: {"content-type": "application/json"}, body,
        })).json()"""
        body = json.dumps({"query": query, "variables": variables})
        if not self.page.url.startswith(self.server.url):
            await self.open("/healthz")
        return (await self.page.evaluate(script, [f"{self.server.url}/graphql", body]))["data"]

    async def viewer(self):
        """Return who is signed in."""
        await self.open("/healthz")  # a page without a content security policy
        return (await self.ask(VIEWER))["viewer"]

    async def link(self, service, name, **chosen):
        """Link a login; return the last answer."""
        query = """mutation ($service: LoginService!) {
          linkLogin(input: {service: $service, next: "/graphql"}) {
            ... on LinkLoginPayload { authorizeUrl } ... on Problem { code } } }"""
        await self.open("/healthz")
        begun = (await self.ask(query, service=service.upper()))["linkLogin"]
        await self.page.goto(begun["authorizeUrl"])
        return await self.choose(name, **chosen)

    async def unlink(self, service):
        """Unlink a login; return the payload or the problem."""
        query = """mutation ($service: LoginService!) {
          unlinkLogin(input: {service: $service}) {
            ... on UnlinkLoginPayload { user { githubLinked giteeLinked } }
            ... on Problem { code } } }"""
        await self.open("/healthz")
        return (await self.ask(query, service=service.upper()))["unlinkLogin"]

    async def cookies(self):
        """Return the cookies that the server's host has set, by name."""
        return {each["name"]: each for each in await self.page.context.cookies(self.server.url)}


@pytest.fixture
async def person(chromium, server):
    """Return a context manager that brings somebody with a browser of their own."""

    @asynccontextmanager
    async def come(language="en"):
        context = await chromium.new_context(locale=language)
        yield Person(await context.new_page(), server)
        await context.close()

    yield come
    server.check_log()


@pytest.mark.parametrize("service", SERVICES)
async def test_signing_in_twice_is_one_user(person, service):
    """From the button to the playground, which knows who came; only the session's cookie stays."""
    name = f"{service}-twice"
    for _ in range(2):
        async with person() as somebody:
            (start,) = [
                each["startUrl"]
                for each in (await somebody.ask("{ logins { service startUrl } }"))["logins"]
                if each["service"] == service.upper()
            ]
            await somebody.page.goto(f"{start}?next=/graphql")
            answer = await somebody.choose(name)
            assert (answer.status, urlsplit(answer.url).path) == (200, "/graphql")
            await expect(somebody.page.locator("#viewer")).to_have_text(f"Signed in as {name}")
            cookies = await somebody.cookies()
            assert list(cookies) == ["rollway_session"]
            assert cookies["rollway_session"]["httpOnly"]
            assert cookies["rollway_session"]["sameSite"] == "Lax"


@pytest.mark.parametrize(
    ("language", "title", "sentence"),
    [
        ("en", "You are not signed in", "You did not allow it at Gitee"),
        ("zh-CN", "登录未完成", "您在 Gitee 拒绝了授权"),
    ],
)
async def test_who_declines_reads_that(person, language, title, sentence):
    """In the browser's language, and is nobody afterwards."""
    async with person(language) as somebody:
        answer = await somebody.sign_in("gitee", decision="Deny")

        assert answer.status == 403
        await expect(somebody.page.locator("h1")).to_have_text(title)
        await expect(somebody.page.locator("p").first).to_contain_text(sentence)
        font = await somebody.page.locator("body").evaluate("e => getComputedStyle(e).maxWidth")
        assert font == "544px", "the policy of the page forbids its own style"
        assert await somebody.cookies() == {}
        assert await somebody.viewer() is None


async def test_link_and_unlink(person):
    """A second login leads to the same account; the last one stays."""
    async with person() as ada, person() as again:
        await ada.sign_in("github", "linker")
        await ada.link("gitee", "linker-too")
        both = {"username": "linker", "githubLinked": True, "giteeLinked": True}
        assert await ada.viewer() == both
        await again.sign_in("gitee", "linker-too")
        assert await again.viewer() == both

        assert await ada.unlink("github") == {"user": {"githubLinked": False, "giteeLinked": True}}
        assert await ada.unlink("gitee") == {"code": "CONFLICT"}
        assert (await again.viewer())["giteeLinked"]


async def test_somebody_elses_login_is_not_linked(person):
    """The page says that it is another's, and both keep what they had."""
    async with person() as ada, person() as mallory:
        await ada.sign_in("github", "owner")
        await mallory.sign_in("gitee", "mallory")
        answer = await mallory.link("github", "owner")

        assert answer.status == 403
        await expect(mallory.page.locator("p").first).to_have_text(
            "This GitHub login belongs to another account here."
        )
        assert (await mallory.viewer())["username"] == "mallory"
        assert not (await mallory.viewer())["githubLinked"]
        assert await ada.viewer() == {
            "username": "owner",
            "githubLinked": True,
            "giteeLinked": False,
        }


async def test_a_callback_works_once_and_in_its_own_browser(person):
    """Neither sent to somebody else nor opened again, nor with a made-up cookie."""
    async with person() as ada, person() as victim:
        seen = []
        ada.page.on("request", lambda request: seen.append(request.url))
        await ada.sign_in("github", "once")
        (callback,) = [url for url in seen if "/callback?" in url]
        assert parse_qs(urlsplit(callback).query).keys() == {"code", "state"}
        await ada.page.context.clear_cookies()

        assert (await ada.page.goto(callback)).status == 400
        assert (await victim.page.goto(callback)).status == 400
        await victim.open("/oauth/github/start")  # a trip of their own, not this one
        assert (await victim.page.goto(callback)).status == 400
        cookie = {"name": "rollway_login", "value": "rw1:0:1:1:Zm9yZ2Vk", "url": ada.server.url}
        await victim.page.context.add_cookies([cookie])
        assert (await victim.page.goto(callback)).status == 400

        await expect(victim.page.locator("p").first).to_contain_text(
            "did not begin in this browser"
        )
        assert await victim.viewer() is None
        assert await ada.viewer() is None
        state = parse_qs(urlsplit(callback).query)["state"][0]
        assert state not in await victim.page.content()
        assert state not in ada.server.log


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example/", "/%5Cevil.example"])
async def test_the_end_is_on_this_server(person, path):
    """A link with another host in it goes nowhere."""
    async with person() as somebody:
        answer = await somebody.open(f"/oauth/github/start?next={path}")

        assert answer.status == 400
        assert urlsplit(somebody.page.url).netloc == urlsplit(somebody.server.url).netloc


@pytest.mark.parametrize(("fault", "status"), [("down", 502), ("user-html", 502), ("code", 400)])
async def test_a_service_in_trouble_is_named(person, fault, status):
    """The page says whose fault it is; the log of the server has a line, and no code."""
    async with person() as somebody:
        answer = await somebody.sign_in("gitee", "unlucky", fault=fault)

        assert answer.status == status
        await expect(somebody.page.locator("p").first).to_contain_text("Gitee")
        code = parse_qs(urlsplit(answer.url).query)["code"][0]
        assert code not in await somebody.page.content()
        assert code not in somebody.server.log


async def test_a_stopped_service_is_down(person, rollway_of, chromium):
    """Whoever cannot be reached at all does not answer."""
    settings = {
        "ROLLWAY_GITEE_CLIENT_ID": "x",
        "ROLLWAY_GITEE_CLIENT_SECRET": "hush-hush",
        "ROLLWAY_GITEE_URL": "http://127.0.0.1:9",
    }
    other = rollway_of(settings=settings)
    other.start()
    context = await chromium.new_context()
    page = await context.new_page()
    started = await context.request.get(f"{other.url}/oauth/gitee/start", max_redirects=0)
    state = parse_qs(urlsplit(started.headers["location"]).query)["state"][0]
    answer = await page.goto(f"{other.url}/oauth/gitee/callback?code=abc&state={state}")

    assert answer.status == 502
    await expect(page.locator("p").first).to_have_text("Gitee does not answer; try again later.")
    assert "Gitee does not answer: ConnectError" in other.log
    assert "hush-hush" not in other.log
    await context.close()


async def test_who_is_invited_joins_with_a_login_of_another_service(person, server, connect):
    """The invitation's token waits in the tab meanwhile; no address that is sent has it."""
    owner = connect(server)
    await owner.sign_up()
    team = await owner.create_org()
    invited = await owner.done("inviteMember", "link", orgName=team, role="VIEWER")
    token = invited["link"].partition("#")[2]
    async with person() as guest:
        page, seen = guest.page, []
        page.on("request", lambda request: seen.append(request.url))
        await page.goto(invited["link"])
        await page.get_by_role("link", name="Sign in with GitHub").click()
        await guest.choose("guest")
        await expect(page.locator("#said")).to_have_text("You are signed in as guest.")
        assert await page.evaluate("sessionStorage.length") == 0
        await page.get_by_role("button", name="Join the team").click()
        joined = f"You are in the team {team} now, as VIEWER."
        await expect(page.locator("#said")).to_have_text(joined)

        assert len(seen) > 5
        assert not any(token in url.partition("#")[0] for url in seen)
        assert token not in page.url
        assert token not in server.log

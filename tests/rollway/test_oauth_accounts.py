"""Linking a team's account by a sign-in at the service, as a browser does it, and renewing it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from time import time
from urllib.parse import parse_qs, urlsplit

import pytest

from auth.oauth import Logins
from control.integrations import Integrations
from control.integrations.renewing import RENEW_AHEAD_SECONDS, RENEWING_SECONDS
from db.chains import AuditEntry
from db.models import Org, Session
from db.sealed import TEAM_ACCOUNTS
from rollway import renewing
from tests.rollway import test_oauth as doors

world = doors.world
BEGIN = """mutation ($input: LinkAccountByOAuthInput!) { linkAccountByOAuth(input: $input) {
  __typename ... on LinkAccountByOAuthPayload { authorizeUrl }
  ... on Problem { code message field } } }"""
CREATE = (
    """mutation { createOrg(input: {name: "acme"}) { ... on CreateOrgPayload { org { id } } } }"""
)
SHOWN = """{ org(name: "acme") { integrations {
  provider owner url scopes health reason } } }"""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SCOPES = {"github": ["repo"], "gitee": ["hook", "projects", "user_info"]}


async def owner(world):
    """Return the browser of the OWNER of the team acme, who signed in by GitHub."""
    browser = world.browser()
    await browser.sign_in()
    await browser.ask(CREATE)
    return browser


async def begin(browser, provider, **more):
    """Begin to link; return the payload or the problem."""
    given = {"orgName": "acme", "provider": provider.upper(), "next": "/graphql", **more}
    return (await browser.ask(BEGIN, input=given))["linkAccountByOAuth"]


async def link(browser, provider, **chosen):
    """Go there and back; return the last answer."""
    begun = await begin(browser, provider)
    return await browser.get(await browser.choose(begun["authorizeUrl"], **chosen))


async def shown(browser):
    """Return what is shown of the linked accounts."""
    return (await browser.ask(SHOWN))["org"]["integrations"]


async def kept(provider):
    """Return what is stored of an account."""
    return (await Org.get(name="acme")).third_part[provider]


def opened(world, account, provider, name="access_token"):
    """Return a token of an account in clear."""
    place = TEAM_ACCOUNTS.place("acme")
    vault = world.server.services.vault
    return vault.open(account[name], place=place, name=f"{provider}.{name}")


@pytest.mark.parametrize("provider", SCOPES)
async def test_there_and_back_is_linked(world, provider):
    """It asks for what is needed and no more, keeps the token sealed, and signs nobody in."""
    browser = await owner(world)
    begun = await begin(browser, provider)
    asked = parse_qs(urlsplit(begun["authorizeUrl"]).query)
    assert asked["scope"] == [" ".join(SCOPES[provider])]

    answer = await browser.get(await browser.choose(begun["authorizeUrl"], login="team-account"))

    assert (answer.status_code, answer.headers["location"]) == (303, "/graphql")
    expected = {
        "provider": provider.upper(),
        "owner": "team-account",
        "url": doors.SERVICE,
        "scopes": SCOPES[provider],
        "health": "OK",
        "reason": None,
    }
    assert await shown(browser) == [expected]
    assert (await browser.viewer())["username"] == "ada"
    account = await kept(provider)
    tokens = [opened(world, account, provider)]
    if provider == "gitee":
        tokens.append(opened(world, account, provider, "refresh_token"))
    entries = await AuditEntry.filter(chain="org:acme").order_by("seq")
    assert entries[-1].action == "account.linked"
    assert (entries[-1].actor, entries[-1].after["owner"]) == ("ada", "team-account")
    written = json.dumps([account, [each.after for each in entries]], default=str)
    assert all(tokens)
    assert not [each for each in tokens if each in written]


async def test_who_lost_the_right_meanwhile_links_nothing(world):
    """The right, the membership and the session are looked at when the browser comes back."""
    browser = await owner(world)
    acme = Org.filter(name__in=["acme", "gone"])
    for change, status, sentence in (
        (lambda: acme.update(role="MEMBER"), 403, "Your role in this team, MEMBER"),
        (lambda: acme.update(name="gone"), 404, "There is no team of this name"),
        (lambda: Session.all().update(expires_time=LONG_AGO), 403, "has ended"),
        (lambda: Session.all().delete(), 403, "has ended"),
    ):
        begun = await begin(browser, "github")
        path = await browser.choose(begun["authorizeUrl"])
        await change()
        answer = await browser.get(path)
        assert (answer.status_code, sentence in doors.message(answer)) == (status, True)
        assert not (await acme.get()).third_part
        await acme.update(name="acme", role="OWNER")
        await Session.all().update(expires_time=datetime.now(UTC) + timedelta(days=1))


async def test_what_goes_wrong_is_said_on_a_page(world):
    """Declined, fewer scopes than asked for, a service that is down: no account, and why."""
    browser = await owner(world)
    for chosen, status, sentence in (
        ({"decision": "deny"}, 403, "no account is linked"),
        ({"scope": "user_info"}, 403, "it lacks: hook, projects"),
        ({"fault": "down"}, 502, "does not answer"),
    ):
        answer = await link(browser, "gitee", **chosen)
        assert answer.status_code == status
        assert sentence in doors.message(answer)
    assert await shown(browser) == []


async def test_where_it_cannot_begin(world):
    """Other services have no sign-in here; guests are sent to sign in."""
    browser = await owner(world)
    answer = await begin(browser, "gitlab")
    assert answer["code"] == "INVALID"
    assert (await begin(browser, "github", next="//evil.example"))["code"] == "INVALID"
    assert (await begin(browser, "github", orgName="other"))["code"] == "NOT_FOUND"
    assert (await begin(world.browser(), "github"))["code"] == "UNAUTHENTICATED"


async def ending(seconds):
    """Have the account's token end in so many seconds."""
    row = await Org.get(name="acme")
    row.third_part["gitee"]["expires_time"] = int(time() + seconds)
    await row.save(update_fields=["third_part"])


async def test_a_token_is_renewed_before_it_ends(world):
    """Once, however many servers look; one that goes on for long is left alone."""
    browser = await owner(world)
    await link(browser, "gitee")
    first = await kept("gitee")
    integrations = world.server.services.integrations
    await integrations.renew_due()
    assert await kept("gitee") == first

    await ending(RENEW_AHEAD_SECONDS / 2)
    await asyncio.gather(*(integrations.renew_due() for _ in range(5)))

    second = await kept("gitee")
    for name in ("access_token", "refresh_token"):
        assert opened(world, second, "gitee", name) != opened(world, first, "gitee", name)
    assert second["expires_time"] > time() + RENEW_AHEAD_SECONDS
    assert "renewing_until" not in second
    assert (second["health"], second["owner"]) == ("ok", first["owner"])


async def test_a_token_that_cannot_be_renewed_shows(world):
    """Its refresh token was used elsewhere: REFUSED, and it is not tried for ever."""
    browser = await owner(world)
    await link(browser, "gitee")
    first = await kept("gitee")
    integrations = world.server.services.integrations
    await ending(0)
    await integrations.renew_due()
    row = await Org.get(name="acme")
    row.third_part["gitee"] = {**first, "expires_time": 1}  # as a backup would bring it back
    await row.save(update_fields=["third_part"])

    await integrations.renew_due()

    (account,) = await shown(browser)
    assert account["health"] == "REFUSED"
    assert "refresh_token" not in await kept("gitee")


async def test_a_server_that_dies_while_it_renews_holds_nobody_up_for_long(world):
    """Its mark counts for a minute; then another takes over."""
    browser = await owner(world)
    await link(browser, "gitee")
    first = await kept("gitee")
    await ending(0)
    for until, renewed in ((time() + RENEWING_SECONDS, False), (time() - 1, True)):
        row = await Org.get(name="acme")
        row.third_part["gitee"]["renewing_until"] = int(until)
        await row.save(update_fields=["third_part"])
        await world.server.services.integrations.renew_due()
        same = (await kept("gitee"))["access_token"] == first["access_token"]
        assert same != renewed


async def test_a_server_that_is_registered_no_more_forgets_nothing(world):
    """What cannot be renewed now stays as it is, to be renewed another time."""
    browser = await owner(world)
    await link(browser, "gitee")
    await ending(0)
    before = await kept("gitee")
    services = world.server.services
    unregistered = renewing.by(Logins([], services.vault, world.here))

    await Integrations(services.vault, services.policy, unregistered).renew_due()

    after = await kept("gitee")
    assert after.pop("renewing_until") > time()
    assert after == before

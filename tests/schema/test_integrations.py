"""Linked accounts in the database: nothing lost, nothing in clear, nothing asked too often."""

import asyncio
import json

import pytest

from control.integrations import Link, Renewed, own_url, store
from control.integrations.asking import ASKED_MAX, ASKED_PER_TEAM_MAX
from db.chains import AuditEntry
from db.models import Org
from db.sealed import TEAM_ACCOUNTS
from db.vault import Seal
from providers import Provider
from tests.providers.conftest import serving
from tests.providers.script import Script, status

LINK = "integration { provider owner scopes health reason checkedTime }"
LISTED = """query ($org: String!) { org(name: $org) { integrations {
  health reason repositories { __typename ... on Problem { code message retryable } } } } }"""
USER = {"id": 7, "login": "octo", "avatar_url": "https://example.com/octo.png"}


async def owner_of(world, team="acme"):
    """Return the OWNER of a new team."""
    user = await world.api.user(f"owner-of-{team}")
    await world.team(team, user)
    return user


async def kept(team="acme"):
    """Return what is stored of a team's accounts."""
    return (await Org.get(name=team, role="OWNER")).third_part


async def linked(world, url, provider="GITHUB", user=None, **given):
    """Link an account; return the answer."""
    given = {"orgName": "acme", "token": "tok-1", "provider": provider, "url": url, **given}
    return await world.mutate("linkAccount", user, LINK, **given)


def told_scopes(text):
    """Return a user's answer of a GitHub that tells these scopes; None: it tells none."""
    return status(200, USER, **({} if text is None else {"x_oauth_scopes": text}))


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("repo", None),
        ("gist, repo, user", None),
        (None, None),
        ("public_repo, admin:repo_hook", "repo"),
        ("", "repo"),
    ],
)
async def test_a_token_must_allow_enough_where_it_tells(sqlite_world, text, missing):
    """What is lacking is named; a fine-grained token tells nothing and is taken."""
    user = await owner_of(sqlite_world)
    async with serving(Script(told_scopes(text)).app()) as url:
        answer = await linked(sqlite_world, url, user=user)
    if missing:
        assert (answer["code"], answer["field"]) == ("INVALID", ["token"])
        assert answer["message"].endswith(f"it lacks: {missing}.")
        assert await kept() == {}
    else:
        scopes = None if text is None else sorted(text.split(", "))
        assert (answer["integration"]["scopes"], answer["integration"]["owner"]) == (scopes, "octo")


async def test_a_token_that_loses_scopes_shows(sqlite_world):
    """`checkAccount` says what is lacking, and that it is there again."""
    world, user = sqlite_world, await owner_of(sqlite_world)
    script = Script(*(told_scopes(text) for text in ("repo", "gist", "repo, gist")))
    async with serving(script.app()) as url:
        await linked(world, url, user=user)
        found = []
        for _ in range(2):
            given = {"orgName": "acme", "provider": "GITHUB"}
            answer = await world.done("checkAccount", user, LINK, **given)
            found.append((answer["integration"]["health"], answer["integration"]["reason"]))
    assert found == [
        ("MISSING_SCOPES", "The token for GitHub does not allow enough, it lacks: repo."),
        ("OK", None),
    ]


async def test_linking_again_replaces_the_token(world):
    """Another version under the same name; neither is in clear, in the row or the audit log."""
    user = await owner_of(world)
    async with serving(Script(told_scopes("repo")).app()) as url:
        for token in ("tok-first", "tok-second"):
            await linked(world, url, user=user, token=token)
    account = (await kept())["github"]
    vault, place = world.api.server.services.vault, TEAM_ACCOUNTS.place("acme")
    sealed = account["access_token"]
    assert vault.open(sealed, place=place, name="github.access_token") == "tok-second"
    assert Seal.parse(sealed).version == 2
    entries = await AuditEntry.filter(chain="org:acme").order_by("seq")
    assert [(each.action, each.target) for each in entries] == [("account.linked", "acme")] * 2
    assert entries[1].before == {
        "provider": "github",
        "owner": "octo",
        "url": url,
        "scopes": ["repo"],
    }
    written = json.dumps([account, [(each.before, each.after) for each in entries]])
    assert "tok-first" not in written
    assert "tok-second" not in written


async def test_two_admins_at_once_lose_nothing(world, forge_url):
    """Of two services linked at the same time, and one unlinked, each is as it was left."""
    user = await owner_of(world)
    admin = await world.api.user("admin")
    await world.team("acme", admin, "ADMIN")
    async with serving(Script(told_scopes("repo")).app()) as url:
        await linked(world, url, "GITEE", user)
        await asyncio.gather(
            linked(world, url, "GITHUB", user),
            linked(world, forge_url, "GITLAB", admin, token="forge-token"),
            world.done("unlinkAccount", admin, "", orgName="acme", provider="GITEE"),
        )
    assert sorted(await kept()) == ["github", "gitlab"]


async def test_an_old_refusal_says_nothing_of_a_new_token(world):
    """A token is replaced while the service refuses the one before: the new one stays OK."""
    user = await owner_of(world)
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def late(_):
        asked.set()
        await may_answer.wait()
        return status(401)

    script = Script(told_scopes("repo"), late, told_scopes("repo"))
    async with serving(script.app()) as url:
        await linked(world, url, user=user)
        slow = asyncio.create_task(world.api.execute(LISTED, user, org="acme"))
        await asked.wait()
        await linked(world, url, user=user, token="tok-new")
        may_answer.set()
        (found,) = (await slow)["org"]["integrations"]
    assert found["repositories"]["code"] == "UPSTREAM"
    assert (await kept())["github"]["health"] == "ok"


async def test_services_are_asked_a_bounded_number_of_times_at_once(sqlite_world):
    """A team whose service hangs is refused; another team still has room, until all is taken."""
    integrations = sqlite_world.api.server.services.integrations
    user = await owner_of(sqlite_world)
    other = await owner_of(sqlite_world, "other")
    async with serving(Script(told_scopes("repo")).app()) as url:
        await linked(sqlite_world, url, user=user)
        held = [integrations.room("acme") for _ in range(ASKED_PER_TEAM_MAX)]
        for each in held:
            await each.__aenter__()
        (found,) = (await sqlite_world.api.execute(LISTED, user, org="acme"))["org"]["integrations"]
        assert found["repositories"]["code"] == "LIMIT_EXCEEDED"
        assert found["repositories"]["retryable"]
        assert (await linked(sqlite_world, url, user=user))["code"] == "LIMIT_EXCEEDED"
        answer = await linked(sqlite_world, url, user=other, orgName="other")
        assert answer["integration"]["health"] == "OK"
        for number in range(ASKED_MAX - ASKED_PER_TEAM_MAX):
            held.append(integrations.room(f"team-{number}"))
            await held[-1].__aenter__()
        answer = await linked(sqlite_world, url, user=other, orgName="other")
        assert answer["code"] == "LIMIT_EXCEEDED"
        for each in held:
            await each.__aexit__(None, None, None)
        assert (await linked(sqlite_world, url, user=user))["integration"]["health"] == "OK"


async def test_an_account_of_the_original_is_shown_as_it_is(sqlite_world):
    """Its spelling of the owner, never asked, and a token that does not open here is said to."""
    user = await owner_of(sqlite_world)
    document = {
        "gitee": {"repo_owner": "ann", "access_token": "in clear"},
        "github": {"owner": "b"},
    }
    await Org.filter(name="acme").update(third_part=document)
    query = """query ($org: String!) { org(name: $org) { integrations { owner health checkedTime
      repositories { __typename ... on Problem { code message } } } } }"""
    found = (await sqlite_world.api.execute(query, user, org="acme"))["org"]["integrations"]
    assert [(each["owner"], each["health"], each["checkedTime"]) for each in found] == [
        ("ann", "UNKNOWN", None),
        ("b", "UNKNOWN", None),
    ]
    assert {each["repositories"]["__typename"] for each in found} == {"ConflictProblem"}
    assert "does not open" in found[0]["repositories"]["message"]
    async with serving(Script(told_scopes(None)).app()) as url:
        answer = await linked(sqlite_world, url, "GITEE", user)
    assert answer["integration"]["owner"] == "octo"


@pytest.mark.parametrize(
    ("provider", "url", "kept_url"),
    [
        (Provider.GITHUB, "https://github.com/", None),
        (Provider.GITLAB, "https://GitLab.com", None),
        (Provider.GITLAB, "https://git.example.com/code/", "https://git.example.com/code"),
    ],
)
async def test_the_public_address_is_none_of_ones_own(sqlite_world, provider, url, kept_url):
    """Its API is elsewhere; below a folder, it is below that folder."""
    await owner_of(sqlite_world)
    row = await Org.get(name="acme")
    link = Link(
        provider=provider,
        grant=Renewed(token="tok"),
        id="1",
        login="ada",
        url=own_url(provider, url),
    )
    store(row, link, sqlite_world.api.server.services.vault)
    assert row.third_part[provider.value].get("url") == kept_url


async def test_pages_and_searches_have_bounds(sqlite_world):
    """Refused before the service is asked."""
    user = await owner_of(sqlite_world)
    await Org.filter(name="acme").update(third_part={"github": {"owner": "b"}})
    for arguments, field in (
        ("page: 0", "page"),
        ("page: 1001", "page"),
        (f'search: "{"x" * 101}"', "search"),
        ('owner: "a\\u0000"', "owner"),
    ):
        query = f"""{{ org(name: "acme") {{ integrations {{ repositories({arguments}) {{
          ... on InvalidProblem {{ issues {{ field }} }} }} }} }} }}"""
        (found,) = (await sqlite_world.api.execute(query, user))["org"]["integrations"]
        assert found["repositories"]["issues"] == [{"field": [field]}]

"""A team's account at a service, played by the forge: linked, used, checked, unlinked."""

import asyncio
import re
import socket
import sqlite3
import subprocess
from contextlib import ExitStack, closing
from itertools import takewhile
from urllib.parse import parse_qsl

import pytest

from providers import Provider
from tests.hosting import HOSTED, PROGRAM, bare, played

TOKEN = "tok-3b9f2c71aa55e0d4"
OWNERS = {Provider.CODEUP: "acme"}  # who must be named to see repositories
INTEGRATION = """provider owner externalId url scopes health reason linkedTime checkedTime"""
PROBLEMS = """... on Problem { code message field retryable }
  ... on UpstreamProblem { provider status }"""
LISTED = f"""query L($org: String!, $search: String! = "", $owner: String! = "", $page: Int! = 1) {{
  org(name: $org) {{ integrations {{ {INTEGRATION}
    repositories(search: $search, owner: $owner, page: $page) {{ __typename
      ... on RepositoriesPayload {{ nextPage nodes {{
        id url owner name defaultBranch private application {{ id }} }} }}
      {PROBLEMS} }} }} }} }}"""
BRANCHES = f"""query B($id: ID!, $page: Int! = 1) {{ application(id: $id) {{
  branches(page: $page) {{ __typename
    ... on BranchesPayload {{ nextPage nodes {{ name commit }} }} {PROBLEMS} }} }} }}"""


@pytest.fixture
def folder(tmp_path):
    """The repositories acme/shop and acme/stock, for services to be played on."""
    return bare(tmp_path / "forge", "shop", "stock")


@pytest.fixture(params=HOSTED)
def forge(request, folder):
    """One of the services; yields which, and its address."""
    with played(request.param, folder, TOKEN) as (url, _):
        yield request.param, url


async def link(member, provider, url, token=TOKEN):
    """Link an account; return what is answered."""
    shown = f"integration {{ {INTEGRATION} }}"
    given = {"orgName": member.team, "provider": provider.name, "token": token, "url": url}
    return await member.mutate("linkAccount", shown, **given)


async def listed(member, provider, **asked):
    """Return the one linked account, and what it lists."""
    asked = {"owner": OWNERS.get(provider, ""), **asked}
    (found,) = (await member.query(LISTED, org=member.team, **asked))["org"]["integrations"]
    return found, found.pop("repositories")


async def test_an_account_is_linked_used_and_unlinked(member, rollway_up, forge, repository):
    """Its repositories can be chosen, their branches listed; its token is nowhere to be seen."""
    provider, url = forge
    linked = (await link(member, provider, f"{url}/"))["integration"]
    assert (linked["provider"], linked["owner"], linked["url"]) == (provider.name, "ada", url)
    assert (linked["health"], linked["reason"]) == ("OK", None)

    code = repository({"a.txt": "a"})
    clone = f"{url}/acme/shop.git"
    code.git("push", "--quiet", clone, "HEAD:refs/heads/main", "HEAD:refs/heads/dev")
    shown, page = await listed(member, provider)
    assert shown == linked
    assert page["nextPage"] is None
    assert [(each["name"], each["application"]) for each in page["nodes"]] == [
        ("shop", None),
        ("stock", None),
    ]
    shop = page["nodes"][0]
    assert (shop["url"], shop["owner"], shop["defaultBranch"]) == (clone, "acme", "main")
    application = await member.create_application(
        shop["url"], provider=provider.name, repoId=shop["id"], repoOwner=shop["owner"]
    )
    _, page = await listed(member, provider, search="sho")
    assert [each["application"] for each in page["nodes"]] == [{"id": application}]
    found = (await member.query(BRANCHES, id=application))["application"]["branches"]
    head = code.git("rev-parse", "HEAD")
    assert sorted((each["name"], each["commit"]) for each in found["nodes"]) == [
        ("dev", head),
        ("main", head),
    ]

    await member.done("unlinkAccount", "org { name }", orgName=member.team, provider=provider.name)
    unlinked = (await member.query(BRANCHES, id=application))["application"]["branches"]
    assert (unlinked["__typename"], unlinked["code"]) == ("ConflictProblem", "CONFLICT")
    assert (await member.query(LISTED, org=member.team))["org"]["integrations"] == []
    nowhere_in_clear(member, rollway_up, TOKEN)


def nowhere_in_clear(member, server, token):
    """Check that a token is in no answer, no log, and not to be read in the database."""
    assert token not in "".join(member.responses)
    assert token not in server.log
    with closing(sqlite3.connect(server.data / "rollway.sqlite3")) as database:
        assert token not in "\n".join(database.iterdump())


async def test_a_wrong_token_is_not_linked(member, forge):
    """The service is asked first; the field is named, and an account there so far stays."""
    provider, url = forge
    await link(member, provider, url)
    refused = await link(member, provider, url, "wrong-token")
    assert (refused["__typename"], refused["field"]) == ("InvalidProblem", ["token"])
    for token in ("", "a b", "ä", "x" * 4001):
        refused = await link(member, provider, url, token)
        assert [each["field"] for each in refused["issues"]] == [["token"]], token
    found, _ = await listed(member, provider)
    assert found["health"] == "OK"


async def test_a_dead_service_is_said_to_be(member, rollway_up, folder):
    """With the service and whether to try again; `checkAccount` keeps it, until it is back."""
    with played("gitlab", folder, TOKEN) as (url, _):
        await link(member, Provider.GITLAB, url)
        checked = await check(member, "GITLAB")
        assert (checked["health"], "api" in checked["scopes"]) == ("OK", True)
    refused = await link(member, Provider.GITLAB, url)
    assert (refused["code"], refused["retryable"]) == ("UPSTREAM", True)
    _, refused = await listed(member, Provider.GITLAB)
    assert (refused["provider"], refused["status"], refused["retryable"]) == ("GITLAB", None, True)
    checked = await check(member, "GITLAB")
    assert checked["health"] == "UNREACHABLE"
    assert "does not answer" in checked["reason"]


async def check(member, provider):
    """Have a service asked; return the account."""
    shown = f"integration {{ {INTEGRATION} }}"
    answer = await member.done("checkAccount", shown, orgName=member.team, provider=provider)
    return answer["integration"]


async def test_a_token_that_was_revoked_shows(member, folder):
    """Whoever meets the refusal first has it noted, without a check."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for token, health in ((TOKEN, "OK"), ("another-token", "REFUSED")):
        with played("github", folder, token, port) as (url, _):
            if token == TOKEN:
                await link(member, Provider.GITHUB, url)
            _, page = await listed(member, Provider.GITHUB)
            found, _ = await listed(member, Provider.GITHUB)
            assert found["health"] == health
            assert (page["__typename"] == "UpstreamProblem") == (health == "REFUSED")


async def test_a_server_that_may_not_be_reached_is_refused(rollway_of, member_of):
    """The policy for repositories holds for the services too; so does https for tokens."""
    server = rollway_of(settings={"ROLLWAY_REPOSITORIES": "https"})
    server.start()
    member = await member_of(server)
    for url in ("http://127.0.0.1:9", "https://127.0.0.1:9", "http://git.example.com"):
        refused = await link(member, Provider.GITLAB, url)
        assert (refused["code"], refused["field"]) == ("INVALID", ["url"]), url
        said = refused["message"]
        assert "may not be asked there" in said or "https only" in said
    for url in ("ftp://git.example.com", "git.example.com", "https://a b", "https://x/?y"):
        refused = await link(member, Provider.GITLAB, url)
        assert [each["field"] for each in refused["issues"]] == [["url"]], url


async def test_two_link_at_once_and_nothing_is_lost(member, connect, rollway_up, folder):
    """Each of four services, by two ADMINs: all four are there."""
    other = connect(rollway_up)
    await other.sign_up()
    invited = await member.done("inviteMember", "link", orgName=member.team, role="ADMIN")
    await other.done("acceptInvitation", "org { id }", token=invited["link"].partition("#")[2])
    other.team = member.team
    with ExitStack() as stack:
        urls = [stack.enter_context(played(each, folder, TOKEN))[0] for each in HOSTED]
        answers = await asyncio.gather(
            *(
                link(who, each, url)
                for who, each, url in zip((member, other) * 2, HOSTED, urls, strict=True)
            )
        )
    assert {each["__typename"] for each in answers} == {"LinkAccountPayload"}
    query = "query Q($org: String!) { org(name: $org) { integrations { provider owner } } }"
    found = (await member.query(query, org=member.team))["org"]["integrations"]
    assert [each["provider"] for each in found] == ["CODEUP", "GITEE", "GITHUB", "GITLAB"]


async def test_a_member_uses_it_and_changes_nothing(member, connect, rollway_up, forge):
    """MEMBERs choose among the repositories; VIEWERs do not, for their names are private."""
    provider, url = forge
    await link(member, provider, url)
    for role, code in (("MEMBER", None), ("VIEWER", "FORBIDDEN")):
        other = connect(rollway_up)
        await other.sign_up()
        invited = await member.done("inviteMember", "link", orgName=member.team, role=role)
        await other.done("acceptInvitation", "org { id }", token=invited["link"].partition("#")[2])
        other.team = member.team
        assert (await link(other, provider, url))["code"] == "FORBIDDEN"
        found, page = await listed(other, provider)
        assert found["owner"] == "ada"
        assert page.get("code") == code
        for name in ("unlinkAccount", "checkAccount"):
            given = {"orgName": other.team, "provider": provider.name}
            answer = await other.mutate(name, "__typename", **given)
            assert answer["code"] == "FORBIDDEN"


@pytest.fixture
def registered():
    """The settings of a server that is registered with a played GitHub and Gitee."""
    command = [PROGRAM, "provider-double", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed = "".join(takewhile(lambda line: "Ctrl-C" not in line, process.stdout))
        yield dict(re.findall(r"^export (\w+)=(\S+)$", printed, re.MULTILINE))
        process.terminate()


@pytest.mark.parametrize("provider", [Provider.GITHUB, Provider.GITEE])
async def test_an_account_is_linked_by_a_sign_in(registered, rollway_of, member_of, provider):
    """With a browser's cookie, as somebody else than is signed in here, and back to the page."""
    server = rollway_of(settings=registered)
    server.start()
    member = await member_of(server)
    begun = await member.done(
        "linkAccountByOAuth",
        "authorizeUrl",
        orgName=member.team,
        provider=provider.name,
        next="/healthz",
    )
    url, _, query = begun["authorizeUrl"].partition("?")
    asked = dict(parse_qsl(query))
    chosen = await member.http.post(url, data={**asked, "login": "team", "decision": "allow"})
    back = await member.http.get(chosen.headers["location"])
    assert (back.status_code, back.headers["location"]) == (303, "/healthz")
    again = await member.http.get(chosen.headers["location"])
    assert again.status_code == 400  # a trip ends once

    found, page = await listed(member, provider)
    assert (found["owner"], found["health"]) == ("team", "OK")
    assert sorted(asked["scope"].split()) == found["scopes"]
    assert page["code"] == "UPSTREAM"  # the double plays the sign-in and nothing else

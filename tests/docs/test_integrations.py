"""The page on integrations is true: its operations work one after the other, at a played GitLab."""

import json
import re
from pathlib import Path

import pytest

from control.integrations import Health
from control.integrations.accounts import SERVICES
from control.integrations.asking import ASKED_MAX, ASKED_PER_TEAM_MAX
from control.integrations.renewing import RENEW_AHEAD_SECONDS
from providers import Provider
from providers.api import Bounds
from tests.docs.conftest import Caller
from tests.hosting import bare, played

TEXT = (Path(__file__).parent.parent.parent / "docs" / "integrations.md").read_text()
BY_BROWSER = "linkAccountByOAuth"  # see tests/rollway/test_oauth_accounts.py
CONNECT = """mutation ($input: CreateApplicationInput!) { createApplication(input: $input) {
  ... on CreateApplicationPayload { application { id } } ... on Problem { code message } } }"""


@pytest.fixture
def forge(tmp_path):
    """A played GitLab with one repository; yields its address."""
    with played(Provider.GITLAB, bare(tmp_path, "shop")) as (url, _):
        yield url


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_page_leads_from_a_token_to_branches(server, forge):
    """Linked, listed, connected, checked and unlinked, as it stands there."""
    caller, known, answers = Caller(server), {}, {}
    known |= {"THE_TOKEN": "forge-token", "https://git.example.com": forge}
    for query, variables in re.findall(
        r"```graphql\n(.*?)```\n+```json\n(.*?)```", TEXT, re.DOTALL
    ):
        if BY_BROWSER in query:
            continue
        given = variables
        for word, real in known.items():
            given = given.replace(word, real)
        (name,) = re.findall(r"^\w+ (\w+)", query)
        answers[name] = caller.send(query, json.loads(given))
        if name == "Repositories":
            (integration,) = answers[name]["org"]["integrations"]
            (found,) = integration["repositories"]["nodes"]
            wanted = {"orgName": "demo", "name": "shop", "provider": "GITLAB"}
            wanted |= {"repoUrl": found["url"], "repoId": found["id"], "repoOwner": found["owner"]}
            made = caller.send(CONNECT, {"input": wanted})["createApplication"]
            known["APPLICATION_ID"] = made["application"]["id"]
    assert answers["Link"]["linkAccount"]["integration"]["health"] == "OK"
    assert answers["Branches"]["application"]["branches"]["nodes"] == []
    assert answers["Check"]["checkAccount"]["integration"]["health"] == "OK"
    assert answers["Unlink"]["unlinkAccount"]["org"]["integrations"] == []


def test_the_scopes_are_those_that_are_asked_for():
    """For every service that tells what a token allows."""
    (rows,) = re.findall(r"<!-- scopes needed -->\n(.*?)<!-- /", TEXT, re.DOTALL)
    shown = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", rows, re.MULTILINE))
    assert set(shown) == {provider.name for provider in SERVICES}
    for provider, service in SERVICES.items():
        assert set(re.findall(r"`(\w+)`", shown[provider.name])) == service.scopes


def test_every_health_and_every_bound_stand_there():
    """The words of `health`, and the figures."""
    assert set(re.findall(r"^\| `([A-Z_]+)` \| [A-Z]", TEXT, re.MULTILINE)) >= {
        each.name for each in Health
    }
    assert f"asks {ASKED_PER_TEAM_MAX} times at once, all teams {ASKED_MAX} times" in TEXT
    assert f"at most {Bounds().total_seconds:.0f} seconds" in TEXT
    assert RENEW_AHEAD_SECONDS == 2 * 3600

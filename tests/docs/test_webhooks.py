"""The page on webhooks is true: its operations work one after the other, its answers are all."""

import json
import re
from pathlib import Path

import pytest

from providers import Provider
from providers.payloads import BODY_BYTES_MAX
from rollway.forge import TOKEN
from rollway.hooks.webhooks import ACCEPTED, KNOWN, STATUSES
from tests.docs.conftest import Caller
from tests.hosting import bare, played

LINK = """mutation ($input: LinkAccountInput!) { linkAccount(input: $input) {
  ... on LinkAccountPayload { integration { owner } } ... on Problem { code message } } }"""
UNLINK = """mutation ($input: UnlinkAccountInput!) { unlinkAccount(input: $input) {
  ... on UnlinkAccountPayload { org { name } } ... on Problem { code message } } }"""
TEXT = (Path(__file__).parent.parent.parent / "docs" / "webhooks.md").read_text()


@pytest.fixture
def forge(tmp_path):
    """A played GitHub with one repository, acme/shop; yields its address."""
    with played(Provider.GITHUB, bare(tmp_path, "shop")) as (url, _):
        yield url


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("by_hand", [False, True])
def test_the_page_leads_to_a_webhook(server, forge, by_hand):
    """From connecting a repository to what a delivery would lead to, with an account or without."""
    pairs = re.findall(r"```graphql\n(.*?)```\n+```json\n(.*?)```", TEXT, re.DOTALL)
    caller, application, answers = Caller(server), "", []
    if not by_hand:
        account = {"orgName": "demo", "provider": "GITHUB", "token": TOKEN, "url": forge}
        caller.send(LINK, {"input": account})
    for query, variables in pairs:
        if by_hand and "syncWebhook" in query:
            continue
        shown = variables.replace("https://github.com/ann", f"{forge}/acme")
        given = json.loads(shown.replace("APPLICATION_ID", application))
        if "createApplication" in query:
            given["input"]["name"] += str(by_hand)
        answers.append(caller.send(query, given))
        if "createApplication" in answers[-1]:
            made = answers[-1]["createApplication"]["application"]
            application = made["id"]
    *synced, secret, deliveries, preview = answers[1:]
    if by_hand:
        assert made["webhook"] is None
    else:
        (webhook,) = [each["syncWebhook"]["application"]["webhook"] for each in synced]
        assert webhook == made["webhook"]
        assert webhook["registeredUrl"] == webhook["url"]
    assert secret["rotateWebhookSecret"]["secret"]
    assert deliveries["application"]["deliveries"]["nodes"] == []
    (verdict,) = preview["triggerPreview"]["environments"]
    assert (verdict["envName"], verdict["matched"]) == ("live", False)
    if not by_hand:
        caller.send(UNLINK, {"input": {"orgName": "demo", "provider": "GITHUB"}})


def test_every_answer_stands_there():
    """And the size that is too large."""
    (rows,) = re.findall(r"<!-- webhook answers -->\n(.*?)<!-- /", TEXT, re.DOTALL)
    statuses = re.findall(r"^\| (\d+) \|", rows, re.MULTILINE)
    assert sorted(map(int, statuses)) == sorted({ACCEPTED, KNOWN, *STATUSES.values()})
    assert f"larger than {BODY_BYTES_MAX // 1024**2} MiB" in rows

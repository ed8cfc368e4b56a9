"""The page on webhooks is true: its operations work one after the other, its answers are all."""

import json
import re
import urllib.request
from pathlib import Path

import pytest

from providers.payloads import BODY_BYTES_MAX
from rollway.webhooks import ACCEPTED, KNOWN, STATUSES

TEXT = (Path(__file__).parent.parent.parent / "docs" / "webhooks.md").read_text()
SIGN_IN = """mutation ($p: String!) { signIn(input: {login: "demo", password: $p}) {
  ... on SignInPayload { token } } }"""


class Caller:
    """Somebody who does what the page says."""

    def __init__(self, server):
        self.url = server.url
        self.token = None
        answer = self.send(SIGN_IN, {"p": server.password})
        self.token = answer["signIn"]["token"]

    def send(self, query, variables):
        """Return the data of an answer without errors and problems."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        (found,) = answer["data"].values()
        assert found, answer
        assert "code" not in found, found
        return answer["data"]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_page_leads_to_a_webhook(server):
    """From connecting a repository to what a delivery would lead to."""
    pairs = re.findall(r"```graphql\n(.*?)```\n+```json\n(.*?)```", TEXT, re.DOTALL)
    caller, application, answers = Caller(server), "", []
    for query, variables in pairs:
        given = json.loads(variables.replace("APPLICATION_ID", application))
        answers.append(caller.send(query, given))
        if "createApplication" in answers[-1]:
            application = answers[-1]["createApplication"]["application"]["id"]
    _, secret, deliveries, preview = answers
    assert secret["rotateWebhookSecret"]["secret"]
    assert deliveries["application"]["deliveries"]["nodes"] == []
    (verdict,) = preview["triggerPreview"]["environments"]
    assert (verdict["envName"], verdict["matched"]) == ("live", False)


def test_every_answer_stands_there():
    """And the size that is too large."""
    (rows,) = re.findall(r"<!-- webhook answers -->\n(.*?)<!-- /", TEXT, re.DOTALL)
    statuses = re.findall(r"^\| (\d+) \|", rows, re.MULTILINE)
    assert sorted(map(int, statuses)) == sorted({ACCEPTED, KNOWN, *STATUSES.values()})
    assert f"larger than {BODY_BYTES_MAX // 1024**2} MiB" in rows

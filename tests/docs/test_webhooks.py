"""The page on webhooks is true: its operations work one after the other, its answers are all."""

import json
import re
from pathlib import Path

import pytest

from providers.payloads import BODY_BYTES_MAX
from rollway.webhooks import ACCEPTED, KNOWN, STATUSES
from tests.docs.conftest import Caller

TEXT = (Path(__file__).parent.parent.parent / "docs" / "webhooks.md").read_text()


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

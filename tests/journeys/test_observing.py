"""What an operator sees: figures, log lines that say what they are about, honest probes."""

import json

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

TOKEN = "only-for-prometheus"
PRINTS = "steps: [{run: 'seq 3'}]"

pytestmark = pytest.mark.slow


@pytest.fixture
def observed(rollway_of):
    """A server that shows figures and logs JSON."""
    server = rollway_of(settings={"ROLLWAY_METRICS_TOKEN": TOKEN, "ROLLWAY_LOG_FORMAT": "json"})
    server.start()
    return server


def figures(server):
    """Return the samples of the page, by name and labels."""
    answer = httpx2.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_a_deploy_shows_in_figures_and_log(observed, member_of, repository):
    """Who looks at figures finds what happened, who looks at the log finds all of one request."""
    member = await member_of(observed)
    application = await member.create_application(repository(PRINTS).url)
    before = figures(observed)
    response = await member.post(
        "mutation($input: DeployInput!) { deploy(input: $input) {"
        " ... on DeployPayload { task { id } } } }",
        {"input": {"applicationId": application}},
        headers={"X-Request-Id": "from-the-proxy"},
    )
    task = response.json()["data"]["deploy"]["task"]["id"]
    events = await member.events(task)
    after = figures(observed)

    def grown(*name):
        return after[name] - before.get(name, 0)

    assert response.headers["x-request-id"] == "from-the-proxy"
    assert grown("rollway_submitted_total") == 1
    assert grown("rollway_claims_total") == 1
    assert grown("rollway_queue_wait_seconds_count") == 1
    assert grown("rollway_tasks_ended_total", "success") == 1
    assert 0 < grown("rollway_events_stored_total") <= len(events)
    assert grown("rollway_http_request_seconds_count", "200", "graphql") >= 1
    assert after["rollway_tasks", "pending"] == after["rollway_tasks", "running"] == 0
    lines = [json.loads(line) for line in observed.log.splitlines() if line.startswith("{")]
    about = {
        (line["message"], line["request"], line["task"]) for line in lines if task in str(line)
    }
    assert (f"task {task} is queued", "from-the-proxy", None) in about
    assert (f"task {task} has ended: success", None, task) in about
    assert {"time", "level", "logger", "message", "request", "task"} <= set(lines[0])


async def test_figures_are_for_who_has_the_token(observed, rollway_up):
    """How busy a server is, is nobody's business; without a token there is no page at all."""
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        refused = httpx2.get(f"{observed.url}/metrics", headers=headers)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert "rollway_" not in refused.text
    assert httpx2.get(f"{rollway_up.url}/metrics").status_code == 404


async def test_an_id_of_nonsense_is_not_taken_over(rollway_up):
    """A line of the log is no place for what a stranger made up."""
    for given in ("a b", "x" * 65, 'a"} {"level": "ERROR'):
        answer = httpx2.get(f"{rollway_up.url}/healthz", headers={"X-Request-Id": given})
        assert answer.headers["x-request-id"] != given
        assert len(answer.headers["x-request-id"]) == 16

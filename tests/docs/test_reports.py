"""The page on reports is true: its example is run, and prints what stands there."""

import json
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest

TEXT = (Path(__file__).parent.parent.parent / "docs" / "reports.md").read_text()
ADDRESS = "http://127.0.0.1:8000"
SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) {
  ... on SignInPayload { token } } }"""
MAKE_TOKEN = """mutation($input: CreateApiTokenInput!) { createApiToken(input: $input) {
  ... on CreateApiTokenPayload { value } } }"""


def example(language):
    """Return the only example in one language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    return found


def ask(server, query, token="", **variables):
    """Return what the only field of an operation answers."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{server.url}/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        (answer,) = json.load(response)["data"].values()
    return answer


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_example_prints_what_the_page_says(server):
    """A token of the environment reports; the environment shows it."""
    login = {"login": "demo", "password": server.password}
    session = ask(server, SIGN_IN, input=login)["token"]
    bounds = {"applicationId": server.application, "envName": "default"}
    wanted = {"name": "ci", "scopes": ["DEPLOY"], **bounds}
    token = ask(server, MAKE_TOKEN, session, input=wanted)["value"]

    script = f"set -euo pipefail\nAPI_TOKEN={token} BUILD=42\n"
    script += example("sh").replace(ADDRESS, server.url)
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60
    )

    printed = [{"data": json.loads(line)["data"]} for line in done.stdout.splitlines()]
    (task_id,) = set(re.findall(r"t_\w+", done.stdout))
    (shown_id,) = set(re.findall(r"t_\w+", example("text")))
    shown = example("text").replace(shown_id, task_id).splitlines()
    assert printed == [json.loads(line) for line in shown]

    found = ask(server, example("graphql"), session, application=server.application)
    latest = found["environment"]["latestTask"]
    assert (latest["status"], latest["triggerType"]) == ("SUCCESS", "tracker:jenkins")
    assert latest["trigger"] == {"platform": "jenkins", "externalId": "build-42"}
    function = {"uid": "1001", "region": "cn-hangzhou", "service": "web", "name": "hello"}
    assert found["environment"]["resources"] == [function]

"""What the page on triggers asks of a server: as it stands there, answered so."""

import json
import subprocess
from pathlib import Path

import pytest

from providers import Provider
from tests.docs.conftest import Caller
from tests.docs.test_triggers import blocks
from tests.hosting import bare, played

CREATE = """mutation ($input: CreateApplicationInput!) { createApplication(input: $input) {
  ... on CreateApplicationPayload { application { id } }
  ... on Problem { code message } } }"""


@pytest.fixture
def clone_url(tmp_path: Path):
    """The address of a repository at GitHub, played, with one commit on main."""
    folder, work = tmp_path / "forge", tmp_path / "work"
    repository = bare(folder, "shop") / "acme" / "shop.git"
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@acme.example"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main", work], check=True)
    commit = ["commit", "--quiet", "--allow-empty", "--message", "one"]
    subprocess.run([*git, *commit], cwd=work, check=True)
    subprocess.run([*git, "push", "--quiet", repository, "main"], cwd=work, check=True)
    with played(Provider.GITHUB, folder) as (url, _):
        yield f"{url}/acme/shop.git"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_server_answers_what_the_page_shows(server, clone_url):
    """To a preview and about the schedule, with the rules of the page."""
    rules, asked = map(json.loads, blocks("json"))
    shown = json.loads(next(text for text in blocks("text") if "envName" in text))
    schedules, query = blocks("graphql")[1:]
    caller = Caller(server)
    given = {
        "orgName": "demo",
        "name": "previewed",
        "provider": "GITHUB",
        "repoUrl": clone_url,
        "environments": [
            {"name": rules["input"]["name"], "triggerSpec": rules["input"]["triggerSpec"]}
        ],
    }
    made = caller.send(CREATE, {"input": given})["createApplication"]
    asked["input"]["applicationId"] = made["application"]["id"]

    answer = caller.send(query, asked)["triggerPreview"]
    assert answer["environments"] == shown
    scheduled = caller.send(schedules.replace("APPLICATION_ID", made["application"]["id"]), {})
    (environment,) = scheduled["application"]["environments"]
    assert environment["nextScheduledTime"]
    assert environment["scheduleProblem"] is None

"""The preview of a ref on the page on triggers: asked as it stands there, answered so."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.conftest import BIN
from tests.docs.test_triggers import blocks
from tests.docs.test_webhooks import Caller

CREATE = """mutation ($input: CreateApplicationInput!) { createApplication(input: $input) {
  ... on CreateApplicationPayload { application { id } }
  ... on Problem { code message } } }"""


@pytest.fixture
def clone_url(tmp_path: Path):
    """The address of a repository at GitHub, played, with one commit on main."""
    folder, work = tmp_path / "forge", tmp_path / "work"
    bare = folder / "acme" / "shop.git"
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@acme.example"]
    init = ["init", "--quiet", "--initial-branch=main"]
    subprocess.run([*git, *init, "--bare", str(bare)], check=True)
    subprocess.run([*git, *init, str(work)], check=True)
    commit = ["commit", "--quiet", "--allow-empty", "--message", "one"]
    subprocess.run([*git, *commit], cwd=work, check=True)
    subprocess.run([*git, "push", "--quiet", str(bare), "main"], cwd=work, check=True)
    command = [BIN / "rollway", "forge", "--provider", "github", "--folder", folder, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        (url, _) = re.findall(r"http://[\d.:]+[\w/]*", process.stdout.readline())
        yield f"{url}/acme/shop.git"
        process.terminate()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_preview_answers_what_the_page_shows(server, clone_url):
    """With the rules of the page."""
    rules, asked = map(json.loads, blocks("json"))
    shown = json.loads(next(text for text in blocks("text") if "envName" in text))
    _, query = blocks("graphql")
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

"""The page on deploy hooks is true: its examples are run in order, its answers are all."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from auth.deploy_hooks import CALLS_MAX, HOOKS_PER_ENVIRONMENT_MAX
from rollway.hooks.deploy_hooks import ACCEPTED, BODY_BYTES_MAX, KNOWN
from tests.docs.conftest import Caller

TEXT = (Path(__file__).parent.parent.parent / "docs" / "deploy-hooks.md").read_text()


def shell(script):
    """Run a script; return the lines it prints."""
    script = f"set -euo pipefail\n{script}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.replace("}{", "}\n{").splitlines()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_page_leads_from_a_hook_to_none(server):
    """Made, called, listed, rotated and revoked."""
    caller, known = Caller(server), {"APPLICATION_ID": server.application}
    url, tasks, answers = "", [], []
    for language, text, variables in re.findall(
        r"^```(graphql|sh)\n(.*?)^```$(?:\n\n```json\n(.*?)^```$)?", TEXT, re.DOTALL | re.MULTILINE
    ):
        if language == "sh":
            given = f"DEPLOY_HOOK={url} BUILD=42\n"
            tasks = [json.loads(line)["taskId"] for line in shell(given + text)]
            assert shell(given + text)[1] == json.dumps({"taskId": tasks[1]}, separators=(",", ":"))
            continue
        for name, value in known.items():
            variables = variables.replace(f'"{name}"', json.dumps(value))  # noqa: PLW2901
        (answer,) = caller.send(text, json.loads(variables)).values()
        answers.append(answer)
        url = answer.get("url", url)
        if "id" in answer.get("deployHook", {}):
            known["DEPLOY_HOOK_ID"] = answer["deployHook"]["id"]

    made, listed, rotated, revoked = answers
    assert len(set(tasks)) == 2
    environment = listed["environment"]
    (hook,) = environment["deployHooks"]
    assert (hook["name"], hook["createdBy"]) == ("base image", {"user": {"username": "demo"}})
    assert hook["prefix"] in made["url"]
    assert hook["lastUsedTime"]
    assert environment["latestTask"]["triggerType"] == "hook"
    trigger = {"hookId": hook["id"], "hookName": "base image"}
    assert environment["latestTask"]["trigger"] == trigger
    assert rotated["url"] != made["url"]
    assert revoked == {"deletedId": hook["id"]}


def test_every_answer_stands_there():
    """Those that are no refusals; and the numbers."""
    (rows,) = re.findall(r"<!-- hook answers -->\n(.*?)<!-- /", TEXT, re.DOTALL)
    shown = re.findall(r"^\| (\d+) \|", rows, re.MULTILINE)
    assert sorted(map(int, shown)) == sorted((ACCEPTED, KNOWN))
    assert f"bodies of up to {BODY_BYTES_MAX // 1024} KiB" in TEXT
    assert f"{CALLS_MAX} calls a minute" in TEXT
    assert f"at most {HOOKS_PER_ENVIRONMENT_MAX}, and" in TEXT

"""The page on workers is true: its examples are run, with a worker between them."""

import json
import re
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from auth.machines import CREDENTIAL_PREFIX, MACHINES_MAX, TOKEN_PREFIX
from resolvers.inputs import DEFAULT_ENVIRONMENT
from rollway import sample
from tests.docs.conftest import BIN, Caller

DOCS = Path(__file__).parent.parent.parent / "docs"
TEXT = (DOCS / "workers.md").read_text()
BLOCK = r"^```graphql\n(.*?)^```\n\n```json\n(.*?)^```$"
BLOCKS = re.findall(BLOCK, TEXT, re.DOTALL | re.MULTILINE)
SECONDS = 60


def answered(caller, block, **known):
    """Return what a block of the page is answered, with these values in it."""
    text, variables = block
    for name, value in known.items():
        variables = variables.replace(name, value)
    (answer,) = caller.send(text, json.loads(variables)).values()
    return answer


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_page_says_where_tasks_run(server):
    """Labels are set as it says, and taken away again."""
    _, _, _, route, _ = BLOCKS
    known = {"APPLICATION_ID": server.application, "production": DEFAULT_ENVIRONMENT}
    send = partial(answered, Caller(server), route, **known)

    routed = send()["environment"]
    again = send(**{'["linux", "gpu"]': "[]"})["environment"]

    assert (routed["runsOn"], again["runsOn"]) == (["gpu", "linux"], [])


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_page_adds_a_machine_and_removes_it(server, tmp_path):
    """What it says to type makes a worker that is listed online, until it is removed."""
    send = partial(answered, Caller(server))
    create, listing, remove, _, _ = BLOCKS
    made = send(create, ORG_NAME=sample.TEAM)
    (typed,) = re.findall(r"^ +\$ rollway (worker --url .*)$", TEXT, re.MULTILINE)
    shown = {"https://rollway.example.com": server.url, "/srv/worker": str(tmp_path / "worker")}
    for old, new in shown.items():
        typed = typed.replace(old, new)
    typed = re.sub(r"--token \S+", f"--token {made['token']}", typed)
    with subprocess.Popen([BIN / "rollway", *typed.split()], cwd=tmp_path) as worker:
        try:
            end = time.monotonic() + SECONDS
            while not (row := send(listing, ORG_NAME=sample.TEAM)["workers"][0])["online"]:
                assert time.monotonic() < end
                time.sleep(0.2)
            removed = send(remove, WORKER_ID=made["worker"]["id"])
            code = worker.wait(SECONDS)
        finally:
            worker.kill()

    assert (row["name"], row["labels"], row["slots"]) == ("builder", ["linux"], 4)
    assert removed == {"deletedId": made["worker"]["id"]}
    assert code == 2


def test_the_page_names_what_leaks_are_found_by():
    """The beginnings of tokens and credentials, and how many workers a team has."""
    assert f"`{TOKEN_PREFIX}`" in TEXT
    assert f"`{CREDENTIAL_PREFIX}`" in TEXT
    assert f"| [workers](workers.md) of a team | {MACHINES_MAX} |" in (DOCS / "api.md").read_text()

"""The command that plays a Git hosting service, as somebody's tests start it."""

import json
import re
import subprocess
import sysconfig
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from rollway.__main__ import main
from rollway.forge import DIALECTS
from rollway.forge.repositories import find

PROGRAM = Path(sysconfig.get_path("scripts")) / "rollway"
STOP_SECONDS = 20
SEEN_SECONDS = 20


@pytest.fixture
def folder(tmp_path):
    """A folder with one repository, which is empty."""
    path = tmp_path / "repositories"
    command = ["git", "init", "--quiet", "--bare", "--initial-branch=main"]
    subprocess.run([*command, path / "acme" / "shop.git"], check=True)
    return path


@pytest.fixture
def forge(folder):
    """GitHub, played by the command; yields what it said."""
    command = [PROGRAM, "forge", "--provider", "github", "--folder", folder, "--port", "0"]
    command += ["--token", "hush"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline()
        process.terminate()
        assert process.wait(STOP_SECONDS) in {0, -15}


def ask(url, method="GET", body=None, token="hush"):
    """Return the status and the JSON of an answer."""
    data = json.dumps(body).encode() if body else None
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or "null")
    except HTTPError as refusal:
        with refusal:
            return refusal.code, None


def test_it_serves_git_and_the_api(forge, tmp_path):
    """What is pushed to it can be cloned, and is in its API."""
    url, api = re.findall(r"http://[\d.:]+[\w/]*", forge)
    work, again = tmp_path / "work", tmp_path / "again"
    clone = f"{url}/acme/shop.git"
    git = ["git", "-C", str(work), "-c", "user.name=Ada", "-c", "user.email=ada@acme.example"]
    subprocess.run(["git", "clone", "--quiet", clone, work], check=True, capture_output=True)
    (work / "README").write_text("x" * 2_000_000)  # more than Git sends in one piece
    subprocess.run([*git, "add", "README"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "first"], check=True)
    subprocess.run([*git, "push", "--quiet", clone, "HEAD:refs/heads/main"], check=True)
    subprocess.run(["git", "clone", "--quiet", clone, again], check=True)

    assert (again / "README").read_text() == (work / "README").read_text()
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    status, branches = ask(f"{api}/repos/acme/shop/branches")
    assert (status, branches) == (200, [{"name": "main", "commit": {"sha": head.stdout.strip()}}])
    assert ask(f"{api}/user", token="forge-token")[0] == 401
    assert ask(f"{api}/nope")[0] == 404
    assert ask(f"{url}/-/deliveries/1/again", "POST")[0] == 404


def test_what_is_in_a_repository_is_not_looked_at(tmp_path):
    """Git makes and removes folders there at any time."""
    for name in ("acme/shop.git", "acme/shop.git/objects/x.git", "acme/checkout/.git", "alone.git"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "HEAD").touch()
    (tmp_path / "acme" / "half.git").mkdir()

    assert [(each.owner, each.name) for each in find(tmp_path)] == [("acme", "shop")]


def test_a_push_into_the_folder_is_delivered_too(forge, folder, tmp_path):
    """Without HTTP; who does not answer is noted."""
    url, api = re.findall(r"http://[\d.:]+[\w/]*", forge)
    hook = {"events": ["push"], "config": {"url": "http://127.0.0.1:9/x", "secret": "s"}}
    status, made = ask(f"{api}/repos/acme/shop/hooks", "POST", hook)
    work = tmp_path / "work"
    git = ["git", "-C", str(work), "-c", "user.name=Ada", "-c", "user.email=ada@acme.example"]
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", work], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "first"], check=True)
    subprocess.run([*git, "push", "--quiet", folder / "acme" / "shop.git", "main"], check=True)

    assert status == 201
    assert made["config"]["secret"] == "********"
    for _ in range(SEEN_SECONDS * 10):
        _, deliveries = ask(f"{url}/-/deliveries")
        if deliveries and deliveries[0]["answers"]:
            break
        time.sleep(0.1)
    (delivery,) = deliveries
    assert delivery["about"] == "refs/heads/main"
    assert delivery["answers"] == [0]
    assert ask(f"{api}/repos/acme/shop/hooks/{made['id']}", "DELETE") == (204, None)


def test_what_it_needs_is_said(tmp_path, capsys):
    """A folder that is there, and one of the services."""
    missing = str(tmp_path / "nope")

    assert main(["forge", "--provider", "gitlab", "--folder", missing, "--port", "0"]) == 2
    assert "is no folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["forge", "--provider", "sourceforge", "--folder", missing])
    assert set(DIALECTS) == {"github", "gitee", "gitlab", "codeup"}

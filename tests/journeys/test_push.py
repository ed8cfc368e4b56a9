"""A push to a Git server deploys without a hand: for each of the services, played by the forge."""

import asyncio
import re
import subprocess
import sysconfig
import time
from pathlib import Path

import pytest

from providers import Provider
from providers.api import connect
from providers.repository import Policy, Repository

PROGRAM = Path(sysconfig.get_path("scripts")) / "rollway"
POLICY = Policy(("http",), private_addresses=True)
TASKS = """query T($id: ID!) { application(id: $id) { tasks(first: 2) { nodes {
  id status triggerType branch commit message } } } }"""
DONE_SECONDS = 40.0


@pytest.fixture(params=["github", "gitee", "gitlab", "codeup"])
def forge(request, tmp_path):
    """One of the services with an empty repository; yields its name, its address and its API's."""
    folder = tmp_path / "forge"
    bare = ["git", "init", "--quiet", "--bare", "--initial-branch=main"]
    subprocess.run([*bare, folder / "acme" / "shop.git"], check=True)
    command = [PROGRAM, "forge", "--provider", request.param, "--folder", folder, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url, api = re.findall(r"http://[\d.:]+[\w/]*", process.stdout.readline())
        yield Provider(request.param), url, api
        process.terminate()


async def test_a_push_deploys(member, repository, forge):
    """The commit that was pushed runs, and only it."""
    provider, url, api = forge
    clone = f"{url}/acme/shop.git"
    rules = {provider.value: {"push": {"branches": {"precise": ["main"]}}}}
    application = await member.create_application(
        clone,
        provider=provider.name,
        environments=[{"name": "live", "triggerSpec": rules}],
    )
    made = await member.done(
        "rotateWebhookSecret", "secret application { webhook { url } }", applicationId=application
    )
    service = connect(provider, "forge-token", POLICY, api)
    hook = made["application"]["webhook"]["url"]
    await service.set_webhook(Repository(clone, "acme", "shop"), hook, made["secret"])
    await service.close()

    code = repository("steps: [{run: echo shipped}]")
    code.git("push", "--quiet", clone, "HEAD:refs/heads/dev")
    code.git("push", "--quiet", clone, "HEAD:refs/heads/main")
    end = time.monotonic() + DONE_SECONDS
    while True:
        found = (await member.query(TASKS, id=application))["application"]["tasks"]["nodes"]
        if found and found[0]["status"] not in {"PENDING", "RUNNING"}:
            break
        assert time.monotonic() < end, found
        await asyncio.sleep(0.1)
    (task,) = found
    assert task["status"] == "SUCCESS"
    assert (task["triggerType"], task["branch"]) == (provider.value, "main")
    assert task["commit"] == code.git("rev-parse", "HEAD")
    assert [line["text"] for line in await member.log(task["id"], 1)] == ["shipped"]

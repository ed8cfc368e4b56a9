"""A push to a Git server deploys without a hand: for each of the services, played by the forge."""

import asyncio
import time

import httpx2
import pytest

from providers.api import connect
from providers.repository import Policy, Repository
from rollway.forge import TOKEN
from tests.hosting import HOSTED, bare, played

POLICY = Policy(("http",), private_addresses=True)
TASKS = """query T($id: ID!) { application(id: $id) { tasks(first: 2) { nodes {
  id status triggerType branch commit message } } } }"""
WEBHOOK = """query W($id: ID!) { application(id: $id) { name
  webhook { url registeredUrl secretSet } } }"""
ENDED = {"SUCCESS", "FAILURE", "CANCELLED", "LOST"}
DONE_SECONDS = 40.0


@pytest.fixture(params=HOSTED)
def forge(request, tmp_path):
    """One of the services with an empty repository; yields its name, its address and its API's."""
    with played(request.param, bare(tmp_path / "forge", "shop")) as (url, api):
        yield request.param, url, api


@pytest.fixture
def shop(forge):
    """Return what creates an application for the repository, to be deployed from main."""
    provider, url, _ = forge

    async def create(member, **more):
        rules = {provider.value: {"push": {"branches": {"precise": ["main"]}}}}
        return await member.create_application(
            f"{url}/acme/shop.git",
            provider=provider.name,
            environments=[{"name": "live", "triggerSpec": rules}],
            **more,
        )

    return create


async def finished(member, application, commit):
    """Return the application's newest tasks, once the last is of *commit* and has ended."""
    end = time.monotonic() + DONE_SECONDS
    while True:
        found = (await member.query(TASKS, id=application))["application"]["tasks"]["nodes"]
        if found and found[0]["commit"] == commit and found[0]["status"] in ENDED:
            return found
        assert time.monotonic() < end, found
        await asyncio.sleep(0.1)


async def test_a_push_deploys(member, repository, forge, shop):
    """The commit that was pushed runs, and only it; the webhook was made by hand."""
    provider, url, api = forge
    clone = f"{url}/acme/shop.git"
    application = await shop(member)
    made = await member.done(
        "rotateWebhookSecret", "secret application { webhook { url } }", applicationId=application
    )
    service = connect(provider, TOKEN, POLICY, api)
    hook = made["application"]["webhook"]["url"]
    await service.set_webhook(Repository(clone, "acme", "shop"), hook, made["secret"])
    await service.close()

    code = repository("steps: [{run: echo shipped}]")
    code.git("push", "--quiet", clone, "HEAD:refs/heads/dev")
    code.git("push", "--quiet", clone, "HEAD:refs/heads/main")
    (task,) = await finished(member, application, code.git("rev-parse", "HEAD"))
    assert task["status"] == "SUCCESS"
    assert (task["triggerType"], task["branch"]) == (provider.value, "main")
    assert [line["text"] for line in await member.log(task["id"], 1)] == ["shipped"]


async def test_with_a_linked_account_nothing_is_left_to_do_by_hand(member, repository, forge, shop):
    """The webhook comes with the application, takes new secrets along, and goes with it."""
    provider, url, _ = forge
    clone, asked = f"{url}/acme/shop.git", {"orgName": member.team, "provider": provider.name}
    await member.done("linkAccount", "integration { owner }", token=TOKEN, url=url, **asked)
    application = await shop(member)
    webhook = (await member.query(WEBHOOK, id=application))["application"]["webhook"]
    assert webhook["secretSet"]
    assert webhook["registeredUrl"] == webhook["url"]

    code = repository("steps: [{run: echo shipped}]")
    code.git("push", "--quiet", clone, "HEAD:refs/heads/main")
    await finished(member, application, code.git("rev-parse", "HEAD"))
    for renewal in ("rotateWebhookSecret", "syncWebhook"):
        await member.done(renewal, "application { id }", applicationId=application)
        commit = code.commit({})
        code.git("push", "--quiet", clone, "HEAD:refs/heads/main")
        await finished(member, application, commit)

    name = (await member.query(WEBHOOK, id=application))["application"]["name"]
    gone = await member.done(
        "deleteApplication", "webhooksLeft", applicationId=application, confirmName=name
    )
    assert gone["webhooksLeft"] == []
    delivered = len(httpx2.get(f"{url}/-/deliveries").json())
    code.commit({})
    code.git("push", "--quiet", clone, "HEAD:refs/heads/main")
    assert len(httpx2.get(f"{url}/-/deliveries").json()) == delivered


async def test_what_the_service_refuses_leaves_no_application(member, forge, shop):
    """Nor does an application that cannot be stored leave a webhook."""
    provider, url, api = forge
    asked = {"orgName": member.team, "provider": provider.name}
    await member.done("linkAccount", "integration { owner }", token=TOKEN, url=url, **asked)
    new = {"orgName": member.team, "provider": provider.name, "name": "shop"}

    refused = await member.mutate(
        "createApplication", "application { id }", repoUrl=f"{url}/acme/none.git", **new
    )
    assert (refused["__typename"], refused["code"]) == ("UpstreamProblem", "UPSTREAM")
    without = await member.done(
        *("createApplication", "application { webhook { url } }"),
        **{**new, "repoUrl": f"{url}/acme/none.git", "registerWebhook": False},
    )
    assert without["application"]["webhook"] is None
    taken = await member.mutate(
        "createApplication", "application { id }", repoUrl=f"{url}/acme/shop.git", **new
    )
    assert taken["code"] == "ALREADY_EXISTS"
    service = connect(provider, TOKEN, POLICY, api)
    place = service._place(Repository(f"{url}/acme/shop.git", "acme", "shop"))
    found = await service._page(f"{place}/{service.WEBHOOKS}", service._hook, 1)
    await service.close()
    assert found.items == []

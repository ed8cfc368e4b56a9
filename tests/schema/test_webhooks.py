"""Webhooks through the API: secrets, and previews for whom they are."""

from contextlib import AsyncExitStack

import pytest

from control.integrations.asking import ASKED_PER_TEAM_MAX
from db.models import Application, Environment, Org
from providers import Provider
from tests.hosting import link

PREVIEW = """query P($input: TriggerPreviewInput!) { triggerPreview(input: $input) { __typename
  ... on TriggerPreviewPayload { environments { envName matched reason rule task { id } } }
  ... on Problem { code message field } ... on InvalidProblem { issues { field message } } } }"""
PUSH = {
    "ref": "refs/heads/main",
    "before": "1" * 40,
    "after": "2" * 40,
    "head_commit": {"id": "2" * 40, "message": "Go"},
    "commits": [],
    "pusher": {"name": "ann"},
    "repository": {"id": 1, "name": "b", "clone_url": "https://example.com/a/b.git"},
}
HEADERS = {"X-GitHub-Event": "push"}
RULES = {"github": {"push": {"branches": {"precise": ["main"]}}}}


@pytest.fixture
async def acme(world):
    """Return a world with a team's application, its OWNER and a stranger."""
    owner = await world.api.user("owner")
    application = await world.application(await world.team("acme", owner), "web")
    await Environment.filter(id=f"{application.id}:test").update(trigger_spec=RULES)
    return world, application, owner, await world.api.user("stranger")


async def preview(world, viewer, **given):
    """Return the answer to a preview."""
    asked = {"provider": "GITHUB", "headers": HEADERS, "body": PUSH, **given}
    return (await world.api.execute(PREVIEW, viewer, input=asked))["triggerPreview"]


async def test_a_preview(acme):
    """One row an environment, with the rule; the header's name in any case."""
    world, application, owner, _ = acme
    for headers in (HEADERS, {"x-github-event": "push"}):
        answer = await preview(world, owner, applicationId=application.id, headers=headers)
        rows = {row["envName"]: row for row in answer["environments"]}
        assert rows["test"]["matched"]
        assert rows["test"]["rule"] == "github.push.branches.precise[0]: main"
        assert not any(row["matched"] for name, row in rows.items() if name != "test")
        assert all(row["reason"] and row["task"] is None for row in rows.values())


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"headers": {}}, ["body"]),
        ({"body": []}, ["body"]),
        ({"body": {"ref": 1}}, ["body"]),
        ({"headers": []}, None),
        ({"headers": {"X-GitHub-Event": 1}}, None),
        ({"provider": "GIT"}, None),
        ({"provider": "GITEE"}, ["body"]),
    ],
)
async def test_what_is_no_delivery(acme, given, field):
    """Is said where it is wrong."""
    world, application, owner, _ = acme
    answer = await preview(world, owner, applicationId=application.id, **given)
    assert answer["code"] == "INVALID"
    assert answer["field"] == field
    assert answer["issues"] or field


async def test_strangers_and_guests(acme):
    """They are told the same as of an application that is not there."""
    world, application, _, stranger = acme
    there = await preview(world, stranger, applicationId=application.id)
    nowhere = await preview(world, stranger, applicationId="a_none")
    assert there == nowhere
    assert there["code"] == "NOT_FOUND"
    assert (await preview(world, None, applicationId=application.id))["code"] == "UNAUTHENTICATED"


async def test_a_secret_is_shown_once_and_kept_sealed(acme):
    """Each rotation makes another; without one the webhook is off."""
    world, application, owner, _ = acme
    shown = "secret application { webhook { url secretSet lastDeliveryTime } }"
    made = [
        await world.done("rotateWebhookSecret", owner, shown, applicationId=application.id)
        for _ in range(2)
    ]
    assert made[0]["secret"] != made[1]["secret"]
    assert made[1]["application"]["webhook"]["url"].endswith(f"/webhooks/{application.id}")
    stored = (await Application.get(id=application.id)).repo_webhook_secret
    assert stored.split(":")[2] == "2"
    assert made[1]["secret"] not in stored
    await world.delivery(application)
    query = "query ($id: ID!) { application(id: $id) { webhook { lastDeliveryTime } } }"
    found = await world.api.execute(query, owner, id=application.id)
    assert found["application"]["webhook"]["lastDeliveryTime"].startswith("2026-01-01")
    off = await world.done(
        "removeWebhookSecret",
        owner,
        "application { webhook { url } }",
        applicationId=application.id,
    )
    assert off["application"]["webhook"] is None


async def test_a_service_that_may_not_be_asked_is_a_problem(acme, forge_url):
    """For whatever tells it of a webhook; what goes is gone, and what is left is said."""
    world, application, owner, _ = acme
    services = world.api.server.services
    team = await Org.get(name="acme")
    await link(team, services.vault, Provider.GITLAB, forge_url)
    hosted = {"provider": "gitlab", "repo_url": f"{forge_url}/acme/shop.git"}
    await Application.filter(id=application.id).update(**hosted)
    asked = {"applicationId": application.id}
    shown = "application { webhook { url registeredUrl } }"
    made = await world.done("syncWebhook", owner, shown, **asked)
    url = made["application"]["webhook"]["registeredUrl"]
    assert url == made["application"]["webhook"]["url"]

    async with AsyncExitStack() as held:
        for _ in range(ASKED_PER_TEAM_MAX):
            await held.enter_async_context(services.integrations.room("acme"))
        for name in ("syncWebhook", "rotateWebhookSecret"):
            assert await world.code(name, owner, **asked) == "LIMIT_EXCEEDED"
        new = {"orgName": "acme", "name": "new", "provider": "GITLAB", "repoId": "2"}
        new["repoUrl"] = f"{forge_url}/acme/shop.git"
        assert await world.code("createApplication", owner, **new) == "LIMIT_EXCEEDED"
        assert await Application.all().count() == 1
        off = await world.done("removeWebhookSecret", owner, "webhooksLeft", **asked)
    assert off["webhooksLeft"] == [url]
    await world.done("syncWebhook", owner, shown, **asked)
    off = await world.done("removeWebhookSecret", owner, "webhooksLeft", **asked)
    assert off["webhooksLeft"] == []


async def test_the_id_of_a_repository_goes_with_its_address(acme):
    """Deliveries of the one before are another repository's; its forks share its commits."""
    world, application, owner, _ = acme
    before = (await Application.get(id=application.id)).repo_id
    given = {"applicationId": application.id}
    for url, same in (
        (application.repo_url, True),
        ("https://example.com/acme/elsewhere", False),
    ):
        await world.done("updateApplication", owner, "application { id }", **given, repoUrl=url)
        assert ((await Application.get(id=application.id)).repo_id == before) == same

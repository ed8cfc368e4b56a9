"""A whole server deploys a commit, and the commit shows it."""

import asyncio

import pytest

from db.models import Org
from providers import Provider
from tests.hosting import hosting

DEPLOY = """mutation D($input: DeployInput!) { deploy(input: $input) {
  ... on DeployPayload { task { id commit } } ... on Problem { code message field } } }"""
DONE_SECONDS = 40.0


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("run", "state"), [("true", "success"), ("false", "failure")])
async def test_a_commit_shows_its_deploy(api, application_of, tmp_path, run, state):
    """From the mutation to the service, and no commit that is not there."""
    ann = await api.user("ann")
    owner = await Org.create(
        id="u_ann:acme", user=ann, name="acme", role="OWNER", secrets={}, third_part={}
    )
    application = await application_of(owner, "web")
    async with hosting(Provider.GITLAB, tmp_path) as hosted, api.server.running():
        await hosted.connect(application, api.server.services.vault)
        pipeline = {"serverless-pipeline.yaml": f"steps: [{{run: '{run}'}}]\n"}
        commit = await asyncio.to_thread(hosted.commit, "one", **pipeline)
        given = {"applicationId": application.id, "envName": "live"}
        refused = await api.execute(DEPLOY, ann, input={**given, "commit": "f" * 40})
        made = await api.execute(DEPLOY, ann, input={**given, "commit": commit})
        async with asyncio.timeout(DONE_SECONDS):
            while not hosted.state.statuses or hosted.state.statuses[-1]["state"] in {
                "pending",
                "running",
            }:
                await asyncio.sleep(0.05)

    assert refused["deploy"]["code"] == "INVALID"
    assert refused["deploy"]["field"] == ["commit"]
    assert made["deploy"]["task"]["commit"] == commit
    newest = hosted.state.statuses[-1]
    assert newest["state"] == ("failed" if state == "failure" else state)
    assert (newest["context"], newest["commit"]) == ("rollway/web/live", commit)
    assert {each["commit"] for each in hosted.state.statuses} == {commit}

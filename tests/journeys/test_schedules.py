"""A schedule deploys by the clock: once, with two servers that look at it."""

import asyncio
import time
from collections import Counter

import pytest

TICK_SECONDS = 120.0
ENVIRONMENTS = ("blue", "green", "red")
SHOWN = """query S($id: ID!) { application(id: $id) {
  environments { name nextScheduledTime scheduleProblem }
  tasks(first: 100) { nodes { envName status triggerType triggerPayload commit
    trigger { ... on ScheduleTrigger { cron timeZone } } } } } }"""


@pytest.mark.slow
async def test_a_minute_deploys_once(two_servers, member_of, repository):
    """Every environment has one task for it, which runs; the other server looked as well."""
    here, there = two_servers
    member = await member_of(here)
    code = repository("steps: [{run: echo shipped}]")
    entry = {"cron": "* * * * *", "timezone": "Europe/Berlin", "branch": "main"}
    rules = {"schedule": [entry]}
    application = await member.create_application(
        code.url, environments=[{"name": each, "triggerSpec": rules} for each in ENVIRONMENTS]
    )
    end = time.monotonic() + TICK_SECONDS
    while True:
        shown = (await member.query(SHOWN, id=application))["application"]
        tasks = shown["tasks"]["nodes"]
        done = {each["envName"] for each in tasks if each["status"] == "SUCCESS"}
        if done == {*ENVIRONMENTS}:
            break
        assert time.monotonic() < end, [shown, here.log, there.log]
        await asyncio.sleep(0.5)

    made = Counter((each["envName"], each["triggerPayload"]["scheduledTime"]) for each in tasks)
    assert set(made.values()) == {1}
    assert {each["triggerType"] for each in tasks} == {"schedule"}
    assert {each["commit"] for each in tasks} == {code.git("rev-parse", "HEAD").strip()}
    for each in tasks:
        assert each["trigger"] == {"cron": entry["cron"], "timeZone": entry["timezone"]}
    for each in shown["environments"]:
        assert each["nextScheduledTime"]
        assert each["scheduleProblem"] is None

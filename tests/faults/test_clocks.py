"""Servers whose clocks differ, one of which dies at the tick: each tick is one task."""

import asyncio
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from tests.faults.rig import clock
from tests.faults.rig.ledger import pipeline

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

OFF_SECONDS = (5.0, 0.0, -5.0)
BEGIN_SECOND = 25.0  # of the minute, by the second server's clock, when the servers are made
LATE_SECONDS = 2.0
ENVIRONMENTS = [f"e{number}" for number in range(6)]
ENTRY = {"cron": "* * * * *", "timezone": "Europe/Berlin", "branch": "main"}
SHOWN = """query S($id: ID!) { application(id: $id) {
  environments { nextScheduledTime scheduleProblem }
  tasks(first: 100) { nodes { id envName createdTime finishedTime status triggerType commit
    triggerPayload trigger { ... on ScheduleTrigger { cron timeZone } } } } } }"""


async def test_a_tick_is_one_task(house_of):
    """For each environment, in time, though the server whose clock is ahead is killed at it."""
    base = (BEGIN_SECOND - time.time()) % 60

    def shifted(house):
        for server, off in zip(house.servers, OFF_SECONDS, strict=True):
            server.before = [sys.executable, str(Path(clock.__file__)), str(base + off)]

    house = await house_of(servers=3, workers=0, prepare=shifted)
    url = await asyncio.to_thread(house.repository, "code", pipeline(house.ledger))
    rules = {"schedule": [ENTRY]}
    application = await house.client.application(
        "app", url, environments=[{"name": each, "triggerSpec": rules} for each in ENVIRONMENTS]
    )
    shown = (await house.client.query(SHOWN, id=application))["application"]
    (tick,) = {datetime.fromisoformat(e["nextScheduledTime"]) for e in shown["environments"]}
    first, *_, last = (tick.timestamp() - base - off for off in OFF_SECONDS)
    await house.add(house.worker("worker"))
    await asyncio.sleep(first + 0.2 - time.time())
    await asyncio.to_thread(house.servers[0].kill9)
    await asyncio.sleep(last + LATE_SECONDS - time.time())
    shown = (await house.client.query(SHOWN, id=application))["application"]
    tasks = await house.ended(*(each["id"] for each in shown["tasks"]["nodes"]))

    assert Counter(each["envName"] for each in shown["tasks"]["nodes"]) == Counter(ENVIRONMENTS)
    assert {each["status"] for each in tasks} == {"SUCCESS"}
    for each in shown["tasks"]["nodes"]:
        created = datetime.fromisoformat(each["createdTime"])
        assert datetime.fromisoformat(each["triggerPayload"]["scheduledTime"]) == tick
        assert 0 <= (created - tick).total_seconds() < LATE_SECONDS
        assert each["triggerType"] == "schedule"
        assert each["trigger"] == {"cron": ENTRY["cron"], "timeZone": ENTRY["timezone"]}
    for each in shown["environments"]:
        assert datetime.fromisoformat(each["nextScheduledTime"]) > tick
        assert each["scheduleProblem"] is None

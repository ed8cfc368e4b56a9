"""Two servers on one database: a delivery happens once, whoever gets it and whoever dies."""

import asyncio
import base64
import secrets
from dataclasses import replace
from uuid import uuid4

import pytest

from tests.journeys.test_webhooks import PIPELINE, hook_of, tasks

DELIVERIES = 12
COPIES = 5


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_two_servers(postgres_url, rollway_of, tmp_path, member_of, connect, repository):
    """Each has copies of each delivery, and one is killed with the work half done."""
    settings = {
        "ROLLWAY_DATABASE_URL": postgres_url,
        "ROLLWAY_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    servers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        servers.append(rollway_of(folder=tmp_path / name, settings=settings))
        await asyncio.to_thread(servers[-1].start)
    dies, stays = servers
    client = await member_of(stays)
    hook = await hook_of(client, repository(PIPELINE))
    path = f"/webhooks/{hook.application}"
    pushes = [(hook.push(ref=f"refs/tags/v{index}"), str(uuid4())) for index in range(DELIVERIES)]

    async def send(server, body, name):
        there = replace(hook, url=f"{server.url}{path}")
        return await there.send(body, **{"X-GitHub-Delivery": name})

    answers = await asyncio.gather(
        *(send(servers[copy % 2], body, name) for body, name in pushes for copy in range(COPIES))
    )
    dies.kill9()

    codes = [answer.status_code for answer in answers]
    assert (codes.count(202), codes.count(200)) == (DELIVERIES, DELIVERIES * (COPIES - 1))
    for delivery_id in {answer.json()["deliveryId"] for answer in answers}:
        assert (await hook.done(delivery_id))["verdicts"][0]["task"]
    assert len(await hook.deliveries()) == DELIVERIES
    assert await tasks(hook) == DELIVERIES
    await asyncio.to_thread(dies.restart)  # it ends what its tasks have left behind

"""Deploy hooks over real sockets: a call runs the pipeline, and no log has the address."""

import asyncio
import sqlite3
from contextlib import closing
from urllib.parse import urlsplit

import httpx2
import pytest

PIPELINE = "steps: [{run: 'echo $WHAT', env: {WHAT: '${{ git.branch }} ${{ secrets.TOKEN }}'}}]"
SECRET = [{"key": "TOKEN", "value": "s3cret-value"}]


async def hook_of(client, application):
    """Return the address and the id of a new hook of the environment live."""
    given = {"applicationId": application, "envName": "live", "name": "ci"}
    made = await client.done("createDeployHook", "url deployHook { id }", **given)
    return made["url"], made["deployHook"]["id"]


async def post(url, **body):
    """Call an address; return the answer."""
    async with httpx2.AsyncClient(timeout=30) as http:
        return await http.post(url, json=body)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_call_runs_the_pipeline_and_the_address_is_written_nowhere(
    rollway_of, member_of, repository
):
    """With the environment's secrets; what the log says at its most talkative leads to no hook."""
    server = rollway_of(settings={"ROLLWAY_LOG_LEVEL": "debug"})
    server.start()
    member = await member_of(server)
    live = {"name": "live", "secrets": SECRET}
    application = await member.create_application(repository(PIPELINE).url, environments=[live])
    url, hook_id = await hook_of(member, application)
    assert url.startswith(f"{server.url}/deploy-hooks/rwh_")

    answers = await asyncio.gather(*(post(url, idempotencyKey="1") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [202]
    (task_id,) = {answer.json()["taskId"] for answer in answers}
    events = await member.events(task_id)
    assert events[-1]["status"] == "SUCCESS", events
    assert [line["text"] for line in await member.log(task_id, 1)] == ["main ***"]

    rotated = await member.done("rotateDeployHook", "url", deployHookId=hook_id)
    assert (await post(url)).status_code == 404
    assert (await post(rotated["url"], ref="nosuch")).status_code == 400
    async with httpx2.AsyncClient() as http:
        assert (await http.get(rotated["url"])).status_code == 405
    await member.done("revokeDeployHook", "deletedId", deployHookId=hook_id)
    assert (await post(rotated["url"])).status_code == 404
    server.restart()
    assert (await post(server.url + urlsplit(rotated["url"]).path)).status_code == 404

    with closing(sqlite3.connect(server.data / "rollway.sqlite3")) as connection:
        kept = "\n".join(connection.iterdump())
    for address in (url, rotated["url"]):
        token = address.rpartition("/")[2]
        assert token[12:] not in server.log
        assert token[12:] not in kept
    assert "deploy_hook" in kept


async def test_a_body_that_breaks_off(member, repository):
    """The server has nothing to complain about, and nothing is deployed."""
    live = {"name": "live"}
    application = await member.create_application(repository(PIPELINE).url, environments=[live])
    url, _ = await hook_of(member, application)
    address = urlsplit(url)
    for rest in (b"Content-Length: 500\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{"):
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"POST {address.path} HTTP/1.1\r\nHost: x\r\n".encode() + rest)
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.transport.abort()
    answer = await post(url)
    assert answer.status_code == 202
    query = "query ($id: ID!) { application(id: $id) { tasks { nodes { id } } } }"
    found = await member.query(query, id=application)
    assert found["application"]["tasks"]["nodes"] == [{"id": answer.json()["taskId"]}]
    await member.events(answer.json()["taskId"])

"""GraphQL over HTTP with others' programs: the audits of the draft, and clients that are cut."""

import asyncio
import json
import random
import shutil

import pytest

from tests.cutting import cutting

NODE_SECONDS = 60
AUDITS = 61
CUTS = 4
PRINTS = """
steps:
  - run: for i in $(seq 60); do echo line $i; sleep 0.03; done
"""


async def node(folder, program, *arguments):
    """Return what a program prints, read as JSON."""
    process = await asyncio.create_subprocess_exec(
        shutil.which("node"),
        program,
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(NODE_SECONDS):
            printed, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaints.decode()
    return json.loads(printed)


@pytest.mark.slow
async def test_every_audit_passes(rollway_up, http_audits):
    """Each MUST, SHOULD and MAY of the draft, as the audits of `graphql-http` read it."""
    results = await node(http_audits, "audits.js", f"{rollway_up.url}/graphql")

    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == AUDITS


@pytest.mark.slow
async def test_urqls_own_fetch_resumes(rollway_up, client_kit, member, repository):
    """It subscribes without a transport of ours, is cut, resumes: nothing lost, nothing doubled."""
    chance = random.Random("urql")
    application = await member.create_application(repository(PRINTS).url)
    task = await member.deploy(application)
    cuts = [chance.randint(300, 1200) for _ in range(CUTS)]
    async with cutting(rollway_up.url, cuts) as proxy:
        watched = await node(client_kit, "watch.js", f"{proxy.url}/graphql", member.token, task)
    wanted = await member.pages(task)

    assert [each["seq"] for each in watched["seen"]] == [each["seq"] for each in wanted]
    assert "".join(each.get("text", "") for each in watched["seen"]) == "".join(
        each.get("text", "") for each in wanted
    )
    assert watched["begun"] > CUTS, watched["faults"]

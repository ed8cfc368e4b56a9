"""GraphQL over HTTP with others' programs: the audits of the draft, and clients that are cut."""

import asyncio
import json
import random
import shutil
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest

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


class Cutting:
    """Stands between clients and a server, and cuts connections after some bytes of the answer."""

    def __init__(self, url, cuts):
        self.host, self.port = urlsplit(url).hostname, urlsplit(url).port
        self.cuts = list(cuts)
        self.serving = set()

    async def serve(self, reader, writer):
        """Pass on what both sides say."""
        self.serving.add(asyncio.current_task())
        upstream, downstream = await asyncio.open_connection(self.host, self.port)
        sending = asyncio.create_task(self._pass(reader, downstream, None))
        try:
            await self._pass(upstream, writer, self.cuts.pop(0) if self.cuts else None)
        finally:
            sending.cancel()
            for each in (writer, downstream):
                each.transport.abort()
                with suppress(ConnectionError):
                    await each.wait_closed()

    @staticmethod
    async def _pass(reader, writer, most):
        with suppress(ConnectionError):
            while (most is None or most > 0) and (data := await reader.read(4096)):
                writer.write(data if most is None else data[:most])
                await writer.drain()
                most = None if most is None else most - len(data)


@asynccontextmanager
async def cutting(url, cuts):
    """Give the address of a server that cuts the first connections after so many bytes."""
    made = Cutting(url, cuts)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for each in made.serving:
            each.cancel()
        await asyncio.wait(made.serving)


@pytest.mark.slow
async def test_every_audit_passes(rollway_up, http_clients):
    """Each MUST, SHOULD and MAY of the draft, as the audits of `graphql-http` read it."""
    results = await node(http_clients, "audits.js", f"{rollway_up.url}/graphql")

    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == AUDITS


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sse", "urql", "apollo"])
async def test_a_client_that_is_cut_resumes(rollway_up, http_clients, member, repository, kind):
    """It signs in, subscribes, is cut again and again, resumes: nothing lost, nothing doubled."""
    chance = random.Random(kind)
    application = await member.create_application(repository(PRINTS).url)
    task = await member.deploy(application)
    cuts = [chance.randint(300, 1200) for _ in range(CUTS)]
    async with cutting(rollway_up.url, cuts) as url:
        watched = await node(http_clients, "watch.js", kind, f"{url}/graphql", member.token, task)
    wanted = await member.pages(task)

    assert [each["seq"] for each in watched["seen"]] == [each["seq"] for each in wanted]
    assert "".join(each.get("text", "") for each in watched["seen"]) == "".join(
        each.get("text", "") for each in wanted
    )
    assert watched["begun"] > CUTS, watched["faults"]

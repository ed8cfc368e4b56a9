"""Cables that are pulled: nobody is told, and nothing comes back."""

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.rig import forward, ledger, network
from tests.faults.rig.house import House
from tests.faults.rig.wire import Wire
from tests.faults.test_servers import judged
from tests.ports import free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not network.usable(), reason=network.WHY_NOT),
]


def never(path):
    """Swallow nothing."""
    return False


@contextmanager
def forwarding(words, host, port):
    """Give the port of the network's own machine that leads to a server outside."""
    own = free_port()
    command = [*words, sys.executable, str(Path(forward.__file__)), str(own), host, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield own
        finally:
            process.kill()


async def test_a_server_that_lost_its_database():
    """Workers ask the other server; no task is lost, and the server comes back by itself."""
    with network.network() as elsewhere:
        data, people = elsewhere.cable(), elsewhere.cable()
        house = House(servers=1, workers=0, hosts=("127.0.0.1", data.here))
        cut = house.server("cut", people.there)
        cut.before = elsewhere.words
        cut.env["ROLLWAY_DATABASE_URL"] = house.postgres.url("rollway", data.here)
        try:
            await house.up()
            await asyncio.to_thread(cut.start)
            wire = Wire(cut.url, never)
            async with wire.up():
                for name in ("worker-0", "worker-1"):
                    await house.add(house.worker(name, [wire.url, house.servers[0].url]))
                applications = await house.applications(5)
                tasks = [
                    await house.client.deploy(each, inputs={"beats": 50})
                    for each in applications[:4]
                ]
                await house.written(4, "beat")
                data.pull()
                await asyncio.sleep(3 * house.lease_seconds)
                tasks.append(await house.client.deploy(applications[4], inputs={"beats": 3}))
                await judged(house, *tasks)
                data.plug()
                house.client.urls[:] = [cut.url]  # from now on it alone is asked
                house.servers[0].kill9()
                last = await house.client.deploy(applications[0], inputs={"beats": 3})
                await judged(house, last)
                for each in house.workers:
                    each.stop()
        finally:
            cut.stop()
            await house.down()


async def test_a_worker_that_lost_its_network():
    """It ends its command before another worker begins the next one, and works again later."""
    with network.network() as elsewhere:
        cable = elsewhere.cable()
        house = House(servers=0, workers=0, slots=1)  # a free slot would ask for more, and get it
        server = house.server("server", cable.here)
        house.servers.append(server)
        house.client.urls.append(server.url)
        try:
            await house.up()
            wire = Wire(server.url, never)
            with forwarding(elsewhere.words, cable.here, server.port) as port:
                far = house.worker("far", [f"http://127.0.0.1:{port}"])
                far.before = elsewhere.words
                await house.add(far)
                (application,) = await house.applications(1)
                first = await house.client.deploy(application, inputs={"beats": 300})
                await house.written(1, "beat")
                async with wire.up():
                    near = house.worker("near", [wire.url])
                    await house.add(near)
                    cable.pull()
                    second = await house.client.deploy(application, inputs={"beats": 3})
                    lost, done = await house.ended(first, second)
                    runs = ledger.read(house.ledger)
                    await asyncio.to_thread(near.stop)
                cable.plug()
                third = await house.client.deploy(application, inputs={"beats": 3})
                await judged(house, third)

            assert (lost["status"], done["status"]) == ("LOST", "SUCCESS")
            assert [run.worker for run in runs] == ["far", "near"]
            assert runs[0].last < runs[1].begin
            assert far.process.poll() is None
        finally:
            await house.down()

"""What compose.yaml starts, as processes of this machine: same commands, same variables.

Of an installation this does not show the image, the networks and the volumes: that takes an engine
and images. Names become addresses here, folders become the test's, and PostgreSQL is this
machine's.
"""

import asyncio
import os
import re
import shutil
import subprocess
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx2
import pytest

from tests import logs
from tests.deploy.installation import DEPLOY, Compose, make_secrets
from tests.ports import free_port

UP_SECONDS = 60.0
END_SECONDS = 40.0
ALLOWED = {  # the repository is a folder, its steps meet in one
    "ROLLWAY_REPOSITORIES": "file,private",
    "ROLLWAY_ISOLATION": "plain",
    "ROLLWAY_DRAIN_SECONDS": "10",
}
PIPELINE = """
steps:
  - run: echo hello | tee said
    artifacts: {name: said, paths: said}
"""
ARTIFACTS = "query K($id: ID!) { task(id: $id) { artifacts { url } } }"
WORKERS = "query W($name: String!) { org(name: $name) { workers { name online running } } }"


class Stack:
    """The services of compose.yaml in a folder."""

    def __init__(self, folder, database, command):
        (folder / "secrets").mkdir()
        assert make_secrets(folder / "secrets").returncode == 0
        self.compose = Compose(folder / "secrets")
        self.folder = folder
        self.database = database
        self.command = command
        self.processes = {}
        names = ("server-1", "server-2", "balancer", "worker-1", "worker-2")
        self.ports = {name: free_port() for name in names}

    def here(self, name, text):
        """Return a text of a service as it must be on this machine."""
        for volume in self.compose.services[name].get("volumes", ()):
            source, target = volume.split(":")[:2]
            text = re.sub(rf"^{target}(?=/|$)", str(self.folder / source), text)
        text = re.sub(r"^postgres://.*@postgres/.*", self.database, text)
        for server in ("server-1", "server-2"):
            text = text.replace(f"{server}:8000", f"127.0.0.1:{self.ports[server]}")
        return text.replace("localhost:8080", f"127.0.0.1:{self.ports['balancer']}")

    def environment(self, name):
        """Return the variables of a service."""
        found = self.compose.environment(name)
        found = {key: self.here(name, value) for key, value in found.items()}
        found |= {"PATH": f"{os.defpath}:/usr/local/bin", "HOME": str(self.folder), **ALLOWED}
        found["ROLLWAY_HOST"] = "127.0.0.1"
        if name in self.ports:
            found["ROLLWAY_PORT"] = str(self.ports[name])
        if "ROLLWAY_WORKER_METRICS" in found:
            found["ROLLWAY_WORKER_METRICS"] = f"127.0.0.1:{self.ports[name]}"
        if "ROLLWAY_TRUSTED_PROXIES" in found:
            found["ROLLWAY_TRUSTED_PROXIES"] = "127.0.0.1"
        if "/data" in found["ROLLWAY_DATA"][:5]:  # one that keeps nothing
            found["ROLLWAY_DATA"] = str(self.folder / f"{name}.data")
        return found

    def start(self, name):
        """Start a service."""
        if name == "balancer":
            text = (DEPLOY / "compose" / "haproxy.cfg").read_text()
            text = text.replace("bind :8080", f"bind 127.0.0.1:{self.ports[name]}")
            local = self.folder / "haproxy.cfg"
            local.write_text(self.here(name, text))
            command, env = ["haproxy", "-f", str(local)], None
        else:
            for volume in self.compose.services[name].get("volumes", ()):
                (self.folder / volume.split(":")[0]).mkdir(exist_ok=True)
            given = [self.here(name, word) for word in self.compose.services[name]["command"]]
            command, env = [self.command, *given], self.environment(name)
        with (self.folder / f"{name}.log").open("a") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def log(self, name):
        """Return what a service has printed."""
        return (self.folder / f"{name}.log").read_text()

    def up(self):
        """Start all services, each once those it depends on are as it asks."""
        services = {
            name: each for name, each in self.compose.services.items() if name != "postgres"
        }
        done = {"postgres"}
        while len(done) <= len(services):
            ready = [
                name
                for name, each in services.items()
                if name not in done and set(each.get("depends_on", ())) <= done
            ]
            assert ready
            for name in ready:
                self.start(name)
            for name in ready:
                self.wait(name)
            done |= set(ready)

    def wait(self, name):
        """Wait for a service to be healthy, or to have ended well if it is one that ends."""
        once = self.compose.services[name].get("restart") == "on-failure"
        end = time.monotonic() + UP_SECONDS
        while time.monotonic() < end:
            code = self.processes[name].poll()
            if code is not None:
                assert once, self.log(name)
                assert code == 0, self.log(name)
                return
            if not once and self.healthy(name):
                return
            time.sleep(0.1)
        pytest.fail(f"{name} does not come up: {self.log(name)}")

    def healthy(self, name):
        """Ask what the service's health check asks."""
        try:
            answer = httpx2.get(f"http://127.0.0.1:{self.ports[name]}/healthz", timeout=2)
        except httpx2.TransportError:
            return False
        return answer.status_code == 200

    def stop(self, name):
        """End a service as an engine does; return its exit code."""
        self.processes[name].terminate()
        return self.processes[name].wait(END_SECONDS)

    def down(self):
        """End all that runs."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def stack(tmp_path, postgres_url, rollway_class):
    """Return the stack, which has nothing running."""
    if shutil.which("haproxy") is None:
        pytest.skip("haproxy is not installed: the stack of compose.yaml is not tested")
    made = Stack(tmp_path, postgres_url, rollway_class(tmp_path).command)
    yield made
    made.down()
    for name in made.compose.ours:
        logs.check(made.log(name))


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_fresh_stack_deploys(stack, member_of, repository, told):
    """Nobody hands a token over; a server and a worker may go; a second start changes nothing."""
    await asyncio.to_thread(stack.up)
    public = SimpleNamespace(url=f"http://127.0.0.1:{stack.ports['balancer']}")
    client = await member_of(public)
    application = await client.create_application(repository(PIPELINE).url)
    task, events = await client.run(application, envName="default")
    (artifact,) = (await client.query(ARTIFACTS, id=task))["task"]["artifacts"]
    headers = {"Authorization": f"Bearer {client.token}"}
    copies = {
        (
            await client.http.get(f"http://127.0.0.1:{stack.ports[name]}{path}", headers=headers)
        ).content
        for name in ("server-1", "server-2")
        for path in (urlsplit(artifact["url"]).path,)
    }
    workers = (await client.query(WORKERS, name=client.team))["org"]["workers"]

    assert told.text(events, 1).startswith("hello\n")
    assert artifact["url"].startswith(public.url)
    assert [b"hello" in copy for copy in copies] == [True]
    assert [(each["name"], each["online"]) for each in workers] == [
        ("worker-1", True),
        ("worker-2", True),
    ]

    codes = [await asyncio.to_thread(stack.stop, name) for name in ("server-1", "worker-2")]
    _, events = await client.run(application, envName="default")

    assert codes == [0, 0]
    assert told.text(events, 1).startswith("hello\n")

    for name in ("migrate", "invite-2", "server-1", "worker-2"):
        stack.start(name)
        await asyncio.to_thread(stack.wait, name)
    token = stack.environment("worker-2")["ROLLWAY_METRICS_TOKEN"]
    pages = [
        httpx2.get(
            f"http://127.0.0.1:{stack.ports[name]}/metrics",
            headers={"Authorization": f"Bearer {token}"},
        )
        for name in ("worker-1", "worker-2")
    ]
    ended = [re.findall(r"^rollway_tasks_ended_total.*", page.text, re.MULTILINE) for page in pages]

    assert "worker-2 is registered already." in stack.log("invite-2")
    assert httpx2.get(f"http://127.0.0.1:{stack.ports['worker-1']}/metrics").status_code == 401
    assert "rollway_worker_slots 4.0" in pages[1].text
    assert any('status="success"' in line for lines in ended for line in lines)

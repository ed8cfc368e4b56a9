"""Real servers, real repositories, and a client that speaks to them as any other client would."""

import asyncio
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sysconfig
import time
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from gql import Client as GqlClient
from gql import GraphQLRequest
from gql.transport.websockets import WebsocketsTransport
from playwright.async_api import async_playwright, expect

from tests import logs, steps

START_SECONDS = 60.0
STOP_SECONDS = 40.0
WAIT_SECONDS = 45.0
PASSWORD = "correct horse battery"

EVENTS = """
subscription Watch($taskId: ID!, $after: Int!) {
  taskEvents(taskId: $taskId, after: $after) {
    __typename seq time
    ... on TaskStatusChanged { status }
    ... on StepStatusChanged { stepIndex name stepStatus: status exitCode error }
    ... on StepOutput {
      stepIndex text firstLine lines { number text partial stream time }
    }
    ... on StreamEnd { status }
  }
}
"""
PAGES = """
query Pages($taskId: ID!, $after: Int!, $first: Int!) {
  task(id: $taskId) { events(after: $after, first: $first) {
    cursor hasMore events {
      __typename seq time
      ... on TaskStatusChanged { status }
      ... on StepStatusChanged { stepIndex name stepStatus: status exitCode error }
      ... on StepOutput {
        stepIndex text firstLine lines { number text partial stream time }
      }
      ... on StreamEnd { status }
    }
  } }
}
"""
TASK = """
query Task($id: ID!) { task(id: $id) {
  id status completed ref branch tag commit message triggerType createdTime startedTime finishedTime
  trigger { __typename type } sourceTask { id }
  steps { index name status exitCode error startedTime finishedTime }
} }
"""
CHROMIUM = shutil.which("chromium")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PROBLEM = """... on Problem { code message field retryable
  ... on InvalidProblem { issues { field message } } }"""


def pytest_addoption(parser):
    """Let a person keep the playground's picture."""
    parser.addoption("--screenshot", default=None, help="where to save the playground's picture")


class Rollway:
    """A server: one process after the other on one data folder.

    *command* is the program, *settings* are ROLLWAY_* variables for it. Its environment holds
    nothing of ours.
    """

    def __init__(self, folder, command=None, settings=None):
        scripts = Path(sysconfig.get_path("scripts"))
        self.command = command or str(scripts / "rollway")
        self.folder = folder
        self.data = folder / "data"
        self.env = {
            "PATH": f"{os.defpath}:/usr/local/bin",
            "HOME": str(folder),
            "ROLLWAY_ISOLATION": "plain",  # steps meet in folders of the test
            **(settings or {}),
        }
        self.log_path = folder / "log"
        self.process = None
        self.url = ""
        self.looked = 0
        self.demo = {}

    @property
    def log(self):
        """What all processes have printed so far."""
        return self.log_path.read_text()

    def start(self):
        """Start a process and wait until it says where it listens."""
        before = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("a") as log:
            self.process = subprocess.Popen(
                [self.command, "up", "--data", str(self.data), "--port", "0"],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + START_SECONDS
        while "Ctrl-C ends it." not in self.log[before:]:
            assert self.process.poll() is None, f"the server ended:\n{self.log[before:]}"
            assert time.monotonic() < end, f"the server does not come up:\n{self.log[before:]}"
            time.sleep(0.05)
        printed = self.log[before:]
        self.url = re.search(r"Playground +(http://\S+)/graphql", printed)[1]
        sign_in = re.search(r"Sign in as +(\S+) +password (\S+)", printed)
        if sign_in is None:  # the database had it already, and not this folder
            return
        self.demo = {
            "login": sign_in[1],
            "password": sign_in[2],
            "application": re.search(r"^ +id (\S+)$", printed, re.MULTILINE)[1],
        }

    def kill9(self):
        """End the server as a power cut would."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def terminate(self):
        """Ask the server to end; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def restart(self):
        """Start the next process on the same data folder."""
        if self.process.poll() is None:
            self.terminate()
        self.start()

    def run(self, *arguments):
        """Run another command of the program to its end."""
        return subprocess.run(
            [self.command, *arguments],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def step_processes(self, task_id=None):
        """Return the processes of steps that still live."""
        return steps.living(self.data, task_id)

    def check_log(self):
        """Check that no process has logged an error since the last look."""
        log = self.log
        news, self.looked = log[self.looked :], len(log)
        logs.check(news)

    def stop(self):
        """End what runs, and check that no process has complained or left one behind."""
        try:
            if self.process and self.process.poll() is None:
                self.terminate()
        finally:
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait(STOP_SECONDS)
        self.check_log()
        assert not self.step_processes(), "the server left processes of steps behind"


@pytest.fixture(scope="session")
def rollway_class():
    """Return what a server is made of, for fixtures of a module."""
    return Rollway


@pytest.fixture(scope="module")
def rollway_up(tmp_path_factory):
    """Yield a running server that the tests of a module share."""
    server = Rollway(tmp_path_factory.mktemp("rollway"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def quiet(request):
    """Check after each test that the module's server had nothing to complain about."""
    shared = "rollway_up" in request.fixturenames and request.getfixturevalue("rollway_up")
    yield
    if shared:
        shared.check_log()


@pytest.fixture
def own_rollway(tmp_path):
    """Yield a running server that the test may kill."""
    server = Rollway(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def rollway_of(tmp_path):
    """Return a function that makes a server, not yet started, of another installation."""
    made = []

    def make(command=None, folder=tmp_path, settings=None):
        made.append(Rollway(folder, command, settings))
        return made[-1]

    yield make
    for server in made:
        if server.process:
            server.stop()


@pytest.fixture
def two_servers(rollway_of, postgres_url, tmp_path):
    """Two servers, each with a folder of its own, that share a database."""
    made = []
    try:
        for name in ("here", "there"):
            folder = tmp_path / name
            folder.mkdir()
            settings = {"ROLLWAY_DATABASE_URL": postgres_url}
            made.append(rollway_of(folder=folder, settings=settings))
            made[-1].start()
        yield made
    finally:
        for server in made:
            server.stop()  # before its database goes


class Client:
    """Somebody who uses a server's API; a guest until a token is set."""

    def __init__(self, url, token=None, language="en"):
        self.url = f"{url}/graphql"
        self.token = token
        self.language = language
        self.team = None
        self.frame_bytes_max = 1024 * 1024  # what most clients take
        self.responses = []  # every text the server sent
        self.http = httpx2.AsyncClient(timeout=WAIT_SECONDS)

    async def post(self, query, variables=None, headers=None):
        """Send an operation; return the response."""
        given = {"Accept-Language": self.language}
        if self.token:
            given["Authorization"] = f"Bearer {self.token}"
        body = {"query": query, "variables": variables or {}}
        response = await self.http.post(self.url, json=body, headers=given | (headers or {}))
        self.responses.append(response.text)
        return response

    async def query(self, query, **variables):
        """Return the data of an operation that has no errors."""
        answer = (await self.post(query, variables)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def mutate(self, name, selection, /, **given):
        """Return what a mutation answered, payload or problem, with its `__typename`."""
        kind = name[0].upper() + name[1:]
        query = f"mutation M($input: {kind}Input!) {{ {name}(input: $input) {{ __typename"
        query += f" ... on {kind}Payload {{ {selection} }} {PROBLEM} }} }}"
        return (await self.query(query, input=given))[name]

    async def done(self, name, selection, /, **given):
        """Return the payload of a mutation that is not refused."""
        answer = await self.mutate(name, selection, **given)
        assert answer["__typename"].endswith("Payload"), answer
        return answer

    async def sign_up(self):
        """Make an account of a fresh name and sign in with it; return the name."""
        username = f"user-{secrets.token_hex(6)}"
        answer = await self.done("signUp", "token", username=username, password=PASSWORD)
        self.token = answer["token"]
        return username

    async def create_org(self):
        """Make a team of a fresh name; return the name."""
        self.team = f"team-{secrets.token_hex(6)}"
        await self.done("createOrg", "org { id role }", name=self.team)
        return self.team

    async def create_application(self, url, **given):
        """Connect a repository to the team; return the application's id."""
        given = {"name": f"app-{secrets.token_hex(6)}", "provider": "GIT", **given}
        answer = await self.done(
            "createApplication", "application { id }", orgName=self.team, repoUrl=url, **given
        )
        return answer["application"]["id"]

    async def deploy(self, application, **given):
        """Deploy; return the task's id."""
        answer = await self.done("deploy", "task { id }", applicationId=application, **given)
        return answer["task"]["id"]

    async def task(self, task_id):
        """Return a task as it stands."""
        return (await self.query(TASK, id=task_id))["task"]

    @asynccontextmanager
    async def connection(self):
        """Open a WebSocket; give a function that begins a subscription on it."""
        transport = WebsocketsTransport(
            url=self.url.replace("http", "ws", 1),
            init_payload={"Authorization": f"Bearer {self.token}"} if self.token else {},
            headers={"Accept-Language": self.language},
            subprotocols=["graphql-transport-ws"],
            connect_args={"max_size": self.frame_bytes_max},
        )
        async with GqlClient(transport=transport, execute_timeout=WAIT_SECONDS) as session:
            yield lambda query, **variables: session.subscribe(
                GraphQLRequest(query, variable_values=variables)
            )

    @asynccontextmanager
    async def subscribe(self, query, **variables):
        """Give an iterator of what a subscription on a WebSocket of its own sends."""
        async with self.connection() as begin:
            received = begin(query, **variables)
            try:
                yield received
            finally:
                await received.aclose()

    async def follow(self, task_id, after=0):
        """Yield a task's events behind *after* as they come, to the StreamEnd."""
        async with self.subscribe(EVENTS, taskId=task_id, after=after) as received:
            async for data in received:
                self.responses.append(json.dumps(data, ensure_ascii=False))
                yield data["taskEvents"]

    async def events(self, task_id, after=0, seconds=WAIT_SECONDS):
        """Return a task's events behind *after*, once its stream has ended."""
        async with asyncio.timeout(seconds):
            return [event async for event in self.follow(task_id, after)]

    async def until(self, task_id, text, seconds=WAIT_SECONDS):
        """Wait until a task has printed *text*."""
        async with asyncio.timeout(seconds):
            seen = ""
            events = self.follow(task_id)
            try:
                async for event in events:
                    seen += event.get("text", "")
                    if text in seen:
                        return
            finally:
                await events.aclose()
        pytest.fail(f"the task ended without printing {text!r}: {seen!r}")

    async def run(self, application, **given):
        """Deploy and wait for the end; return the task's id and its events."""
        task_id = await self.deploy(application, **given)
        return task_id, await self.events(task_id)

    async def pages(self, task_id, first=100):
        """Return a task's journal as its pages give it."""
        events, after, more = [], 0, True
        while more:
            data = await self.query(PAGES, taskId=task_id, after=after, first=first)
            page = data["task"]["events"]
            assert not page["hasMore"] or len(page["events"]) == first
            events += page["events"]
            after, more = page["cursor"], page["hasMore"]
        return events

    async def log(self, task_id, index, first=1000):
        """Return the lines of a step as its log's pages give them."""
        query = """
        query Log($id: ID!, $after: Int!, $first: Int!) { node(id: $id) { ... on Step {
          log(afterLine: $after, first: $first) {
            cursor hasMore truncated lines { number text partial stream }
          }
        } } }
        """
        lines, after, more = [], 0, True
        while more:
            data = await self.query(query, id=f"{task_id}:{index}", after=after, first=first)
            page = data["node"]["log"]
            lines += page["lines"]
            after, more = page["cursor"], page["hasMore"]
        return lines


@pytest.fixture
async def connect():
    """Return a function that makes a client of a server."""
    clients = []

    def make(server, **given):
        clients.append(Client(server.url, **given))
        return clients[-1]

    yield make
    for client in clients:
        await client.http.aclose()


@pytest.fixture
def member_of(connect):
    """Return a function that makes a client with an account and a team of its own."""

    async def make(server, **given):
        client = connect(server, **given)
        await client.sign_up()
        await client.create_org()
        return client

    return make


@pytest.fixture
async def member(rollway_up, member_of):
    """Return a client of the module's server, with an account and a team of its own."""
    return await member_of(rollway_up)


@pytest.fixture
async def isolated_member(rollway_of, member_of):
    """Return a client of a server that isolates steps as well as this machine can."""
    server = rollway_of(settings={"ROLLWAY_ISOLATION": "auto"})
    server.start()
    return await member_of(server)


class Repository:
    """A Git repository on this disk."""

    def __init__(self, folder):
        self.folder = folder
        self.url = folder.as_uri()
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments):
        """Run git in it; return what it printed."""
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.folder,
            capture_output=True,
            check=True,
            text=True,
            timeout=30,
        )
        return done.stdout.strip()

    def commit(self, files):
        """Write files, by name, and commit them; return the commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=Change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    """Return a function that makes a repository: of files, or of a pipeline's text."""
    numbers = iter(range(1000))

    def make(content):
        made = Repository(tmp_path / "repositories" / f"r{next(numbers)}")
        files = {"serverless-pipeline.yaml": content} if isinstance(content, str) else content
        made.commit(files)
        return made

    return make


@pytest.fixture
def told():
    """Return functions that pick from a list of events what steps printed and how they ended."""

    class Told:
        """What events tell."""

        @staticmethod
        def text(events, index):
            """Return what a step printed."""
            return "".join(e["text"] for e in events if e.get("text") and e["stepIndex"] == index)

        @staticmethod
        def statuses(events):
            """Return each step's last status."""
            return {e["stepIndex"]: e["stepStatus"] for e in events if "stepStatus" in e}

        @staticmethod
        def error(events, index):
            """Return the last error a step reported."""
            found = [e["error"] for e in events if "stepStatus" in e and e["stepIndex"] == index]
            return found[-1]

    return Told


@pytest.fixture
def gate(tmp_path):
    """Return a file that steps can wait for."""

    class Gate:
        """Closed until `open`; *wait* is the shell text of a step that stands before it."""

        path = tmp_path / "gate"
        wait = f"while [ ! -e '{path}' ]; do sleep 0.05; done"

        def open(self):
            """Let all through."""
            self.path.touch()

    return Gate()


@pytest.fixture
async def chromium():
    """A fresh browser; each person has a context of their own in it."""
    if CHROMIUM is None:
        pytest.skip("NO PAGE IS TESTED: there is no chromium here, install it")
    expect.set_options(timeout=20_000)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield launched
        await launched.close()


@pytest.fixture
async def browser(chromium):
    """Yield a page of a fresh browser, and the requests and complaints it has made.

    Whatever would leave this machine is blocked and noted.
    """
    context = await chromium.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    page.requested, page.left, page.complaints = [], [], []

    async def judge(route):
        url = urlsplit(route.request.url)
        page.requested.append(url.path)
        if url.scheme in {"data", "blob"} or url.hostname in LOOPBACK:
            await route.continue_()
        else:
            page.left.append(route.request.url)
            await route.abort()

    def heard(message):
        if message.type == "error":  # a breach of the content security policy is one
            page.complaints.append(message.text)

    await context.route("**/*", judge)
    page.on("console", heard)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    await context.close()

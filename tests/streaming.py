"""A server in this process whose tasks say what a test says, and people who watch them."""

import asyncio
import gc
import json
import secrets
import socket
from contextlib import asynccontextmanager

import uvicorn
import websockets
from websockets.exceptions import ConnectionClosed, InvalidMessage

from auth import sessions
from control.port import Draft
from db.ids import new_id
from db.models import Org, User
from db.vault import KEY_BYTES, Vault
from engine.events import Output, Planned, StepChanged, TaskChanged, now
from engine.executors.isolation import Isolation, Level
from engine.state import StepStatus, TaskStatus
from rollway.app import Server
from rollway.connections.cutting import cuttable
from rollway.listen import FRAME_BYTES_MAX
from rollway.settings import UP, load
from rollway.sockets.frames import Protocol
from tests.conftest import make_application

SMALL_BYTES = 8 * 1024  # of a system's buffer, so that a slow reader is noticed
EVENTS = """subscription Watch($id: ID!, $after: Int!) { taskEvents(taskId: $id, after: $after) {
  __typename seq task { id envName }
  ... on StepOutput { text firstLine lines { number text } }
  ... on StepStatusChanged { stepIndex step { id name } stepStatus: status }
  ... on TaskStatusChanged { status } ... on StreamEnd { status } } }"""
OWN = EVENTS.replace("task { id envName }", "task { id envName viewerCan { cancel } }")
MANY = """subscription Many($tasks: [TaskPosition!]!) { tasksEvents(tasks: $tasks) {
  __typename taskId seq ... on StepOutput { text } } }"""
STANDING = """ fragment Standing on Task {
  id status updatedTime application { name } steps { index status } }"""
BOARDS = {
    "orgTasks": "subscription ($org: String!) { orgTasks(orgName: $org) { ...Standing } }",
    "applicationTasks": """subscription ($app: ID!) {
      applicationTasks(applicationId: $app) { ...Standing } }""",
}
SIGNED_OUT = 4403


class Stage:
    """A team with a task that runs as the test says, on a server that can be restarted."""

    def __init__(self, url, folder, **given):
        values = {
            "ROLLWAY_DATA": str(folder),
            "ROLLWAY_DATABASE_URL": url,
            **{f"ROLLWAY_{name.upper()}": value for name, value in given.items()},
        }
        self.settings = load(UP, values, {})
        self.vault = Vault(secrets.token_bytes(KEY_BYTES))
        self.port = 0
        self.server = None
        self.tasks = []
        self.lines = 0
        self._leases = {}
        self._received = {}
        self._running = None

    @property
    def task(self):
        """Return the task that runs."""
        return self.tasks[-1] if self.tasks else None

    async def start(self):
        """Serve; nothing runs but the API."""
        self.server = Server(self.settings, self.vault, Isolation(Level.PLAIN))
        listening = socket.create_server(("127.0.0.1", self.port))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BYTES)
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(
            self.server.app(),
            http=cuttable(),
            lifespan="off",
            log_config=None,
            access_log=False,
            ws=Protocol,
            ws_per_message_deflate=False,
            ws_max_size=FRAME_BYTES_MAX,
            timeout_graceful_shutdown=2,
        )
        self._serving = uvicorn.Server(config)
        self._running = asyncio.create_task(self._serving.serve(sockets=[listening]))
        while not self._serving.started:
            await asyncio.sleep(0.002)

    async def stop(self):
        """End the server as SIGTERM does."""
        self.server.leave()
        self._serving.should_exit = True
        await self._running
        gc.collect()  # what is left unawaited is ours, not the next test's

    @property
    def connections(self):
        """Return what is connected, of whatever protocol."""
        return self._serving.server_state.connections

    async def restart(self):
        """End it, and start another one on the same database."""
        await self.stop()
        await self.start()

    async def furnish(self):
        """Make a user, their team and a task that runs; return the user."""
        name = f"ann-{secrets.token_hex(6)}"
        user = await User.create(id=f"u_{name}", username=name)
        self.team = f"team-{name}"
        org = await Org.create(
            id=f"{user.id}:{self.team}", user=user, name=self.team, role="OWNER", secrets={}
        )
        self.application = await make_application(org, "web")
        await self.begin()
        return user

    async def submit(self, env_name="test"):
        """Queue a task; return its id."""
        draft = Draft(
            id=new_id("t"),
            app_id=self.application.id,
            env_name=env_name,
            trigger_type="manual",
            trigger_payload={},
        )
        return (await self.server.queue.submit(draft)).id

    async def begin(self, env_name="test", steps=1):
        """Begin a task; its environment has none that runs. The first step runs."""
        task = await self.submit(env_name)
        claimed = await self.server.queue.claim("w")
        assert claimed.lease.task_id == task
        self.tasks.append(task)
        self._leases[task], self._received[task] = claimed.lease, 0
        self.lines = 0
        names = tuple(["say"] * steps)
        await self.tell(
            Planned(time=now(), steps=names, pipeline="", commit="1" * 40),
            StepChanged(time=now(), index=1, status=StepStatus.RUNNING),
        )

    async def tell(self, *events, task=None):
        """Have the worker report, of the task that began last or of another one."""
        task = task or self.task
        await self.server.queue.append(self._leases[task], self._received[task], events)
        self._received[task] += len(events)

    async def say(self, count, size=10):
        """Print *count* lines of *size* characters, each an event of its own."""
        events = []
        for _ in range(count):
            self.lines += 1
            text = f"{self.lines} ".ljust(size, "\u4e2d") + "\n"
            events.append(Output(time=now(), index=1, first_line=self.lines, text=text))
        await self.tell(*events)

    async def finish(self, task=None, step=1):
        """End a task, and the step of it that runs."""
        task = task or self.task
        await self.tell(StepChanged(time=now(), index=step, status=StepStatus.SUCCESS), task=task)
        changed = TaskChanged(time=now(), status=TaskStatus.SUCCESS)
        await self.server.queue.finish(self._leases[task], changed)

    async def journal(self, task=None):
        """Return every event stored."""
        return [entry async for entry in self.server.queue.tail({task or self.task: 0})]

    @asynccontextmanager
    async def connected(self, token=None):
        """Give a socket that was acknowledged; its own buffers are small."""
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BYTES)
        plain.settimeout(0)
        try:
            await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", self.port))
        except OSError:
            plain.close()
            raise
        async with websockets.connect(
            f"ws://127.0.0.1:{self.port}/graphql",
            sock=plain,
            subprotocols=["graphql-transport-ws"],
            max_queue=1,
            close_timeout=0.2,
            compression=None,
        ) as opened:
            payload = {"Authorization": f"Bearer {token}"} if token else {}
            await opened.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert json.loads(await opened.recv())["type"] == "connection_ack"
            yield opened


class Client:
    """Somebody who subscribes again however often they are cut off."""

    def __init__(self, stage, token):
        self.stage = stage
        self.token = token
        self.codes = []
        self.news = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self._socket = None
        self._task = asyncio.create_task(self._watch())

    def asked(self):
        """Return what is subscribed to now."""
        raise NotImplementedError

    def take(self, data):
        """Note what came."""
        raise NotImplementedError

    @property
    def over(self):
        """Tell whether nothing is to be subscribed to any more."""
        return False

    def cut(self):
        """Drop the connection, in the middle of whatever comes."""
        if self._socket is not None:
            self._socket.transport.abort()

    def stall(self):
        """Read no more, for the time being."""
        self.reading.clear()

    def read(self):
        """Read on."""
        self.reading.set()

    async def ended(self):
        """Wait for the stream's end."""
        await self._task

    async def close(self):
        """Go away."""
        self._task.cancel()
        await asyncio.wait({self._task})

    async def until(self, happened):
        """Wait until something has come."""
        while not happened():
            self.news.clear()
            await self.news.wait()

    async def _watch(self):
        while not self.over:
            try:
                async with self.stage.connected(self.token) as self._socket:
                    await self._take()
            except (ConnectionClosed, InvalidMessage, OSError):
                await asyncio.sleep(0.005)
            if self._socket is not None and self._socket.close_code is not None:
                self.codes.append(self._socket.close_code)
                if self._socket.close_code == SIGNED_OUT:
                    return

    async def _take(self):
        query, variables = self.asked()
        payload = {"query": query, "variables": variables}
        message = {"id": secrets.token_hex(4), "type": "subscribe", "payload": payload}
        await self._socket.send(json.dumps(message))
        async for text in self._socket:
            await self.reading.wait()
            said = json.loads(text)
            assert said["id"] == message["id"]
            if said["type"] == "complete":
                return
            assert said["type"] == "next", said
            assert "errors" not in said["payload"], said
            (data,) = said["payload"]["data"].values()
            self.take(data)
            self.news.set()


class Watcher(Client):
    """Somebody who watches a task to its end."""

    def __init__(self, stage, token, document=EVENTS):
        self.document = document
        self.events = []
        super().__init__(stage, token)

    @property
    def position(self):
        """Return the sequence of the last event received."""
        return self.events[-1]["seq"] if self.events else 0

    @property
    def over(self):
        """Tell whether the task has ended."""
        return bool(self.events) and self.events[-1]["__typename"] == "StreamEnd"

    def asked(self):
        """Go on behind what was received."""
        return self.document, {"id": self.stage.task, "after": self.position}

    def take(self, data):
        """Note an event."""
        self.events.append(data)

    async def until(self, seq):
        """Wait until an event was received, or a later one."""
        await super().until(lambda: self.position >= seq)


class ManyWatcher(Client):
    """Somebody who watches tasks to their ends, by one stream."""

    def __init__(self, stage, token, tasks):
        self.events = {task: [] for task in tasks}
        super().__init__(stage, token)

    @property
    def over(self):
        """Tell whether all have ended."""
        return all(got and got[-1]["__typename"] == "StreamEnd" for got in self.events.values())

    def asked(self):
        """Go on behind what was received of each."""
        tasks = [
            {"taskId": task, "after": got[-1]["seq"] if got else 0}
            for task, got in self.events.items()
        ]
        return MANY, {"tasks": tasks}

    def take(self, data):
        """Note an event."""
        self.events[data["taskId"]].append(data)


class Board(Client):
    """Somebody who watches where all tasks stand; they go away by themselves."""

    def __init__(self, stage, token, name):
        self.name = name
        self.last = {}
        self.steps_back = 0
        self.received = 0
        super().__init__(stage, token)

    def asked(self):
        """Begin anew."""
        return BOARDS[self.name] + STANDING, {
            "org": self.stage.team,
            "app": self.stage.application.id,
        }

    def take(self, data):
        """Note where a task stands."""
        before = self.last.get(data["id"])
        self.steps_back += bool(before and before["updatedTime"] > data["updatedTime"])
        self.last[data["id"]] = data
        self.received += 1


class HttpWatcher(Watcher):
    """The same by server-sent events."""

    async def _watch(self):
        while not self.over:
            try:
                await self._follow()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.005)

    async def _follow(self):
        reader, self._socket = await asyncio.open_connection(
            "127.0.0.1", self.stage.port, limit=1024 * 1024
        )
        query, variables = self.asked()
        body = json.dumps({"query": query, "variables": variables})
        self._socket.write(
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self.stage.port}\r\n"
            "Accept: text/event-stream\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        try:
            while (line := await reader.readuntil(b"\n")) != b"event: complete\n":
                if line.startswith(b"data: {"):
                    await self.reading.wait()
                    (data,) = json.loads(line.removeprefix(b"data: "))["data"].values()
                    self.take(data)
                    self.news.set()
        finally:
            self._socket.transport.abort()


async def token_of(user):
    """Return the token of a new session."""
    return (await sessions.start(user))[1]

"""What it costs to show one task to many at once, and how late they see it.

The same subscribers watch a task of Rollway, of Rollway with Strawberry's own handler, and a stream
of graphql-ws on Node (npm), each server on one core of its own where there are two. Prints JSON:
microseconds of the server's processor for each message that arrived (for Rollway, what the task and
its database take is in it), kilobytes for each connection, seconds from before the worker's write
until a subscriber has it. Then so many watch a team's dashboard of ten tasks that change status.
Medians of interleaved rounds.
`make bench name=streams`.
"""

import argparse
import asyncio
import base64
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).parent
WATCHING = HERE / "watching"
PADDING = "x" * 150
QUERY = """subscription Watch($id: ID!, $after: Int!) { taskEvents(taskId: $id, after: $after) {
  seq time ... on StepOutput { stepIndex firstLine text } } }"""
DASHBOARD = """subscription Dashboard($org: String!) { orgTasks(orgName: $org) {
  id status envName updatedTime commit message application { name } } }"""
DASHBOARD_TASKS = 10
SAID = re.compile(rb"t=(\d+\.\d+)")
CHANGED = re.compile(rb'"updatedTime": ?"([^"]+)"')
NEXT = b'"type":"next"'
EVENT = b"event: next"
TICKS = os.sysconf("SC_CLK_TCK")
AT_ONCE = 50
FEW = 100
SHORT_MAX = 125  # bytes that a frame of one length byte holds
READY_SECONDS = 500
NPM_SECONDS = 120


class Subscriber(asyncio.Protocol):
    """One connection: takes what comes, and counts."""

    def __init__(self, given: dict, number: int) -> None:
        self.given = given
        self.number = number
        self.messages = 0
        self.late: list[float] = []
        self.timed = self.shaken = False
        self.greeted = asyncio.get_running_loop().create_future()
        self.rest = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shake hands."""
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        port = self.given["port"]
        transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def connection_lost(self, _fault: Exception | None) -> None:
        """Say that it is over, to who waits for the beginning."""
        if not self.greeted.done():
            self.greeted.set_exception(ConnectionError("closed before it was acknowledged"))

    def say(self, message: dict) -> None:
        """Send a message, masked with zeros."""
        text = json.dumps(message).encode()
        head = bytes([0x81, 0xFE]) + len(text).to_bytes(2) if len(text) > SHORT_MAX else None
        self.transport.write((head or bytes([0x81, 0x80 | len(text)])) + bytes(4) + text)

    def data_received(self, data: bytes) -> None:
        """Count messages; a few are cut by the edges of what is read at once."""
        if not self.greeted.done():
            self.rest += data
            if not self.shaken and b"\r\n\r\n" in self.rest:
                self.shaken = True
                token = self.given["token"]
                payload = {"Authorization": f"Bearer {token}"} if token else {}
                self.say({"type": "connection_init", "payload": payload})
            if b"connection_ack" in self.rest:
                variables = {"id": self.given["task"], "after": self.given.get("after", 4)}
                payload = {"query": QUERY, "variables": variables}
                if self.given.get("dashboard"):
                    payload = {"query": DASHBOARD, "variables": {"org": "acme"}}
                name = f"{self.number:08}-4b5f-4d52-9a3e-0d6f1c3f6f2b"
                self.say({"id": name, "type": "subscribe", "payload": payload})
                self.greeted.set_result(None)
                self.rest = b""
            return
        self.count(data, NEXT)

    def count(self, data: bytes, mark: bytes) -> None:
        """Count what begins with *mark*."""
        text = self.rest + data
        self.messages += text.count(mark)
        if self.timed:
            clock = time.monotonic()
            self.late += [clock - float(each) for each in SAID.findall(data)]
            clock = time.time()
            for each in CHANGED.findall(data):
                self.late.append(clock - datetime.fromisoformat(each.decode()).timestamp())
        cut = text.rfind(mark)
        self.rest = text[max(cut + len(mark), len(text) - len(mark) + 1) :][-len(mark) + 1 :]


class OverHttp(Subscriber):
    """The same by server-sent events."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self.transport = transport
        variables = {"id": self.given["task"], "after": 4}
        body = json.dumps({"query": QUERY, "variables": variables})
        transport.write(
            "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {self.given['token']}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Count events; each is in a chunk of its own, or cut."""
        if not self.greeted.done():
            self.greeted.set_result(None)
        self.count(data, EVENT)


class Measured:
    """A server that is measured, in a process of its own."""

    def __init__(self, command: list[str], core: int | None, *, dashboard: bool = False) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE.parent,
        )
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})
        self.given = {**json.loads(self.process.stdout.readline()), "dashboard": dashboard}

    @property
    def cpu_seconds(self) -> float:
        """Return the processor time it has taken."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICKS

    @property
    def memory_kib(self) -> int:
        """Return the memory it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    async def say(self, rate: int, seconds: float) -> None:
        """Have it say something; return when it has."""
        told = {"rate": rate, "seconds": seconds, "padding": PADDING}
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        assert (await asyncio.to_thread(self.process.stdout.readline)).strip() == "said"

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


async def subscribed(server: Measured, count: int, kind: type[Subscriber]) -> list[Subscriber]:
    """Return so many who watch; each has got the first event."""
    loop = asyncio.get_running_loop()
    people: list[Subscriber] = []
    async with asyncio.timeout(READY_SECONDS):
        while len(people) < count:
            group = [
                kind(server.given, len(people) + each)
                for each in range(min(AT_ONCE, count - len(people)))
            ]
            for each in group:
                port = server.given["port"]
                await loop.create_connection(lambda each=each: each, "127.0.0.1", port)
            await asyncio.gather(*(each.greeted for each in group))
            # What each begins with is made for each.
            while server.given["dashboard"] and not all(each.messages for each in group):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            people += group
        await asyncio.sleep(1)
        await server.say(1, 1)
        while not all(each.messages for each in people):  # noqa: ASYNC110 - looked at from outside
            await asyncio.sleep(0.05)
    return people


async def measure(
    server: Measured, count: int, rate: int, seconds: float, kind: type[Subscriber]
) -> dict[str, float]:
    """Return what *count* subscribers of *rate* events a second cost."""
    before_kib = server.memory_kib
    people = await subscribed(server, count, kind)
    await server.say(rate, 1)
    await asyncio.sleep(1)
    for each in people:
        each.messages = 0
        each.timed = count <= FEW or each.number % 50 == 0
    cpu, began = server.cpu_seconds, time.perf_counter()
    saying = asyncio.create_task(server.say(rate, seconds))
    await asyncio.sleep(seconds)
    arrived = sum(each.messages for each in people)
    cpu, took = server.cpu_seconds - cpu, time.perf_counter() - began
    kib = (server.memory_kib - before_kib) / count
    late = sorted(each for person in people for each in person.late)
    await asyncio.wait({saying}, timeout=30)
    for each in people:
        each.transport.abort()
    return {
        "subscribers": count,
        "messages_per_second": round(arrived / took),
        "of_offered": round(arrived / took / (rate * count), 3),
        "cpu_us_per_message": round(cpu / max(arrived, 1) * 1e6, 2),
        "kib_per_connection": round(kib, 1),
        "late_p50_ms": round(late[len(late) // 2] * 1000, 1) if late else None,
        "late_p99_ms": round(late[int(len(late) * 0.99)] * 1000, 1) if late else None,
    }


def node(folder: Path) -> list[str] | None:
    """Return how graphql-ws is started on Node; None without npm."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    shutil.copytree(WATCHING, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, check=True, timeout=NPM_SECONDS, stdout=sys.stderr)
    return ["node", str(folder / "server.js")]


def once(
    folder: Path, peer: list[str] | None, parsed: argparse.Namespace, core: int | None
) -> dict[str, dict[str, float]]:
    """Return what one round of all gives, each on a server of its own."""
    rollway = [sys.executable, str(WATCHING / "server.py")]
    runs = [
        ("rollway", rollway, parsed.subscribers, parsed.rate),
        ("rollway_100", rollway, FEW, parsed.rate),
        ("rollway_events_100", rollway, FEW, parsed.rate),
        ("graphql_ws", peer, parsed.subscribers, parsed.rate),
        ("strawberry", [*rollway, "--stock"], parsed.stock_subscribers, parsed.rate),
    ]
    tasks = [*rollway, "--tasks", str(DASHBOARD_TASKS)]
    runs += [(f"dashboard_{each}", tasks, each, parsed.changes_rate) for each in parsed.dashboards]
    result = {}
    for title, command, count, rate in runs:
        if parsed.only not in {None, title}:
            continue
        if command is None:
            print(f"{title}: npm is not installed, not measured", file=sys.stderr)
            continue
        own = folder / title
        own.mkdir()
        started = command if command is peer else [*command, str(own)]
        server = Measured(started, core, dashboard=title.startswith("dashboard"))
        kind = OverHttp if "events" in title else Subscriber
        try:
            result[title] = asyncio.run(measure(server, count, rate, parsed.seconds, kind))
        finally:
            server.close()
        print(f"{title}: {result[title]}", file=sys.stderr)
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--stock-subscribers", type=int, default=100)
    parser.add_argument("--only", help="rollway, rollway_100, rollway_events_100, ...")
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--changes-rate", type=int, default=20)
    parser.add_argument("--dashboards", type=int, nargs="*", default=[200, 1000])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parsed = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if len(cores) > 1 else None
    if core is not None:
        os.sched_setaffinity(0, set(cores[1:]))
    result: dict[str, object] = {"rate": parsed.rate, "seconds": parsed.seconds}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = node(folder / "node") if parsed.only in {None, "graphql_ws"} else None
        rounds = []
        for number in range(parsed.rounds):
            own = folder / str(number)
            own.mkdir()
            rounds.append(once(own, peer, parsed, core))
    for title, first in rounds[0].items():
        names = [name for name, value in first.items() if value is not None]
        result[title] = {
            name: statistics.median(each[title][name] for each in rounds) for name in names
        }
    for title in ("graphql_ws", "strawberry"):
        if title in result and "rollway" in result:
            ours = result["rollway"]["cpu_us_per_message"]
            result[f"to_{title}"] = round(ours / result[title]["cpu_us_per_message"], 3)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

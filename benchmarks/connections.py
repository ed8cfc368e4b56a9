"""What connections leave behind that come and go, and what sockets that say nothing cost others.

First 10,000 people watch a task one after the other and leave in five ways, over WebSocket, then
over server-sent events: the memory, files and asyncio tasks of the server meanwhile. Then 2,000
sockets that never introduce themselves are kept up, each opened anew 5 s after it was opened last:
how long a small query takes and how late an event is, in rounds with and without them by turns.
Prints JSON. `make bench name=connections`.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from streams import QUERY, WATCHING, Measured, Subscriber

MARKS = (0.1, 0.5, 1)
TOLD = ("kib", "files", "sockets", "turn_p50_ms", "turn_p99_ms", "turn_p999_ms")
SECONDS = 30
ADDRESSES = 20
REOPEN_SECONDS = 5
AT_ONCE = 50
RESET = struct.pack("ii", 1, 0)
EVENTS_MIN = 3
ASKED = '{"query":"{ viewer { username } }"}'
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


async def until(condition: object) -> None:
    """Wait for something of ours."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - looked at from outside
            await asyncio.sleep(0.0005)


def state(server: Measured) -> dict[str, int]:
    """Return what the server holds."""
    server.process.stdin.write('{"look": true}\n')
    server.process.stdin.flush()
    found = json.loads(server.process.stdout.readline())
    files = len(os.listdir(f"/proc/{server.process.pid}/fd"))  # noqa: PTH208 - counted, not read
    return {"kib": server.memory_kib, "files": files, **found}


def leave(transport: asyncio.Transport, number: int, goodbye: bytes | None) -> None:
    """Leave: with a word, in two ways, or without, in three."""
    kind = number % 5
    if goodbye is not None and kind < 2:  # noqa: PLR2004 - with a word
        transport.write(goodbye)
        if kind:
            transport.close()
        return
    if kind == 2:  # noqa: PLR2004 - as a process that was killed
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort() if kind < 4 else transport.close()  # noqa: PLR2004


async def by_socket(server: Measured, number: int) -> None:
    """Watch over WebSocket for some events; leave."""
    person = Subscriber({**server.given, "after": 0}, number)
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: person, "127.0.0.1", server.given["port"])
    await until(lambda: person.messages >= EVENTS_MIN)
    leave(person.transport, number, bytes([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]))
    await asyncio.sleep(0)
    person.transport.abort()


async def by_stream(server: Measured, number: int) -> None:
    """Watch over server-sent events for some; leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.given["port"])
    variables = {"id": server.given["task"], "after": 0}
    body = json.dumps({"query": QUERY, "variables": variables})
    writer.write(
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
        f"Authorization: Bearer {server.given['token']}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    async with asyncio.timeout(SECONDS):
        for _ in range(EVENTS_MIN):
            await reader.readuntil(b"event: next")
    leave(writer.transport, number, None)
    writer.transport.abort()


async def one_by_one(server: Measured, count: int, watch: object) -> dict[str, object]:
    """Return what the server holds after so many connections, and how long one takes."""
    marks = {int(count * part) for part in MARKS}
    found: dict[str, object] = {}
    for number in range(count // 20):  # what is made once is made
        await watch(server, number)
    await asyncio.sleep(2)
    found["before"] = state(server)
    cpu, began = server.cpu_seconds, time.perf_counter()
    for number in range(1, count + 1):
        await watch(server, number)
        if number in marks:
            await asyncio.sleep(2)
            found[f"after_{number}"] = state(server)
    found["ms_a_connection"] = round((time.perf_counter() - began) / count * 1000, 2)
    found["cpu_ms_a_connection"] = round((server.cpu_seconds - cpu) / count * 1000, 2)
    before, after = found["before"], found[f"after_{count}"]
    found["bytes_a_connection"] = round((after["kib"] - before["kib"]) * 1024 / count)
    return found


class Asker:
    """A client on a connection of its own that asks something small again and again."""

    def __init__(self, server: Measured) -> None:
        self._server = server
        self.took: list[float] = []

    async def ask(self, seconds: float) -> None:
        """Ask for so long."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.given["port"])
        request = (
            "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._server.given['token']}\r\n"
            f"Content-Length: {len(ASKED)}\r\n\r\n{ASKED}"
        ).encode()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            assert b"errors" not in await reader.readexactly(length)
            self.took.append(time.perf_counter() - began)
            await asyncio.sleep(0.01)
        writer.close()


async def silent(port: int, count: int) -> None:
    """Keep up sockets that say nothing; for ever, in a process of its own."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        while True:
            began = time.monotonic()
            try:
                async with places:
                    source = (f"127.0.1.{1 + number % ADDRESSES}", 0)
                    reader, writer = await asyncio.open_connection(
                        "127.0.0.1", port, local_addr=source
                    )
                    writer.write(HANDSHAKE)
                    await reader.readuntil(b"\r\n\r\n")
                await reader.read()
                writer.transport.abort()
            except (OSError, asyncio.IncompleteReadError):
                pass
            await asyncio.sleep(max(0.0, began + REOPEN_SECONDS - time.monotonic()))

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))
            await asyncio.sleep(REOPEN_SECONDS / count)


def quantiles(values: list[float]) -> tuple[float, float]:
    """Return median and 99th percentile, in milliseconds."""
    ordered = sorted(values)
    return tuple(round(ordered[int(len(ordered) * part)] * 1000, 2) for part in (0.5, 0.99))


async def round_of(server: Measured, seconds: float) -> dict[str, float]:
    """Return how those fare who do no harm."""
    person, asker = Subscriber(server.given, 1), Asker(server)
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: person, "127.0.0.1", server.given["port"])
    await person.greeted
    seen = -1
    while seen < person.messages:  # what was said before is not late
        seen = person.messages
        await asyncio.sleep(0.5)
    person.timed = True
    server.process.stdin.write('{"forget": true}\n')  # the turns before are not of this round
    server.process.stdin.flush()
    cpu = server.cpu_seconds
    await asyncio.gather(server.say(20, seconds), asker.ask(seconds))
    await asyncio.sleep(0.5)
    cpu = server.cpu_seconds - cpu
    found = state(server)
    person.transport.abort()
    query, event = quantiles(asker.took), quantiles(person.late)
    return {
        "query_p50_ms": query[0],
        "query_p99_ms": query[1],
        "event_p50_ms": event[0],
        "event_p99_ms": event[1],
        "cpu_of_a_core": round(cpu / seconds, 3),
        **{name: found[name] for name in TOLD},
    }


async def with_silent(server: Measured, parsed: argparse.Namespace) -> dict[str, object]:
    """Return medians of rounds with and without silent sockets."""
    rounds: dict[str, list[dict[str, float]]] = {"without": [], "with": []}
    port = str(server.given["port"])
    command = [sys.executable, __file__, "--silent", str(parsed.sockets), "--port", port]
    before = await round_of(server, 2)
    for _ in range(parsed.rounds):
        rounds["without"].append(await round_of(server, parsed.seconds))
        strangers = subprocess.Popen(["nice", "-n", "19", *command])  # noqa: ASYNC220
        try:
            await asyncio.sleep(REOPEN_SECONDS * 2)
            rounds["with"].append(await round_of(server, parsed.seconds))
        finally:
            strangers.kill()
            strangers.wait()
        await asyncio.sleep(REOPEN_SECONDS + 2)
    found: dict[str, object] = {
        title: {name: statistics.median(each[name] for each in several) for name in several[0]}
        for title, several in rounds.items()
    }
    strangers = found["with"]["files"] - found["without"]["files"]
    found["kib_a_silent_socket"] = round((found["with"]["kib"] - before["kib"]) / strangers, 1)
    for name in ("query_p99_ms", "event_p99_ms", "turn_p99_ms"):
        ratio = found["with"][name] / found["without"][name]
        found[f"{name.removesuffix('_ms')}_ratio"] = round(ratio, 2)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--sockets", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--only", choices=("websocket", "events", "silent"))
    parser.add_argument("--silent", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.silent:
        asyncio.run(silent(parsed.port, parsed.silent))
        return
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if len(cores) > 1 else None
    if core is not None:
        os.sched_setaffinity(0, set(cores[1:]))
    result: dict[str, object] = {"connections": parsed.connections, "sockets": parsed.sockets}
    with tempfile.TemporaryDirectory() as name:
        works = {
            "websocket": lambda server: one_by_one(server, parsed.connections, by_socket),
            "events": lambda server: one_by_one(server, parsed.connections, by_stream),
            "silent": lambda server: with_silent(server, parsed),
        }
        for title, work in works.items():
            if parsed.only not in {None, title}:
                continue
            folder = Path(name) / title
            folder.mkdir()
            server = Measured([sys.executable, str(WATCHING / "server.py"), str(folder)], core)
            try:
                asyncio.run(server.say(20, 1))
                result[title] = asyncio.run(work(server))
            finally:
                server.close()
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

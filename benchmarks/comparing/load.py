"""Requests to a server over connections that are kept: one after the other, or at a rate.

Bytes are written and answers counted by bare sockets in one thread, so that the load is cheap
beside what is measured: `ceiling.py` says how many requests a second it can be.
"""

import re
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

RECEIVE_BYTES = 256 * 1024
ANSWER_SECONDS = 60.0
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class BadAnswer(Exception):
    """An answer is not what was expected, or did not come in time; the text says more."""


@dataclass(slots=True)
class Load:
    """What came of it: seconds from when a request was due until its answer was there."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0  # of the load itself
    answer_bytes: int = 0  # of one of the answers, without its head

    @property
    def requests_per_second(self) -> float:
        """Return how many were answered in a second."""
        return len(self.latencies) / self.seconds

    def quantile_ms(self, part: float) -> float:
        """Return how long at most this part of the requests took, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000


class Connection:
    """Sends a request and takes its answer."""

    __slots__ = ("bytes", "due", "head", "left", "socket", "spread_bytes", "status")

    def __init__(self, port: int, status: int, spread_bytes: int | None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.status = str(status).encode()
        self.spread_bytes = spread_bytes
        self.bytes: int | None = None  # of the body of its first answer
        self.due = 0.0
        self.head = b""
        self.left = 0

    def send(self, request: bytes, due: float) -> None:
        """Send a request that was due then."""
        self.due = due
        self.head = b""
        self.left = 0
        self.socket.sendall(request)

    def take(self) -> bool:
        """Take what has come; True when the answer is complete."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise BadAnswer(f"the connection ended after {self.head!r}")
        if self.left:
            self.left -= len(data)
            return not self.left
        self.head += data
        end = self.head.find(b"\r\n\r\n")
        if end < 0:
            return False
        self.left = self._length(end) + end + 4 - len(self.head)
        return not self.left

    def _length(self, end: int) -> int:
        head = self.head
        found = LENGTH.search(head, 0, end)
        if head[9:12] != self.status or found is None:
            raise BadAnswer(repr(head[:2000]))
        length = int(found[1])
        if self.bytes is None:
            self.bytes = length
        if self.spread_bytes is not None and abs(length - self.bytes) > self.spread_bytes:
            raise BadAnswer(f"{length} bytes after {self.bytes}: {head[end : end + 2000]!r}")
        return length


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to ask: *rate* is requests a second; None: each as soon as its connection is free.

    All answers have *status*, and bodies whose lengths differ by *spread_bytes* at most, unless
    that is None: an error would be of another length.
    """

    connections: int
    seconds: float
    rate: float | None = None
    status: int = 200
    spread_bytes: int | None = None


def load(port: int, requests: Iterator[bytes], plan: Plan) -> Load:
    """Ask as planned, and wait for the last answer; BadAnswer for one that is not right."""
    made = [Connection(port, plan.status, plan.spread_bytes) for _ in range(plan.connections)]
    try:
        return _Running(made, requests, plan).run()
    finally:
        for each in made:
            each.socket.close()


class _Running:
    def __init__(
        self, connections: list[Connection], requests: Iterator[bytes], plan: Plan
    ) -> None:
        self.free = deque(connections)
        self.busy: dict[int, Connection] = {}
        self.requests = requests
        self.plan = plan
        self.sent = 0
        self.latencies: list[float] = []

    def run(self) -> Load:
        cpu, self.began = time.process_time(), time.perf_counter()
        self.until = self.began + self.plan.seconds
        with select.epoll() as poll:
            for each in self.free:
                poll.register(each.socket, select.EPOLLIN)
            self._send()
            while self.busy or self._due() is not None:
                self._answers(poll)
                self._send()
        seconds = time.perf_counter() - self.began
        answer_bytes = next(each.bytes for each in self.free if each.bytes is not None)
        return Load(self.latencies, seconds, time.process_time() - cpu, answer_bytes)

    def _due(self) -> float | None:
        """Return when the next request is due; None when there is none any more."""
        if self.plan.rate is None:
            now = time.perf_counter()
            return now if now < self.until else None
        due = self.began + self.sent / self.plan.rate
        return due if due < self.until else None

    def _send(self) -> None:
        while self.free:
            due = self._due()
            if due is None or due > time.perf_counter():
                return
            connection = self.free.popleft()
            connection.send(next(self.requests), due)
            self.busy[connection.socket.fileno()] = connection
            self.sent += 1

    def _answers(self, poll: select.epoll) -> None:
        due = self._due()
        waits = due is not None and self.free
        timeout = max(0.0, due - time.perf_counter()) if waits else ANSWER_SECONDS
        found = poll.poll(timeout)
        if not found and not waits:
            raise BadAnswer(f"no answer within {ANSWER_SECONDS} s")
        for number, _ in found:
            connection = self.busy.get(number)
            if connection is None and due is None:
                poll.unregister(number)  # it ended, and nothing more will be asked on it
            elif connection is None:
                raise BadAnswer("a connection ended that nothing was asked on")
            elif connection.take():
                self.latencies.append(time.perf_counter() - connection.due)
                self.free.append(self.busy.pop(number))

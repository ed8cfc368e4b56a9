"""A server that always answers the same, without looking: how fast the load can be at best."""

import asyncio
import itertools
import sys
from pathlib import Path

from load import Plan, load
from targets import Target

BODY = b"x" * 1600  # as long as the answer for a task
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
CONNECTIONS = 32


class Constant(asyncio.Protocol):
    """Answers whatever came."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self.transport = transport

    def data_received(self, _: bytes) -> None:
        """Answer: requests come in one piece, and one at a time."""
        self.transport.write(ANSWER)


def measured(core: int | None, seconds: float, folder: Path) -> dict[str, float]:
    """Return how many requests a second there can be, and what one costs the load."""
    target = Target([sys.executable, str(Path(__file__))], core, folder / "constant.log")
    try:
        plan = Plan(connections=CONNECTIONS, seconds=seconds)
        done = load(target.wait(), itertools.repeat(b"GET / HTTP/1.1\r\n\r\n"), plan)
    finally:
        target.end()
    cpu_seconds = done.cpu_seconds / len(done.latencies)
    return {
        "requests_per_second": round(done.requests_per_second),
        "load_cpu_us": round(cpu_seconds * 1e6, 1),
        "requests_per_second_of_a_core": round(1 / cpu_seconds),
    }


async def main() -> None:
    """Serve until told to end."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Constant, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

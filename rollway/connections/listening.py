"""A socket to listen on, and a server that says when it does."""

import gc
import logging
import resource
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

log = logging.getLogger("rollway.server")

ACCEPTED_A_TURN = 4  # connections that come; between the turns others are served
WAITING_MAX = 2048  # connections that have come and are not accepted yet
# Objects by which the collector's three looks come: it looks at all there is, 0.15 s for a thousand
# connections, a tenth as often as Python has it. What leaves here is freed without it.
COLLECTOR = (700, 10, 100)
OTHER_FILES = 6000  # guests, those that wait, and what the server and its steps have open besides


class CannotListen(Exception):
    """The address is taken, or no such one is here; the text says which."""


def bind(host: str, port: int) -> socket.socket:
    """Listen; CannotListen where that is not possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise CannotListen(f"cannot listen on {host} port {port}: {reason}") from fault
    # Connections inherit it. Without, the body of an answer waits 40 ms behind its head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def allow(connections: int) -> None:
    """Let this process have so many connections open, as far as the system lets it.

    Systems begin with 1,024 files, and let a process have more that asks, up to a limit.
    """
    wanted = connections + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < wanted:
        text = (
            "this process may have %s files open (ulimit -Hn); for all its connections it needs %s"
        )
        log.warning(text, most, wanted)


class Announcing(uvicorn.Server):
    """Says that it serves once it does, and that it stops before it waits for open answers."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        stops: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stops = stops

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(WAITING_MAX)  # what asyncio accepts in a turn, it lets wait too
        # The collector would look at a hundred thousand objects of ours, which stay, each time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTOR)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (uvicorn's)
        """Stop, at a second Ctrl-C at once; uvicorn would die of the signal after a good end."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, then stop."""
        if self._stops is not None:
            self._stops()
        await super().shutdown(sockets)

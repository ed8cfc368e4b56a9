"""A socket to listen on, and a server that says when it does."""

import asyncio
import gc
import logging
import resource
import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, cast

import uvicorn

from rollway.connections.accepting import Acceptor
from rollway.refused import Refused

log = logging.getLogger("rollway.server")

WAITING_MAX = 2048  # connections that have come and are not accepted yet
# What the collector counts to before each of its three looks. It looks at all there is, 0.15 s for
# a thousand connections, after a thousand looks at what is new: what leaves is freed without it.
COLLECTOR = (700, 10, 1000)
OTHER_FILES = 6000  # guests, those that wait, and what the server and its steps have open besides


class CannotListen(Refused):
    """The address is taken, or no such one is here; the text says which."""


def bind(host: str, port: int) -> socket.socket:
    """Listen; CannotListen where that is not possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=WAITING_MAX)
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
        self._acceptors: list[Acceptor] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup([])
        protocol = cast("Callable[..., asyncio.Protocol]", self.config.http_protocol_class)
        make = partial(
            protocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        self._acceptors = [Acceptor(each, make) for each in sockets or ()]
        # The collector would look at a hundred thousand objects of ours, which stay, each time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTOR)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Have the collector look, ten times a second, at what is new: it is little then.

        By itself it looks when there is more than before. Where as many leave as come it waits, and
        what is new is then nearly all there is.
        """
        if gc.isenabled():
            gc.collect(1)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (uvicorn's)
        """Stop, at a second Ctrl-C at once; uvicorn would die of the signal after a good end."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, then stop."""
        if self._stops is not None:
            self._stops()
        for each in self._acceptors:
            each.stop()
        await super().shutdown(sockets)


def play(application: Any, listening: socket.socket, said: str) -> int:
    """Serve the ASGI *application* of a double until told to stop; return the exit code."""
    config = uvicorn.Config(
        application, log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    Announcing(config, lambda: print(said, flush=True)).run(sockets=[listening])
    return 0

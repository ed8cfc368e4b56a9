"""Connections that come: accepted one at a time, so that those who are in are served meanwhile."""

import asyncio
import logging
import socket
from collections.abc import Callable

PAUSE_SECONDS = 0.001
FULL_SECONDS = 1.0  # this process may have no more files open: some may have left by then

log = logging.getLogger("rollway.server")


class Acceptor:
    """Accepts what comes to *listening*; *make* returns the protocol of a connection.

    After each it pauses. Of many who come at once each takes some of the processor, for its
    greeting and its goodbye; without pauses whoever asks something waits for all of them.
    """

    def __init__(self, listening: socket.socket, make: Callable[[], asyncio.Protocol]) -> None:
        self._listening = listening
        self._make = make
        self._loop = asyncio.get_running_loop()
        self._accepted: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None
        listening.settimeout(0)
        self._listen()

    def stop(self) -> None:
        """Accept no more."""
        if self._pause is None:
            self._loop.remove_reader(self._listening)
        else:
            self._pause.cancel()

    def _listen(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        pause_seconds = PAUSE_SECONDS
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as fault:
            log.warning("no connection can be accepted: %s", fault)
            pause_seconds = FULL_SECONDS
        else:
            self._serve(connection)
        self._loop.remove_reader(self._listening)
        self._pause = self._loop.call_later(pause_seconds, self._listen)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        serving = self._loop.create_task(self._loop.connect_accepted_socket(self._make, connection))
        self._accepted.add(serving)
        serving.add_done_callback(self._accepted.discard)

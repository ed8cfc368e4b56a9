"""A proxy before a server that swallows some of its answers: what was asked has been done."""

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

ASKED = re.compile(rb"^POST /worker/(\w+) ", re.MULTILINE)


class Wire:
    """Cuts a connection instead of giving the answer, as *swallows* says of each request's path."""

    def __init__(self, url, swallows):
        self.url = ""
        self.swallowed = []  # the paths
        self._target = urlsplit(url).hostname, urlsplit(url).port
        self._swallows = swallows
        self._serving = set()

    @asynccontextmanager
    async def up(self):
        """Listen for the duration of the block."""
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as listening:
            self.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            yield self
            self.cut()
            if self._serving:
                await asyncio.wait(self._serving)

    def cut(self):
        """Cut all connections."""
        for each in self._serving:
            each.cancel()

    async def _serve(self, reader, writer):
        serving = asyncio.current_task()
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        try:
            upstream, downstream = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        cut = asyncio.Event()  # what comes back now is not given
        sending = asyncio.create_task(self._up(reader, downstream, cut))
        with suppress(asyncio.CancelledError, ConnectionError):
            while (data := await upstream.read(65536)) and not cut.is_set():
                writer.write(data)
                await writer.drain()
        sending.cancel()
        for each in (writer, downstream):
            each.transport.abort()

    async def _up(self, reader, downstream, cut):
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                for path in ASKED.findall(data):
                    if self._swallows(path.decode()):
                        self.swallowed.append(path.decode())
                        cut.set()
                downstream.write(data)
                await downstream.drain()

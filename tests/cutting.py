"""A proxy before a server that cuts streams in their midst, and remembers what was asked."""

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

STREAM = re.compile(
    rb"^(HTTP/1\.1 101 |content-type: (text/event-stream|multipart/mixed))",
    re.IGNORECASE | re.MULTILINE,
)
HEAD_BYTES_MAX = 8 * 1024


class Cutting:
    """Cuts the first streams after so many bytes of them; everything else passes."""

    def __init__(self, cuts):
        self.url = ""
        self.cuts = list(cuts)
        self.streams = 0
        self.asked = b""
        self.target = None
        self.serving = set()

    def lead_to(self, url):
        """Have new connections lead to this server."""
        self.target = urlsplit(url).hostname, urlsplit(url).port

    def cut(self):
        """Cut every connection there is now."""
        for each in self.serving:
            each.cancel()

    async def serve(self, reader, writer):
        """Pass on what both sides say; a connection that the server does not take is ended."""
        self.serving.add(asyncio.current_task())
        try:
            upstream, downstream = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        sending = asyncio.create_task(self._up(reader, downstream))
        with suppress(asyncio.CancelledError):  # at the end, which asyncio would log
            await self._down(upstream, writer)
        sending.cancel()
        for each in (writer, downstream):
            each.transport.abort()
            with suppress(ConnectionError):
                await each.wait_closed()

    async def _up(self, reader, writer):
        with suppress(ConnectionError):
            while data := await reader.read(4096):
                self.asked += data
                writer.write(data)
                await writer.drain()

    async def _down(self, reader, writer):
        most, head = None, b""
        with suppress(ConnectionError):
            while (most is None or most > 0) and (data := await reader.read(4096)):
                head = (head + data)[-HEAD_BYTES_MAX:]
                if STREAM.search(head):
                    self.streams += 1
                    head, most = b"", self.cuts.pop(0) if self.cuts else None
                writer.write(data if most is None else data[:most])
                await writer.drain()
                most = None if most is None else most - len(data)


@asynccontextmanager
async def cutting(url, cuts=()):
    """Give a proxy of a server that cuts the first streams after so many bytes."""
    made = Cutting(cuts)
    made.lead_to(url)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield made
        for each in made.serving:
            each.cancel()
        if made.serving:
            await asyncio.wait(made.serving)

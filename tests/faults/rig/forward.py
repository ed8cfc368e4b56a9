"""Passes what comes to a port of this network's own machine on: forward.py PORT HOST PORT."""

import asyncio
import sys
from contextlib import suppress


async def forward(port, host, to):
    """Pass on until killed."""

    async def serve(reader, writer):
        try:
            upstream, downstream = await asyncio.open_connection(host, to)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pass(reader, downstream), _pass(upstream, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", port) as listening:
        print("ready", flush=True)  # noqa: T201 (a program's word to who started it)
        await listening.serve_forever()


async def _pass(reader, writer):
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(forward(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))

"""Services to ask, on real sockets."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest
import uvicorn

from providers.api.client import Client, Host
from tests.providers.script import ANYWHERE, BOUNDS, TOKEN


@asynccontextmanager
async def serving(app, **more):
    """Serve an ASGI application; yield its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1, **more
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listening.close()


@pytest.fixture
def serve():
    """Return how an application is served."""
    return serving


@pytest.fixture
def asking(serve):
    """Return how a client of a scripted service is made."""

    @asynccontextmanager
    async def made(script, policy=ANYWHERE, token=TOKEN, bounds=BOUNDS, **more):
        async with serve(script.app()) as url:
            host = Host("Forge", f"{url}/api")
            async with Client(host, token, policy, bounds, **more) as client:
                yield client

    return made

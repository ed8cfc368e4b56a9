"""A server for an application: sockets, HTTP and event loop are those of Rollway's own."""

import uvicorn
from starlette.types import ASGIApp

from rollway.connections.cutting import cuttable
from rollway.connections.listening import Announcing, bind

CONNECTIONS = 10  # to the database


def serve(app: ASGIApp, *, plain: bool = False) -> None:
    """Print the port and serve until told to end; *plain*: by uvicorn's connections, with h11."""
    listening = bind("127.0.0.1", 0)
    port = listening.getsockname()[1]
    http = "h11" if plain else cuttable()
    config = uvicorn.Config(app, http=http, log_config=None, access_log=False)
    Announcing(config, lambda: print(port, flush=True)).run(sockets=[listening])

"""Listens with the whole server."""

from collections.abc import Callable
from dataclasses import replace

import uvicorn

from db.vault import Vault
from engine.executors.isolation import Isolation
from rollway.app import Server
from rollway.connections.cutting import cuttable
from rollway.connections.listening import Announcing, allow, bind
from rollway.settings import Settings
from rollway.sockets.frames import Protocol

SHUTDOWN_SECONDS = 15
FRAME_BYTES_MAX = 1024 * 1024


def listen(
    settings: Settings, vault: Vault, isolation: Isolation, ready: Callable[[str], None]
) -> int:
    """Serve until told to stop; *ready* is given the address. Return the exit code."""
    allow(settings.sockets_max + settings.streams_max)
    listening = bind(settings.host, settings.port)
    bound = replace(settings, port=listening.getsockname()[1])
    parts = Server(bound, vault, isolation)
    config = uvicorn.Config(
        parts.app(),
        http=cuttable(),
        log_config=None,
        access_log=False,
        server_header=False,  # whose it is helps nobody but who looks for its faults
        ws=Protocol,
        ws_per_message_deflate=False,
        ws_max_size=FRAME_BYTES_MAX,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies or ()),
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = Announcing(config, lambda: ready(bound.url), parts.leave)
    server.run(sockets=[listening])
    return 0 if server.started else 1

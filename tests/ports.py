"""Ports for servers that are told where to listen, some of them again after they were killed."""

import random
import socket
from contextlib import suppress

# Not those that systems give to outgoing connections (32768 and above on Linux): in the time
# between, or while its server is away, anybody may have got one of them.
FIRST, LAST = 10_000, 32_000


def free_port(host="127.0.0.1"):
    """Return a port nobody listens on."""
    for port in random.sample(range(FIRST, LAST), 100):
        with suppress(OSError), socket.create_server((host, port)):
            return port
    raise AssertionError("no port is free")

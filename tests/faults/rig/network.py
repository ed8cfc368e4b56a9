"""A network of its own for a process, whose cables can be pulled: Linux's network namespaces."""

import os
import secrets
import shutil
import subprocess
from contextlib import contextmanager

WHY_NOT = "NO NETWORK IS CUT: that takes root and `ip` (iproute2)"


def usable():
    """Tell whether networks can be made here."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"rollway-{secrets.token_hex(3)}"
    made = subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True)
    if made.returncode == 0:
        _ip("netns", "del", name)
    return made.returncode == 0


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Cable:
    """Leads from this machine's network, where it is *here*, into another, where it is *there*."""

    def __init__(self, network):
        self._end = f"rw{secrets.token_hex(4)}"
        other = f"{self._end}x"
        block = secrets.randbelow(2**14) * 4  # of 198.18.0.0/16, which is for tests of networks
        at = f"198.18.{block // 256}."
        self.here, self.there = f"{at}{block % 256 + 1}", f"{at}{block % 256 + 2}"
        _ip("link", "add", self._end, "type", "veth", "peer", "name", other)
        _ip("link", "set", other, "netns", network)
        _ip("addr", "add", f"{self.here}/30", "dev", self._end)
        _ip("-n", network, "addr", "add", f"{self.there}/30", "dev", other)
        _ip("-n", network, "link", "set", other, "up")
        self.plug()

    def pull(self):
        """Let nothing pass from now on; nobody is told."""
        _ip("link", "set", self._end, "down")

    def plug(self):
        """Let all pass."""
        _ip("link", "set", self._end, "up")


class Network:
    """Another network; *words* begin a command in it."""

    def __init__(self, name):
        self._name = name
        self.words = ["ip", "netns", "exec", name]

    def cable(self):
        """Return a new cable into it."""
        return Cable(self._name)


@contextmanager
def network():
    """Give a network that has nothing but itself; it and its cables go with the block."""
    name = f"rollway-{secrets.token_hex(4)}"
    _ip("netns", "add", name)
    try:
        _ip("-n", name, "link", "set", "lo", "up")
        yield Network(name)
    finally:
        _ip("netns", "del", name)

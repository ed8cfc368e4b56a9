"""Values of settings: the text of a variable goes in, what it means comes out, or ValueError."""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from rollway.keyfile import KEYS_MAX, parse_key

CREDENTIAL = re.compile(r"[!-~]{1,256}")
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
LABELS_MAX = 100
ORIGINS_MAX = 50
PORT_MAX = 65535
ADDRESSES_MAX = 20
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
REPOSITORY_WORDS = frozenset({"https", "http", "file", "private"})


def text(value: str) -> str:
    """Return any text."""
    return value


def path(value: str) -> Path:
    """Return a folder or file, absolute."""
    if "?" in value or "#" in value:
        raise ValueError("must not hold ? or #, which end an SQLite address")
    return Path(value).expanduser().resolve()


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return what reads whole numbers from *low* to *high*."""

    def parse(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    return parse


def seconds(low: float, high: float) -> Callable[[str], float]:
    """Return what reads numbers of seconds from *low* to *high*."""

    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not low <= number <= high:
            raise ValueError(f"must be a number of seconds from {low:g} to {high:g}, not {value!r}")
        return number

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    """Return what reads one of some words."""

    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}, not {value!r}")
        return value

    return parse


def labels(value: str) -> tuple[str, ...]:
    """Return words that say what a worker is good for."""
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if len(found) > LABELS_MAX or not all(LABEL.fullmatch(each) for each in found):
        raise ValueError(
            f"must be at most {LABELS_MAX} labels with commas between, each 1 to 40 letters,"
            f" digits, `.`, `_` or `-`, the first a letter or a digit; not {value!r}"
        )
    return found


def url(value: str) -> str:
    """Return an address of this server or another, without a path."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ValueError(f"must look like https://rollway.example.com, not {value!r}")
    return value.rstrip("/")


def origins(value: str) -> tuple[str, ...]:
    """Return origins of pages: addresses as browsers write them, without a path."""
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    for each in found:
        parts = urlsplit(elsewhere(each))
        default = {"http": ":80", "https": ":443"}[parts.scheme]
        if each != each.lower() or each.endswith(("/", default)) or len(found) > ORIGINS_MAX:
            raise ValueError(
                f"must list at most {ORIGINS_MAX} origins such as https://deploys.example.com,"
                f" in small letters and separated by commas, not {value!r}"
            )
    return found


def database(value: str) -> str:
    """Return the address of a database."""
    if not value.startswith(("sqlite://", "postgres://", "asyncpg://")):
        raise ValueError("must begin with sqlite:// or postgres://")
    try:
        _ = urlsplit(value).port
    except ValueError as fault:  # it quotes what it takes for the port: a piece of the password
        raise ValueError(
            "must be an address; write special characters of its password as %XX"
        ) from fault
    return value


def repositories(value: str) -> frozenset[str]:
    """Return words of where repositories may be."""
    words = frozenset(word.strip() for word in value.split(",") if word.strip())
    unknown = words - REPOSITORY_WORDS
    if unknown or not words:
        known = ", ".join(sorted(REPOSITORY_WORDS))
        raise ValueError(f"must list some of {known}, separated by commas, not {value!r}")
    return words


def networks(value: str) -> tuple[str, ...]:
    """Return addresses and networks."""
    try:
        parts = [part.strip() for part in value.split(",")]
        return tuple(str(ipaddress.ip_network(part)) for part in parts if part)
    except ValueError as fault:
        raise ValueError(
            f"must list IP addresses or networks, separated by commas, not {value!r}"
        ) from fault


def keys(value: str) -> tuple[bytes, ...]:
    """Return master keys."""
    keys = tuple(parse_key(each.strip()) for each in value.split(","))
    if len(set(keys)) < len(keys) or len(keys) > KEYS_MAX:
        raise ValueError(f"must list at most {KEYS_MAX} keys, each once")
    return keys


def engine(value: str) -> str:
    """Return the socket of a container engine."""
    if not value.startswith("unix:///"):
        raise ValueError(f"must be a socket: unix:///run/podman/podman.sock, not {value!r}")
    return value


def elsewhere(value: str) -> str:
    """Return the address of another service."""
    parts = urlsplit(value)
    if "@" in parts.netloc or parts.query or parts.fragment or not value.isascii():
        raise ValueError("must be an address without a user, a query or a fragment")
    return url(value)


def addresses(value: str) -> tuple[str, ...]:
    """Return addresses of servers."""
    found = tuple(elsewhere(part.strip()) for part in value.split(",") if part.strip())
    if not found or len(found) > ADDRESSES_MAX:
        raise ValueError(f"must list 1 to {ADDRESSES_MAX} addresses, separated by commas")
    return found


def on_this_machine(host: str) -> bool:
    """Tell whether *host* is a loopback address."""
    return host in LOOPBACK


def address(value: str) -> tuple[str, int]:
    """Return a host and a port to listen on; 0 takes a free one."""
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > PORT_MAX:
        raise ValueError(f"must look like 127.0.0.1:9464, not {value!r}")
    return host.strip("[]"), int(port)


def visible(value: str) -> str:
    """Return what has visible ASCII characters only."""
    if not CREDENTIAL.fullmatch(value):
        raise ValueError("must be 1 to 256 visible ASCII characters")
    return value

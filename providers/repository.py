"""A repository's address: what it names, and whether this server may go there."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from providers.refusal import Reason, Refusal

LOOKUP_SECONDS = 5.0
HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9a-fA-F:.]+")  # a name, or an IPv6 address
PORTS = {"https": 443, "http": 80}
LAST_BITS = 2**32 - 1
# A gateway (NAT64), or an old system, takes what ends them for an IPv4 address.
TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
LOCALLY_TRANSLATED = ipaddress.ip_network("64:ff9b:1::/48")


class UrlFlaw(Reason):
    """What is wrong with an address."""

    CONTROL = "it holds blanks or control characters"
    HOST_OR_PORT = "its host or its port is none"
    SCHEME = "it must begin with https://, http:// or file://"
    CREDENTIALS = "it holds credentials; leave them out"
    QUERY = "it has a query or a fragment"
    FILE_HOST = "a file address has no host: file:///path"
    HOST = "it names no host, or one with unusual characters"
    NO_REPOSITORY = "it names no repository"
    CLIMBS = "its path climbs with .."
    API_SCHEME = "it must begin with https:// or http:// and name a host"
    API_EXTRA = "it has credentials, a query or a fragment"


class Barred(Reason):
    """What a server's policy keeps it from."""

    REPOSITORIES = "{scheme}:// repositories"
    SERVICES = "{scheme}:// services"
    PRIVATE = "{host}: its address is private or local"


@dataclass(eq=False)
class InvalidRepositoryUrl(Refusal):
    """The repository address cannot be used: {reason}."""

    reason: str


@dataclass(eq=False)
class AddressNotAllowed(Refusal):
    """This server may not reach {what}."""

    what: str


@dataclass(eq=False)
class AddressUnknown(Refusal):
    """The address of {host} cannot be found out, so it cannot be checked."""

    host: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Where repositories may be: URL schemes, and whether private addresses are reached."""

    schemes: Collection[str] = ("https",)
    private_addresses: bool = False


@dataclass(frozen=True, slots=True)
class Repository:
    """What a clone URL names."""

    url: str
    owner: str
    name: str


def parse(url: str, policy: Policy) -> Repository:
    """Read a clone URL; InvalidRepositoryUrl or AddressNotAllowed say what is wrong with it."""
    if any(ord(character) <= ord(" ") or character == "\x7f" for character in url):
        raise InvalidRepositoryUrl(UrlFlaw.CONTROL)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as fault:  # it quotes what it takes for a port: perhaps half a password
        raise InvalidRepositoryUrl(UrlFlaw.HOST_OR_PORT) from fault
    if parts.scheme not in {"https", "http", "file"}:
        raise InvalidRepositoryUrl(UrlFlaw.SCHEME)
    if parts.scheme not in policy.schemes:
        raise AddressNotAllowed(Barred.REPOSITORIES.of(scheme=parts.scheme))
    return _named(url, parts)


def _named(url: str, parts: SplitResult) -> Repository:
    if parts.username is not None or parts.password is not None:
        raise InvalidRepositoryUrl(UrlFlaw.CREDENTIALS)
    if parts.query or parts.fragment:
        raise InvalidRepositoryUrl(UrlFlaw.QUERY)
    if parts.scheme == "file" and parts.netloc not in {"", "localhost"}:
        raise InvalidRepositoryUrl(UrlFlaw.FILE_HOST)
    if parts.scheme != "file" and not HOST.fullmatch(parts.hostname or ""):
        raise InvalidRepositoryUrl(UrlFlaw.HOST)
    folders = [part for part in parts.path.split("/") if part]
    if not folders:
        raise InvalidRepositoryUrl(UrlFlaw.NO_REPOSITORY)
    if ".." in folders:
        raise InvalidRepositoryUrl(UrlFlaw.CLIMBS)
    name = folders[-1].removesuffix(".git") or folders[-1]
    return Repository(url, "/".join(folders[:-1]) if parts.scheme != "file" else "", name)


async def check_address(url: str, policy: Policy) -> str | None:
    """Return where *url* leads, as `host:port:address`, for git to go there and nowhere else.

    None where any address will do. Raises AddressNotAllowed for a private address, and
    AddressUnknown for a name that cannot be looked up.
    """
    found = await addresses(url, policy)
    if not found:
        return None
    parts = urlsplit(url)
    shown = ",".join(f"[{each}]" if ":" in each else each for each in found)
    return f"{parts.hostname}:{parts.port or PORTS[parts.scheme]}:{shown}"


async def addresses(url: str, policy: Policy) -> tuple[str, ...]:
    """Return the addresses behind *url*; none where any will do. Raises as `check_address`."""
    parts = urlsplit(url)
    if policy.private_addresses or parts.scheme == "file" or not parts.hostname:
        return ()
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            found = await loop.getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as fault:
        raise AddressUnknown(parts.hostname) from fault
    unique = tuple(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))
    if not all(map(_is_public, unique)):
        raise AddressNotAllowed(Barred.PRIVATE.of(host=parts.hostname))
    return unique


def _is_public(text: str) -> bool:
    """Tell whether an address is one of the internet's, also where an IPv4 address is inside."""
    address = ipaddress.ip_address(text)
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    if any(address in network for network in TRANSLATED):
        return _is_public(str(ipaddress.IPv4Address(int(address) & LAST_BITS)))
    if address in LOCALLY_TRANSLATED:
        return False
    inner = address.ipv4_mapped or address.sixtofour
    return not address.is_site_local and (inner is None or _is_public(str(inner)))

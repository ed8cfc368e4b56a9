"""Refs asked of a server without a process of Git: the second version of its protocol, over HTTP.

See https://git-scm.com/docs/protocol-v2. Connections stay open, and a server that is known is not
greeted again: one question, where Git asks two or three by new connections. Who answers otherwise
is left to Git, which knows older servers, and says what is wrong.
"""

import asyncio
import re
import ssl
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from engine.repository.credentials import origin_of
from engine.repository.source import COMMIT, Source, is_ref

SERVERS_MAX = 64  # whose connections are kept
CONNECTIONS_MAX = 32  # to one of them
IDLE_SECONDS = 60.0
REPOSITORIES_MAX = 1000  # that are known
ANSWER_BYTES_MAX = 1024 * 1024
PIECES_MAX = 4096  # of an answer: each costs a turn of the loop
TRY_SECONDS = 2.5  # so that Git has some of the time, too
CONNECT_SECONDS = 1.0  # at one of the addresses
ADDRESSES_MAX = 4
TIMEOUTS = {"timeout": httpx2.Timeout(TRY_SECONDS, connect=CONNECT_SECONDS).as_dict()}
HASHES: Mapping[bytes | None, int] = {None: 40, b"sha1": 40, b"sha256": 64}  # digits
UNAUTHORIZED = 401

SERVICE = "git-upload-pack"
HEADERS = {"Git-Protocol": "version=2", "User-Agent": "git/Rollway", "Accept-Encoding": "identity"}
LENGTH_BYTES = 4  # of a packet's length, which counts itself
LENGTH = re.compile(rb"[0-9a-fA-F]{4}")
FLUSH, DELIMITER = b"0000", b"0001"


class _Unlike(Exception):
    """Not an answer of the protocol's second version."""


@dataclass(frozen=True, slots=True)
class _Known:
    """How a repository is asked: by which hash it names commits, and whether it wants a login."""

    hashes: bytes | None
    login: bool


class Listings:
    """Asks servers. Close it in the end."""

    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        """Take *trust* for certificates that the system does not know."""
        self._trust = trust
        self._clients = OrderedDict[str, httpx2.AsyncClient]()
        self._known = OrderedDict[str, _Known]()
        self._closing = set[asyncio.Task[None]]()

    async def close(self) -> None:
        """Close all connections."""
        for each in self._clients.values():
            await each.aclose()
        self._clients.clear()

    async def of(self, source: Source, names: Sequence[str]) -> Mapping[str, str] | None:
        """Return the hashes of refs by their full names; None: ask Git.

        `<name>^{}` is what an annotated tag stands for, `ref: <name>` the ref that another one is,
        as `ref: <full name>`.
        """
        if origin_of(source.url) is None or set("@?#") & set(source.url):
            return None  # a login, a query: Git knows what is meant
        try:
            async with asyncio.timeout(TRY_SECONDS):
                return await self._asked(source, names)
        except (_Unlike, httpx2.HTTPError, httpx2.InvalidURL, TimeoutError):
            self._known.pop(source.url, None)
            return None

    async def _asked(self, source: Source, names: Sequence[str]) -> Mapping[str, str]:
        known = self._known.get(source.url) or await self._greet(source)
        sent = source, f"/{SERVICE}", _question(names, known.hashes)
        answer, login = await self._sent(*sent, "result", login=known.login)
        self._known[source.url] = _Known(known.hashes, login)
        self._known.move_to_end(source.url)
        if len(self._known) > REPOSITORIES_MAX:
            self._known.popitem(last=False)
        return _listed(answer, names, HASHES[known.hashes])

    async def _greet(self, source: Source) -> _Known:
        """Ask a server which versions it speaks."""
        path = f"/info/refs?service={SERVICE}"
        answer, login = await self._sent(source, path, None, "advertisement", login=False)
        lines = [each.rstrip(b"\n") for each in _packets(answer) if each is not None]
        if b"version 2" not in lines[:2]:  # before it some say of which service
            raise _Unlike
        capabilities = dict(each.partition(b"=")[::2] for each in lines)
        hashes = capabilities.get(b"object-format")
        if b"ls-refs" not in capabilities or hashes not in HASHES:
            raise _Unlike
        return _Known(hashes, login)

    async def _sent(
        self, source: Source, path: str, body: bytes | None, kind: str, *, login: bool
    ) -> tuple[bytes, bool]:
        """Return the answer, and whether a login was wanted for it: it is shown to who wants it."""
        response = await self._reached(source, path, body, login=login)
        if response.status_code == UNAUTHORIZED and source.credential and not login:
            await response.aclose()  # the next takes its place
            response, login = await self._reached(source, path, body, login=True), True
        try:
            return await _read(response, f"application/x-{SERVICE}-{kind}"), login
        finally:
            await response.aclose()

    async def _reached(
        self, source: Source, path: str, body: bytes | None, *, login: bool
    ) -> httpx2.Response:
        """Ask at the first of the checked addresses where anybody is."""
        request = self._request(source, path, body)
        if login and source.credential:
            request.headers["Authorization"] = f"Basic {source.credential.basic}"
        if source.pin is None:
            return await self._client(source).send(request, stream=True)
        request.extensions["sni_hostname"] = request.url.host
        for address in source.pin.split(":", 2)[2].split(",")[:ADDRESSES_MAX]:
            request.url = request.url.copy_with(host=address.strip("[]"))
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await self._client(source).send(request, stream=True)
        raise _Unlike

    def _request(self, source: Source, path: str, body: bytes | None) -> httpx2.Request:
        headers = dict(HEADERS)
        if body is not None:
            headers["Content-Type"] = f"application/x-{SERVICE}-request"
            headers["Accept"] = f"application/x-{SERVICE}-result"
        url = source.url.rstrip("/") + path
        method = "GET" if body is None else "POST"
        return httpx2.Request(method, url, headers=headers, content=body, extensions=TIMEOUTS)

    def _client(self, source: Source) -> httpx2.AsyncClient:
        """Return the connections to a server: those to another are checked for another name."""
        origin = origin_of(source.url) or ""
        client = self._clients.get(origin)
        if client is None:
            self._trust = self._trust or ssl.create_default_context()  # what Git trusts too
            limits = httpx2.Limits(max_connections=CONNECTIONS_MAX, keepalive_expiry=IDLE_SECONDS)
            client = self._clients[origin] = httpx2.AsyncClient(
                verify=self._trust,
                trust_env=False,
                limits=limits,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # takes none
            )
        self._clients.move_to_end(origin)
        if len(self._clients) > SERVERS_MAX:
            _, oldest = self._clients.popitem(last=False)
            closing = asyncio.create_task(oldest.aclose())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        return client


async def _read(response: httpx2.Response, kind: str) -> bytes:
    """Return the body of an answer of that media type."""
    if response.status_code != httpx2.codes.OK or response.headers.get("content-type") != kind:
        raise _Unlike
    answer, pieces = bytearray(), 0
    async for piece in response.aiter_raw():
        answer += piece
        pieces += 1
        if len(answer) > ANSWER_BYTES_MAX or pieces > PIECES_MAX:
            raise _Unlike
    return bytes(answer)


def _question(names: Sequence[str], hashes: bytes | None) -> bytes:
    """Return what asks for the refs whose names begin so."""
    capabilities = [b"command=ls-refs\n"] + ([b"object-format=" + hashes] if hashes else [])
    wanted = [b"peel\n", b"symrefs\n", *(f"ref-prefix {name}\n".encode() for name in names)]
    lines = (*map(_packet, capabilities), DELIMITER, *map(_packet, wanted), FLUSH)
    return b"".join(lines)


def _packet(line: bytes) -> bytes:
    return b"%04x%b" % (len(line) + LENGTH_BYTES, line)


def _packets(data: bytes) -> Iterator[bytes | None]:
    """Yield the packets of an answer; None for what stands between their groups."""
    at = 0
    while at < len(data):
        if not LENGTH.match(data, at):
            raise _Unlike
        length = int(data[at : at + LENGTH_BYTES], 16)
        if length < LENGTH_BYTES:
            yield None
            at += LENGTH_BYTES
            continue
        if at + length > len(data):
            raise _Unlike
        yield data[at + LENGTH_BYTES : at + length]
        at += length


def _listed(answer: bytes, names: Sequence[str], digits: int) -> Mapping[str, str]:
    """Return what an answer says of *names*; others may begin like them.

    What is no answer in the protocol is Git's to judge: an error, a hash that is none.
    """
    if not answer.endswith(FLUSH):
        raise _Unlike
    found: dict[str, str] = {}
    for packet in _packets(answer):
        commit, *rest = (packet or b"").decode(errors="replace").rstrip("\n").split(" ")
        if packet is not None and not (COMMIT.fullmatch(commit) and len(commit) == digits and rest):
            raise _Unlike
        if packet is None or rest[0] not in names:
            continue
        name, *attributes = rest
        if name in found:
            raise _Unlike
        found[name] = commit
        for key, _, value in (each.partition(":") for each in attributes):
            if key == "symref-target" and is_ref(value):
                found[f"ref: {name}"] = f"ref: {value}"
            elif key == "peeled" and COMMIT.fullmatch(value) and len(value) == digits:
                found[f"{name}^{{}}"] = value
            else:
                raise _Unlike
    return found

"""One HTTP client for every service: bounded in time, size and tries, and it stays on its host.

The token travels in a header, to the address that was checked; no address and no message has it.
"""

import asyncio
import math
import random
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urljoin, urlsplit

import httpx2

from providers.api.answer import Answer
from providers.api.refusals import (
    AnswerTooLarge,
    Excess,
    Forbidden,
    InvalidApiUrl,
    Moved,
    Nonsense,
    NotThere,
    RateLimited,
    Rejected,
    Riddle,
    ServiceDown,
    Silence,
    TokenRefused,
)
from providers.repository import HOST, PORTS, AddressNotAllowed, Barred, Policy, UrlFlaw, addresses

TOKEN = re.compile(r"[!-~]{1,4000}")
GATEWAY_FAULTS = frozenset({502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
REDIRECTS_MAX = 3
BACK_OFF_SECONDS = 0.3
HEADERS = {"User-Agent": "Rollway", "Accept-Encoding": "identity"}
JSON = "application/json"
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how often a service is asked, and how much it may answer."""

    tries_max: int = 4
    try_seconds: float = 10.0
    total_seconds: float = 30.0
    wait_seconds_max: float = 10.0  # where a service says how long to wait
    answer_bytes_max: int = 8 * 1024**2


DEFAULT = Bounds()
Lookup = Callable[[str, Policy], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Host:
    """A service, the address its API begins at, and the header that takes a token."""

    name: str
    url: str
    header: str = "Authorization"
    scheme: str = "Bearer "


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)
    repeatable: bool
    hidden: tuple[str, ...] = field(repr=False)


class _NoAnswer(Exception):
    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class Client:
    """Asks one service in the name of one token.

    Every call raises the refusals of `providers.api.refusals`, AddressNotAllowed and
    AddressUnknown.
    """

    def __init__(
        self,
        host: Host,
        token: str,
        policy: Policy,
        bounds: Bounds = DEFAULT,
        lookup: Lookup = addresses,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Take *trust* for certificates that the system does not know."""
        _check(host, policy)
        self.service = host.name
        self._base = host.url.rstrip("/")
        self._token = token
        self._headers = {host.header: f"{host.scheme}{token}"}
        self._policy = policy
        self._bounds = bounds
        self._lookup = lookup
        self._closed_until = 0.0
        self._http = httpx2.AsyncClient(
            headers=HEADERS,
            timeout=bounds.try_seconds,
            verify=trust or True,
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(
        self, path: str, query: Mapping[str, str | int] | None = None, *, accept: str = JSON
    ) -> Answer:
        """Ask for what is at *path* below the address of the API."""
        return await self._send("GET", path, query=query, accept=accept)

    async def post(
        self, path: str, body: Mapping[str, object], *, repeatable: bool = False, hide: str = ""
    ) -> Answer:
        """Make something; *repeatable* where twice is the same as once.

        *hide* is a secret in *body*, which a refusal must not quote.
        """
        return await self._send("POST", path, body=body, repeatable=repeatable, hide=hide)

    async def put(self, path: str, body: Mapping[str, object], *, hide: str = "") -> Answer:
        """Replace something."""
        return await self._send("PUT", path, body=body, hide=hide)

    async def patch(self, path: str, body: Mapping[str, object], *, hide: str = "") -> Answer:
        """Set some of the fields of something."""
        return await self._send("PATCH", path, body=body, hide=hide)

    async def delete(self, path: str) -> None:
        """Remove something, which may be gone already."""
        self._require_plain(path)
        with suppress(NotThere):
            await self._send("DELETE", path)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
        accept: str = JSON,
        repeatable: bool = True,
        hide: str = "",
    ) -> Answer:
        self._require_plain(path)
        if not TOKEN.fullmatch(self._token):
            raise TokenRefused(self.service)
        if (seconds := self._closed_until - monotonic()) > 0:
            raise RateLimited(self.service, math.ceil(seconds))
        url = httpx2.URL(f"{self._base}/{path}", params=query or None)
        headers = {**self._headers, "Accept": accept}
        hidden = (self._token, hide)
        request = _Request(method, str(url), headers, body, repeatable, hidden)
        try:
            async with asyncio.timeout(self._bounds.total_seconds):
                return self._checked(await self._tries(request), request)
        except TimeoutError:
            reason = Silence.LATE.of(seconds=self._bounds.total_seconds)
            raise ServiceDown(self.service, reason) from None

    def _require_plain(self, path: str) -> None:
        """Refuse a path whose parts are not what they seem: it would lead to something else."""
        if not {"", ".", ".."}.isdisjoint(path.split("/")):
            raise NotThere(self.service)

    async def _tries(self, request: _Request) -> Answer:
        """Return the answer that is no passing fault, or the last one."""
        for number in range(self._bounds.tries_max):
            last = number + 1 == self._bounds.tries_max
            pause = BACK_OFF_SECONDS * 2**number * random.uniform(0.5, 1)  # noqa: S311 (a pause)
            try:
                answer = await self._followed(request, number)
            except _NoAnswer as fault:
                if last or (fault.sent and not request.repeatable):
                    raise ServiceDown(self.service, fault.reason) from None
            else:
                if (wait := answer.wait_seconds()) is not None:
                    if last or wait > self._bounds.wait_seconds_max:
                        self._rest(wait)
                        raise RateLimited(self.service, math.ceil(wait))
                    pause = max(pause, wait)
                elif answer.status in GATEWAY_FAULTS and request.repeatable and not last:
                    pause = max(pause, answer.retry_after())
                    if pause > self._bounds.wait_seconds_max:
                        return answer
                else:
                    self._rest(answer.rest_seconds())
                    return answer
            await asyncio.sleep(pause)
        raise AssertionError("a last try returns or raises")

    def _rest(self, seconds: float) -> None:
        self._closed_until = max(self._closed_until, monotonic() + seconds)

    async def _followed(self, request: _Request, number: int) -> Answer:
        """Return the answer at the end of the redirects, which lead to nowhere else."""
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._once(request, number)
            if answer.status not in REDIRECTS:
                return answer
            try:
                target = urljoin(request.url, answer.headers.get("location", ""))
            except ValueError:
                break
            if request.method != "GET" or _origin(target) != _origin(self._base):
                break
            request = replace(request, url=target)
        raise Moved(self.service)

    async def _once(self, request: _Request, number: int) -> Answer:
        found = await self._lookup(self._base, self._policy)
        sent = self._http.build_request(
            request.method,
            request.url,
            headers=dict(request.headers),
            json=request.body,
        )
        if found:  # the host's name stays in the header and in the check of the certificate
            sent.extensions["sni_hostname"] = sent.url.host
            sent.url = sent.url.copy_with(host=found[number % len(found)])
        try:
            async with asyncio.timeout(self._bounds.try_seconds):
                return await self._received(sent)
        except TimeoutError:
            reason = Silence.PARTIAL.of(seconds=self._bounds.try_seconds)
            raise _NoAnswer(reason, sent=True) from None
        except NOT_SENT as fault:
            certificate = "CERTIFICATE" in str(fault)
            why = Silence.CERTIFICATE if certificate else Silence.NO_CONNECTION
            raise _NoAnswer(why, sent=False) from None
        except httpx2.TransportError:
            raise _NoAnswer(Silence.BROKEN, sent=True) from None

    async def _received(self, sent: httpx2.Request) -> Answer:
        response = await self._http.send(sent, stream=True)
        try:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise Nonsense(self.service, Riddle.PACKED)
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > self._bounds.answer_bytes_max:
                    reason = Excess.BYTES.of(most=self._bounds.answer_bytes_max)
                    raise AnswerTooLarge(self.service, reason)
        finally:
            await response.aclose()
        return Answer(self.service, response.status_code, response.headers, bytes(body))

    def _checked(self, answer: Answer, request: _Request) -> Answer:
        """Return an answer that is none of the refusals."""
        match answer.status:
            case status if 200 <= status < 300:  # noqa: PLR2004 (success)
                return answer
            case 401:
                raise TokenRefused(self.service)
            case 403:
                raise Forbidden(self.service, answer.said(request.hidden))
            case 404 | 410:
                raise NotThere(self.service)
            case status if 400 <= status < 500:  # noqa: PLR2004 (refused)
                raise Rejected(self.service, status, answer.said(request.hidden))
            case status if status >= 500:  # noqa: PLR2004 (failed)
                raise ServiceDown(self.service, Silence.STATUS.of(status=status))
            case status:
                raise Nonsense(self.service, Riddle.STATUS.of(status=status))


def path(*parts: str | int) -> str:
    """Return a path of these *parts*, none of which can become two."""
    return "/".join(quote(str(part), safe="") for part in parts)


def _check(host: Host, policy: Policy) -> None:
    try:
        parts = urlsplit(host.url)
        _ = parts.port
    except ValueError:
        raise InvalidApiUrl(host.name, UrlFlaw.HOST_OR_PORT) from None
    if parts.scheme not in PORTS or not HOST.fullmatch(parts.hostname or ""):
        raise InvalidApiUrl(host.name, UrlFlaw.API_SCHEME)
    if not host.url.isprintable() or " " in host.url:
        raise InvalidApiUrl(host.name, UrlFlaw.CONTROL)
    if parts.username is not None or parts.query or parts.fragment:
        raise InvalidApiUrl(host.name, UrlFlaw.API_EXTRA)
    if parts.scheme not in policy.schemes:
        raise AddressNotAllowed(Barred.SERVICES.of(scheme=parts.scheme))


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return "", None, None

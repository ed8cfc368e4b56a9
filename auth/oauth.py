"""The authorization code flow: from a button to somebody's identity at GitHub or Gitee.

The server asks the service itself, at the address from its settings, follows no redirect, and
believes nothing that came through the browser. Neither code nor token is logged; a token is given
to the caller where it is for a team's account, and else forgotten.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.client import OAuth2Client

from auth.cookies import trip_cookie
from auth.logins import (
    TRAITS,
    Client,
    Grant,
    Identity,
    LoginNotOffered,
    NotThisTrip,
    Service,
    Trip,
)
from db.vault import Vault

log = logging.getLogger("rollway.oauth")

EXCHANGE_SECONDS = 10.0
ANSWER_BYTES_MAX = 64 * 1024
CODE = re.compile(r"[!-~]{1,1000}")
EXCHANGES_MAX = 20  # at once; more wait, in the time they have
DENIED = "access_denied"
OF_THE_CODE = frozenset({"bad_verification_code", "bad_refresh_token", "invalid_grant"})
WORD = re.compile(r"[a-z_]{1,40}")  # what an error is called; a code or a token never looks so
HEADERS = {"User-Agent": "Rollway", "Accept-Encoding": "identity"}


@dataclass(eq=False)
class LoginDenied(Exception):
    """You did not allow it at {service}, so you are not signed in."""

    service: str


@dataclass(eq=False)
class LoginRefused(Exception):
    """{service} refused the sign-in; the log of this server says why."""

    service: str


@dataclass(eq=False)
class CodeRefused(Exception):
    """{service} did not accept this sign-in any more; start again."""

    service: str


@dataclass(eq=False)
class ServiceDown(Exception):
    """{service} does not answer; try again later."""

    service: str


@dataclass(eq=False)
class ServiceNonsense(Exception):
    """{service} answered something that this server does not understand; its log says more."""

    service: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A service that is set up, and the address that begins a sign-in."""

    service: Service
    start_url: str


class Logins:
    """The services that this server is registered with.

    *transport* makes what requests go through, for services that are not on the network.
    """

    def __init__(
        self,
        clients: Iterable[Client],
        vault: Vault,
        public_url: str,
        *,
        exchange_seconds: float = EXCHANGE_SECONDS,
        transport: Callable[[], httpx2.AsyncBaseTransport] = httpx2.AsyncHTTPTransport,
    ) -> None:
        self._clients = {client.service: client for client in clients}
        self._vault = vault
        self._public_url = public_url
        self.cookie = trip_cookie(public_url)
        self._exchange_seconds = exchange_seconds
        self._transport = transport
        self._room = asyncio.Semaphore(EXCHANGES_MAX)

    @property
    def offers(self) -> list[Offer]:
        """Return the services that are set up."""
        return [
            Offer(service, f"{self._public_url}/oauth/{service}/start") for service in self._clients
        ]

    def depart(
        self, service: Service, next_path: str, session_id: str | None = None
    ) -> tuple[str, str]:
        """Begin a trip; return the address to send the browser to, and the cookie to give it.

        LoginNotOffered when the service is not set up.
        """
        return self._depart(Trip.start(service, next_path, session_id))

    def depart_for(
        self, org_name: str, service: Service, next_path: str, session_id: str, scope: str
    ) -> tuple[str, str]:
        """Begin a trip that asks for a token of *scope* for the team *org_name*; as `depart`."""
        return self._depart(Trip.start(service, next_path, session_id, org_name), scope)

    def _depart(self, trip: Trip, scope: str | None = None) -> tuple[str, str]:
        client = self._client(trip.service)
        parameters = self._parameters(client) | ({"scope": scope} if scope else {})
        protocol = OAuth2Client(None, **parameters)
        url, _ = protocol.create_authorization_url(
            client.authorize_url,
            state=trip.state,
            code_verifier=trip.verifier if client.traits.pkce else None,
        )
        return str(url), trip.seal(self._vault)

    def resume(self, service: Service, sealed: str | None, state: str) -> Trip:
        """Return the trip that ends here; NotThisTrip when cookie and state do not belong to it."""
        self._client(service)
        trip = Trip.resume(sealed, service, state, self._vault) if sealed else None
        if trip is None:
            raise NotThisTrip(self._public_url)
        return trip

    def url(self, service: Service) -> str:
        """Return the address of a service; LoginNotOffered when it is not set up."""
        return self._client(service).url

    async def identify(self, trip: Trip, answer: Mapping[str, str]) -> tuple[Identity, Grant]:
        """Return who came back with *answer*, the parameters of the callback, and their token.

        LoginDenied, LoginRefused, CodeRefused, ServiceDown and ServiceNonsense say what went
        wrong; it takes at most the seconds of an exchange.
        """
        client = self._client(trip.service)
        name, code = client.traits.name, answer.get("code", "")
        if error := answer.get("error"):
            if error == DENIED:
                raise LoginDenied(name)
            log.warning("%s refused a sign-in: %s", name, _word(error))
            raise LoginRefused(name)
        if not CODE.fullmatch(code):
            raise CodeRefused(name)
        async with self._exchanging(client) as protocol:
            verifier = {"code_verifier": trip.verifier} if client.traits.pkce else {}
            told = await protocol.fetch_token(
                client.token_url, grant_type="authorization_code", code=code, **verifier
            )
            grant = Grant.read(told)
            protocol.token = {"access_token": grant.access_token, "token_type": "Bearer"}
            user = await protocol.get(client.user_url, headers={"Accept": "application/json"})
            user.raise_for_status()
            return Identity.read(client.service, user.json()), grant

    async def renew(self, service: Service, refresh_token: str) -> Grant:
        """Return a new token for *refresh_token*.

        LoginNotOffered when the service is not set up; CodeRefused when the refresh token is no
        good any more; else as `identify`.
        """
        client = self._client(service)
        async with self._exchanging(client) as protocol:
            told = await protocol.fetch_token(
                client.token_url, grant_type="refresh_token", refresh_token=refresh_token
            )
            return Grant.read(told)

    @asynccontextmanager
    async def _exchanging(self, client: Client) -> AsyncIterator[AsyncOAuth2Client]:
        """Give what speaks to the service, in the seconds of an exchange; refuse as it does."""
        name = client.traits.name
        try:
            async with (
                asyncio.timeout(self._exchange_seconds),
                self._room,
                self._protocol(client) as protocol,
            ):
                yield protocol
        except AuthlibBaseError as fault:
            if fault.error in OF_THE_CODE:
                raise CodeRefused(name) from None
            log.warning("%s refused to change a code: %s", name, _word(fault.error))
            raise LoginRefused(name) from None
        except (TimeoutError, httpx2.TransportError, _NoAnswer) as fault:
            log.warning("%s does not answer: %s", name, type(fault).__name__)
            raise ServiceDown(name) from None
        except (ValueError, TypeError, httpx2.HTTPError) as fault:  # also of a broken token
            log.warning("%s answered nonsense: %s", name, type(fault).__name__)
            raise ServiceNonsense(name) from None

    def _protocol(self, client: Client) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            **self._parameters(client) | {"scope": None},  # a refresh keeps what was granted
            transport=_Bounded(self._transport()),
            headers=HEADERS,
            timeout=self._exchange_seconds,
            follow_redirects=False,
            trust_env=False,
        )

    def _client(self, service: Service) -> Client:
        if service not in self._clients:
            raise LoginNotOffered(TRAITS[service].name)
        return self._clients[service]

    def _parameters(self, client: Client) -> dict[str, Any]:
        return {
            "client_id": client.id,
            "client_secret": client.secret,
            "token_endpoint_auth_method": "client_secret_post",
            "code_challenge_method": "S256" if client.traits.pkce else None,
            "scope": client.traits.scope,
            "redirect_uri": f"{self._public_url}/oauth/{client.service}/callback",
        }


class _NoAnswer(Exception):
    """A gateway's answer instead of the service's."""


class _Bounded(httpx2.AsyncBaseTransport):
    """A transport whose answers are short and not packed: neither can fill the memory."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 (an async transport)
        response.stream = _BoundedStream(response.stream)
        down = response.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR
        packed = response.headers.get("Content-Encoding", "identity") != "identity"
        if down or packed:
            await response.stream.aclose()
            raise _NoAnswer if down else ValueError("packed, though not asked for")
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._inner:
            read += len(piece)
            if read > ANSWER_BYTES_MAX:
                raise ValueError("too long")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


def _word(error: object) -> str:
    """Return what an error is called, when it is one word."""
    return error if isinstance(error, str) and WORD.fullmatch(error) else "an unknown error"

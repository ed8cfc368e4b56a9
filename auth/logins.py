"""Logins of other services: what GitHub and Gitee are like, and a trip to one of them and back.

Whoever signs in leaves for the service and comes back with a code and a state. What must outlast
that trip travels in a cookie, sealed, so that a browser can neither read nor change it.
"""

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from time import time
from typing import Any

from auth.passwords import UNSTORABLE
from db.vault import NotSealedHere, Vault

TRIP_SECONDS = 10 * 60
NEXT_CHARACTERS_MAX = 1000
LOGIN_CHARACTERS_MAX = 255
AVATAR_CHARACTERS_MAX = 2000
UNION_ID_MAX = 2**63
EXPIRES_SECONDS_MAX = 10 * 365 * 24 * 3600
TOKEN = re.compile(r"[!-~]{1,4000}")
PLACE = "cookie/login"
LOCAL_PATH = re.compile(r"/(?!/)[!-\[\]-~]*")  # visible ASCII without the backslash


class Service(StrEnum):
    """A service whose logins can be used here."""

    GITHUB = "github"
    GITEE = "gitee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """How a service does it; paths stand below its address."""

    name: str
    url: str
    authorize_path: str
    token_path: str
    api_path: str
    api_url: str  # of the public service at *url*
    scope: str | None
    pkce: bool
    column: str  # of the table of users


TRAITS: Mapping[Service, Traits] = {
    Service.GITHUB: Traits(
        name="GitHub",
        url="https://github.com",
        authorize_path="/login/oauth/authorize",
        token_path="/login/oauth/access_token",  # noqa: S106 (a path)
        api_path="/api/v3",
        api_url="https://api.github.com",
        scope=None,  # reads what everybody can see of the user
        pkce=True,
        column="github_unionid",
    ),
    Service.GITEE: Traits(
        name="Gitee",
        url="https://gitee.com",
        authorize_path="/oauth/authorize",
        token_path="/oauth/token",  # noqa: S106 (a path)
        api_path="/api/v5",
        api_url="https://gitee.com/api/v5",
        scope="user_info",
        pkce=False,
        column="gitee_unionid",
    ),
}


@dataclass(eq=False)
class LoginNotOffered(Exception):
    """This server offers no sign-in with {service}."""

    service: str


@dataclass(eq=False)
class NotThisTrip(Exception):
    """This sign-in did not begin in this browser at {url}, is over or too old; start again."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """This server, as it is registered with a service at *url*."""

    service: Service
    url: str
    id: str
    secret: str = field(repr=False)

    @property
    def traits(self) -> Traits:
        """Return how the service does it."""
        return TRAITS[self.service]

    @property
    def authorize_url(self) -> str:
        """Return where a browser is sent to."""
        return self.url + self.traits.authorize_path

    @property
    def token_url(self) -> str:
        """Return where a code is changed for a token."""
        return self.url + self.traits.token_path

    @property
    def user_url(self) -> str:
        """Return where the token's user can be read."""
        public = self.url == self.traits.url
        return (self.traits.api_url if public else self.url + self.traits.api_path) + "/user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who somebody is at a service, by the service's own word."""

    service: Service
    union_id: str
    login: str
    avatar: str | None

    @classmethod
    def read(cls, service: Service, answer: Any) -> "Identity":
        """Read the service's user document; ValueError when it is none."""
        if not isinstance(answer, dict):
            raise ValueError("not an object")  # noqa: TRY004 (a wrong value, from outside)
        number, login, avatar = (answer.get(key) for key in ("id", "login", "avatar_url"))
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < UNION_ID_MAX:
            raise ValueError("no id")
        if not isinstance(login, str) or not 0 < len(login) <= LOGIN_CHARACTERS_MAX:
            raise ValueError("no login")
        if UNSTORABLE.search(login):
            raise ValueError("no login")
        shown = (
            isinstance(avatar, str)
            and len(avatar) <= AVATAR_CHARACTERS_MAX
            and re.fullmatch(r"https?://[!-~]+", avatar)
        )
        return cls(
            service=service,
            union_id=str(number),
            login=login,
            avatar=avatar if shown else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token that a service gave, and what it said of it.

    *scopes* is None where it said nothing, *expires_time* (seconds since 1970) where it goes on.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_time: float | None = None
    scopes: frozenset[str] | None = None

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "Grant":
        """Read the answer to a code or to a refresh token; ValueError when there is no token."""
        token, refresh, seconds, scope = (
            answer.get(key) for key in ("access_token", "refresh_token", "expires_in", "scope")
        )
        if not isinstance(token, str) or not TOKEN.fullmatch(token):
            raise ValueError("no token")
        expires_time = None
        if isinstance(seconds, int) and 0 < seconds < EXPIRES_SECONDS_MAX:
            expires_time = time() + seconds
        renewable = isinstance(refresh, str) and TOKEN.fullmatch(refresh)
        scopes = frozenset(re.findall(r"[^\s,]+", scope)) if isinstance(scope, str) else None
        return cls(
            access_token=token,
            refresh_token=refresh if renewable else None,
            expires_time=expires_time,
            scopes=scopes or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One way to a service and back.

    *verifier* is PKCE's secret, *next_path* where to go in the end. *session_id* is the session
    that links a login to its user, or an account to the team *org_name*; None signs in.
    """

    service: Service
    state: str = field(repr=False)
    verifier: str = field(repr=False)
    next_path: str
    session_id: str | None
    expires_time: float  # seconds since 1970
    org_name: str | None = None

    @classmethod
    def start(
        cls,
        service: Service,
        next_path: str,
        session_id: str | None = None,
        org_name: str | None = None,
    ) -> "Trip":
        """Return a new trip with fresh secrets."""
        return cls(
            service=service,
            state=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            next_path=next_path,
            session_id=session_id,
            expires_time=time() + TRIP_SECONDS,
            org_name=org_name,
        )

    def seal(self, vault: Vault) -> str:
        """Return the trip as the text of a cookie, of less than 3 KiB."""
        kept = {
            "state": self.state,
            "verifier": self.verifier,
            "next_path": self.next_path,
            "session_id": self.session_id,
            "expires_time": self.expires_time,
            "org_name": self.org_name,
        }
        return vault.seal(json.dumps(kept), place=PLACE, name=self.service, version=1)

    @classmethod
    def resume(cls, sealed: str, service: Service, state: str, vault: Vault) -> "Trip | None":
        """Return the trip to *service* that *sealed* holds.

        None when it is none of ours, when its state is another, or when it took too long.
        """
        try:
            kept = json.loads(vault.open(sealed, place=PLACE, name=service))
        except NotSealedHere:
            return None
        trip = cls(service=service, **kept)
        same = hmac.compare_digest(trip.state.encode(), state.encode(errors="replace"))
        return trip if same and time() < trip.expires_time else None


def is_local_path(text: str) -> bool:
    """Tell whether *text* is an address that leads nowhere but to this server."""
    return len(text) <= NEXT_CHARACTERS_MAX and LOCAL_PATH.fullmatch(text) is not None

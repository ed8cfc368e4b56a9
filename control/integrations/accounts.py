"""The accounts at Git hosting services that teams have linked, and what they open."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from db.models import Application, Org
from db.sealed import TEAM_ACCOUNTS
from db.vault import Vault
from engine.repository.credentials import Credential, origin_of
from providers import Provider
from providers.api import SERVICES as APIS
from providers.api import Api, connect
from providers.refusal import Refusal
from providers.repository import Policy


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service keeps repositories, and how git signs in there with a token.

    *user* goes with the token; None: the account's own. *api_path* is where the API begins on a
    server of one's own. *scopes* are what a token needs to list repositories, clone private ones,
    set webhooks and show statuses.
    """

    url: str
    user: str | None
    api_path: str
    scopes: frozenset[str] = frozenset()

    def missing(self, scopes: Collection[str] | None) -> list[str]:
        """Return what a token of these *scopes* lacks; nothing where they are not known (None)."""
        return [] if scopes is None else sorted(self.scopes.difference(scopes))


SERVICES: Mapping[str, Service] = {
    Provider.GITHUB: Service(
        "https://github.com", "x-access-token", "/api/v3", frozenset({"repo"})
    ),
    Provider.GITLAB: Service("https://gitlab.com", "oauth2", "/api/v4", frozenset({"api"})),
    Provider.GITEE: Service(
        "https://gitee.com", "oauth2", "/api/v5", frozenset({"hook", "projects", "user_info"})
    ),
    Provider.CODEUP: Service("https://codeup.aliyun.com", None, "/oapi/v1"),
}


def name_of(provider: str) -> str:
    """Return what people call a service."""
    return APIS[Provider(provider)].host.name if provider in SERVICES else provider


@dataclass(eq=False)
class NotLinked(Refusal):
    """The team has linked no account at {service}, or one of another server than this is on."""

    service: str


@dataclass(frozen=True, slots=True)
class Account:
    """A team's account, its token in clear; *url* is the address of a server of one's own."""

    provider: Provider
    login: str
    token: str = field(repr=False)
    url: str = ""

    @property
    def origin(self) -> str | None:
        """Scheme, host and port of its repositories; None where the address is broken."""
        return origin_of(self.url or SERVICES[self.provider].url)

    @property
    def credential(self) -> Credential | None:
        """What git signs in with; None where the address is broken."""
        user = SERVICES[self.provider].user or self.login
        return Credential(self.origin, user, self.token) if self.origin else None

    def connect(self, policy: Policy) -> Api:
        """Return the service's API; raises as `providers.api.connect`. `close` it in the end."""
        path = SERVICES[self.provider].api_path
        url = self.url.rstrip("/") + path if self.url else ""
        return connect(self.provider, self.token, policy, url)


def account_of(owner: Org, provider: str, vault: Vault) -> Account | None:
    """Return the account that the team of *owner*, its OWNER's row, has at *provider*.

    None without one; NotSealedHere when its token does not open.
    """
    kept: Mapping[str, Any] = (owner.third_part or {}).get(provider) or {}
    if not kept.get("access_token") or provider not in SERVICES:
        return None
    place = TEAM_ACCOUNTS.place(owner.name)
    token = vault.open(kept["access_token"], place=place, name=f"{provider}.access_token")
    login = str(kept.get("user") or kept.get("owner"))
    return Account(Provider(provider), login, token, str(kept.get("url") or ""))


def account_for(owner: Org, application: Application, vault: Vault) -> Account | None:
    """Return the account of the team that opens the application's repository.

    None where there is no such account, or the repository is not on that account's server.
    NotSealedHere when its token does not open.
    """
    account = account_of(owner, application.provider, vault)
    if account is None or account.origin is None:
        return None
    return account if account.origin == origin_of(application.repo_url) else None

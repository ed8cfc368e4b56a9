"""What Git hosting services are asked: their APIs, behind one port."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from providers import Provider
from providers.api import codeup, gitee, github, gitlab
from providers.api.client import DEFAULT, Bounds, Client, Host, Lookup
from providers.api.codeup import Codeup
from providers.api.gitee import Gitee
from providers.api.github import GitHub
from providers.api.gitlab import GitLab
from providers.api.port import Account, Api, Commit, Listed, Page, Ref, State, Status
from providers.repository import Policy, addresses

__all__ = [
    "Account",
    "Api",
    "Bounds",
    "Commit",
    "GitHub",
    "Listed",
    "Page",
    "Ref",
    "State",
    "Status",
    "connect",
]


@dataclass(frozen=True, slots=True)
class _Known:
    host: Host
    api: Callable[[Client], Api]


SERVICES: Mapping[Provider, _Known] = {
    Provider.GITHUB: _Known(Host("GitHub", github.URL), GitHub),
    Provider.GITEE: _Known(Host("Gitee", gitee.URL), Gitee),
    Provider.GITLAB: _Known(Host("GitLab", gitlab.URL), GitLab),
    Provider.CODEUP: _Known(Host("Codeup", codeup.URL, codeup.HEADER, ""), Codeup),
}


def connect(
    provider: Provider,
    token: str,
    policy: Policy,
    url: str = "",
    *,
    bounds: Bounds = DEFAULT,
    lookup: Lookup = addresses,
) -> Api:
    """Return the API of a service; *url* is where it begins, for one of one's own.

    Nothing is asked yet. Raises InvalidApiUrl and AddressNotAllowed. `close` it in the end.
    """
    known = SERVICES[provider]
    host = Host(known.host.name, url or known.host.url, known.host.header, known.host.scheme)
    return known.api(Client(host, token, policy, bounds, lookup))

"""Deliveries of any service: whose they are, what proves them, what they say."""

import time
from dataclasses import dataclass
from typing import Protocol

from providers import Provider, codeup, gitee, github, gitlab
from providers.headers import SPELLINGS, Headers, find, need
from providers.hooks import Hook
from providers.payloads import BODY_BYTES_MAX, PayloadTooLarge
from providers.proofs import Proof
from providers.refusal import Refusal


class _Service(Protocol):
    EVENT: str

    def verify(self, sent: Headers, body: bytes, secret: str | None, now: float, /) -> Proof: ...
    def delivery_id(self, sent: Headers, body: bytes, /) -> str: ...
    def parse(self, sent: Headers, body: bytes, /) -> Hook: ...


SERVICES: dict[Provider, _Service] = {
    Provider.GITHUB: github,
    Provider.GITEE: gitee,
    Provider.GITLAB: gitlab,
    Provider.CODEUP: codeup,
}

# What says nothing of a secret, and is enough to read the body again.
KEPT = frozenset(
    {service.EVENT for service in SERVICES.values()}
    | {"content-type", "user-agent", gitee.PING, gitee.STAMP, gitlab.EVENT_ID}
    | {github.DELIVERY, gitlab.DELIVERY, codeup.DELIVERY}
    | {*SPELLINGS.values()}
)

HIDDEN = b"***"


class ProviderUnknown(Refusal):
    """The delivery's headers name no Git hosting service that Rollway knows."""


@dataclass(eq=False)
class ProviderAmbiguous(Refusal):
    """The delivery's headers name several Git hosting services: {names}."""

    names: str


@dataclass(eq=False)
class ProviderUnexpected(Refusal):
    """The delivery comes from {found}, the application's repository is at {expected}."""

    found: str
    expected: str


def identify(sent: Headers) -> Provider:
    """Return the service whose event header there is; without any, the user agent's."""
    named = [each for each, service in SERVICES.items() if find(sent, service.EVENT)]
    if len(named) > 1:
        raise ProviderAmbiguous(", ".join(named))
    if named:
        return named[0]
    agent = find(sent, "user-agent") or ""
    if agent.startswith("GitHub-Hookshot"):
        return Provider.GITHUB
    if agent == "git-oschina-hook":
        return Provider.GITEE
    if agent.startswith("GitLab") or any(name.lower().startswith("x-gitlab") for name in sent):
        return Provider.GITLAB
    if agent.startswith("okhttp"):
        return Provider.CODEUP
    raise ProviderUnknown


def verify(
    provider: Provider,
    sent: Headers,
    body: bytes,
    secret: str | None,
    *,
    now: float | None = None,
) -> Proof:
    """Return what proves that *provider* sent the delivery; raises `Unproven` where nothing does.

    *now* is in seconds since 1970.
    """
    if len(body) > BODY_BYTES_MAX:
        raise PayloadTooLarge(len(body), BODY_BYTES_MAX)
    service = _service(provider)
    found = identify(sent)
    if found is not provider:
        raise ProviderUnexpected(found, provider)
    return service.verify(sent, body, secret, time.time() if now is None else now)


def event(provider: Provider, sent: Headers) -> str:
    """Return the kind of the delivery, in the service's words."""
    return need(sent, _service(provider).EVENT)


def delivery_id(provider: Provider, sent: Headers, body: bytes) -> str:
    """Return what stays the same when the service sends the delivery again."""
    return _service(provider).delivery_id(sent, body)


def parse(provider: Provider, sent: Headers, body: bytes) -> Hook:
    """Read what a delivery says that is proven; `InvalidPayload` says what cannot be read."""
    return _service(provider).parse(sent, body)


def kept(sent: Headers) -> dict[str, str]:
    """Return the headers to keep with a delivery: none of them proves anything."""
    lowered = {name.lower(): value for name, value in sent.items()}
    return {name: value for name, value in lowered.items() if name in KEPT}


def kept_body(provider: Provider, body: bytes, secret: str) -> bytes:
    """Return the body to keep with a delivery, which says the same and no secret."""
    if provider is Provider.GITEE:
        body = gitee.without_secrets(body)
    return body.replace(secret.encode("utf-8", "surrogatepass"), HIDDEN)


def _service(provider: Provider) -> _Service:
    service = SERVICES.get(provider)
    if service is None:
        raise ProviderUnknown
    return service

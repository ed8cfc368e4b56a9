"""The door for logins of other services: `/oauth/{service}/start` and `/oauth/{service}/callback`.

A browser comes here by itself, so whatever goes wrong is said on a page, for a person.
"""

import html
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from auth import identities, viewer
from auth.accounts import SignUpClosed
from auth.identities import LoginTaken, SessionEnded
from auth.logins import TRAITS, LoginNotOffered, NotThisTrip, Service, is_local_path
from auth.oauth import (
    DENIED,
    CodeRefused,
    LoginDenied,
    LoginRefused,
    ServiceDown,
    ServiceNonsense,
)
from auth.permissions import Denied, NotFound
from auth.sessions import WrongCredentials
from auth.throttle import Throttled
from control.integrations import ScopesMissing
from db.audit import Act
from providers.api.refusals import InvalidApiUrl
from providers.repository import AddressNotAllowed
from resolvers.context import Services
from resolvers.integrations import arrivals
from resolvers.integrations.arrivals import AccountDenied
from rollway.callers import language, whence
from schema.catalogue import CATALOGUE, message, remedy

STYLE = "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}"
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address of a callback holds a code
    "X-Content-Type-Options": "nosniff",
}
WORDS: Mapping[str, tuple[str, str]] = {
    "en": ("en", "Back to Rollway"),
    "zh": ("zh-CN", "返回 Rollway"),
}
SIGNED_IN: Mapping[str, str] = {"en": "You are not signed in", "zh": "登录未完成"}
LINKED: Mapping[str, str] = {"en": "No account is linked", "zh": "未关联账号"}
SERVICE_CHARACTERS_MAX = 40


@dataclass(eq=False)
class NextElsewhere(Exception):
    """`next` must be a path of this server, such as /graphql."""


@dataclass(frozen=True, slots=True)
class Page:
    """How a refusal is shown; English is its docstring."""

    status: int
    chinese: str
    title: Mapping[str, str] = field(default_factory=lambda: SIGNED_IN)


PAGES: Mapping[type[Exception], Page] = {
    LoginNotOffered: Page(404, CATALOGUE[LoginNotOffered].chinese),
    NextElsewhere: Page(400, "`next` 必须是此服务器上的路径,例如 /graphql。"),
    NotThisTrip: Page(
        400, "这次登录不是在此浏览器中从 {url} 开始的,或者已经结束或过期;请重新开始。"
    ),
    CodeRefused: Page(400, "{service} 不再接受这次登录;请重新开始。"),
    LoginDenied: Page(403, "您在 {service} 拒绝了授权,因此没有登录。"),
    SignUpClosed: Page(403, CATALOGUE[SignUpClosed].chinese),
    Throttled: Page(429, CATALOGUE[Throttled].chinese),
    LoginTaken: Page(403, "这个 {service} 登录已属于此处的另一个账号。"),
    SessionEnded: Page(403, "要关联此登录的会话已结束;请登录后重新关联。"),
    LoginRefused: Page(502, "{service} 拒绝了登录;原因见此服务器的日志。"),
    ServiceDown: Page(502, "{service} 没有响应;请稍后再试。"),
    AccountDenied: Page(403, "您在 {service} 拒绝了授权,因此没有关联账号。", LINKED),
    NotFound: Page(404, CATALOGUE[NotFound].chinese, LINKED),
    Denied: Page(403, CATALOGUE[Denied].chinese, LINKED),
    ScopesMissing: Page(403, CATALOGUE[ScopesMissing].chinese, LINKED),
    InvalidApiUrl: Page(502, CATALOGUE[InvalidApiUrl].chinese, LINKED),
    AddressNotAllowed: Page(502, CATALOGUE[AddressNotAllowed].chinese, LINKED),
    ServiceNonsense: Page(502, "{service} 的回答无法理解;详情见此服务器的日志。"),
}


def routes(services: Services, hosts: Middleware) -> list[BaseRoute]:
    """List the routes, behind the middleware that knows our hosts."""
    door = Door(services)
    return [
        Route("/oauth/{service}/start", told(door.start), name="oauth-start", middleware=[hosts]),
        Route(
            "/oauth/{service}/callback",
            forgetting(services, told(door.callback)),
            name="oauth-callback",
            middleware=[hosts],
        ),
    ]


class Door:
    """Lets people out to a service, and in again."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def start(self, request: Request) -> Response:
        """Send the browser to the service."""
        next_path = request.query_params.get("next", "/")
        if not is_local_path(next_path):
            raise NextElsewhere
        logins = self._services.logins
        url, sealed = logins.depart(_service(request), next_path)
        response = RedirectResponse(url, 303)
        logins.cookie.set(response, sealed)
        return response

    async def callback(self, request: Request) -> Response:
        """Sign in, or link, whoever comes back; then send them to where they wanted."""
        logins, given = self._services.logins, request.query_params
        service = _service(request)
        trip = logins.resume(service, logins.cookie.read(request), given.get("state", ""))
        if trip.org_name is not None and given.get("error") == DENIED:
            raise AccountDenied(TRAITS[service].name)
        identity, grant = await logins.identify(trip, given)
        response = RedirectResponse(trip.next_path, 303)
        if trip.org_name is not None:
            await arrivals.link(self._services, trip, identity, grant, *whence(request))
            return response
        if trip.session_id is not None:
            await identities.link(trip.session_id, identity, *whence(request))
            return response
        first_only = self._services.sign_up == "closed"
        accounts = self._services.accounts
        address, device = whence(request)
        user, new = await identities.sign_in(accounts, identity, address, first_only=first_only)
        act = Act.SIGNED_UP if new else Act.SIGNED_IN
        try:
            _, token = await viewer.enter(user, address, device, act)
        except WrongCredentials:  # the password was changed in this very moment
            raise NotThisTrip(self._services.public_url) from None
        self._services.session_cookie.set(response, token)
        return response


Endpoint = Callable[[Request], Awaitable[Response]]


def told(endpoint: Endpoint) -> Endpoint:
    """Return *endpoint* with a page for each of its refusals, and headers that keep secrets."""

    async def answer(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except tuple(PAGES) as refusal:
            response = page(refusal, language(request.headers.get("accept-language", "")))
        response.headers.update(HEADERS)
        return response

    return answer


def forgetting(services: Services, endpoint: Endpoint) -> Endpoint:
    """Return *endpoint* whose answer deletes the trip's cookie: each trip ends here, once."""

    async def answer(request: Request) -> Response:
        response = await endpoint(request)
        services.logins.cookie.delete(response)
        return response

    return answer


def page(refusal: Exception, spoken: str) -> Response:
    """Return what *refusal* says as a page, in *spoken* (en or zh)."""
    shown = PAGES[type(refusal)]
    tag, back = WORDS[spoken]
    title = shown.title[spoken]
    sentence = html.escape(_sentence(refusal, shown, spoken))
    return HTMLResponse(
        f'<!doctype html>\n<html lang="{tag}">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n"
        f'<h1>{title}</h1>\n<p>{sentence}</p>\n<p><a href="/">{back}</a></p>\n</html>\n',
        shown.status,
        {"Content-Language": tag, "Vary": "Accept-Language"},
    )


def _sentence(refusal: Exception, shown: Page, spoken: str) -> str:
    if type(refusal) in CATALOGUE:
        return f"{message(refusal, spoken)} {remedy(refusal, spoken)}"
    text = shown.chinese if spoken == "zh" else (type(refusal).__doc__ or "")
    return text.format(**vars(refusal))


def _service(request: Request) -> Service:
    name: str = request.path_params["service"]
    try:
        return Service(name)
    except ValueError:
        raise LoginNotOffered(name[:SERVICE_CHARACTERS_MAX]) from None

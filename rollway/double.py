"""A double of GitHub and Gitee, for tests and for people without accounts there.

It plays the sign-in and nothing else: whoever comes chooses who to be. `docs/operations.md` says
what of the real services it leaves out. Nobody's identity can be trusted behind it.
"""

import asyncio
import html
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from zlib import crc32

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from auth.logins import TRAITS, Service

CLIENT_SECRET = "double-secret"  # noqa: S105 (of a server that lets everybody in)
CODE_SECONDS = 600.0
KEPT_MAX = 1000
BODY_BYTES_MAX = 64 * 1024
SLOW_SECONDS = 60.0
PEOPLE = ("ada", "bob", "chen")
FAULTS = ("code", "credentials", "down", "html", "huge", "slow", "moved", "user-html", "user-odd")


def client_id(service: Service) -> str:
    """Return the client id that the double knows."""
    return f"double-{service}"


def variables(url: str) -> str:
    """Return the settings that send Rollway to a double at *url*."""
    return "\n".join(
        f"export ROLLWAY_{service.upper()}_{name}={value}"
        for service in Service
        for name, value in (
            ("CLIENT_ID", client_id(service)),
            ("CLIENT_SECRET", CLIENT_SECRET),
            ("URL", url),
        )
    )


def user_document(service: Service, login: str) -> dict[str, object]:
    """Return the user as the service's API shows them; an id belongs to a login for good."""
    number = crc32(f"{service}/{login}".encode()) + 1
    shown: dict[str, object] = {
        "id": number,
        "login": login,
        "avatar_url": f"https://{service}.example/avatars/{number}",
        "name": login.capitalize(),
        "email": None,
        "type": "User",
    }
    return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Who allowed what; it stands behind a code, then behind a token."""

    service: Service
    login: str
    redirect_uri: str
    challenge: str | None
    scope: str
    fault: str
    expires: float


class Double:
    """Both services; grants are kept in memory, the oldest go first."""

    def __init__(self, code_seconds: float = CODE_SECONDS) -> None:
        self._code_seconds = code_seconds
        self._codes: dict[str, Grant] = {}
        self._tokens: dict[str, Grant] = {}
        self._refreshes: dict[str, Grant] = {}

    def app(self) -> Starlette:
        """Return the ASGI application."""
        routes = []
        for service, traits in TRAITS.items():
            desk = Desk(self, service)
            routes += [
                Route(traits.authorize_path, desk.ask, methods=["GET"]),
                Route(traits.authorize_path, desk.decide, methods=["POST"]),
                Route(traits.token_path, desk.token, methods=["POST"]),
                Route(f"{traits.api_path}/user", desk.user, methods=["GET"]),
            ]
        return Starlette(routes=routes)

    def allow(self, **facts: Any) -> str:
        """Return a new code."""
        grant = Grant(**facts, expires=monotonic() + self._code_seconds)
        return _keep(self._codes, secrets.token_hex(10), grant)

    def redeem(self, code: str) -> Grant | None:
        """Return what stands behind a code, once, in time."""
        grant = self._codes.pop(code, None)
        return grant if grant and monotonic() < grant.expires else None

    def issue(self, grant: Grant) -> str:
        """Return a new token."""
        return _keep(self._tokens, secrets.token_hex(20), grant)

    def issue_refresh(self, grant: Grant) -> str:
        """Return a new token that gets another one, once."""
        return _keep(self._refreshes, secrets.token_hex(32), grant)

    def refresh(self, given: Mapping[str, str]) -> Grant | None:
        """Return what stands behind a refresh token, once; a scope narrows it down."""
        grant = self._refreshes.pop(given.get("refresh_token", ""), None)
        return replace(grant, scope=given.get("scope", grant.scope)) if grant else None

    def holder(self, token: str) -> Grant | None:
        """Return what stands behind a token."""
        return self._tokens.get(token)


class Desk:
    """One service's pages and answers."""

    def __init__(self, double: Double, service: Service) -> None:
        self._double = double
        self._service = service
        self._name = TRAITS[service].name

    async def ask(self, request: Request) -> Response:
        """Show who one can be."""
        return self._checked(request.query_params) or HTMLResponse(
            _form(self._name, request.query_params)
        )

    async def decide(self, request: Request) -> Response:
        """Send the browser back, with a code or with the news that somebody did not want to."""
        given = await _fields(request)
        if refusal := self._checked(given):
            return refusal
        if given.get("decision") != "allow":
            back = {"error": "access_denied", "error_description": "The user has denied access."}
        else:
            code = self._double.allow(
                service=self._service,
                login=given.get("other") or given.get("login") or PEOPLE[0],
                redirect_uri=given["redirect_uri"],
                challenge=given.get("code_challenge") if TRAITS[self._service].pkce else None,
                scope=given.get("scope", ""),
                fault=given.get("fault", ""),
            )
            back = {"code": code}
        query = urlencode({**back, "state": given.get("state", "")})
        return RedirectResponse(f"{given['redirect_uri']}?{query}", 302)

    async def token(self, request: Request) -> Response:
        """Change a code, or a refresh token, for a token, in the service's own manner."""
        if not request.headers.get("user-agent"):
            return Response("Please send a User-Agent", 403)
        given = await _fields(request)
        if self._is_refresh(given):
            grant = self._double.refresh(given)
        else:
            grant = self._double.redeem(given.get("code", ""))
        if grant and (fault := await _fault(grant.fault)):
            return fault
        if error := self._wrong(given, grant):
            return self._token_answer(request, {"error": error, "error_description": error}, 401)
        assert grant  # noqa: S101 (else it was wrong)
        answer: dict[str, object] = {
            "access_token": self._double.issue(grant),
            "token_type": "bearer",
            "scope": grant.scope,
        }
        if self._service is Service.GITEE:
            refresh_token = self._double.issue_refresh(grant)
            answer |= {"expires_in": 86400, "refresh_token": refresh_token, "created_at": 0}
        return self._token_answer(request, answer, 200)

    async def user(self, request: Request) -> Response:
        """Say whose token it is."""
        if not request.headers.get("user-agent"):
            return Response("Please send a User-Agent", 403)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        grant = self._double.holder(token) if kind.lower() in {"bearer", "token"} else None
        if grant is None or grant.service is not self._service:
            return JSONResponse({"message": "Bad credentials"}, 401)
        match grant.fault:
            case "user-html":
                return HTMLResponse("<h1>Welcome</h1>")
            case "user-odd":
                return JSONResponse({"id": "1", "login": ["ada"]})
        return JSONResponse(user_document(self._service, grant.login))

    def _checked(self, given: Mapping[str, str]) -> Response | None:
        """Return why there is no sign-in with these parameters; None when there is."""
        if given.get("client_id") != client_id(self._service):
            return HTMLResponse(f"{self._name} knows no such client", 404)
        back = urlsplit(given.get("redirect_uri", ""))
        path = f"/oauth/{self._service}/callback"
        if back.scheme not in {"http", "https"} or back.path != path or back.query:
            return HTMLResponse("The redirect_uri is not the registered one", 400)
        return None

    def _wrong(self, given: Mapping[str, str], grant: Grant | None) -> str | None:
        """Return the service's word for what is wrong with a request for a token."""
        github = self._service is Service.GITHUB
        if (given.get("client_id"), given.get("client_secret")) != (
            client_id(self._service),
            CLIENT_SECRET,
        ) or (grant and grant.fault == "credentials"):
            return "incorrect_client_credentials" if github else "invalid_client"
        refreshes = self._is_refresh(given)
        if not github and given.get("grant_type") != "authorization_code" and not refreshes:
            return "unsupported_grant_type"
        if grant is None or grant.service is not self._service or grant.fault == "code":
            return "bad_verification_code" if github else "invalid_grant"
        if refreshes:
            return None
        if given.get("redirect_uri") != grant.redirect_uri:
            return "redirect_uri_mismatch" if github else "invalid_grant"
        if grant.challenge and _challenge(given.get("code_verifier", "")) != grant.challenge:
            return "bad_verification_code"
        return None

    def _is_refresh(self, given: Mapping[str, str]) -> bool:
        """Tell whether a refresh token is shown; GitHub's never end."""
        return self._service is Service.GITEE and given.get("grant_type") == "refresh_token"

    def _token_answer(self, request: Request, answer: dict[str, object], bad: int) -> Response:
        """Answer: GitHub says 200 to everything, and a form unless JSON was asked for."""
        if self._service is Service.GITEE:
            return JSONResponse(answer, bad)
        if "json" in request.headers.get("accept", ""):
            return JSONResponse(answer)
        return Response(urlencode(answer), media_type="application/x-www-form-urlencoded")


async def _fault(fault: str) -> Response | None:
    """Return what goes wrong at the token's address; None for the faults of other places."""
    match fault:
        case "down":
            return Response("Unicorn!", 503)
        case "html":
            return HTMLResponse("<h1>Welcome</h1>")
        case "huge":
            return Response(json.dumps({"access_token": "x" * 10_000_000}))
        case "moved":
            return RedirectResponse("/api/v3/user", 302)
        case "slow":
            await asyncio.sleep(SLOW_SECONDS)
    return None


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a form."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            return {}
    return {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _form(name: str, asked: Mapping[str, str]) -> str:
    """Return the page on which somebody chooses who to be."""
    kept = "".join(
        f'<input type="hidden" name="{html.escape(key)}" value="{html.escape(value)}">'
        for key, value in asked.items()
    )
    people = "".join(
        f'<p><label><input type="radio" name="login" value="{each}"> {each}</label>'
        for each in PEOPLE
    )
    faults = "".join(f"<option>{each}" for each in FAULTS)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}, imitated</title>'
        f"<h1>{name}, imitated</h1><p>Who are you?</p>"
        f'<form method="post">{kept}{people}'
        '<p><label>somebody else <input name="other" maxlength="100"></label>'
        f'<p><label>what goes wrong <select name="fault"><option value="">nothing{faults}'
        '</select></label><p><button name="decision" value="allow">Allow</button> '
        '<button name="decision" value="deny">Deny</button></form>'
    )


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _keep(kept: dict[str, Grant], key: str, grant: Grant) -> str:
    while len(kept) >= KEPT_MAX:
        kept.pop(next(iter(kept)))
    kept[key] = grant
    return key

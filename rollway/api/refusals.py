"""How refusals of the catalogue are answered over HTTP: with which status and headers."""

from collections.abc import Awaitable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.trouble import DatabaseAway, DatabaseBusy, DatabaseFull, NoConnection
from resolvers.refusals import OverChecks, TooManyOperations
from rollway.api import accept
from rollway.api.answers import HEADERS
from rollway.callers import language
from schema import requests
from schema.catalogue import error

STATUSES: Mapping[type[Exception], int] = {
    requests.NotJson: 400,
    requests.NoObject: 400,
    requests.NoQuery: 400,
    requests.WrongType: 400,
    requests.NoSuchOperation: 400,
    requests.NeedsStream: 400,
    requests.NoBatches: 400,
    requests.BatchTooLong: 400,
    requests.BodyBroken: 400,
    requests.ForeignHost: 400,
    requests.ForeignPage: 400,
    requests.ForeignOrigin: 403,
    requests.WrongMethod: 405,
    requests.MutationByGet: 405,
    requests.NotAcceptable: 406,
    requests.BodyTooSlow: 408,
    requests.BodyTooLarge: 413,
    requests.WrongContentType: 415,
    requests.TooManyStreams: 429,
    TooManyOperations: 429,
    OverChecks: 429,
    requests.Broken: 500,
    requests.Leaving: 503,
    DatabaseAway: 503,
    DatabaseBusy: 503,
    DatabaseFull: 503,
    NoConnection: 503,
}
BESIDE: Mapping[type[Exception], Mapping[str, str]] = {
    requests.WrongMethod: {"Allow": "GET, POST"},
    requests.MutationByGet: {"Allow": "POST"},
    requests.BodyTooSlow: {"Connection": "close"},
    requests.Leaving: {"Connection": "close"},
}


def answer(refusal: Exception, headers: Mapping[str, str]) -> Response:
    """Return the answer to a request with these *headers*."""
    picked = accept.best(headers.get("accept"), accept.ANSWERS)
    shown = error(refusal, language(headers.get("accept-language", "")))
    return JSONResponse(
        {"errors": [shown.formatted]},
        STATUSES[type(refusal)],
        {**HEADERS, **BESIDE.get(type(refusal), {}), **_wait(refusal)},
        f"{picked or accept.JSON}; charset=utf-8",
    )


def _wait(refusal: Exception) -> Mapping[str, str]:
    """Return when to come back, where a refusal knows."""
    seconds = getattr(refusal, "retry_after", None)
    return {} if seconds is None else {"Retry-After": str(seconds)}


class Away:
    """Answers 503 for whatever page, where the database cannot be used and nothing was sent yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = False

        def sent(message: Message) -> Awaitable[None]:
            nonlocal begun
            begun = True
            return send(message)

        try:
            await self._app(scope, receive, sent)
        except DatabaseAway as refusal:
            if begun or scope["type"] != "http":
                raise
            await answer(refusal, Request(scope).headers)(scope, receive, send)

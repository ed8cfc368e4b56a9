"""A played Git hosting service as an ASGI application."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Path

from rollway.forge import backend
from rollway.forge.codeup import Codeup
from rollway.forge.deliveries import Deliveries
from rollway.forge.dialect import Absent, Call, Dialect, Unfit
from rollway.forge.gitee import Gitee
from rollway.forge.github import GitHub
from rollway.forge.gitlab import GitLab
from rollway.forge.state import Pull, Pulled, State

DIALECTS: Mapping[str, type[Dialect]] = {
    "github": GitHub,
    "gitee": Gitee,
    "gitlab": GitLab,
    "codeup": Codeup,
}
BODY_BYTES_MAX = 1024 * 1024
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Forge:
    """One service's API, Git over HTTP beside it, and below /-/ what only a played one has."""

    def __init__(self, provider: str, state: State) -> None:
        self._state = state
        self._dialect = DIALECTS[provider](state)
        self._routes = self._dialect.routes
        self._deliveries = Deliveries(state, self._dialect)

    @property
    def api_url(self) -> str:
        """Return where the API begins."""
        return f"{self._state.url}{self._dialect.prefix}"

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Path("/-/deliveries", self._list_deliveries, methods=["GET"]),
                Path("/-/deliveries/{number:int}/again", self._again, methods=["POST"]),
                Path("/-/hold", self._hold, methods=["POST"]),
                Path("/-/release", self._release, methods=["POST"]),
                Path("/-/pulls", self._pull, methods=["POST"]),
                Path("/-/statuses", self._statuses, methods=["GET"]),
                Path(f"{self._dialect.prefix}/{{rest:path}}", self._ask, methods=METHODS),
                Path("/{rest:path}", self._git, methods=["GET", "POST"]),
            ],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self._deliveries.begin()
        task = asyncio.create_task(self._deliveries.work())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _ask(self, request: Request) -> Response:
        if not self._dialect.is_allowed(request.headers):
            return JSONResponse({"message": "Bad credentials"}, 401)
        raw = request.scope["raw_path"].decode().partition("?")[0]
        path = raw.removeprefix(f"{self._dialect.prefix}/")
        body = await _body(request)
        for route in self._routes:
            parts = route.match(request.method, path)
            if parts is None:
                continue
            bare = self._dialect.named(parts)
            call = Call(parts, request.query_params, body, request.headers, bare)
            try:
                return await route.handler(call)
            except Absent:
                return JSONResponse({"message": "404 Not Found"}, 404)
            except Unfit as reason:
                return JSONResponse({"message": str(reason)}, 422)
        return JSONResponse({"message": "404 Not Found"}, 404)

    async def _git(self, request: Request) -> Response:
        response = await backend.answer(self._state.folder, request)
        if backend.is_push(request):
            await self._deliveries.look()
        return response

    async def _list_deliveries(self, _: Request) -> Response:
        return JSONResponse([each.show() for each in self._deliveries.made])

    async def _again(self, request: Request) -> Response:
        try:
            return JSONResponse(self._deliveries.again(request.path_params["number"]).show(), 202)
        except Absent:
            return JSONResponse({"message": "no such delivery"}, 404)

    async def _hold(self, _: Request) -> Response:
        self._deliveries.hold()
        return Response(status_code=204)

    async def _release(self, request: Request) -> Response:
        newest_first = request.query_params.get("order") == "newest"
        return JSONResponse({"released": self._deliveries.release(newest_first=newest_first)})

    async def _pull(self, request: Request) -> Response:
        """Deliver what is said to have happened to a pull request, and keep its head as a ref."""
        told = await _body(request)
        bare = self._state.repository(str(told.get("repository", "")))
        words, number = {str(each): each for each in Pull}, told.get("number")
        action = words.get(str(told.get("action", Pull.OPENED)))
        if bare is None or action is None or not isinstance(number, int):
            return JSONResponse({"message": "repository, number or action is wrong"}, 422)
        source, target = str(told.get("source", "")), str(told.get("target", "main"))
        head = await bare.commit(f"refs/heads/{source}")
        became = await bare.commit(f"refs/heads/{target}")
        if head is None or became is None:
            return JSONResponse({"message": "source or target is no branch"}, 422)
        await bare.git("update-ref", self._dialect.pull_ref.format(number), head)
        event = Pulled(
            bare=bare,
            number=number,
            action=action,
            source=source,
            target=target,
            title=str(told.get("title", f"Pull request {number}")),
            head=await bare.one(head),
            merged=became if action is Pull.MERGED else "",
            fork=told.get("fork") is True,
        )
        self._deliveries.tell(event)
        return JSONResponse({"number": number, "head": head}, 201)

    async def _statuses(self, _: Request) -> Response:
        return JSONResponse(list(self._state.statuses))


async def _body(request: Request) -> dict[str, Any]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            return {}
    with suppress(ValueError):
        found = json.loads(body)
        return found if isinstance(found, dict) else {}
    return {}

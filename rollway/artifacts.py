"""Where artifacts are downloaded, by whoever sees their task."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from engine.store import NotKept
from resolvers import tasks
from resolvers.context import Context
from schema.requests import ForeignOrigin

GetContext: TypeAlias = Callable[[Request, Response], Awaitable[Context]]

HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def routes(get_context: GetContext, hosts: Middleware) -> list[BaseRoute]:
    """List the route; callers are known as they are to the API."""

    async def download(request: Request) -> Response:
        try:
            context = await get_context(request, Response())
        except ForeignOrigin as refusal:
            return PlainTextResponse(str(refusal), 403)
        if context.viewer is None:
            header = {"WWW-Authenticate": "Bearer"}
            return PlainTextResponse("Sign in first.", 401, header)
        task_id, name = request.path_params["task"], request.path_params["name"]
        task = await tasks.visible(context, await context.loaders.task.load(task_id))
        try:
            if task is None:
                raise NotKept(name)  # noqa: TRY301 - whether there is a task is not for strangers
            file = context.services.store.artifact(task.id, name)
        except NotKept as refusal:
            return PlainTextResponse(str(refusal), 404)
        return FileResponse(file, 200, HEADERS, "application/x-tar", filename=f"{name}.tar")

    return [Route("/artifacts/{task}/{name}", download, name="artifact", middleware=[hosts])]

"""Pages for browsers: static files, each with the content security policy of its page."""

from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

YEAR_SECONDS: Final = 365 * 24 * 60 * 60


def page(file: Path, policy: str) -> Response:
    """Return a page; the browser asks again each time whether it has changed."""
    response = FileResponse(file, media_type="text/html")
    _guard(response.headers, policy)
    response.headers["Cache-Control"] = "no-cache"
    return response


def files(directory: Path, policy: str) -> ASGIApp:
    """Return what answers with the files of a page, and says so where there is none."""
    return ExceptionMiddleware(_Files(directory, policy))


class _Files(StaticFiles):
    """A page's files; a vendored file's path names its version, so it may stay."""

    def __init__(self, directory: Path, policy: str) -> None:
        super().__init__(directory=directory)
        self._policy = policy

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file with the page's guards."""
        response = await super().get_response(path, scope)
        _guard(response.headers, self._policy)
        kept = path.startswith("vendor/")
        response.headers["Cache-Control"] = (
            f"public, max-age={YEAR_SECONDS}, immutable" if kept else "no-cache"
        )
        return response


def _guard(headers: MutableHeaders, policy: str) -> None:
    headers["Content-Security-Policy"] = policy
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"

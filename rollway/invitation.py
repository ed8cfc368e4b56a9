"""The page behind an invitation's link, where somebody signs in and joins the team.

The link's token stands behind a #, so no browser sends it here: the page's script reads it.
"""

from pathlib import Path
from typing import Final

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from rollway import pages

FILES: Final = Path(__file__).parent / "static" / "invitation"

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _page(_request: Request) -> Response:
    response = pages.page(FILES / "index.html", POLICY)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def routes(hosts: Middleware) -> list[BaseRoute]:
    """List the routes to the page and its files; *hosts* guards what is below the public URL."""
    return [
        Route("/invitation", _page, name="invitation", middleware=[hosts]),
        Mount("/static/invitation", pages.files(FILES, POLICY), name="invitation-files"),
    ]

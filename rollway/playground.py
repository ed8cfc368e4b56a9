"""The playground: GraphiQL for a person's first steps, served from this server alone.

The page asks for nothing from elsewhere, and a content security policy holds it to that.
"""

from pathlib import Path
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from rollway import pages

FILES: Final = Path(__file__).parent / "static" / "graphiql"

POLICY: Final = (
    "default-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "  # CodeMirror styles its lines
    "img-src 'self' data:; "
    "font-src 'self' data:; "  # GraphiQL's style sheet carries its fonts
    "connect-src 'self' ws: wss:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def page(_request: Request) -> Response:
    """Answer a browser that opens the API's address with the playground.

    The page finds its files relative to that address, so it also works below a path prefix.
    """
    response = pages.page(FILES / "index.html", POLICY)
    response.headers["Vary"] = "Accept"  # at the same address clients read JSON
    return response


def routes(static_prefix: str = "/static/graphiql") -> list[BaseRoute]:
    """List the routes to the playground's files, to be mounted beside the API."""
    shrink = Middleware(GZipMiddleware, minimum_size=10_000, compresslevel=5)
    return [
        Mount(static_prefix, pages.files(FILES, POLICY), middleware=[shrink], name="playground")
    ]

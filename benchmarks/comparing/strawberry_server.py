"""A server as Strawberry's documentation has it: its ASGI view, DataLoaders, Tortoise's models."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from strawberry.asgi import GraphQL
from tortoise import Tortoise

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from serving import CONNECTIONS, serve  # noqa: E402 - lies beside
from strawberry_loaders import Loaders, viewer  # noqa: E402
from strawberry_types import schema  # noqa: E402


class View(GraphQL):
    """Gives resolvers who asks, and loaders of the request's own."""

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        """Return what resolvers are given."""
        token = request.headers.get("authorization", "").partition(" ")[2]
        return {
            "request": request,
            "response": response,
            "viewer": await viewer(token),
            "loaders": Loaders(),
        }


def app(url: str) -> Starlette:
    """Return the application."""
    address = url.replace("postgres://", "asyncpg://")
    address += f"{'&' if '?' in url else '?'}maxsize={CONNECTIONS}"

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await Tortoise.init(
            db_url=address,
            modules={"rollway": ["db.models"]},
            use_tz=True,
            _enable_global_fallback=True,
        )
        yield
        await Tortoise.close_connections()

    application = Starlette(lifespan=lifespan)
    application.add_route("/graphql", View(schema))
    return application


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    serve(app(parser.parse_args().url))


if __name__ == "__main__":
    main()

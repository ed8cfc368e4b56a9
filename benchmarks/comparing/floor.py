"""A server without GraphQL: one bare route, and the pages by hand, as JSON or through rows.

`h11` is JSON, by uvicorn's own connections and the parser in Python that it has without extras;
the others have connections like Rollway's.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from rows import BEGINNING, Pages  # noqa: E402 - lies beside
from serving import CONNECTIONS, serve  # noqa: E402
from statements import statement  # noqa: E402

# As on Rollway's connections (`db/postgres.py`): who writes statements by hand would set it too.
PLANNING = {"random_page_cost": "1.1"}


class Connection(asyncpg.Connection):
    """One that is not reset when it goes back to the pool."""

    def get_reset_query(self) -> str:
        """Return nothing."""
        return ""


class Floor:
    """Answers the pages from PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.url = url.replace("postgres://", "postgresql://")

    @asynccontextmanager
    async def open(self, _: Starlette) -> AsyncIterator[None]:
        """Connect for the duration of the block."""
        async with asyncpg.create_pool(
            self.url,
            min_size=1,
            max_size=CONNECTIONS,
            connection_class=Connection,
            server_settings=PLANNING,
        ) as self.pool:
            self.pages = Pages(self.pool)
            yield

    async def by_json(self, request: Request) -> Response:
        """Answer what the database wrote."""
        asked = json.loads(await request.body())
        name, given = asked["operationName"].lower(), asked["variables"]
        values: list[object] = [hashlib.sha256(token(request).encode()).hexdigest()]
        if name != "dashboard":
            values.append(given["id"])
        if name == "tasks":
            time, _, key = (given.get("after") or BEGINNING).partition(" ")
            where = given["where"]
            statuses = [each.lower() for each in where["statuses"]]
            values += [where["envName"], statuses, datetime.fromisoformat(time), key]
        answer = await self.pool.fetchval(statement(name, given.get("first", 0)), *values)
        if answer is None:
            return Response(status_code=401)
        return Response(answer, media_type="application/json")

    async def by_rows(self, request: Request) -> Response:
        """Answer what is made of rows here."""
        asked = json.loads(await request.body())
        viewer = await self.pages.viewer(token(request))
        if viewer is None:
            return Response(status_code=401)
        page = getattr(self.pages, asked["operationName"].lower())
        data = await page(viewer, asked["variables"])
        text = json.dumps({"data": data}, default=datetime.isoformat)
        return Response(text, media_type="application/json")


def token(request: Request) -> str:
    """Return the token that a request shows."""
    return request.headers.get("authorization", "").partition(" ")[2]


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--by", choices=("json", "rows", "h11"), required=True)
    parsed = parser.parse_args()
    floor = Floor(parsed.url)
    answer = floor.by_rows if parsed.by == "rows" else floor.by_json
    app = Starlette(routes=[Route("/graphql", answer, methods=["POST"])], lifespan=floor.open)
    serve(app, plain=parsed.by == "h11")


if __name__ == "__main__":
    main()

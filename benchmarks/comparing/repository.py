"""A Git server over HTTP for one run: what Git answers once is answered from memory from then on.

The first argument is the folder with its repositories, which do not change. So a server that asks
is measured, and not the processes that Git answers by.
"""

import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollway.connections.listening import bind, play
from rollway.forge import backend


class Repositories:
    """The answers that were given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._given: dict[tuple[str, str, bytes], Response] = {}

    async def answer(self, request: Request) -> Response:
        """Answer as Git did before, or does now."""
        asked = request.method, str(request.url), await request.body()
        if asked not in self._given:
            self._given[asked] = await backend.answer(self._folder, request)
        return self._given[asked]


def main() -> int:
    """Print the port and serve."""
    repositories = Repositories(Path(sys.argv[1]).resolve())
    listening = bind("127.0.0.1", 0)
    routes = [Route("/{path:path}", repositories.answer, methods=["GET", "POST"])]
    return play(Starlette(routes=routes), listening, str(listening.getsockname()[1]))


if __name__ == "__main__":
    sys.exit(main())

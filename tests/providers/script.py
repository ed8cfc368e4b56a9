"""A service that says what a test tells it to."""

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from providers.api.client import Bounds
from providers.repository import Policy

ANYWHERE = Policy(schemes=("https", "http"), private_addresses=True)
STRICT = Policy(schemes=("https", "http"))
BOUNDS = Bounds(
    tries_max=3, try_seconds=1.0, total_seconds=4.0, wait_seconds_max=1.5, answer_bytes_max=10_000
)
TOKEN = "tok-5ecret"


class Script:
    """A service that answers as it is told, one answer after the other, the last for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def app(self):
        """Return the ASGI application."""
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(routes=[Route("/{rest:path}", self._answer, methods=methods)])

    async def _answer(self, request):
        self.requests.append(request)
        await request.body()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, Response) else await answer(request)

    @property
    def paths(self):
        """The paths that were asked for."""
        return [request.url.path for request in self.requests]


def fine():
    return JSONResponse({"id": 1})


def status(code, body=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(body or {"message": "no"}, code, named)

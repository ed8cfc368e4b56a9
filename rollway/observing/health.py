"""Whether a server is well: `/healthz` for who restarts it, `/readyz` for who sends requests."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from db.trouble import DatabaseAway, usable

ANSWER_SECONDS = 2.0


class Health:
    """What is known of a server's state."""

    def __init__(self) -> None:
        self._down: set[str] = set()
        self._leaving = False

    def down(self, part: str) -> None:
        """Note that a part that should run for ever has stopped."""
        self._down.add(part)

    def up(self, part: str) -> None:
        """Note that it is started again."""
        self._down.discard(part)

    def leave(self) -> None:
        """Have nothing new be sent here: the server stops."""
        self._leaving = True

    async def alive(self, _: Request) -> Response:
        """Answer 503 when a part has stopped; a restart may help then."""
        if self._down:
            return JSONResponse({"status": "down", "parts": sorted(self._down)}, status_code=503)
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Answer 503 when the server stops, or its database does not answer.

        A restart is no help then.
        """
        reason = "stopping" if self._leaving else await database_fault()
        if reason:
            return JSONResponse({"status": "not ready", "reason": reason}, status_code=503)
        return JSONResponse({"status": "ready"})


async def database_fault() -> str | None:
    """Return why the database cannot be used; None where it can."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await usable()
    except TimeoutError:
        return f"the database does not answer within {ANSWER_SECONDS} seconds"
    except DatabaseAway as fault:
        said = str(fault).rstrip(".")
        return said[0].lower() + said[1:]
    except Exception:  # noqa: BLE001 - whatever a driver raises; its text may name the address
        return "the database cannot be reached"
    return None

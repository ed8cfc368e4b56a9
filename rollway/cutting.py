"""Connections that can be cut: whoever does not read what is sent gets no more of it."""

from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

CUT = "rollway.cut"


class Cuttable(H11Protocol):
    """uvicorn's connection; what answers a request can end it without waiting for the client."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        app = cast("ASGIApp", self.app)

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), CUT: self.transport.abort}
            await app(scope, receive, send)

        self.app = cast("Any", with_cut)


def cut(scope: Scope) -> bool:
    """End the connection of a request, unsent bytes and all; False where that is not possible."""
    abort = scope.get("extensions", {}).get(CUT)
    if abort is None:
        return False
    abort()
    return True

"""Git over HTTP: `git http-backend` behind an ASGI route."""

import asyncio
import subprocess
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

REQUEST_BYTES_MAX = 256 * 1024**2
PACKAGE = "application/x-git-receive-pack-request"


async def answer(folder: Path, request: Request) -> Response:
    """Answer a clone, a fetch or a push."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > REQUEST_BYTES_MAX:
            return PlainTextResponse("too large", 413)
    variables = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "GIT_PROJECT_ROOT": str(folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "http.receivepack",
        "GIT_CONFIG_VALUE_0": "true",
        "GIT_CONFIG_KEY_1": "safe.directory",
        "GIT_CONFIG_VALUE_1": "*",
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "PATH_INFO": request.url.path,
        "QUERY_STRING": request.url.query,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
    }
    command = ["git", "http-backend"]
    done = await asyncio.to_thread(
        subprocess.run, command, input=bytes(body), env=variables, capture_output=True, check=False
    )
    head, _, rest = done.stdout.partition(b"\r\n\r\n")
    lines = (line.partition(": ") for line in head.decode("latin-1").split("\r\n"))
    headers = {name.lower(): value for name, _, value in lines if name}
    status = int(headers.pop("status", "200").split()[0])
    return Response(rest, status, headers)


def is_push(request: Request) -> bool:
    """Tell whether refs may have moved by the request."""
    return request.headers.get("content-type") == PACKAGE

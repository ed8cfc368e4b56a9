"""A worker's connection to its servers: one after the other, until one answers."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import httpx2

from control.port import Dismissed, EventsRefused, LeaseLost, LogFull, QueueAway, StoreAway
from control.remote.wire import SESSION_HEADER
from rollway.remote import codes

log = logging.getLogger("rollway.worker")

CONNECT_SECONDS = 3.0
FILE_SILENCE_SECONDS = 60.0
CHUNK_BYTES = 1024 * 1024
ANSWER_BYTES_MAX = 32 * 1024 * 1024


class Unreachable(QueueAway):
    """No server answers, or none in a way that can be used; the text says what came instead."""


class Line:
    """Asks servers by HTTP with the worker's *credential*.

    Of several *urls* the one that answered last is asked first. No proxy of the environment is
    used. *trust*: for certificates that the system does not know.
    """

    def __init__(
        self, urls: Sequence[str], credential: str, trust: ssl.SSLContext | None = None
    ) -> None:
        self._urls = list(urls)
        self.session = ""
        self._http = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {credential}"},
            verify=trust or True,
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(
        self, path: str, body: Mapping[str, object], answer_seconds: float, task_id: str = ""
    ) -> dict[str, Any]:
        """Return what a server answers to *body*.

        Dismissed, LeaseLost (of *task_id*), EventsRefused and LogFull as the server says.
        StoreAway when no server can reach the database, Unreachable when none answers within its
        time at all.
        """
        content = json.dumps(body).encode()
        return await self._first(
            lambda url: self._send(url, path, content, answer_seconds), task_id
        )

    async def ask_soon(
        self, path: str, body: Mapping[str, object], answer_seconds: float, patience_seconds: float
    ) -> dict[str, Any]:
        """Do as `ask`, for what may be asked twice and must be heard soon.

        Where a server is silent for *patience_seconds* the next one is asked too. Once one has
        said that the database is away, the others have twice as long to know better.
        """
        content = json.dumps(body).encode()
        return await self._first(
            lambda url: self._send(url, path, content, answer_seconds), "", patience_seconds
        )

    async def put(self, path: str, query: Mapping[str, str], file: Path) -> dict[str, Any]:
        """Send a *file* of the task that *query* names; raises as `ask` does."""
        size = (await asyncio.to_thread(file.stat)).st_size
        headers = {
            SESSION_HEADER: self.session,
            "Content-Type": "application/x-tar",
            "Content-Length": str(size),
        }

        async def send(url: str) -> httpx2.Response:
            timeout = httpx2.Timeout(FILE_SILENCE_SECONDS, connect=CONNECT_SECONDS)
            request = self._http.build_request(
                "PUT",
                f"{url}/worker/{path}",
                params=dict(query),
                content=_content(file),
                headers=headers,
                timeout=timeout,
            )
            return await self._answer(request)

        return await self._first(send, query["task"])

    async def _first(
        self,
        send: Callable[[str], Awaitable[httpx2.Response]],
        task_id: str,
        patience_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Return what the first server answers that does; see `ask` and `ask_soon`."""
        left, away, said = list(self._urls), "", ""
        begin, after_seconds = monotonic(), 0.0
        asked: dict[asyncio.Future[httpx2.Response], tuple[str, float]] = {}
        try:
            while left or asked:
                if left:
                    url = left.pop(0)
                    asked[asyncio.ensure_future(send(url))] = url, monotonic()
                patience = patience_seconds if left else None
                if away and not left and patience_seconds:
                    patience = 2 * patience_seconds
                heard, _ = await asyncio.wait(
                    asked, timeout=patience, return_when=asyncio.FIRST_COMPLETED
                )
                if not heard and not left:
                    break
                for each in heard:
                    url, since = asked.pop(each)
                    document, refused, said = _read(each, url, task_id)
                    if document is not None:
                        self._prefer(url)
                        return document
                    if refused.get("code") == codes.AWAY:
                        away = url
                        then = since + _after_seconds(refused, monotonic() - since)
                        after_seconds = max(after_seconds, then - begin)
                    self._pass_over(url, said)
        finally:
            for each in asked:
                each.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        if away:
            self._prefer(away)
            raise StoreAway(after_seconds)
        raise Unreachable(said)

    def _prefer(self, url: str) -> None:
        """Have it asked first from now on."""
        self._urls.sort(key=lambda other: other != url)

    def _pass_over(self, url: str, said: str) -> None:
        """Have it asked last from now on."""
        if len(self._urls) > 1 and self._urls[0] == url:
            self._urls.append(self._urls.pop(0))
            log.warning("%s; asking %s next", said, self._urls[0])

    async def _send(
        self, url: str, path: str, content: bytes, answer_seconds: float
    ) -> httpx2.Response:
        headers = {"Content-Type": "application/json"}
        if self.session:
            headers[SESSION_HEADER] = self.session
        timeout = httpx2.Timeout(answer_seconds, connect=min(CONNECT_SECONDS, answer_seconds))
        request = self._http.build_request(
            "POST", f"{url}/worker/{path}", content=content, headers=headers, timeout=timeout
        )
        return await self._answer(request)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._http.send(request, stream=True)
        try:
            read = bytearray()
            async for chunk in answer.aiter_bytes():
                read += chunk
                if len(read) > ANSWER_BYTES_MAX:
                    raise httpx2.ReadError("the answer is too long", request=request)
        finally:
            await answer.aclose()
        return httpx2.Response(answer.status_code, content=bytes(read), request=request)


async def _content(file: Path) -> AsyncIterator[bytes]:
    opened = await asyncio.to_thread(file.open, "rb")
    try:
        while chunk := await asyncio.to_thread(opened.read, CHUNK_BYTES):
            yield chunk
    finally:
        opened.close()


def _read(
    answered: asyncio.Future[httpx2.Response], url: str, task_id: str
) -> tuple[dict[str, Any] | None, dict[str, Any], str]:
    """Return a server's document, or None, its refusal and what came; raise what it refuses."""
    try:
        answer = answered.result()
    except httpx2.TransportError as fault:
        return None, {}, f"{url}: {type(fault).__name__} {fault}".rstrip()
    document = _document(answer)
    if answer.is_success and document is not None:
        return document, {}, ""
    refused = document or {}
    code = refused.get("code")
    _refuse(code, refused, task_id)
    return None, refused, f"{url}: {answer.status_code} {code or ''}"


def _after_seconds(refused: dict[str, Any], most_seconds: float) -> float:
    """Return for how long a server had been asked when its database was still away."""
    said = refused.get(codes.AFTER)
    return min(max(0.0, said), most_seconds) if isinstance(said, int | float) else 0.0


def _document(answer: httpx2.Response) -> dict[str, Any] | None:
    """Return the JSON object of an answer; None for what a proxy between may have written."""
    try:
        found = json.loads(answer.content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _refuse(code: object, said: Mapping[str, Any], task_id: str) -> None:
    """Raise what the server says by its own code; a status alone may be a proxy's."""
    error = str(said.get("error"))
    match code:
        case codes.UNKNOWN:
            raise Dismissed("the server does not know it, or it was removed there")
        case codes.REFUSED:
            raise Dismissed("its registration token was used, has expired, or never was")
        case codes.GONE:
            raise Dismissed("another process works with its credential now")
        case codes.LOST | codes.NOT_YOURS:
            raise LeaseLost(task_id)
        case codes.LOG_FULL:
            stored = said.get("stored")
            raise LogFull(error, stored=stored if isinstance(stored, int) else 0)
        case codes.UNREADABLE | codes.IMPOSSIBLE:
            raise EventsRefused(error)

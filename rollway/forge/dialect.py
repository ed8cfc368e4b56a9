"""What the APIs of the played services have in common: routes, pages, webhooks."""

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import unquote

from starlette.responses import JSONResponse, Response

from rollway.forge.repositories import Bare, Commit, Target
from rollway.forge.state import Pulled, Pushed, State, Webhook

PAGE_SIZE = 20
PAGE_SIZE_MAX = 100
REST = "..."
Shown = dict[str, Any]
Event = Pushed | Pulled


@dataclass(frozen=True, slots=True)
class Call:
    """A request: the *parts* of its path that the route names, and the repository they name."""

    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    bare: Bare | None

    @property
    def repository(self) -> Bare:
        """Return the repository; Absent where there is none."""
        if self.bare is None:
            raise Absent
        return self.bare


class Absent(Exception):
    """There is no such thing here."""


class Unfit(Exception):
    """The request lacks what it needs; the text says what."""


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below the API's address: `{name}` is one part, `{name...}` the rest."""

    method: str
    pattern: str
    handler: Handler

    def match(self, method: str, raw_path: str) -> dict[str, str] | None:
        """Return the named parts of a path that fits."""
        asked, parts = self.pattern.split("/"), [unquote(each) for each in raw_path.split("/")]
        if method != self.method:
            return None
        if asked[-1].endswith(f"{REST}}}") and len(parts) >= len(asked):
            parts = [*parts[: len(asked) - 1], "/".join(parts[len(asked) - 1 :])]
        if len(parts) != len(asked):
            return None
        pairs = list(zip(asked, parts, strict=True))
        if any(not name.startswith("{") and name != part for name, part in pairs):
            return None
        return {
            name.strip("{}").removesuffix(REST): part
            for name, part in pairs
            if name.startswith("{")
        }


class Dialect(ABC):
    """How one service speaks."""

    prefix: ClassVar[str]
    per_page: ClassVar[str] = "per_page"
    pull_ref: ClassVar[str] = "refs/pull/{}/head"
    commit_key: ClassVar[str] = "id"

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """List what can be asked."""

    @abstractmethod
    def address(self, webhook: Webhook) -> str:
        """Return where a webhook delivers."""

    @abstractmethod
    def wants(self, webhook: Webhook, event: Event, /) -> bool:
        """Tell whether the webhook is for such an event."""

    @abstractmethod
    def delivery(self, webhook: Webhook, event: Event) -> tuple[dict[str, str], bytes]:
        """Return headers and body of a delivery, proven as the service does it."""

    @abstractmethod
    def show_webhook(self, webhook: Webhook) -> Shown:
        """Return a webhook as the service shows it, without its secret."""

    @abstractmethod
    async def show(self, bare: Bare) -> Shown:
        """Return a repository as the service shows it."""

    def is_allowed(self, headers: Mapping[str, str]) -> bool:
        """Tell whether the token is the one."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        return kind.lower() in {"bearer", "token"} and token == self._state.token

    def named(self, parts: Mapping[str, str]) -> Bare | None:
        """Return the repository that the parts of a path name."""
        if "owner" in parts:
            return self._state.repository(f"{parts['owner']}/{parts['name']}")
        return self._state.repository(parts.get("repository", ""))

    def webhook_routes(self, place: str, change: str) -> list[Route]:
        """List the routes of webhooks; *change* is the method that changes one."""
        return [
            Route("GET", place, self._webhooks),
            Route("POST", place, self._add_webhook),
            Route("GET", f"{place}/{{webhook}}", self._webhook),
            Route(change, f"{place}/{{webhook}}", self._change_webhook),
            Route("DELETE", f"{place}/{{webhook}}", self._remove_webhook),
        ]

    def ref_routes(self, place: str, refs: str) -> list[Route]:
        """List the routes of a repository, and of the branches and tags below it at *refs*."""
        return [
            Route("GET", place, self._repository),
            Route("GET", f"{refs}/branches", self._branches),
            Route("GET", f"{refs}/branches/{{ref}}", self._branch),
            Route("GET", f"{refs}/tags", self._tags),
        ]

    def page(self, call: Call, items: Sequence[Any]) -> JSONResponse:
        """Answer with a page of *items*."""
        size = min(_number(call.query.get(self.per_page), PAGE_SIZE), PAGE_SIZE_MAX)
        start = (_number(call.query.get("page"), 1) - 1) * size
        return JSONResponse(items[start : start + size])

    def found(self, search: str = "") -> list[Bare]:
        """List the repositories whose name holds *search*."""
        return [
            each for each in self._state.repositories() if search.lower() in each.full_name.lower()
        ]

    async def refs(self, call: Call, kind: str) -> Response:
        """Answer with a page of the branches (*kind* is heads) or tags."""
        prefix = f"refs/{kind}/"
        found = (await call.repository.refs()).items()
        shown = [
            self._ref(name.removeprefix(prefix), at)
            for name, at in found
            if name.startswith(prefix)
        ]
        return self.page(call, shown)

    async def ref(self, call: Call, kind: str) -> Response:
        """Answer with the branch or the tag that a request names."""
        name = call.parts["ref"]
        found = (await call.repository.refs()).get(f"refs/{kind}/{name}")
        if found is None:
            raise Absent
        return JSONResponse(self._ref(name, found))

    def _ref(self, name: str, at: Target) -> Shown:
        return {"name": name, "commit": {self.commit_key: at.commit}}

    async def _repository(self, call: Call) -> Response:
        return JSONResponse(await self.show(call.repository))

    async def _branches(self, call: Call) -> Response:
        return await self.refs(call, "heads")

    async def _branch(self, call: Call) -> Response:
        return await self.ref(call, "heads")

    async def _tags(self, call: Call) -> Response:
        return await self.refs(call, "tags")

    async def commit(self, call: Call, revision: str) -> str:
        """Return a commit's id."""
        found = await call.repository.commit(revision)
        if found is None:
            raise Absent
        return found

    async def whole(self, call: Call, revision: str) -> Commit:
        """Return a commit with its files."""
        return await call.repository.one(await self.commit(call, revision))

    async def file(self, call: Call) -> tuple[str, bytes]:
        """Return commit and bytes of the file that a request names."""
        revision = call.query.get("ref") or "HEAD"
        commit, path = await self.commit(call, revision), call.parts["path"]
        if await call.repository.entry(commit, path) != "blob":
            raise Absent
        return commit, await call.repository.file(commit, path)

    async def _webhooks(self, call: Call) -> Response:
        return self.page(call, [self.show_webhook(each) for each in self._of(call)])

    async def _add_webhook(self, call: Call) -> Response:
        number = next(self._state.numbers)
        made = Webhook(number, call.repository.full_name, dict(call.body))
        if not self.address(made).startswith(("http://", "https://")):
            raise Unfit("url is not valid")
        self._state.webhooks[number] = made
        return JSONResponse(self.show_webhook(made), 201)

    async def _webhook(self, call: Call) -> Response:
        return JSONResponse(self.show_webhook(self._one(call)))

    async def _change_webhook(self, call: Call) -> Response:
        webhook = self._one(call)
        webhook.settings = {**webhook.settings, **call.body}
        return JSONResponse(self.show_webhook(webhook))

    async def _remove_webhook(self, call: Call) -> Response:
        del self._state.webhooks[self._one(call).id]
        return Response(status_code=204)

    def _of(self, call: Call) -> list[Webhook]:
        name = call.repository.full_name
        return [each for each in self._state.webhooks.values() if each.repository == name]

    def _one(self, call: Call) -> Webhook:
        for each in self._of(call):
            if str(each.id) == call.parts["webhook"]:
                return each
        raise Absent


def kind_of(event: Event, push: str, tag: str, pull: str) -> str:
    """Return the word for an event."""
    if isinstance(event, Pulled):
        return pull
    return tag if event.is_tag else push


def needed(call: Call, *names: str) -> list[str]:
    """Return texts of the request's body; Unfit where one is missing."""
    missing = [name for name in names if not isinstance(call.body.get(name), str)]
    if missing:
        raise Unfit(f"{', '.join(missing)} is missing")
    return [call.body[name] for name in names]


def encoded(body: bytes) -> str:
    """Return a file as the services show it."""
    return base64.b64encode(body).decode()


def packed(document: Shown) -> bytes:
    """Return the body of a delivery."""
    return json.dumps(document, ensure_ascii=False).encode()


def told(commit: Commit, url: str) -> Shown:
    """Return a commit as all of the services tell it in a delivery."""
    return {
        "id": commit.id,
        "message": commit.message,
        "timestamp": commit.time,
        "url": f"{url}/commit/{commit.id}",
        "author": {"name": commit.author, "email": commit.email},
        **commit.files,
    }


def shown(commit: Commit) -> Shown:
    """Return a commit as GitHub's API has it, and Gitee's."""
    files = [
        {"filename": name, "status": kind} for kind, names in commit.files.items() for name in names
    ]
    author = {"name": commit.author, "email": commit.email, "date": commit.time}
    return {
        "sha": commit.id,
        "commit": {"message": commit.message, "author": author},
        "files": files,
    }


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) else otherwise

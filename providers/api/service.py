"""What the APIs of the services have in common: pages, refs, files, webhooks."""

import base64
import binascii
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import ClassVar, TypeVar

from providers.api.answer import Answer
from providers.api.client import JSON, Client, path
from providers.api.port import FILE_BYTES_MAX, Commit, Page, Ref
from providers.api.refusals import FileTooLarge, Nonsense, NotThere, Riddle
from providers.payloads import SHA, Fields
from providers.repository import Repository

PAGE_SIZE = 100
PAGES_MAX = 20  # where something must be looked for
FILES_MAX = 300  # of a commit, which GitHub tells at once; there may be more

T = TypeVar("T")


class Service(ABC):
    """A service in the name of one token."""

    PER_PAGE: ClassVar[str] = "per_page"
    ACCEPT: ClassVar[str] = JSON
    REFS: ClassVar[str] = ""  # what stands before branches and tags
    WEBHOOKS: ClassVar[str] = "hooks"
    COMMIT_KEY: ClassVar[str] = "id"
    DEFAULT_BRANCH: ClassVar[str] = "default_branch"

    def __init__(self, client: Client) -> None:
        self._client = client

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def branches(self, repository: Repository, page: int = 1) -> Page[Ref]:
        """List the branches."""
        return await self._page(f"{self._place(repository)}/{self.REFS}branches", self._ref, page)

    async def tags(self, repository: Repository, page: int = 1) -> Page[Ref]:
        """List the tags, each with the commit behind it."""
        return await self._page(f"{self._place(repository)}/{self.REFS}tags", self._ref, page)

    async def resolve(self, repository: Repository, ref: str | None) -> str:
        """Return the commit that *ref* is at; a short name is a branch, else a tag."""
        if ref is None:
            return await self._default(repository)
        if SHA.fullmatch(ref):
            return await self._commit(repository, ref)
        if ref.startswith("refs/tags/"):
            return await self._tag(repository, ref.removeprefix("refs/tags/"))
        if ref.startswith("refs/heads/"):
            return await self._branch(repository, ref.removeprefix("refs/heads/"))
        try:
            return await self._branch(repository, ref)
        except NotThere:
            return await self._tag(repository, ref)

    @abstractmethod
    async def commit(self, repository: Repository, sha: str) -> Commit:
        """Return the commit of that id; NotThere where there is none."""

    async def file(
        self, repository: Repository, name: str, commit: str, bytes_max: int = FILE_BYTES_MAX
    ) -> bytes:
        """Return a file of a commit; NotThere, or FileTooLarge."""
        where = f"{self._place(repository)}/{self._file(name)}"
        answer = await self._client.get(where, {"ref": commit}, accept=self.ACCEPT)
        return _content(answer, bytes_max)

    async def set_webhook(self, repository: Repository, url: str, secret: str) -> str:
        """Have one webhook of that address, proven by *secret*; return its id."""
        place = f"{self._place(repository)}/{self.WEBHOOKS}"
        body = self._webhook(url, secret)
        first, *more = await self._webhooks(place, url) or [0]
        if first:
            answer = await self._change(f"{place}/{first}", body, secret)
        else:
            answer = await self._client.post(place, body, hide=secret)
        for each in more:
            await self._client.delete(f"{place}/{each}")
        return str(answer.read(lambda made: made.needed_number("id")))

    async def remove_webhook(self, repository: Repository, url: str) -> bool:
        """Remove the webhooks of that address; return whether there were any."""
        place = f"{self._place(repository)}/{self.WEBHOOKS}"
        ids = await self._webhooks(place, url)
        for each in ids:
            await self._client.delete(f"{place}/{each}")
        return bool(ids)

    async def _get(self, where: str, query: Mapping[str, str | int] | None = None) -> Answer:
        return await self._client.get(where, query, accept=self.ACCEPT)

    async def _page(
        self,
        where: str,
        reader: Callable[[Fields], T],
        number: int,
        query: Mapping[str, str] | None = None,
    ) -> Page[T]:
        """Return a page: one that is not full is the last."""
        asked: dict[str, str | int] = {self.PER_PAGE: PAGE_SIZE, "page": number, **(query or {})}
        items = (await self._get(where, asked)).each(reader)
        return Page(items, number + 1 if len(items) >= PAGE_SIZE else None)

    def _ref(self, found: Fields) -> Ref:
        commit = found.needed_fields("commit").needed_sha(self.COMMIT_KEY)
        return Ref(found.needed_text("name"), commit)

    async def _branch(self, repository: Repository, name: str) -> str:
        """Return the commit of a branch."""
        return await self._named(repository, f"branches/{path(name)}")

    async def _tag(self, repository: Repository, name: str) -> str:
        """Return the commit of a tag."""
        return await self._named(repository, f"tags/{path(name)}")

    async def _named(self, repository: Repository, ref: str) -> str:
        answer = await self._get(f"{self._place(repository)}/{self.REFS}{ref}")
        return answer.read(self._ref).commit

    async def _commit(self, repository: Repository, sha: str) -> str:
        """Return the id of that commit, if it is there."""
        answer = await self._found(repository, sha)
        return answer.read(lambda commit: commit.needed_sha(self.COMMIT_KEY))

    async def _found(self, repository: Repository, sha: str) -> Answer:
        return await self._get(f"{self._place(repository)}/{self.REFS}commits/{path(sha)}")

    async def _default(self, repository: Repository) -> str:
        """Return the commit of the default branch; NotThere where the repository is empty."""
        answer = await self._get(self._place(repository))
        name = answer.read(lambda each: each.text(self.DEFAULT_BRANCH))
        if not name:
            raise NotThere(self._client.service)
        return await self._branch(repository, name)

    async def _listed_tag(self, repository: Repository, name: str) -> str:
        """Return the commit of a tag, where a service does not find one by its name."""
        tags = await _everything(lambda number: self.tags(repository, number))
        commits = [each.commit for each in tags if each.name == name]
        if not commits:
            raise NotThere(self._client.service)
        return commits[0]

    async def _webhooks(self, place: str, url: str) -> list[int]:
        found = await _everything(lambda number: self._page(place, self._hook, number))
        return [number for number, address in found if address == url]

    async def _change(self, where: str, body: Mapping[str, object], secret: str) -> Answer:
        return await self._client.put(where, body, hide=secret)

    def _file(self, name: str) -> str:
        return f"contents/{'/'.join(map(path, name.split('/')))}"

    def _hook(self, found: Fields) -> tuple[int, str]:
        return found.needed_number("id"), found.text("url")

    @abstractmethod
    def _place(self, repository: Repository) -> str:
        """Return where the API has the repository."""

    @abstractmethod
    def _webhook(self, url: str, secret: str) -> Mapping[str, object]:
        """Describe the webhook in the service's words."""


def changed(names: Iterable[str], told: int) -> tuple[str, ...] | None:
    """Return the files of a commit by name; None where not all of them may have been *told*."""
    return tuple(sorted({*names} - {""})) if told < FILES_MAX else None


def filled(body: Mapping[str, object]) -> dict[str, object]:
    """Return *body* without empty texts, which some services refuse as addresses."""
    return {name: value for name, value in body.items() if value != ""}


async def _everything(ask: Callable[[int], Awaitable[Page[T]]]) -> list[T]:
    """Return what is on all pages, of which PAGES_MAX are read."""
    found: list[T] = []
    number: int | None = 1
    while number is not None and number <= PAGES_MAX:
        page = await ask(number)
        found += page.items
        number = page.next
    return found


def _content(answer: Answer, bytes_max: int) -> bytes:
    """Return the file in *answer*, where a list stands for a folder, or for nothing."""
    if isinstance(answer.value(), list):
        raise NotThere(answer.service)
    kind, encoding, text, size = answer.read(
        lambda file: (
            file.text("type"),
            file.text("encoding"),
            file.text("content"),
            file.number("size"),
        )
    )
    if kind not in {"", "file"}:
        raise NotThere(answer.service)
    if size > bytes_max:
        raise FileTooLarge(answer.service, bytes_max)
    match encoding:
        case "base64":
            try:
                whole = base64.b64decode(text)
            except (binascii.Error, ValueError):
                raise Nonsense(answer.service, Riddle.NO_BASE64) from None
        case "text":
            whole = text.encode()
        case "none":  # what GitHub says of a file it does not show
            raise FileTooLarge(answer.service, bytes_max)
        case _:
            raise Nonsense(answer.service, Riddle.ENCODING)
    if len(whole) > bytes_max:
        raise FileTooLarge(answer.service, bytes_max)
    return whole

"""The REST API of Codeup, as Yunxiao offers it to personal access tokens."""

from collections.abc import Mapping
from hashlib import sha256

from providers.api.client import path
from providers.api.port import Account, Commit, Listed, Page, State, Status
from providers.api.refusals import OwnerMissing
from providers.api.service import Service, filled
from providers.hooks import Person
from providers.payloads import Fields
from providers.repository import Repository

URL = "https://openapi-rdc.aliyuncs.com/oapi/v1"
HEADER = "x-yunxiao-token"
CONTEXT_CHARACTERS_MAX = 50
DIGEST_DIGITS = 8
DESCRIPTION = "Rollway"

STATES = {
    State.PENDING: "pending",
    State.RUNNING: "pending",
    State.SUCCESS: "success",
    State.FAILURE: "failure",
    State.CANCELLED: "error",
}


class Codeup(Service):
    """Codeup in the name of one token.

    The first folder of a repository's path is the organization that it belongs to.
    """

    PER_PAGE = "perPage"
    WEBHOOKS = "webhooks"
    DEFAULT_BRANCH = "defaultBranch"

    async def account(self) -> Account:
        """Return whose token it is; Codeup tells neither a picture nor scopes."""
        answer = await self._get("platform/user")
        return answer.read(
            lambda user: Account(
                user.needed_text("id"), user.text("username") or user.needed_text("name")
            )
        )

    async def repositories(
        self, search: str = "", page: int = 1, *, owner: str = ""
    ) -> Page[Listed]:
        """List repositories of the organization that *owner* begins with."""
        organization, _, group = owner.partition("/")
        if not organization:
            raise OwnerMissing(self._client.service)
        where = path("codeup", "organizations", organization, "repositories")
        whole = await self._page(where, _listed, page, {"search": search} if search else {})
        kept = [each for each in whole.items if not group or each.owner.lower() == owner.lower()]
        return Page(kept, whole.next)

    async def commit(self, repository: Repository, sha: str) -> Commit:
        """Return the commit of that id; Codeup does not tell its files."""
        return (await self._found(repository, sha)).read(_commit)

    async def set_status(self, repository: Repository, commit: str, status: Status) -> None:
        """Show on the commit how its deploy stands."""
        body = {
            "state": STATES[status.state],
            "context": _context(status.context),
            "description": status.description,
            "targetUrl": status.url,
        }
        where = f"{self._place(repository)}/commits/{path(commit)}/statuses"
        await self._client.post(where, filled(body), repeatable=True)

    def _place(self, repository: Repository) -> str:
        organization = repository.owner.partition("/")[0]
        whole = f"{repository.owner}/{repository.name}"
        return path("codeup", "organizations", organization, "repositories", whole)

    def _file(self, name: str) -> str:
        return f"files/{path(name)}"

    def _webhook(self, url: str, secret: str) -> Mapping[str, object]:
        return {
            "url": url,
            "token": secret,
            "description": DESCRIPTION,
            "pushEvents": True,
            "tagPushEvents": True,
            "mergeRequestsEvents": True,
            "noteEvents": False,
            "enableSslVerification": True,
        }

    async def _tag(self, repository: Repository, name: str) -> str:
        return await self._listed_tag(repository, name)


def _context(name: str) -> str:
    """Return a name of one's own for a context, whose end may be needed to tell it from others."""
    if len(name) <= CONTEXT_CHARACTERS_MAX:
        return name
    digest = sha256(name.encode()).hexdigest()[:DIGEST_DIGITS]
    return f"{name[: CONTEXT_CHARACTERS_MAX - DIGEST_DIGITS - 1]}~{digest}"


def _commit(found: Fields) -> Commit:
    author = Person(found.text("authorName"), found.text("authorEmail"))
    return Commit(found.needed_sha("id"), found.text("message"), author, None)


def _listed(found: Fields) -> Listed:
    owner, _, name = found.needed_text("pathWithNamespace").rpartition("/")
    return Listed(
        id=str(found.needed_number("id")),
        url=found.needed_text("httpUrlToRepo"),
        owner=owner,
        name=name,
        default_branch=found.text("defaultBranch"),
        private=found.text("visibility") != "public",
    )

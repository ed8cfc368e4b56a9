"""The REST API of GitLab, version 4."""

from collections.abc import Mapping
from itertools import chain

from providers.api.client import path
from providers.api.port import Account, Commit, Listed, Page, State, Status
from providers.api.refusals import Forbidden, NotThere, Rejected, TokenRefused
from providers.api.service import FILES_MAX, Service, changed, filled
from providers.hooks import Person
from providers.payloads import Fields
from providers.repository import Repository

URL = "https://gitlab.com/api/v4"
DESCRIPTION_CHARACTERS_MAX = 255
UNCHANGED = "Cannot transition status"  # it is that already

STATES = {
    State.PENDING: "pending",
    State.RUNNING: "running",
    State.SUCCESS: "success",
    State.FAILURE: "failed",
    State.CANCELLED: "canceled",
}


class GitLab(Service):
    """GitLab in the name of one token."""

    REFS = "repository/"

    async def account(self) -> Account:
        """Return whose token it is; only a personal access token tells its scopes."""
        answer = await self._get("user")
        scopes = await self._scopes()
        return answer.read(
            lambda user: Account(
                str(user.needed_number("id")),
                user.needed_text("username"),
                user.text("avatar_url"),
                scopes,
            )
        )

    async def repositories(
        self, search: str = "", page: int = 1, *, owner: str = ""
    ) -> Page[Listed]:
        """List repositories."""
        query = {"membership": "true", "archived": "false", "order_by": "id"}
        whole = await self._page(
            "projects", _listed, page, {**query, "search": search} if search else query
        )
        kept = [each for each in whole.items if owner.lower() in {"", each.owner.lower()}]
        return Page(kept, whole.next)

    async def commit(self, repository: Repository, sha: str) -> Commit:
        """Return the commit of that id; GitLab tells its files apart."""
        answer = await self._found(repository, sha)
        files = await self._files(repository, sha)
        return answer.read(lambda found: _commit(found, files))

    async def set_status(self, repository: Repository, commit: str, status: Status) -> None:
        """Show on the commit how its deploy stands."""
        body = {
            "state": STATES[status.state],
            "name": status.context,
            "description": status.description[:DESCRIPTION_CHARACTERS_MAX],
            "target_url": status.url,
        }
        where = f"{self._place(repository)}/statuses/{path(commit)}"
        try:
            await self._client.post(where, filled(body), repeatable=True)
        except Rejected as refusal:
            if UNCHANGED not in refusal.said:
                raise

    async def _scopes(self) -> frozenset[str] | None:
        try:
            answer = await self._get("personal_access_tokens/self")
        except (Forbidden, NotThere, Rejected, TokenRefused):  # a login's token, an old GitLab
            return None
        return frozenset(answer.read(lambda token: token.texts("scopes")))

    def _place(self, repository: Repository) -> str:
        return path("projects", f"{repository.owner}/{repository.name}")

    def _file(self, name: str) -> str:
        return f"repository/files/{path(name)}"

    def _webhook(self, url: str, secret: str) -> Mapping[str, object]:
        return {
            "url": url,
            "token": secret,
            "push_events": True,
            "tag_push_events": True,
            "merge_requests_events": True,
            "enable_ssl_verification": True,
        }

    async def _files(self, repository: Repository, sha: str) -> tuple[str, ...] | None:
        where = f"{self._place(repository)}/repository/commits/{path(sha)}/diff"
        names: list[tuple[str, str]] = []
        number: int | None = 1
        while number is not None and len(names) < FILES_MAX:
            page = await self._page(where, _names, number)
            names += page.items
            number = page.next
        return changed(chain.from_iterable(names), len(names))


def _commit(found: Fields, files: tuple[str, ...] | None) -> Commit:
    author = Person(found.text("author_name"), found.text("author_email"))
    return Commit(found.needed_sha("id"), found.text("message"), author, files)


def _names(file: Fields) -> tuple[str, str]:
    return file.text("old_path"), file.text("new_path")


def _listed(found: Fields) -> Listed:
    owner, _, name = found.needed_text("path_with_namespace").rpartition("/")
    return Listed(
        id=f"{found.needed_text('web_url')}:{found.needed_number('id')}",  # as in its deliveries
        url=found.needed_text("http_url_to_repo"),
        owner=owner,
        name=name,
        default_branch=found.text("default_branch"),
        private=found.text("visibility") != "public",
    )

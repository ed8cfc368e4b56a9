"""The REST API of Gitee, version 5."""

from collections.abc import Mapping

from providers.api.answer import Answer
from providers.api.client import path
from providers.api.port import Account, Commit, Listed, Page, State, Status
from providers.api.service import Service, changed, filled
from providers.hooks import Person
from providers.payloads import Fields
from providers.repository import Repository

URL = "https://gitee.com/api/v5"
SIGNED = 1  # deliveries carry a signature, not the secret itself

# A check's status, and the conclusion of one that has ended.
STATES = {
    State.PENDING: ("queued", ""),
    State.RUNNING: ("in_progress", ""),
    State.SUCCESS: ("completed", "success"),
    State.FAILURE: ("completed", "failure"),
    State.CANCELLED: ("completed", "cancelled"),
}


class Gitee(Service):
    """Gitee in the name of one token."""

    COMMIT_KEY = "sha"

    async def account(self) -> Account:
        """Return whose token it is; Gitee does not tell its scopes."""
        answer = await self._get("user")
        return answer.read(
            lambda user: Account(
                str(user.needed_number("id")), user.needed_text("login"), user.text("avatar_url")
            )
        )

    async def repositories(
        self, search: str = "", page: int = 1, *, owner: str = ""
    ) -> Page[Listed]:
        """List repositories."""
        query = {"sort": "full_name", **({"q": search} if search else {})}
        whole = await self._page("user/repos", _listed, page, query)
        kept = [each for each in whole.items if owner.lower() in {"", each.owner.lower()}]
        return Page(kept, whole.next)

    async def commit(self, repository: Repository, sha: str) -> Commit:
        """Return the commit of that id."""
        return (await self._found(repository, sha)).read(_commit)

    async def set_status(self, repository: Repository, commit: str, status: Status) -> None:
        """Show it as a check of the commit: Gitee has no statuses."""
        state, conclusion = STATES[status.state]
        body = {
            "name": status.context,
            "head_sha": commit,
            "status": state,
            "details_url": status.url,
            "output": {"title": status.context, "summary": status.description or state},
            "conclusion": conclusion,
        }
        place = self._place(repository)
        answer = await self._get(f"{place}/commits/{path(commit)}/check-runs")
        checks = answer.read(
            lambda whole: [
                (each.number("id"), each.text("name")) for each in whole.list("check_runs")
            ]
        )
        same = [number for number, name in checks if name == status.context]
        if same:
            await self._client.patch(f"{place}/check-runs/{same[0]}", filled(body))
        else:
            await self._client.post(f"{place}/check-runs", filled(body))

    def _place(self, repository: Repository) -> str:
        return path("repos", repository.owner, repository.name)

    def _webhook(self, url: str, secret: str) -> Mapping[str, object]:
        return {
            "url": url,
            "password": secret,
            "encryption_type": SIGNED,
            "push_events": True,
            "tag_push_events": True,
            "merge_requests_events": True,
            "issues_events": False,
            "note_events": False,
        }

    async def _change(self, where: str, body: Mapping[str, object], secret: str) -> Answer:
        return await self._client.patch(where, body, hide=secret)

    async def _tag(self, repository: Repository, name: str) -> str:
        return await self._listed_tag(repository, name)


def _commit(found: Fields) -> Commit:
    told, files = found.needed_fields("commit"), found.list("files")
    author = told.fields("author")
    return Commit(
        found.needed_sha("sha"),
        told.text("message"),
        Person(author.text("name"), author.text("email")),
        changed((file.text("filename") for file in files), len(files)) if files else None,
    )


def _listed(found: Fields) -> Listed:
    owner, _, name = found.needed_text("full_name").rpartition("/")
    return Listed(
        id=str(found.needed_number("id")),
        url=found.needed_text("html_url"),
        owner=owner,
        name=name,
        default_branch=found.text("default_branch"),
        private=found.flag("private"),
    )

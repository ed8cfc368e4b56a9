"""The REST API of GitHub and of GitHub Enterprise."""

from collections.abc import Mapping

from providers.api.answer import Answer
from providers.api.client import path
from providers.api.port import Account, Commit, Listed, Page, State, Status
from providers.api.refusals import Nonsense, NotThere, Rejected, Riddle
from providers.api.service import Service, changed, filled
from providers.hooks import Person
from providers.payloads import SHA, Fields
from providers.repository import Repository

URL = "https://api.github.com"
ONLY_SHA = "application/vnd.github.sha"
EVENTS = ("push", "pull_request")  # a tag is a push here
DESCRIPTION_CHARACTERS_MAX = 140
NO_COMMIT = frozenset({409, 422})  # an empty repository; no such commit

STATES = {
    State.PENDING: "pending",
    State.RUNNING: "pending",
    State.SUCCESS: "success",
    State.FAILURE: "failure",
    State.CANCELLED: "error",
}
DEPLOYMENT_STATES = {
    State.PENDING: "queued",
    State.RUNNING: "in_progress",
    State.SUCCESS: "success",
    State.FAILURE: "failure",
    State.CANCELLED: "error",
}


class GitHub(Service):
    """GitHub in the name of one token."""

    ACCEPT = "application/vnd.github+json"
    COMMIT_KEY = "sha"

    async def account(self) -> Account:
        """Return whose token it is; a fine-grained token has no scopes to tell."""
        answer = await self._get("user")
        told = answer.headers.get("x-oauth-scopes")
        scopes = None
        if told is not None:
            scopes = frozenset(each.strip() for each in told.split(",") if each.strip())
        return answer.read(
            lambda user: Account(
                str(user.needed_number("id")),
                user.needed_text("login"),
                user.text("avatar_url"),
                scopes,
            )
        )

    async def repositories(
        self, search: str = "", page: int = 1, *, owner: str = ""
    ) -> Page[Listed]:
        """List repositories.

        GitHub's own search leaves out much that a token can reach: *search* thins out each page.
        """
        whole = await self._page("user/repos", _listed, page, {"sort": "full_name"})
        kept = [
            each
            for each in whole.items
            if search.lower() in f"{each.owner}/{each.name}".lower()
            and owner.lower() in {"", each.owner.lower()}
        ]
        return Page(kept, whole.next)

    async def commit(self, repository: Repository, sha: str) -> Commit:
        """Return the commit of that id."""
        return (await self._found(repository, sha)).read(_commit)

    async def set_status(self, repository: Repository, commit: str, status: Status) -> None:
        """Show on the commit how its deploy stands."""
        body = {
            "state": STATES[status.state],
            "context": status.context,
            "description": status.description[:DESCRIPTION_CHARACTERS_MAX],
            "target_url": status.url,
        }
        where = f"{self._place(repository)}/statuses/{path(commit)}"
        await self._client.post(where, filled(body), repeatable=True)

    async def deployment(self, repository: Repository, commit: str, environment: str) -> str:
        """Make a deployment of a commit to an environment; return its id."""
        body = {
            "ref": commit,
            "environment": environment,
            "auto_merge": False,
            "required_contexts": [],
        }
        answer = await self._client.post(f"{self._place(repository)}/deployments", body)
        return str(answer.read(lambda deployment: deployment.needed_number("id")))

    async def set_deployment_status(
        self, repository: Repository, deployment: str, status: Status
    ) -> None:
        """Say how a deployment stands."""
        body = {
            "state": DEPLOYMENT_STATES[status.state],
            "description": status.description[:DESCRIPTION_CHARACTERS_MAX],
            "log_url": status.url,
        }
        where = f"{self._place(repository)}/deployments/{path(deployment)}/statuses"
        await self._client.post(where, filled(body), repeatable=True)

    def _place(self, repository: Repository) -> str:
        return path("repos", repository.owner, repository.name)

    def _hook(self, found: Fields) -> tuple[int, str]:
        return found.needed_number("id"), found.fields("config").text("url")

    def _webhook(self, url: str, secret: str) -> Mapping[str, object]:
        return {
            "name": "web",
            "active": True,
            "events": list(EVENTS),
            "config": {
                "url": url,
                "content_type": "json",
                "secret": secret,
                "insecure_ssl": "0",
            },
        }

    async def _change(self, where: str, body: Mapping[str, object], secret: str) -> Answer:
        return await self._client.patch(where, body, hide=secret)

    async def _branch(self, repository: Repository, name: str) -> str:
        return await self._commit(repository, f"heads/{name}")

    async def _tag(self, repository: Repository, name: str) -> str:
        return await self._commit(repository, f"tags/{name}")

    async def _default(self, repository: Repository) -> str:
        return await self._commit(repository, "HEAD")

    async def _commit(self, repository: Repository, sha: str) -> str:
        answer = await self._as(repository, sha, ONLY_SHA)
        found = answer.body.decode(errors="replace").strip()
        if not SHA.fullmatch(found):
            raise Nonsense(self._client.service, Riddle.COMMIT)
        return found

    async def _found(self, repository: Repository, sha: str) -> Answer:
        return await self._as(repository, sha, self.ACCEPT)

    async def _as(self, repository: Repository, sha: str, accept: str) -> Answer:
        where = f"{self._place(repository)}/commits/{path(sha)}"
        try:
            return await self._client.get(where, accept=accept)
        except Rejected as refusal:
            if refusal.status in NO_COMMIT:
                raise NotThere(self._client.service) from None
            raise


def _commit(found: Fields) -> Commit:
    told, files = found.needed_fields("commit"), found.list("files")
    author = told.fields("author")
    names = [file.text(name) for file in files for name in ("filename", "previous_filename")]
    return Commit(
        found.needed_sha("sha"),
        told.text("message"),
        Person(author.text("name"), author.text("email")),
        changed(names, len(files)),
    )


def _listed(found: Fields) -> Listed:
    return Listed(
        id=str(found.needed_number("id")),
        url=found.needed_text("clone_url"),
        owner=found.needed_fields("owner").needed_text("login"),
        name=found.needed_text("name"),
        default_branch=found.text("default_branch"),
        private=found.flag("private"),
    )

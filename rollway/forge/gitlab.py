"""GitLab, played."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from starlette.responses import JSONResponse, Response

from rollway.forge.dialect import (
    Call,
    Dialect,
    Event,
    Route,
    Shown,
    encoded,
    kind_of,
    needed,
    packed,
    told,
)
from rollway.forge.repositories import NOTHING, Bare
from rollway.forge.state import Pull, Pulled, Pushed, Webhook

PLACE = "projects/{repository}"
SCOPES = ("api", "read_repository")
COMMITS_SHOWN = 20
ACTIONS = {
    Pull.OPENED: "open",
    Pull.PUSHED: "update",
    Pull.CLOSED: "close",
    Pull.REOPENED: "reopen",
    Pull.MERGED: "merge",
}
STATES = frozenset({"pending", "running", "success", "failed", "canceled", "skipped"})


class GitLab(Dialect):
    """The API of GitLab, below /api/v4."""

    prefix = "/api/v4"
    pull_ref = "refs/merge-requests/{}/head"

    @property
    def routes(self) -> Sequence[Route]:
        """List what can be asked."""
        return [
            Route("GET", "user", self._user),
            Route("GET", "personal_access_tokens/self", self._token),
            Route("GET", "projects", self._repositories),
            *self.ref_routes(PLACE, f"{PLACE}/repository"),
            Route("GET", f"{PLACE}/repository/tags/{{ref}}", self._tag),
            Route("GET", f"{PLACE}/repository/commits/{{ref}}", self._commit),
            Route("GET", f"{PLACE}/repository/commits/{{ref}}/diff", self._diff),
            Route("GET", f"{PLACE}/repository/files/{{path}}", self._file),
            *self.webhook_routes(f"{PLACE}/hooks", "PUT"),
            Route("POST", f"{PLACE}/statuses/{{sha}}", self._status),
        ]

    def is_allowed(self, headers: Mapping[str, str]) -> bool:
        """Tell whether the token is the one, in either of its headers."""
        return super().is_allowed(headers) or headers.get("private-token") == self._state.token

    def address(self, webhook: Webhook) -> str:
        """Return where a webhook delivers."""
        return str(webhook.settings.get("url", ""))

    def wants(self, webhook: Webhook, event: Event, /) -> bool:
        """Tell whether it asked for such events."""
        name = kind_of(event, "push_events", "tag_push_events", "merge_requests_events")
        return bool(webhook.settings.get(name, name == "push_events"))

    def show_webhook(self, webhook: Webhook) -> Shown:
        """Return a webhook; GitLab does not show its token."""
        kept = {name: value for name, value in webhook.settings.items() if name != "token"}
        return {**kept, "id": webhook.id}

    def delivery(self, webhook: Webhook, event: Event) -> tuple[dict[str, str], bytes]:
        """Return an event with the token itself."""
        identity = str(uuid4())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitLab/forge",
            "X-Gitlab-Event": kind_of(event, "Push Hook", "Tag Push Hook", "Merge Request Hook"),
            "X-Gitlab-Event-UUID": str(uuid4()),
            "X-Gitlab-Webhook-UUID": str(uuid4()),
            "Idempotency-Key": identity,
        }
        if token := webhook.settings.get("token"):
            headers["X-Gitlab-Token"] = str(token)
        body = self._merge_request(event) if isinstance(event, Pulled) else self._push(event)
        return headers, packed(body)

    async def _user(self, _: Call) -> Response:
        login = self._state.login
        avatar = f"{self._state.url}/avatars/1"
        return JSONResponse({"id": 1, "username": login, "name": login, "avatar_url": avatar})

    async def _token(self, _: Call) -> Response:
        return JSONResponse({"id": 1, "active": True, "scopes": list(SCOPES)})

    async def _repositories(self, call: Call) -> Response:
        found = self.found(call.query.get("search", ""))
        return self.page(call, [await self.show(each) for each in found])

    async def _tag(self, call: Call) -> Response:
        return await self.ref(call, "tags")

    async def _commit(self, call: Call) -> Response:
        found = await self.whole(call, call.parts["ref"])
        author = {"author_name": found.author, "author_email": found.email}
        return JSONResponse({"id": found.id, "message": found.message, **author})

    async def _diff(self, call: Call) -> Response:
        found = await self.whole(call, call.parts["ref"])
        names = [name for each in found.files.values() for name in each]
        return self.page(call, [{"old_path": name, "new_path": name} for name in names])

    async def _file(self, call: Call) -> Response:
        commit, body = await self.file(call)
        shown = {"encoding": "base64", "size": len(body), "content": encoded(body)}
        return JSONResponse({**shown, "file_path": call.parts["path"], "commit_id": commit})

    async def _status(self, call: Call) -> Response:
        (state,) = needed(call, "state")
        commit = await self.commit(call, call.parts["sha"])
        if state not in STATES:
            return JSONResponse({"error": "state does not have a valid value"}, 400)
        context = str(call.body.get("name") or call.body.get("context") or "default")
        for each in reversed(self._state.statuses):
            if (each["commit"], each["context"]) == (commit, context):
                if each["state"] == state:
                    return JSONResponse({"message": _unchanged(state)}, 400)
                break
        number = self._state.remember(
            call.repository,
            commit,
            state=state,
            context=context,
            description=str(call.body.get("description", "")),
            url=str(call.body.get("target_url", "")),
        )
        return JSONResponse({"id": number, "sha": commit, "status": state, "name": context}, 201)

    async def show(self, bare: Bare) -> Shown:
        """Return a repository as the service shows it."""
        return {
            "id": bare.id,
            "path": bare.name,
            "name": bare.name,
            "path_with_namespace": bare.full_name,
            "default_branch": await bare.default_branch(),
            "visibility": "private",
            "http_url_to_repo": self._state.clone_url(bare),
            "web_url": f"{self._state.url}/{bare.full_name}",
        }

    def _push(self, event: Pushed) -> Shown:
        url = f"{self._state.url}/{event.bare.full_name}"
        kind = "tag_push" if event.is_tag else "push"
        login, bare = self._state.login, event.bare
        return {
            "object_kind": kind,
            "event_name": kind,
            "ref": event.ref,
            "before": event.before,
            "after": event.after,
            "checkout_sha": None if event.deleted else event.commit,
            "user_id": 1,
            "user_name": login.capitalize(),
            "user_username": login,
            "user_email": f"{login}@forge.example",
            "user_avatar": f"{self._state.url}/avatars/1",
            "project_id": bare.id,
            "project": self._project(bare),
            "commits": [told(each, url) for each in event.commits[-COMMITS_SHOWN:]],
            "total_commits_count": len(event.commits),
        }

    def _project(self, bare: Bare) -> Shown:
        return {
            "id": bare.id,
            "name": bare.name,
            "path_with_namespace": bare.full_name,
            "git_http_url": self._state.clone_url(bare),
            "web_url": f"{self._state.url}/{bare.full_name}",
        }

    def _merge_request(self, event: Pulled) -> Shown:
        login, url = self._state.login, f"{self._state.url}/{event.bare.full_name}"
        asked: Shown = {
            "iid": event.number,
            "title": event.title,
            "action": ACTIONS[event.action],
            "source_branch": event.source,
            "target_branch": event.target,
            "source_project_id": event.source_id,
            "target_project_id": event.bare.id,
            "last_commit": told(event.head, url),
            "merge_commit_sha": event.merged or None,
        }
        if event.action is Pull.PUSHED:
            asked["oldrev"] = next(iter(event.head.parents), NOTHING)
        return {
            "object_kind": "merge_request",
            "event_type": "merge_request",
            "user": {
                "id": 1,
                "name": login.capitalize(),
                "username": login,
                "email": f"{login}@forge.example",
                "avatar_url": f"{self._state.url}/avatars/1",
            },
            "project": self._project(event.bare),
            "object_attributes": asked,
        }


def _unchanged(state: str) -> str:
    return f"Cannot transition status via :enqueue from :{state}"

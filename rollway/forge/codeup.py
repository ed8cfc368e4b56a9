"""Codeup, played."""

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
from rollway.forge.repositories import Bare
from rollway.forge.state import Pull, Pulled, Pushed, Webhook

LIST = "codeup/organizations/{organization}/repositories"
PLACE = f"{LIST}/{{repository}}"
COMMITS_SHOWN = 20
ACTIONS = {
    Pull.OPENED: "open",
    Pull.PUSHED: "update",
    Pull.CLOSED: "close",
    Pull.REOPENED: "reopen",
    Pull.MERGED: "merge",
}
STATES = frozenset({"error", "failure", "pending", "success"})


class Codeup(Dialect):
    """The API of Yunxiao, below /oapi/v1; a repository's first folder is its organization."""

    prefix = "/oapi/v1"
    per_page = "perPage"
    pull_ref = "refs/merge-requests/{}/head"

    @property
    def routes(self) -> Sequence[Route]:
        """List what can be asked."""
        return [
            Route("GET", "platform/user", self._user),
            Route("GET", LIST, self._repositories),
            *self.ref_routes(PLACE, PLACE),
            Route("GET", f"{PLACE}/commits/{{ref}}", self._commit),
            Route("GET", f"{PLACE}/files/{{path}}", self._file),
            *self.webhook_routes(f"{PLACE}/webhooks", "PUT"),
            Route("POST", f"{PLACE}/commits/{{sha}}/statuses", self._status),
        ]

    def is_allowed(self, headers: Mapping[str, str]) -> bool:
        """Tell whether the token is the one."""
        return headers.get("x-yunxiao-token") == self._state.token

    def address(self, webhook: Webhook) -> str:
        """Return where a webhook delivers."""
        return str(webhook.settings.get("url", ""))

    def wants(self, webhook: Webhook, event: Event, /) -> bool:
        """Tell whether it asked for such events."""
        name = kind_of(event, "pushEvents", "tagPushEvents", "mergeRequestsEvents")
        return bool(webhook.settings.get(name))

    def show_webhook(self, webhook: Webhook) -> Shown:
        """Return a webhook; Codeup shows its token."""
        return {**webhook.settings, "id": webhook.id}

    def delivery(self, webhook: Webhook, event: Event) -> tuple[dict[str, str], bytes]:
        """Return an event with the token itself."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "okhttp/forge",
            "X-Codeup-Event": kind_of(event, "Push Hook", "Tag Push Hook", "Merge Request Hook"),
            "X-Codeup-Delivery": str(uuid4()),
        }
        if token := webhook.settings.get("token"):
            headers["X-Codeup-Token"] = str(token)
        body = self._merge_request(event) if isinstance(event, Pulled) else self._push(event)
        return headers, packed(body)

    async def _user(self, _: Call) -> Response:
        login = self._state.login
        return JSONResponse({"id": "u1", "username": login, "name": login.capitalize()})

    async def _repositories(self, call: Call) -> Response:
        inside = f"{call.parts['organization']}/"
        found = self.found(call.query.get("search", ""))
        own = [each for each in found if each.full_name.startswith(inside)]
        return self.page(call, [await self.show(each) for each in own])

    async def _commit(self, call: Call) -> Response:
        found = await self.whole(call, call.parts["ref"])
        author = {"authorName": found.author, "authorEmail": found.email}
        return JSONResponse({"id": found.id, "message": found.message, **author})

    async def _file(self, call: Call) -> Response:
        commit, body = await self.file(call)
        shown: Shown = {"encoding": "base64", "content": encoded(body)}
        if body.isascii():
            shown = {"encoding": "text", "content": body.decode()}
        return JSONResponse(
            {**shown, "size": len(body), "filePath": call.parts["path"], "commitId": commit}
        )

    async def _status(self, call: Call) -> Response:
        (state,) = needed(call, "state")
        commit = await self.commit(call, call.parts["sha"])
        if state not in STATES:
            return JSONResponse({"errorMessage": "state is not valid"}, 400)
        context = str(call.body.get("context", "default"))
        number = self._state.remember(
            call.repository,
            commit,
            state=state,
            context=context,
            description=str(call.body.get("description", "")),
            url=str(call.body.get("targetUrl", "")),
        )
        return JSONResponse({"id": number, "sha": commit, "state": state, "context": context}, 201)

    async def show(self, bare: Bare) -> Shown:
        """Return a repository as the service shows it."""
        return {
            "id": bare.id,
            "name": bare.name,
            "path": bare.name,
            "pathWithNamespace": bare.full_name,
            "defaultBranch": await bare.default_branch(),
            "visibility": "private",
            "httpUrlToRepo": self._state.clone_url(bare),
            "webUrl": f"{self._state.url}/{bare.full_name}",
        }

    def _push(self, event: Pushed) -> Shown:
        url = f"{self._state.url}/{event.bare.full_name}"
        login, bare = self._state.login, event.bare
        return {
            "object_kind": "tag_push" if event.is_tag else "push",
            "ref": event.ref,
            "before": event.before,
            "after": event.after,
            "checkout_sha": None if event.deleted else event.commit,
            "user_id": 1,
            "user_name": login,
            "user_email": f"{login}@forge.example",
            "project_id": bare.id,
            "repository": self._brief(bare),
            "commits": [told(each, url) for each in event.commits[-COMMITS_SHOWN:]],
            "total_commits_count": len(event.commits),
        }

    def _brief(self, bare: Bare) -> Shown:
        return {
            "name": bare.name,
            "homepage": f"{self._state.url}/{bare.full_name}",
            "git_http_url": self._state.clone_url(bare),
        }

    def _merge_request(self, event: Pulled) -> Shown:
        login, url = self._state.login, f"{self._state.url}/{event.bare.full_name}"
        return {
            "object_kind": "merge_request",
            "user": {"name": login, "email": f"{login}@forge.example"},
            "repository": self._brief(event.bare),
            "object_attributes": {
                "id": event.number,
                "iid": event.number,
                "title": event.title,
                "action": ACTIONS[event.action],
                "is_update_by_push": event.action is Pull.PUSHED,
                "source_branch": event.source,
                "target_branch": event.target,
                "source_project_id": event.source_id,
                "target_project_id": event.bare.id,
                "last_commit": told(event.head, url),
                "merge_commit_sha": event.merged or None,
            },
        }

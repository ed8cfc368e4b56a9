"""GitHub, played."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from starlette.responses import JSONResponse, PlainTextResponse, Response

from rollway.forge.dialect import (
    Absent,
    Call,
    Dialect,
    Event,
    Route,
    Shown,
    encoded,
    kind_of,
    needed,
    packed,
    shown,
    told,
)
from rollway.forge.repositories import Bare
from rollway.forge.state import Pull, Pulled, Pushed, Webhook

SCOPES = "repo, admin:repo_hook"
PLACE = "repos/{owner}/{name}"
ACTIONS = {
    Pull.OPENED: "opened",
    Pull.PUSHED: "synchronize",
    Pull.CLOSED: "closed",
    Pull.REOPENED: "reopened",
    Pull.MERGED: "closed",
}
STATES = frozenset({"error", "failure", "pending", "success"})


class GitHub(Dialect):
    """The API of GitHub Enterprise Server, below /api/v3."""

    prefix = "/api/v3"
    commit_key = "sha"

    @property
    def routes(self) -> Sequence[Route]:
        """List what can be asked."""
        return [
            Route("GET", "user", self._user),
            Route("GET", "user/repos", self._repositories),
            *self.ref_routes(PLACE, PLACE),
            Route("GET", f"{PLACE}/commits/{{ref...}}", self._commit),
            Route("GET", f"{PLACE}/contents/{{path...}}", self._file),
            *self.webhook_routes(f"{PLACE}/hooks", "PATCH"),
            Route("POST", f"{PLACE}/statuses/{{sha}}", self._status),
            Route("POST", f"{PLACE}/deployments", self._deployment),
            Route("POST", f"{PLACE}/deployments/{{number}}/statuses", self._deployment_status),
        ]

    def address(self, webhook: Webhook) -> str:
        """Return where a webhook delivers."""
        return str(self._config(webhook).get("url", ""))

    def wants(self, webhook: Webhook, event: Event, /) -> bool:
        """Tell whether it asked for such events; a tag is a push."""
        asked = webhook.settings.get("events", ["push"])
        return kind_of(event, "push", "push", "pull_request") in asked

    def show_webhook(self, webhook: Webhook) -> Shown:
        """Return a webhook, its secret masked."""
        config = {**self._config(webhook)}
        if "secret" in config:
            config["secret"] = "********"  # noqa: S105 (a mask)
        return {
            "type": "Repository",
            "id": webhook.id,
            "name": "web",
            "active": webhook.settings.get("active", True),
            "events": webhook.settings.get("events", ["push"]),
            "config": config,
        }

    def delivery(self, webhook: Webhook, event: Event) -> tuple[dict[str, str], bytes]:
        """Return an event, signed by SHA-256."""
        shown = self._pull_request(event) if isinstance(event, Pulled) else self._push(event)
        body = packed(shown)
        secret = str(self._config(webhook).get("secret", ""))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/forge",
            "X-GitHub-Event": kind_of(event, "push", "push", "pull_request"),
            "X-GitHub-Delivery": str(uuid4()),
            "X-GitHub-Hook-ID": str(webhook.id),
        }
        if secret:
            digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature-256"] = f"sha256={digest}"
        return headers, body

    async def _user(self, _: Call) -> Response:
        return JSONResponse(self._person(), headers={"X-OAuth-Scopes": SCOPES})

    async def _repositories(self, call: Call) -> Response:
        return self.page(call, [await self.show(each) for each in self.found()])

    async def _commit(self, call: Call) -> Response:
        ref = call.parts["ref"]
        revision = f"refs/{ref}" if ref.startswith(("heads/", "tags/")) else ref
        try:
            found = await self.commit(call, revision)
        except Absent:
            return JSONResponse({"message": f"No commit found for SHA: {ref}"}, 422)
        if "sha" in call.headers.get("accept", ""):
            return PlainTextResponse(found)
        return JSONResponse(shown(await self.whole(call, found)))

    async def _file(self, call: Call) -> Response:
        _, body = await self.file(call)
        path = call.parts["path"]
        return JSONResponse(
            {
                "type": "file",
                "encoding": "base64",
                "size": len(body),
                "name": path.rpartition("/")[2],
                "path": path,
                "content": encoded(body),
            }
        )

    async def _status(self, call: Call) -> Response:
        (state,) = needed(call, "state")
        commit = await self.commit(call, call.parts["sha"])
        if state not in STATES:
            return JSONResponse({"message": "Validation Failed"}, 422)
        shown = {
            "state": state,
            "context": str(call.body.get("context", "default")),
            "description": str(call.body.get("description", "")),
        }
        url = str(call.body.get("target_url", ""))
        number = self._state.remember(call.repository, commit, **shown, url=url)
        return JSONResponse({"id": number, **shown, "target_url": url}, 201)

    async def _deployment(self, call: Call) -> Response:
        (ref,) = needed(call, "ref")
        commit = await self.commit(call, ref)
        environment = str(call.body.get("environment", "production"))
        number = self._state.remember(call.repository, commit, environment=environment)
        return JSONResponse({"id": number, "sha": commit, "environment": environment}, 201)

    async def _deployment_status(self, call: Call) -> Response:
        (state,) = needed(call, "state")
        number = int(call.parts["number"])
        deployment = next((each for each in self._state.statuses if each["id"] == number), None)
        if deployment is None or "environment" not in deployment:
            raise Absent
        deployment["state"] = state
        return JSONResponse({"id": next(self._state.numbers), "state": state}, 201)

    def _config(self, webhook: Webhook) -> dict[str, Any]:
        config = webhook.settings.get("config")
        return config if isinstance(config, dict) else {}

    def _person(self) -> Shown:
        login = self._state.login
        return {
            "id": 1,
            "login": login,
            "name": login.capitalize(),
            "avatar_url": f"{self._state.url}/avatars/1",
            "type": "User",
        }

    async def show(self, bare: Bare) -> Shown:
        """Return a repository as the service shows it."""
        return {**self._brief(bare), "default_branch": await bare.default_branch()}

    def _brief(self, bare: Bare) -> Shown:
        return {
            "id": bare.id,
            "name": bare.name,
            "full_name": bare.full_name,
            "private": True,
            "owner": {"login": bare.owner, "name": bare.owner},
            "clone_url": self._state.clone_url(bare),
            "html_url": f"{self._state.url}/{bare.full_name}",
        }

    def _push(self, event: Pushed) -> Shown:
        url = f"{self._state.url}/{event.bare.full_name}"
        commits = [told(each, url) for each in event.commits]
        return {
            "ref": event.ref,
            "before": event.before,
            "after": event.after,
            "created": event.created,
            "deleted": event.deleted,
            "forced": event.forced,
            "repository": self._brief(event.bare),
            "pusher": {"name": self._state.login, "email": f"{self._state.login}@forge.example"},
            "sender": self._person(),
            "commits": [] if event.is_tag else commits,
            "head_commit": told(event.head, url) if event.head else None,
        }

    def _pull_request(self, event: Pulled) -> Shown:
        brief = self._brief(event.bare)
        ended = event.action in {Pull.CLOSED, Pull.MERGED}
        return {
            "action": ACTIONS[event.action],
            "number": event.number,
            "pull_request": {
                "number": event.number,
                "title": event.title,
                "state": "closed" if ended else "open",
                "merged": event.action is Pull.MERGED,
                "merge_commit_sha": event.merged or None,
                "head": {
                    "ref": event.source,
                    "sha": event.head.id,
                    "repo": {**brief, "id": event.source_id},
                },
                "base": {"ref": event.target, "repo": brief},
            },
            "repository": brief,
            "sender": self._person(),
        }

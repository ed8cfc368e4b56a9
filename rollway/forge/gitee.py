"""Gitee, played."""

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence
from urllib.parse import quote_plus

from starlette.responses import JSONResponse, Response

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

PLACE = "repos/{owner}/{name}"
COMMITS_SHOWN = 10
SIGNED = 1

# A pull request's event, and the state it is in then.
ACTIONS = {
    Pull.OPENED: ("open", "open"),
    Pull.PUSHED: ("update", "open"),
    Pull.CLOSED: ("close", "closed"),
    Pull.REOPENED: ("reopen", "open"),
    Pull.MERGED: ("merge", "merged"),
}


class Gitee(Dialect):
    """The API of Gitee, below /api/v5."""

    prefix = "/api/v5"
    commit_key = "sha"

    @property
    def routes(self) -> Sequence[Route]:
        """List what can be asked."""
        return [
            Route("GET", "user", self._user),
            Route("GET", "user/repos", self._repositories),
            *self.ref_routes(PLACE, PLACE),
            Route("GET", f"{PLACE}/commits/{{ref}}", self._commit),
            Route("GET", f"{PLACE}/commits/{{ref}}/check-runs", self._checks),
            Route("GET", f"{PLACE}/contents/{{path...}}", self._file),
            *self.webhook_routes(f"{PLACE}/hooks", "PATCH"),
            Route("POST", f"{PLACE}/check-runs", self._add_check),
            Route("PATCH", f"{PLACE}/check-runs/{{number}}", self._change_check),
        ]

    def address(self, webhook: Webhook) -> str:
        """Return where a webhook delivers."""
        return str(webhook.settings.get("url", ""))

    def wants(self, webhook: Webhook, event: Event, /) -> bool:
        """Tell whether it asked for such events."""
        name = kind_of(event, "push_events", "tag_push_events", "merge_requests_events")
        return bool(webhook.settings.get(name, name == "push_events"))

    def show_webhook(self, webhook: Webhook) -> Shown:
        """Return a webhook; Gitee shows the password of one that does not sign."""
        kept = {name: value for name, value in webhook.settings.items() if name != "password"}
        return {**kept, "id": webhook.id, "password": ""}

    def delivery(self, webhook: Webhook, event: Event) -> tuple[dict[str, str], bytes]:
        """Return an event with a signed time stamp, or with the password itself."""
        stamp = str(int(time.time() * 1_000))
        secret = str(webhook.settings.get("password", ""))
        token = secret
        if webhook.settings.get("encryption_type") == SIGNED:
            text = f"{stamp}\n{secret}".encode()
            digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
            token = quote_plus(base64.b64encode(digest))
        name = kind_of(event, "Push Hook", "Tag Push Hook", "Merge Request Hook")
        body = self._pull_request(event) if isinstance(event, Pulled) else self._push(event)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "git-oschina-hook",
            "X-Gitee-Event": name,
            "X-Gitee-Ping": "false",
            "X-Gitee-Timestamp": stamp,
            "X-Gitee-Token": token,
        }
        return headers, packed({**body, "hook_id": webhook.id, "timestamp": stamp})

    async def _user(self, _: Call) -> Response:
        return JSONResponse(self._person())

    async def _repositories(self, call: Call) -> Response:
        found = self.found(call.query.get("q", ""))
        return self.page(call, [await self.show(each) for each in found])

    async def _commit(self, call: Call) -> Response:
        return JSONResponse(shown(await self.whole(call, call.parts["ref"])))

    async def _file(self, call: Call) -> Response:
        try:
            _, body = await self.file(call)
        except Absent:
            if call.bare is None:
                raise
            return JSONResponse([])  # what Gitee has for a file that is not there
        shown = {"type": "file", "encoding": "base64", "size": len(body), "content": encoded(body)}
        return JSONResponse({**shown, "path": call.parts["path"]})

    async def _checks(self, call: Call) -> Response:
        commit = await self.commit(call, call.parts["ref"])
        rows = [each for each in self._state.statuses if each["commit"] == commit]
        shown = [{"id": each["id"], "name": each["context"], "head_sha": commit} for each in rows]
        return JSONResponse({"total_count": len(shown), "check_runs": shown})

    async def _add_check(self, call: Call) -> Response:
        name, sha = needed(call, "name", "head_sha")
        commit = await self.commit(call, sha)
        number = self._state.remember(call.repository, commit, context=name, **_state(call))
        return JSONResponse({"id": number, "name": name, "head_sha": commit}, 201)

    async def _change_check(self, call: Call) -> Response:
        for each in self._state.statuses:
            if str(each["id"]) == call.parts["number"]:
                each.update(_state(call))
                return JSONResponse({"id": each["id"], "name": each["context"]})
        raise Absent

    def _person(self) -> Shown:
        login = self._state.login
        return {
            "id": 1,
            "login": login,
            "name": login.capitalize(),
            "username": login,
            "email": f"{login}@forge.example",
            "avatar_url": f"{self._state.url}/avatars/1",
        }

    async def show(self, bare: Bare) -> Shown:
        """Return a repository as the service shows it."""
        return {**self._brief(bare), "default_branch": await bare.default_branch()}

    def _brief(self, bare: Bare) -> Shown:
        return {
            "id": bare.id,
            "name": bare.name,
            "path": bare.name,
            "full_name": bare.full_name,
            "path_with_namespace": bare.full_name,
            "namespace": bare.owner,
            "private": True,
            "html_url": self._state.clone_url(bare),
            "clone_url": self._state.clone_url(bare),
            "git_http_url": self._state.clone_url(bare),
        }

    def _push(self, event: Pushed) -> Shown:
        url = f"{self._state.url}/{event.bare.full_name}"
        commits = [
            {**told(each, url), "parent_ids": list(each.parents)}
            for each in event.commits[-COMMITS_SHOWN:]
        ]
        return {
            "hook_name": "tag_push_hooks" if event.is_tag else "push_hooks",
            "ref": event.ref,
            "before": event.before,
            "after": event.after,
            "created": event.created,
            "deleted": event.deleted,
            "commits": commits,
            "total_commits_count": len(event.commits),
            "commits_more_than_ten": len(event.commits) > COMMITS_SHOWN,
            "head_commit": told(event.head, url) if event.head else None,
            "repository": self._brief(event.bare),
            "project": self._brief(event.bare),
            "pusher": self._person(),
            "sender": self._person(),
        }

    def _pull_request(self, event: Pulled) -> Shown:
        brief = self._brief(event.bare)
        action, state = ACTIONS[event.action]
        return {
            "hook_name": "merge_request_hooks",
            "action": action,
            "action_desc": "source_branch_changed" if event.action is Pull.PUSHED else "",
            "pull_request": {
                "number": event.number,
                "title": event.title,
                "state": state,
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
            "project": brief,
            "sender": self._person(),
        }


def _state(call: Call) -> dict[str, str]:
    output = call.body.get("output")
    summary = output.get("summary", "") if isinstance(output, dict) else ""
    return {
        "state": str(call.body.get("conclusion") or call.body.get("status", "queued")),
        "description": str(summary),
        "url": str(call.body.get("details_url", "")),
    }

"""Where whoever has the address deploys: `POST /deploy-hooks/{token}`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from auth import deploy_hooks, throttle
from auth.deploy_hooks import DeployHookUnknown
from auth.throttle import Throttled
from control.deploys import Deploys, Dispatch, TriggerType
from control.port import ApplicationGone, EnvironmentGone, IdempotencyKeyReused
from db.audit import Actor
from db.models import DeployHook, Task
from engine.repository.source import COMMIT, RefNotFound
from providers.repository import AddressNotAllowed, InvalidRepositoryUrl
from resolvers.validation import Check, InvalidInput
from rollway.body import read_body
from rollway.callers import language, whence
from schema.catalogue import error
from schema.catalogue.operations import issues
from schema.requests import (
    BodyBroken,
    BodyInvalid,
    BodyTooLarge,
    BodyTooSlow,
    BranchUnknown,
    NotABranch,
    RepositoryRefused,
)

ACCEPTED, KNOWN = 202, 200
BODY_BYTES_MAX = 16 * 1024
KEYS = {"ref": "ref", "message": "message", "idempotencyKey": "idempotency_key"}
REFS = ("refs/heads/", "refs/tags/")
ACTOR = "deploy hook"  # no user is called so: it has a blank
HEADERS = {"Cache-Control": "no-store"}


STATUSES: Mapping[type[Exception], int] = {
    BodyBroken: 400,
    BodyInvalid: 400,
    InvalidInput: 400,
    NotABranch: 400,
    BranchUnknown: 400,
    DeployHookUnknown: 404,
    BodyTooSlow: 408,
    IdempotencyKeyReused: 409,
    RepositoryRefused: 409,
    BodyTooLarge: 413,
    Throttled: 429,
}


@dataclass(frozen=True, slots=True)
class Call:
    """What a caller may say, all of it optional."""

    ref: str | None = None
    message: str | None = field(default=None, repr=False)
    idempotency_key: str | None = None

    @classmethod
    def read(cls, body: bytes) -> "Call":
        """Read a body. Raises BodyInvalid, NotABranch, and InvalidInput that names every rule."""
        given = _object(body)
        if not KEYS.keys() >= given.keys():
            raise BodyInvalid
        values = {KEYS[key]: value for key, value in given.items() if value is not None}
        if not all(isinstance(value, str) for value in values.values()):
            raise BodyInvalid
        call = cls(**values)
        check = Check()
        check.ref(call.ref, "ref")
        check.text(call.message, "message")
        check.key(call.idempotency_key, "idempotencyKey")
        check.done()
        if call.ref is not None and not _is_branch(call.ref):
            raise NotABranch
        return call

    def key(self, hook: DeployHook) -> str | None:
        """Return the idempotency key among all of the application's: no other caller has it."""
        if self.idempotency_key is None:
            return None
        digest = sha256(f"{hook.id}\0{self.idempotency_key}".encode()).hexdigest()
        return f"hook.{digest}"


def routes(deploys: Deploys) -> list[BaseRoute]:
    """List the route; who has the address may call it."""

    async def call(request: Request) -> Response:
        try:
            hook = await deploy_hooks.find(request.path_params["token"])
            await throttle.take(deploy_hooks.calls(hook))
            wanted = Call.read(await read_body(request, BODY_BYTES_MAX))
            dispatch = _dispatch(hook, wanted, *whence(request))
            task = await _deploy(deploys, dispatch)
        except tuple(STATUSES) as refusal:
            return _refused(refusal, language(request.headers.get("accept-language", "")))
        status = ACCEPTED if task.id == dispatch.task_id else KNOWN
        return JSONResponse({"taskId": task.id}, status, HEADERS)

    return [Route("/deploy-hooks/{token}", call, methods=["POST"], name="deploy-hook")]


def _dispatch(hook: DeployHook, wanted: Call, address: str, device: str) -> Dispatch:
    environment = hook.environment
    return Dispatch(
        actor=Actor(None, ACTOR, hook.id, address, device),
        application=environment.application,
        env_name=environment.name,
        trigger_type=TriggerType.HOOK,
        by=None,
        ref=wanted.ref,
        message=wanted.message,
        facts={"hookId": hook.id, "hookName": hook.name},
        idempotency_key=wanted.key(hook),
        still=deploy_hooks.still(hook),
    )


async def _deploy(deploys: Deploys, dispatch: Dispatch) -> Task:
    """Queue a task; what is refused says nothing of the application or its repository."""
    try:
        return await deploys.dispatch(dispatch)
    except (ApplicationGone, EnvironmentGone) as gone:
        raise DeployHookUnknown from gone
    except RefNotFound as unknown:
        raise BranchUnknown from unknown
    except (InvalidRepositoryUrl, AddressNotAllowed) as refused:
        raise RepositoryRefused from refused


def _refused(refusal: Exception, tongue: str) -> Response:
    shown = error(refusal, tongue)
    answer: dict[str, Any] = {"error": shown.message, **(shown.extensions or {})}
    headers = dict(HEADERS)
    if isinstance(refusal, InvalidInput):
        answer["issues"] = [
            {"field": each.field, "message": each.message} for each in issues(refusal, tongue)
        ]
    if isinstance(refusal, Throttled):
        headers["Retry-After"] = str(refusal.retry_after)
    return JSONResponse(answer, STATUSES[type(refusal)], headers)


def _is_branch(ref: str) -> bool:
    """Tell whether *ref* can only be a branch or a tag: else a stranger's pull request is one."""
    return not COMMIT.fullmatch(ref) and (not ref.startswith("refs/") or ref.startswith(REFS))


def _object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        given = json.loads(body.decode())
        json.dumps(given, ensure_ascii=False).encode()  # halves of characters are no text
    except (ValueError, RecursionError):
        raise BodyInvalid from None
    if not isinstance(given, dict):
        raise BodyInvalid
    return given

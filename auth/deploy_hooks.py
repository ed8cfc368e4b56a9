"""Deploy hooks: secret addresses. Whoever has one deploys its environment, and does nothing else.

Only the hash of an address's token is kept, and its beginning to know it by.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from auth.sessions import USED_SECONDS, hash_token
from auth.throttle import Limit
from db.bundle import Question, Row
from db.ids import new_id
from db.models import DeployHook, Environment, User

HOOK_PREFIX = "rwh_"  # what leaked addresses are found by
TOKEN_BYTES = 32
TOKEN = re.compile(rf"{HOOK_PREFIX}[A-Za-z0-9_-]{{43}}")
PREFIX_CHARACTERS = 12
HOOKS_PER_ENVIRONMENT_MAX = 20
CALLS_MAX = 60
CALLS_SECONDS = 60.0
STILL = "SELECT id FROM deploy_hook WHERE id = {0} AND token_hash = {1}"


@dataclass(eq=False)
class TooManyDeployHooks(Exception):
    """An environment has at most {hooks_max} deploy hooks."""

    hooks_max: int


@dataclass(eq=False)
class DeployHookUnknown(Exception):
    """There is no such deploy hook."""


async def create(
    environment: Environment, name: str, by: User, db: BaseDBAsyncClient
) -> tuple[DeployHook, str]:
    """Return a new hook and its token, which is not kept; the environment's team stands still."""
    same = DeployHook.filter(environment_id=environment.id).using_db(db)
    if await same.count() >= HOOKS_PER_ENVIRONMENT_MAX:
        raise TooManyDeployHooks(HOOKS_PER_ENVIRONMENT_MAX)
    row = DeployHook(id=new_id("h"), environment_id=environment.id, name=name, created_by_id=by.id)
    token = _renew(row)
    await row.save(using_db=db, force_create=True)
    return row, token


async def rotate(row: DeployHook, db: BaseDBAsyncClient) -> str:
    """Return a new token for a hook, which was not used yet then; the old one is nobody's."""
    token = _renew(row)
    await row.save(using_db=db, update_fields=["token_hash", "prefix", "last_used_time"])
    return token


async def find(token: str) -> DeployHook:
    """Return the hook of *token*, with environment and application.

    DeployHookUnknown when it is revoked, rotated or never was.
    """
    if not TOKEN.fullmatch(token):
        raise DeployHookUnknown
    same = DeployHook.filter(token_hash=hash_token(token))
    hook = await same.select_related("environment__application").first()
    if hook is None:
        raise DeployHookUnknown
    now = datetime.now(UTC)
    if hook.last_used_time is None or hook.last_used_time < now - timedelta(seconds=USED_SECONDS):
        await same.update(last_used_time=now)
    return hook


def calls(hook: DeployHook) -> Limit:
    """Return how often a hook may be called."""
    return Limit(("deploy hook", hook.id), CALLS_MAX, CALLS_SECONDS)


def still(hook: DeployHook) -> Question:
    """Return what raises DeployHookUnknown once *hook* is revoked or has another token."""

    def judge(found: Row | None) -> None:
        if found is None:
            raise DeployHookUnknown

    return Question(STILL, (hook.id, hook.token_hash), judge)


def _renew(row: DeployHook) -> str:
    token = HOOK_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    row.token_hash = hash_token(token)
    row.prefix = token[:PREFIX_CHARACTERS]
    row.last_used_time = None
    return token

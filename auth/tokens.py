"""API tokens: for machines, made by a user, never able to do more than that user."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from auth.permissions import Scope
from auth.sessions import USED_SECONDS, hash_token
from db.ids import new_id
from db.models import ApiToken, User
from db.rows import one

TOKEN_PREFIX = "rwt_"  # noqa: S105 (what leaked tokens are found by)
PREFIX_CHARACTERS = 12
TOKENS_PER_USER_MAX = 100


@dataclass(eq=False)
class TooManyTokens(Exception):
    """A user has at most {tokens_max} API tokens."""

    tokens_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a new token is to be for; the bounds narrow one another from team to environment."""

    name: str
    scopes: Sequence[Scope]
    org_name: str | None
    application_id: str | None
    env_name: str | None
    expires_time: datetime | None


async def create(user: User, wanted: Wanted, db: BaseDBAsyncClient) -> tuple[ApiToken, str]:
    """Return a new token's row and its value, which is not kept."""
    if await ApiToken.filter(user_id=user.id).using_db(db).count() >= TOKENS_PER_USER_MAX:
        raise TooManyTokens(TOKENS_PER_USER_MAX)
    value = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        id=new_id("k"),
        user=user,
        name=wanted.name,
        scopes=sorted({scope.value for scope in wanted.scopes}),
        org_name=wanted.org_name,
        application_id=wanted.application_id,
        env_name=wanted.env_name,
        token_hash=hash_token(value),
        prefix=value[:PREFIX_CHARACTERS],
        expires_time=wanted.expires_time,
    )
    await row.save(using_db=db, force_create=True)
    return row, value


def good(now: datetime) -> QuerySet[ApiToken]:
    """Return the tokens that have not expired."""
    return ApiToken.filter(Q(expires_time=None) | Q(expires_time__gt=now))


async def find(value: str) -> ApiToken | None:
    """Return the token of *value*, with its user; None when it has expired or is revoked."""
    now = datetime.now(UTC)
    token = await one(ApiToken, "token_hash", hash_token(value), "user")
    if token is None or (token.expires_time is not None and token.expires_time <= now):
        return None
    used = token.last_used_time
    if used is None or used < now - timedelta(seconds=USED_SECONDS):
        await ApiToken.filter(id=token.id).update(last_used_time=now)
    return token

"""Sessions: an opaque token for the client, its hash for us, ended on the server."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from tortoise.backends.base.client import BaseDBAsyncClient

from db.ids import new_id
from db.models import Session, User
from db.rows import one

TOKEN_PREFIX = "rws_"  # noqa: S105 (what leaked tokens are found by)
SESSION_DAYS = 30
SESSIONS_PER_USER_MAX = 100
USED_SECONDS = 60  # how exactly the last use is known


@dataclass(eq=False)
class Unauthenticated(Exception):
    """Nobody is signed in."""


@dataclass(eq=False)
class WrongCredentials(Exception):
    """The name or the password is wrong."""


async def start(
    user: User, address: str = "", device: str = "", db: BaseDBAsyncClient | None = None
) -> tuple[Session, str]:
    """Start a session of *user*; return it and its token, which is not kept.

    Of too many sessions those used longest ago end.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    mine = Session.filter(user_id=user.id).using_db(db)
    await mine.filter(expires_time__lt=datetime.now(UTC)).delete()
    ids = await mine.order_by("-last_used_time", "-id").values_list("id", flat=True)
    if surplus := ids[SESSIONS_PER_USER_MAX - 1 :]:
        await mine.filter(id__in=surplus).delete()
    session = await Session.create(
        id=new_id("s"),
        user=user,
        token_hash=hash_token(token),
        address=address,
        device=device,
        expires_time=datetime.now(UTC) + timedelta(days=SESSION_DAYS),
        using_db=db,
    )
    return session, token


async def find(token: str) -> Session | None:
    """Return the session of *token*, with its user; None when it has ended or never was."""
    now = datetime.now(UTC)
    session = await one(Session, "token_hash", hash_token(token), "user")
    if session is None or session.expires_time <= now:
        return None
    if session.last_used_time < now - timedelta(seconds=USED_SECONDS):
        await Session.filter(id=session.id).update(last_used_time=now)
    return session


async def of_user(user_id: str) -> list[Session]:
    """Return the user's sessions that have not expired, the last used first."""
    mine = Session.filter(user_id=user_id, expires_time__gt=datetime.now(UTC))
    return await mine.order_by("-last_used_time", "-id")


async def end(session: Session, *, everywhere: bool, db: BaseDBAsyncClient | None = None) -> int:
    """End *session*, or all sessions of its user; return how many ended."""
    mine = Session.filter(user_id=session.user_id).using_db(db)
    return await (mine if everywhere else mine.filter(id=session.id)).delete()


def hash_token(token: str) -> str:
    """Return what is kept of a token: it has too many bits to be guessed from this."""
    return sha256(token.encode()).hexdigest()

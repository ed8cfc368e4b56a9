"""What is kept of a linked account, in the row of its team's OWNER, and how that changes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from db import audit
from db.models import Org
from db.vault import NotSealedHere, Seal

OWNER = "OWNER"


class Health(StrEnum):
    """How a linked account did when its service was asked last."""

    UNKNOWN = "unknown"
    OK = "ok"
    REFUSED = "refused"
    MISSING_SCOPES = "missing_scopes"
    UNREACHABLE = "unreachable"


def kept_of(owner: Org | None, provider: str) -> Mapping[str, Any]:
    """Return what is kept of an account; nothing where none is linked."""
    return ((owner.third_part if owner else None) or {}).get(provider) or {}


def mark(kept: Mapping[str, Any]) -> tuple[object, int]:
    """Return what tells one token of an account from the next, whichever key wraps it."""
    with suppress(NotSealedHere):
        return kept.get("linked_time"), Seal.parse(kept.get("access_token") or "").version
    return kept.get("linked_time"), 0


async def change(
    team: str,
    provider: str,
    before: Mapping[str, Any],
    told: Mapping[str, object],
    drop: frozenset[str] = frozenset(),
) -> None:
    """Keep what is *told* of an account, and no more what to *drop*.

    Nothing happens when it has another token by now than *before*.
    """
    async with changing(team) as (row, db):
        kept = kept_of(row, provider)
        if row is not None and kept and mark(kept) == mark(before):
            rest = {name: value for name, value in kept.items() if name not in drop}
            await keep(row, provider, {**rest, **told}, db)


@asynccontextmanager
async def changing(team: str) -> AsyncIterator[tuple[Org | None, BaseDBAsyncClient]]:
    """Give the OWNER's row of a team that stands still, and the transaction; None: it has gone."""
    async with in_transaction() as db:
        await audit.lock(audit.org_chain(team), db)
        rows = Org.filter(name=team, role=OWNER).using_db(db)
        yield await rows.select_for_update(no_key=True).first(), db


async def keep(row: Org, provider: str, kept: Mapping[str, Any], db: BaseDBAsyncClient) -> None:
    """Store an account in its OWNER's row."""
    row.third_part = {**(row.third_part or {}), provider: dict(kept)}
    await row.save(using_db=db, update_fields=["third_part"])

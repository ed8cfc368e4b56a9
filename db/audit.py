"""The audit log: who did what, when and from where, in chains that show whether one was altered.

Each team and each user has a chain, and so has the operator. An entry's hash covers the entry and
the hash before it, so that changing, removing or inserting one breaks every later hash;
`audit_chain` keeps where a chain ends, so that a missing end shows too. An entry is written in the
transaction of what it tells.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from json import dumps
from types import MappingProxyType
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from db import rows
from db.bundle import Bundle
from db.chains import AuditChain, AuditEntry
from db.trouble import NoConnection

PAGE_ENTRIES = 500
CHANGING_MAX = 3  # of a process at once what one chain tells of; a pool has five connections
TURN_SECONDS = 30.0
SERVER_CHAIN = "server"  # what the operator does that is no team's and no user's

LOCKED = {
    "sqlite": "SELECT seq, hash FROM audit_chain WHERE id = ?1",  # who writes is alone
    "postgres": "SELECT seq, hash FROM audit_chain WHERE id = $1 FOR UPDATE",
}
HEAD = 'UPDATE "audit_chain" SET "seq" = {0}, "hash" = {1} WHERE "id" = {2}'

Still = Callable[[BaseDBAsyncClient], Awaitable[None]]


class Act(StrEnum):
    """What an entry tells."""

    SIGNED_UP = "user.signed_up"
    SIGNED_IN = "user.signed_in"
    SIGNED_OUT = "user.signed_out"
    PASSWORD_CHANGED = "user.password_changed"  # noqa: S105 (no password)
    USER_UPDATED = "user.updated"
    LOGIN_LINKED = "user.login_linked"
    LOGIN_UNLINKED = "user.login_unlinked"
    API_TOKEN_CREATED = "api_token.created"  # noqa: S105 (no token)
    API_TOKEN_REVOKED = "api_token.revoked"  # noqa: S105 (no token)
    ORG_CREATED = "org.created"
    ORG_UPDATED = "org.updated"
    ORG_TRANSFERRED = "org.transferred"
    ORG_DELETED = "org.deleted"
    MEMBER_INVITED = "member.invited"
    MEMBER_JOINED = "member.joined"
    INVITATION_DECLINED = "invitation.declined"
    INVITATION_REVOKED = "invitation.revoked"
    MEMBER_ROLE_CHANGED = "member.role_changed"
    MEMBER_REMOVED = "member.removed"
    SECRETS_CHANGED = "secrets.changed"
    ACCOUNT_LINKED = "account.linked"
    ACCOUNT_UNLINKED = "account.unlinked"
    APPLICATION_CREATED = "application.created"
    APPLICATION_UPDATED = "application.updated"
    APPLICATION_OFFERED = "application.offered"
    APPLICATION_DECLINED = "application.declined"
    APPLICATION_TRANSFERRED = "application.transferred"
    APPLICATION_DELETED = "application.deleted"
    WEBHOOK_SECRET_CHANGED = "application.webhook_secret_changed"  # noqa: S105 (no secret)
    WEBHOOK_SET_UP = "application.webhook_set_up"
    DELIVERY_REPEATED = "delivery.repeated"
    DEPLOY_HOOK_CREATED = "deploy_hook.created"
    DEPLOY_HOOK_ROTATED = "deploy_hook.rotated"
    DEPLOY_HOOK_REVOKED = "deploy_hook.revoked"
    WORKER_CREATED = "worker.created"
    WORKER_REMOVED = "worker.removed"
    ENVIRONMENT_CREATED = "environment.created"
    ENVIRONMENT_UPDATED = "environment.updated"
    ENVIRONMENT_DELETED = "environment.deleted"
    TASK_DISPATCHED = "task.dispatched"
    TASK_CANCELLED = "task.cancelled"
    TASK_SUPERSEDED = "task.superseded"
    TASK_REPORTED = "task.reported"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user, through a session or an API token, from an address with a program."""

    user_id: str | None
    name: str
    via: str
    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be told; *before* and *after* never hold a secret."""

    actor: Actor
    act: Act
    target: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(slots=True)
class End:
    """Where a chain ends that is locked: the number of its last entry and that entry's hash."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Told:
    """An entry and the chain it belongs to, to be written with what it tells.

    *still* is asked once the chain is locked, and refuses what may not be done any more.
    """

    chain: str
    entry: Entry
    still: Still | None = None

    async def write(self, db: BaseDBAsyncClient, end: End | None = None) -> None:
        """Append the entry, within the transaction of what it tells; see `write`."""
        await write(self.chain, self.entry, db, end)

    def add(self, end: End, bundle: Bundle) -> None:
        """Have the entry appended with what it tells; see `add`."""
        add(self.chain, self.entry, end, bundle)


class Head(NamedTuple):
    """Where a chain ends: the number of its last entry and that entry's hash."""

    seq: int
    hash: str


NOTHING = Head(0, "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a chain: how many entries are right, the hash of the last, what is wrong."""

    chain: str
    entries: int
    head: str
    fault: str | None


def org_chain(name: str) -> str:
    """Return the chain of a team; names that differ in case alone share it."""
    return f"org:{name.lower()}"


def user_chain(user_id: str) -> str:
    """Return the chain of a user."""
    return f"user:{user_id}"


_turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()


@asynccontextmanager
async def standing(*chains: str) -> AsyncIterator[BaseDBAsyncClient]:
    """Begin a transaction in which what *chains* tell of stands still.

    Who of this process changes the same waits before it takes a connection, all but three: else
    those who wait for one lock have them all, and a heartbeat finds none. NoConnection after 30
    seconds. Not to be begun within a transaction.
    """
    ordered = sorted({*chains})
    async with AsyncExitStack() as stack:
        for chain in ordered:
            await stack.enter_async_context(_turn(chain))
        db = await stack.enter_async_context(in_transaction())
        for chain in ordered:
            await lock(chain, db)
        yield db


@asynccontextmanager
async def telling(told: Told | None) -> AsyncIterator[tuple[BaseDBAsyncClient, End | None]]:
    """Begin such a transaction for what is *told* of, with its chain; raises what refuses it."""
    async with beginning(told) as (db, end):
        if told is not None and told.still is not None:
            await told.still(db)
        yield db, end


@asynccontextmanager
async def beginning(told: Told | None) -> AsyncIterator[tuple[BaseDBAsyncClient, End | None]]:
    """Begin the same, in which nobody has asked yet whether it is refused."""
    if told is None:
        async with in_transaction() as db:
            yield db, None
        return
    async with _turn(told.chain), in_transaction() as db:
        yield db, await lock(told.chain, db)


@asynccontextmanager
async def _turn(chain: str) -> AsyncIterator[None]:
    turn = _turns.setdefault(chain, asyncio.Semaphore(CHANGING_MAX))
    try:
        async with asyncio.timeout(TURN_SECONDS):
            await turn.acquire()
    except TimeoutError as late:
        raise NoConnection from late
    try:
        yield
    finally:
        turn.release()


async def lock(chain: str, db: BaseDBAsyncClient) -> End:
    """Have others who write to *chain* wait for this transaction; take it before other locks."""
    sql = LOCKED[db.capabilities.dialect]
    found = await db.execute_query_dict(sql, [chain])
    if not found:
        await AuditChain.bulk_create([AuditChain(id=chain)], using_db=db, ignore_conflicts=True)
        found = await db.execute_query_dict(sql, [chain])
    return End(**found[0])


async def write(chain: str, entry: Entry, db: BaseDBAsyncClient, end: End | None = None) -> None:
    """Append *entry* to *chain*, within the transaction of what it tells.

    *end* is the chain as this transaction has locked it, if it has, and nobody wrote since.
    """
    bundle = Bundle(db)
    add(chain, entry, end or await lock(chain, db), bundle)
    await bundle.send()


def add(chain: str, entry: Entry, end: End, bundle: Bundle) -> None:
    """Have *entry* appended to *chain*, which is locked, with what else is in the *bundle*."""
    row = rows.made(
        AuditEntry,
        id=f"{chain}#{end.seq + 1:010}",
        chain=chain,
        seq=end.seq + 1,
        time=datetime.now(UTC),
        actor_id=entry.actor.user_id,
        actor=entry.actor.name,
        via=entry.actor.via,
        address=entry.actor.address,
        device=entry.actor.device,
        action=entry.act.value,
        target=entry.target,
        before=dict(entry.before) if entry.before is not None else None,
        after=dict(entry.after) if entry.after is not None else None,
    )
    row.hash = _hash(end.hash, row)
    bundle.insert(row)
    bundle.add(HEAD, [row.seq, row.hash, chain])
    end.seq, end.hash = row.seq, row.hash


async def verify(kept: Mapping[str, Head] = MappingProxyType({})) -> AsyncIterator[Verdict]:
    """Yield a verdict on every chain, also on those of which only entries are left.

    *kept* is where chains ended at an earlier time: who can write to the database can make a whole
    chain anew, but the new one does not go through the old heads. Entries may be written meanwhile.
    """
    ends = await AuditChain.all().values_list("id", flat=True)
    rows = await AuditEntry.all().distinct().values_list("chain", flat=True)
    for chain in sorted({*kept, *(str(each) for each in (*ends, *rows))}):
        yield await _verify(chain, kept.get(chain, NOTHING))


async def _verify(chain: str, kept: Head) -> Verdict:
    seq, head = NOTHING
    known = (kept, await _end(chain))
    async for row in entries(chain):
        if row.seq != seq + 1:
            return Verdict(chain, seq, head, f"entry {seq + 1} is missing")
        if row.hash != _hash(head, row):
            return Verdict(chain, seq, head, f"entry {row.seq} was altered")
        if any(row.seq == each.seq and row.hash != each.hash for each in known):
            return Verdict(chain, seq, head, f"entry {row.seq} is not the one that was there")
        seq, head = row.seq, row.hash
    if seq < max(each.seq for each in known):
        return Verdict(chain, seq, head, f"entries behind {seq} are missing")
    end = await _end(chain)
    if end.seq < seq:
        return Verdict(chain, seq, head, f"entries behind {end.seq} were put in")
    return Verdict(chain, seq, head, None)


async def _end(chain: str) -> Head:
    found = await AuditChain.get_or_none(id=chain)
    return Head(found.seq, found.hash) if found else NOTHING


async def entries(chain: str) -> AsyncIterator[AuditEntry]:
    """Yield the entries there are, the oldest first; who writes meanwhile is not run after."""
    rows, seq, more = AuditEntry.filter(chain=chain).order_by("seq").limit(PAGE_ENTRIES), 0, True
    while more:
        page = await rows.filter(seq__gt=seq)
        for row in page:
            yield row
            seq = row.seq
        more = len(page) == PAGE_ENTRIES


def _plain(value: Any) -> Any:
    """Return a document with whole numbers as integers: PostgreSQL gives 1e22 back as one."""
    if isinstance(value, float) and value.is_integer():
        return int(Decimal(repr(value)))
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _hash(before: str, row: AuditEntry) -> str:
    facts = [
        before,
        row.chain,
        row.seq,
        row.time.astimezone(UTC).isoformat(timespec="microseconds"),
        row.actor_id,
        row.actor,
        row.via,
        row.address,
        row.device,
        row.action,
        row.target,
        _plain(row.before),
        _plain(row.after),
    ]
    return sha256(dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

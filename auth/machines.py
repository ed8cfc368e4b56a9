"""Workers elsewhere: registered once by a token, known from then on by a credential of their own.

The worker makes its credential and sends it with the token, so that a registration whose answer
was lost can be made again. Only hashes are kept, and the credential's beginning to know it by.
"""

import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from auth.sessions import hash_token
from db import rows
from db.ids import new_id
from db.machines import ONLINE_SECONDS, WorkerMachine

TOKEN_PREFIX = "rwr_"  # noqa: S105 (what leaked tokens are found by)
CREDENTIAL_PREFIX = "rww_"
CREDENTIAL = re.compile(rf"{CREDENTIAL_PREFIX}[A-Za-z0-9_-]{{43}}")
SECRET_BYTES = 32
PREFIX_CHARACTERS = 12
TOKEN_SECONDS = 3600
MACHINES_MAX = 200  # of a team, and of those that all teams share
SEEN_SECONDS = 5  # how exactly the last contact is known


@dataclass(eq=False)
class TooManyMachines(Exception):
    """A team has at most {machines_max} workers."""

    machines_max: int


@dataclass(eq=False)
class RegistrationRefused(Exception):
    """This registration token was used, has expired, or never was; ask for another one."""


@dataclass(eq=False)
class MachineUnknown(Exception):
    """This worker was removed, or never was."""


@dataclass(eq=False)
class SessionGone(Exception):
    """Another process works with this worker's credential now."""


def new_credential() -> str:
    """Return what a worker shall be known by."""
    return CREDENTIAL_PREFIX + secrets.token_urlsafe(SECRET_BYTES)


async def create(
    name: str,
    labels: Sequence[str],
    org_name: str | None,
    by: str | None,
    db: BaseDBAsyncClient | None = None,
) -> tuple[WorkerMachine, str]:
    """Return a new worker's row and its registration token, which is not kept."""
    same = WorkerMachine.filter(org_name=org_name).using_db(db)
    if await same.count() >= MACHINES_MAX:
        raise TooManyMachines(MACHINES_MAX)
    token = _new_token()
    row = WorkerMachine(
        id=new_id("m"),
        name=name,
        org_name=org_name,
        labels=sorted(set(labels)),
        token_hash=hash_token(token),
        token_expires_time=_token_end(),
        created_by_id=by,
    )
    await row.save(using_db=db, force_create=True)
    return row, token


async def renew(machine: WorkerMachine, db: BaseDBAsyncClient) -> str:
    """Return another registration token of a worker that has not used the one before."""
    token = _new_token()
    machine.token_hash, machine.token_expires_time = hash_token(token), _token_end()
    await machine.save(using_db=db, update_fields=["token_hash", "token_expires_time"])
    return token


def _new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def _token_end() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=TOKEN_SECONDS)


async def register(token: str, credential: str) -> WorkerMachine:
    """Let a worker be known by *credential* from now on, which it has made; once for each token.

    RegistrationRefused, but not for the same two again.
    """
    known = hash_token(credential)
    same = WorkerMachine.filter(token_hash=hash_token(token))
    if CREDENTIAL.fullmatch(credential) and await same.exists():  # a guess writes nothing
        fresh = same.filter(credential_hash=None, token_expires_time__gt=datetime.now(UTC))
        with suppress(IntegrityError):  # it is another worker's
            await fresh.update(credential_hash=known, prefix=credential[:PREFIX_CHARACTERS])
    machine = await same.filter(credential_hash=known).first()
    if machine is None:
        raise RegistrationRefused
    return machine


async def find(credential: str) -> WorkerMachine:
    """Return the worker of *credential*; MachineUnknown when it was removed or never was."""
    if not CREDENTIAL.fullmatch(credential):
        raise MachineUnknown
    found = await rows.among(WorkerMachine, "credential_hash", [hash_token(credential)])
    if not found:
        raise MachineUnknown
    return found[0]


async def begin(machine: WorkerMachine, version: str, slots: int) -> str:
    """Return the name of a process that works from now on; one that did before is told to stop."""
    session = new_id("w")
    news = {"session": session, "version": version, "slots": slots}
    await WorkerMachine.filter(id=machine.id).update(**news, last_seen_time=datetime.now(UTC))
    return session


async def end(machine: WorkerMachine, session: str) -> None:
    """Note that a process has ended in good order."""
    await WorkerMachine.filter(id=machine.id, session=session).update(session=None)


async def seen(machine: WorkerMachine) -> None:
    """Note that a worker was heard of."""
    now = datetime.now(UTC)
    last = machine.last_seen_time
    if last is None or last < now - timedelta(seconds=SEEN_SECONDS):
        await WorkerMachine.filter(id=machine.id).update(last_seen_time=now)


async def any_works() -> bool:
    """Tell whether a worker elsewhere has begun to work and not ended in good order."""
    return await WorkerMachine.exclude(session=None).exists()


def online(machine: WorkerMachine) -> bool:
    """Tell whether a process works and was heard of within the last half minute."""
    last = machine.last_seen_time
    since = datetime.now(UTC) - timedelta(seconds=ONLINE_SECONDS)
    return machine.session is not None and last is not None and last > since

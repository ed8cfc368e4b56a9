"""The workers elsewhere that all teams share, as the operator makes, lists and removes them."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth import machines
from auth.machines import TooManyMachines
from db import audit
from db.audit import SERVER_CHAIN, Act, Actor, Entry, org_chain
from db.machines import WorkerMachine
from resolvers.validation import Check
from resolvers.workers.inputs import check_labels
from rollway.refused import Refused

OPERATOR = Actor(None, "operator", "rollway worker")


async def invite(name: str, labels: Sequence[str], file: Path | None) -> str:
    """Make a worker and return its id and its registration token, a line each.

    With *file* the token is written there, for its owner alone. Then it may be asked for again: a
    worker that has not registered gets another token, one that has is left as it is. Refused.
    """
    check = Check()
    check.label(name, "name")
    check_labels(check, labels)
    check.done()
    same = WorkerMachine.filter(org_name=None, name=name)
    try:
        async with in_transaction() as db:
            found = await same.using_db(db).select_for_update().first()
            if found is None:
                row, token = await _create(name, labels, db)
            elif file is None:
                raise Refused(f"there is a worker {name} already")
            elif found.credential_hash is None:
                row, token = found, await machines.renew(found, db)
            else:
                return f"{name} is registered already."
    except (TooManyMachines, IntegrityError) as fault:
        raise Refused(str(fault)) from fault
    if file is None:
        return f"{row.id}\n{token}"
    _write(file, token)
    return f"{row.id}\nIts token is in {file}."


async def _create(
    name: str, labels: Sequence[str], db: BaseDBAsyncClient
) -> tuple[WorkerMachine, str]:
    await audit.lock(SERVER_CHAIN, db)
    row, token = await machines.create(name, labels, None, None, db)
    await _tell(Act.WORKER_CREATED, row, db)
    return row, token


def _write(file: Path, token: str) -> None:
    making = file.with_name(f"{file.name}.new")
    try:
        with suppress(FileNotFoundError):
            making.unlink()
        descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as written:
            written.write(f"{token}\n")
        making.replace(file)
    except OSError as fault:
        raise Refused(f"{file} cannot be written: {fault.strerror}") from fault


async def listed() -> str:
    """Return a line for each worker."""
    rows = await WorkerMachine.all().order_by("org_name", "name")
    lines = [
        "\t".join(
            (
                row.id,
                _plain(row.name),
                row.org_name or "all teams",
                ",".join(row.labels) or "-",
                row.version or "-",
                "online" if machines.online(row) else "offline",
                row.last_seen_time.isoformat(timespec="seconds") if row.last_seen_time else "never",
            )
        )
        for row in rows
    ]
    return "\n".join(lines) or "There are no workers elsewhere."


def _plain(name: str) -> str:
    """Return a name, which a team gave, without what would do something to a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name)


async def remove(machine_id: str) -> str:
    """Remove a worker, also one of a team. Refused where there is none."""
    same = WorkerMachine.filter(id=machine_id)
    async with in_transaction() as db:
        found = await same.using_db(db).first()
        if found is not None:
            await audit.lock(_chain(found), db)
        if found is None or not await same.using_db(db).delete():
            raise Refused(f"there is no worker {machine_id}")
        await _tell(Act.WORKER_REMOVED, found, db)
    return f"Removed {machine_id}; its tasks end with their leases."


def _chain(row: WorkerMachine) -> str:
    return org_chain(row.org_name) if row.org_name else SERVER_CHAIN


async def _tell(act: Act, row: WorkerMachine, db: BaseDBAsyncClient) -> None:
    shown = {"name": row.name, "labels": row.labels}
    before, after = (None, shown) if act is Act.WORKER_CREATED else (shown, None)
    await audit.write(_chain(row), Entry(OPERATOR, act, row.id, before, after), db)

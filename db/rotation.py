"""Which master keys seal what is stored, and how all of it comes under the current one."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tortoise.transactions import in_transaction

from db.documents import write_environments
from db.models import Environment
from db.sealed import ENVIRONMENT_SECRETS, SEALED, Sealed
from db.vault import NotSealedHere, Seal, Vault

ROWS_MAX = 100  # read, and locked, at a time
PASSES_MAX = 10


@dataclass(slots=True)
class Tally:
    """How many values each key id seals, and what is no sealed value at all, by place and name."""

    values: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


async def tally(pages_max: int | None = None) -> Tally:
    """Count the sealed values of the database, or those in the first so many rows of a table.

    *pages_max* is in pages of ROWS_MAX rows.
    """
    found = Tally()
    for column in SEALED:
        async for rows in _pages(column, pages_max):
            for row in rows:
                for where, key in _keys(column, row):
                    if key is None:
                        found.faults.append(where)
                    else:
                        found.values[key] += 1
    return found


async def rewrap(vault: Vault, told: Callable[[Sealed, int], None]) -> list[str]:
    """Wrap every data key in the database with the current master key of *vault*.

    Each batch is one transaction under the locks that writers of the rows take, so it can run
    beside servers and be stopped at any moment; what is stored opens before, between and after.
    Passes go on until one finds nothing to do: a server may have stored a value meanwhile that it
    had sealed before it met the new key. *told* hears of each batch: column and number of values.
    Returns what could not be unwrapped, by place and name; it stays as it is.
    """
    for _ in range(PASSES_MAX):
        changed, failed = 0, []
        for column in SEALED:
            async for rows in _pages(column):
                for batch in _batches(column, rows, vault.key_ids[0]):
                    count, unopened = await _rewrap(column, batch, vault)
                    told(column, count)
                    changed += count
                    failed += unopened
        if not changed:
            break
    return failed


async def _pages(
    column: Sealed, pages_max: int | None = None
) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield rows with something in *column*, in the order of their ids."""
    last = ""
    for _ in count() if pages_max is None else range(pages_max):
        rows = (
            await column.model.filter(id__gt=last)
            .exclude(**{f"{column.column}__isnull": True})
            .order_by("id")
            .limit(ROWS_MAX)
            .values(*_columns(column))
        )
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def _columns(column: Sealed) -> set[str]:
    together = {"application_id"} if column is ENVIRONMENT_SECRETS else set()
    return {"id", column.owner, column.column} | together


def _keys(column: Sealed, row: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return place and name of each value of a row with the id of its key; None: not sealed."""
    found: list[tuple[str, str | None]] = []

    def look(name: str, sealed: str) -> str:
        where = f"{column.place(row[column.owner])} {name}"
        try:
            found.append((where, Seal.parse(sealed, where).key_id))
        except NotSealedHere:
            found.append((where, None))
        return sealed

    column.mapped(row[column.column], look)
    return found


def _batches(column: Sealed, rows: list[dict[str, Any]], current: str) -> list[list[str]]:
    """Return the ids of rows that need another wrapping, those of one transaction together.

    Environments of one application are written in one: its document is written with them.
    """
    batches: dict[str, list[str]] = {}
    for row in rows:
        if any(key != current for _, key in _keys(column, row)):
            batches.setdefault(row.get("application_id", ""), []).append(row["id"])
    return list(batches.values())


async def _rewrap(column: Sealed, ids: list[str], vault: Vault) -> tuple[int, list[str]]:
    """Rewrap the rows in one transaction; return how many values, and what does not unwrap."""
    count, failed = 0, []

    async with in_transaction() as db:
        locked = column.model.filter(id__in=ids).using_db(db).order_by("id")
        for row in await locked.select_for_update(no_key=True):
            place = column.place(getattr(row, column.owner))

            def change(name: str, sealed: str, place: str = place) -> str:
                nonlocal count
                try:
                    result = vault.rewrap(sealed, place=place, name=name)
                except NotSealedHere as fault:
                    failed.append(fault.where)
                    return sealed
                count += result != sealed
                return result

            before = getattr(row, column.column)
            after = column.mapped(before, change)
            if after != before:
                same = column.model.filter(pk=row.pk).using_db(db)
                await same.update(**{column.column: after})
        if column is ENVIRONMENT_SECRETS:
            row = await Environment.filter(id=ids[0]).using_db(db).get()
            await write_environments(row.application_id, db)
    return count, failed

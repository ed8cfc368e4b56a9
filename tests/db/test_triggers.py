"""The audit log is append-only at the database itself, whoever speaks to it."""

import pytest
from tortoise import connections
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from db import audit
from db.audit import Act, Actor, Entry
from db.chains import AuditEntry

ENTRY = Entry(Actor("u_ann", "ann", "s_1"), Act.ORG_CREATED, "acme")
UPDATE = "UPDATE audit_entry SET actor = 'eve'"
DELETE = "DELETE FROM audit_entry"
UPSERT = """INSERT INTO audit_entry SELECT * FROM audit_entry WHERE seq = 1
ON CONFLICT (id) DO UPDATE SET actor = 'eve'"""
REPLACE = """INSERT OR REPLACE INTO audit_entry
SELECT {id}, chain, {seq}, time, actor_id, 'eve', via, address, device, action, target,
before, after, hash FROM audit_entry WHERE seq = 1"""


@pytest.fixture
async def rows(database):
    """Return the entries of a chain of two."""
    return await two_entries()


async def two_entries():
    """Write a chain of two; return its entries."""
    async with in_transaction() as connection:
        for _ in range(2):
            await audit.write("org:acme", ENTRY, connection)
    return await AuditEntry.all().order_by("seq").values()


@pytest.mark.parametrize("statement", [UPDATE, DELETE, f"{DELETE} WHERE seq = 2", UPSERT])
async def test_an_entry_can_be_neither_changed_nor_deleted(database, rows, statement):
    """Not by a slip of ours, nor by a statement that somebody smuggles in."""
    if statement is UPSERT and database.startswith("sqlite"):
        statement = UPSERT.replace("seq = 1", "seq = 1 AND true")  # the parser asks for it
    with pytest.raises((IntegrityError, OperationalError), match="append-only"):
        await connections.get("default").execute_query(statement)

    assert await AuditEntry.all().order_by("seq").values() == rows


async def test_more_entries_can_be_added(rows):
    """That is what it is for."""
    async with in_transaction() as connection:
        await audit.write("org:acme", ENTRY, connection)

    assert await AuditEntry.all().count() == len(rows) + 1


@pytest.mark.parametrize("statement", ["TRUNCATE audit_entry", "TRUNCATE audit_entry CASCADE"])
async def test_postgresql_empties_it_no_other_way(postgres, statement):
    """TRUNCATE is no DELETE, and SQLite has none."""
    rows = await two_entries()
    with pytest.raises((IntegrityError, OperationalError), match="append-only"):
        await connections.get("default").execute_query(statement)

    assert await AuditEntry.all().count() == len(rows)


@pytest.mark.parametrize("key", [{"id": "id", "seq": "9"}, {"id": "'new'", "seq": "1"}])
async def test_sqlite_replaces_none(sqlite, key):
    """INSERT OR REPLACE deletes what is in its way without asking a trigger for deletes."""
    async with in_transaction() as connection:
        await audit.write("org:acme", ENTRY, connection)
    with pytest.raises(IntegrityError, match="append-only"):
        await connections.get("default").execute_query(REPLACE.format(**key))

    assert (await AuditEntry.get()).actor == "ann"

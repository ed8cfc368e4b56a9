"""`rollway audit verify`: whatever is done to the log behind the server's back shows."""

import asyncio
import sqlite3
from contextlib import closing, suppress

import asyncpg
import pytest
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.transactions import in_transaction

import db
from db import audit
from db.audit import Act, Actor, Entry
from db.chains import AuditEntry
from rollway.__main__ import main

CHAINS = ("org:acme", "org:other", "user:u_ann")
ENTRIES = 6
OPEN = "".join(f"DROP TRIGGER audit_entry_no_{what};" for what in ("update", "delete", "replace"))
OPEN_POSTGRES = "DROP TRIGGER audit_entry_append_only ON audit_entry;"
ALTER = "UPDATE audit_entry SET actor = 'eve' WHERE chain = 'org:acme' AND seq = 3;"
END = """UPDATE audit_chain SET seq = {seq},
hash = (SELECT hash FROM audit_entry WHERE chain = 'org:acme' AND seq = {seq})
WHERE id = 'org:acme';"""
COPY = """INSERT INTO audit_entry
SELECT 'org:acme#x', chain, {seq}, time, actor_id, actor, via, address, device, action, target,
before, after, {hash} FROM audit_entry WHERE chain = 'org:acme' AND seq = 6;"""


async def append(actor, chains=CHAINS, entries=ENTRIES):
    """Write entries as the server does."""
    for number in range(entries):
        entry = Entry(
            Actor("u_ann", actor, "s_1", "127.0.0.1", "Firefox"),
            Act.ORG_UPDATED,
            f"target {number}",
            {"alias": None, "logo": ["ü", number, 1.5]},
            {"b": 1, "a": {"z": 1, "y": True}},
        )
        async with in_transaction() as connection:
            for chain in chains:
                await audit.write(chain, entry, connection)


def fill(url, *arguments):
    """Write entries into the database at *url*."""

    async def write():
        async with db.connect(url):
            await append(*arguments)

    EXECUTOR_CACHE.clear()
    asyncio.run(write())


def tamper(path, *statements):
    """Do what somebody does who has the file and knows of the triggers."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("".join((OPEN, *statements)))


@pytest.fixture
def path(tmp_path, sqlite_url, monkeypatch):
    """Return the file of the database that commands of this test use, with three chains in it."""
    monkeypatch.setenv("ROLLWAY_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("ROLLWAY_DATA", str(tmp_path / "data"))
    fill(sqlite_url, "ann")
    return sqlite_url.partition("//")[2]


@pytest.fixture
def verify(capsys):
    """Return a function that runs the command: its exit code, its lines, its last words."""

    def run(*arguments):
        EXECUTOR_CACHE.clear()
        code = main(["audit", "verify", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err.strip()

    return run


def test_a_log_as_it_was_written_is_fine(path, verify, tmp_path):
    """A line a chain; what one run printed the next one expects, however much was added since."""
    code, lines, summary = verify()

    assert code == 0
    assert [line.split()[:3] for line in lines] == [["ok", chain, "6"] for chain in CHAINS]
    assert all(len(line.split()[3]) == 64 for line in lines)
    assert summary == "3 chains, 18 entries: 0 broken"

    heads = tmp_path / "heads"
    heads.write_text("\n".join(lines) + "\n")
    fill(f"sqlite://{path}", "bob", ("org:acme",), audit.PAGE_ENTRIES + 1)
    code, lines, summary = verify("--expect", heads)

    assert (code, summary) == (0, f"3 chains, {18 + audit.PAGE_ENTRIES + 1} entries: 0 broken")
    assert lines[0].split()[:3] == ["ok", "org:acme", str(7 + audit.PAGE_ENTRIES)]


@pytest.mark.parametrize(
    ("statements", "entries", "fault"),
    [
        ([ALTER], "2", "entry 3 was altered"),
        (["UPDATE audit_entry SET before = '{}' WHERE seq = 6;"], "5", "entry 6 was altered"),
        (["DELETE FROM audit_entry WHERE seq = 4;"], "3", "entry 4 is missing"),
        (["DELETE FROM audit_entry WHERE seq = 1;"], "0", "entry 1 is missing"),
        (["DELETE FROM audit_entry WHERE seq > 4;"], "4", "entries behind 4 are missing"),
        (["DELETE FROM audit_entry;"], "0", "entries behind 0 are missing"),
        (["DELETE FROM audit_chain;"], "6", "entries behind 0 were put in"),
        ([COPY.format(seq=7, hash="hash")], "6", "entry 7 was altered"),
        (
            [
                "UPDATE audit_entry SET seq = seq + 100, id = id || 'y' WHERE seq > 3;",
                COPY.replace("6;", "106;").format(seq=4, hash="hash"),
                "UPDATE audit_entry SET seq = seq - 99 WHERE seq > 100;",
            ],
            "3",
            "entry 4 was altered",
        ),
    ],
    ids=[
        "an entry",
        "a document",
        "deleted in the middle",
        "the first deleted",
        "the end deleted",
        "all deleted",
        "the chain's row deleted",
        "appended",
        "inserted",
    ],
)
def test_what_was_done_to_entries_shows(path, verify, statements, entries, fault):
    """Also without heads that were kept: by the chain itself, which names the first fault."""
    tamper(path, *statements)
    code, lines, summary = verify()

    words = lines[0].split(maxsplit=4)
    assert code == 1
    assert words[:3] == ["BROKEN", "org:acme", entries]
    assert words[4] == fault
    assert not summary.endswith(" 0 broken")


@pytest.mark.parametrize("kind", ["shortened", "rewritten", "forgotten"])
def test_a_chain_that_was_made_anew_shows_by_a_head_that_was_kept(path, verify, tmp_path, kind):
    """Whoever has the database can make a chain that is right in itself, but not the old one."""
    heads = tmp_path / "heads"
    heads.write_text("\n".join(verify()[1]))
    if kind == "shortened":
        tamper(path, "DELETE FROM audit_entry WHERE seq > 4 AND chain = 'org:acme';")
        tamper_end = END.format(seq=4)
        fault = "entries behind 4 are missing"
    else:
        tamper(path, "DELETE FROM audit_entry WHERE chain = 'org:acme';")
        tamper_end = "DELETE FROM audit_chain WHERE id = 'org:acme';"
        fault = "entries behind 0 are missing"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(tamper_end)
    if kind == "rewritten":
        fill(f"sqlite://{path}", "eve", ("org:acme",), ENTRIES + 2)
        fault = "entry 6 is not the one that was there"

    assert verify()[0] == 0
    code, lines, summary = verify("--expect", heads)

    assert code == 1
    assert lines[0].startswith("BROKEN org:acme ")
    assert lines[0].endswith(fault)
    assert summary.endswith(": 1 broken")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read"),
        ("", "is empty, so nothing would be compared"),
        ("ok org:acme 6 abc\nno head\n", "line 2: not of `rollway audit verify`"),
    ],
)
def test_a_file_without_heads_is_refused(path, verify, tmp_path, text, sentence):
    """`verify --expect heads > heads` would empty the file first, and then find nothing wrong."""
    if text is not None:
        (tmp_path / "heads").write_text(text)
    code, lines, said = verify("--expect", tmp_path / "heads")

    assert (code, lines) == (2, [])
    assert sentence in said


def test_entries_may_be_written_meanwhile(path, sqlite_url):
    """A server that goes on writing does not look like one whose log was touched."""

    async def write():
        while True:
            await append("bob", ("org:acme",), 1)

    async def both():
        async with db.connect(sqlite_url):
            writing = asyncio.create_task(write())
            faults = [verdict.fault for _ in range(5) async for verdict in audit.verify({})]
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            return faults, await AuditEntry.filter(actor="bob").count()

    EXECUTOR_CACHE.clear()
    faults, written = asyncio.run(both())

    assert written > 1
    assert faults == [None] * 5 * len(CHAINS)


def test_on_postgresql_too(postgres_url, verify, monkeypatch, tmp_path):
    """Times and documents come back as they were hashed; a fault is found."""
    monkeypatch.setenv("ROLLWAY_DATABASE_URL", postgres_url)
    monkeypatch.setenv("ROLLWAY_DATA", str(tmp_path / "data"))
    fill(postgres_url, "ann")

    async def alter():
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(OPEN_POSTGRES + ALTER)
        await connection.close()

    before, lines, _ = verify()
    asyncio.run(alter())
    after, broken, _ = verify()

    assert (before, after) == (0, 1)
    assert [line.split()[:3] for line in lines] == [["ok", chain, "6"] for chain in CHAINS]
    assert broken[0].endswith("entry 3 was altered")
    assert broken[1:] == lines[1:]

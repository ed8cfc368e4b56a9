"""`rollway key`, as somebody types it."""

import asyncio
import base64
import os
import subprocess
import sys
import time

import pytest
from tortoise.backends.base.executor import EXECUTOR_CACHE

import db
from db.models import Org, User
from db.sealed import TEAM_SECRETS
from db.vault import KEY_BYTES, Vault, key_id
from engine.executors.isolation import Isolation, Level
from rollway.__main__ import main
from rollway.app import Server
from rollway.keyfile import NAME, KeyFile
from rollway.settings import UP, load

PLACE = TEAM_SECRETS.place("acme")
EARLIER_SECONDS = 3600
STALE = b"stale".ljust(KEY_BYTES)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, monkeypatch):
    """A database of the test's own, which the commands use; the test runs on both kinds."""
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("ROLLWAY_DATABASE_URL", url)
    EXECUTOR_CACHE.clear()
    return url


@pytest.fixture
def file(tmp_path):
    """The key file of the data folder, with a key in it."""
    made = KeyFile(tmp_path)
    made.read_or_make()
    return made


@pytest.fixture
def key(tmp_path, capsys, url):
    """Return a function that runs `rollway key ACTION`; it gives exit code and lines."""

    def run(action):
        code = main(["key", action, "--data", str(tmp_path)])
        printed = capsys.readouterr()
        return code, (printed.out + printed.err).splitlines()

    return run


@pytest.fixture
def store(url):
    """Return a function that stores secrets of a team, sealed with a vault."""

    async def work(vault, names):
        async with db.connect(url):
            user, _ = await User.get_or_create(id="u_1", username="ann")
            secrets = vault.change({}, dict.fromkeys(names, "a secret"), place=PLACE)
            given = {"user": user, "name": "acme", "role": "OWNER"}
            await Org.update_or_create({**given, "secrets": secrets}, id="u_1:acme")

    return lambda vault, *names: asyncio.run(work(vault, names))


@pytest.fixture
def stored(url):
    """Return a function that opens the secrets of the team with a vault."""

    async def work(vault):
        async with db.connect(url):
            row = await Org.get(id="u_1:acme")
            return vault.open_all(row.secrets, place=PLACE)

    return lambda vault: asyncio.run(work(vault))


def _age(file):
    """Let the file have been changed a while ago."""
    before = time.time() - EARLIER_SECONDS
    os.utime(file.path, (before, before))


def test_from_one_key_to_the_next(key, file, store, stored):
    """Status, rotate, retire: the counts say what happened, and the secrets open throughout."""
    (old,) = file.read()
    store(Vault(old), "A", "B")
    assert key("status") == (0, [f"{key_id(old)}  current  values: 2"])

    code, lines = key("rotate")
    new, _ = file.read()
    assert code == 0
    assert lines == [
        f"The current key is {key_id(new)} from now on.",
        "Values wrapped anew: 2",
        f"{key_id(new)}  current  values: 2",
        f"{key_id(old)}  retired  values: 0",
    ]
    assert stored(Vault(new)) == {"A": "a secret", "B": "a secret"}

    _age(file)
    code, lines = key("retire")
    assert code == 0
    assert lines[0] == f"Retired: {key_id(old)}."
    assert lines[-1] == f"{key_id(new)}  current  values: 2"
    assert file.read() == (new,)
    assert key("status") == (0, [f"{key_id(new)}  current  values: 2"])


def test_a_key_that_seals_something_is_not_retired(key, file, store):
    """Stored late under the old key: the key stays until the next rotation."""
    (old,) = file.read()
    key("rotate")
    store(Vault(old), "A")
    _age(file)

    code, lines = key("retire")
    new, still = file.read()
    assert code == 0
    assert still == old
    assert lines == [
        "No key can be retired: each is the current one, or seals something.",
        f"{key_id(new)}  current  values: 0",
        f"{key_id(old)}  retired  values: 1",
    ]


def test_keys_that_are_missing_are_named(key, file, store):
    """Values under a key that nobody has: exit code 1, also after a rotation, which names them."""
    (mine,) = file.read()
    store(Vault(STALE), "A", "B")
    missing = f"{key_id(STALE)}  MISSING  values: 2, which nobody can open"
    assert key("status") == (1, [f"{key_id(mine)}  current  values: 0", missing])

    code, lines = key("rotate")
    assert code == 1
    assert missing in lines
    assert "does not open: org/acme/secrets A" in lines


def test_a_server_with_other_keys_is_told(file, store, tmp_path, capsys, caplog, url):
    """Of several servers one may have been given another key: the check fails, the server says so.

    With the right one nothing is said.
    """
    (mine,) = file.read()

    def found():
        code = main(["check", "--data", str(tmp_path)])
        return code, capsys.readouterr().out

    async def serve():
        settings = load(UP, {"ROLLWAY_DATA": str(tmp_path), "ROLLWAY_DATABASE_URL": url}, {})
        server = Server(settings, Vault(mine), Isolation(Level.PLAIN))
        async with db.connect(url, everywhere=True), server.running():
            pass

    store(Vault(mine), "A")
    code, said = found()
    assert code == 0
    assert "secrets        1, sealed with keys that are here" in said
    asyncio.run(serve())
    assert "secrets are sealed" not in caplog.text

    store(Vault(STALE), "A", "B")
    code, said = found()
    asyncio.run(serve())
    assert code == 1
    assert f"sealed with {key_id(STALE)}, not here" in said
    assert f"secrets are sealed with {key_id(STALE)}" in caplog.text


def test_with_the_setting_all_is_wrapped_with_its_first_key(key, store, stored, monkeypatch):
    """No file is read or made, and there is nothing to retire in one."""
    old, new = bytes([1] * KEY_BYTES), bytes([2] * KEY_BYTES)
    listed = ",".join(base64.b64encode(each).decode() for each in (new, old))
    monkeypatch.setenv("ROLLWAY_MASTER_KEY", listed)
    store(Vault(old), "A")

    code, lines = key("rotate")
    assert code == 0
    assert lines == [
        "Values wrapped anew: 1",
        f"{key_id(new)}  current  values: 1",
        f"{key_id(old)}  retired  values: 0",
    ]
    assert stored(Vault(new)) == {"A": "a secret"}
    assert key("retire") == (
        2,
        ["rollway: ROLLWAY_MASTER_KEY: take the keys that seal nothing out of it"],
    )


@pytest.mark.parametrize("action", ["status", "rotate", "retire"])
def test_no_key_is_made_by_looking(key, tmp_path, action):
    """A mistyped data folder is refused and stays empty."""
    code, (line,) = key(action)

    assert code == 2
    assert line == f"rollway: {tmp_path / NAME} cannot be read: No such file or directory"
    assert not (tmp_path / NAME).exists()


def test_a_database_that_is_not_ready_gets_no_new_key(tmp_path, capsys):
    """The file is as it was when the database cannot be used."""
    file = KeyFile(tmp_path)
    before = file.read_or_make()

    assert main(["key", "rotate", "--data", str(tmp_path)]) == 2
    assert "run `rollway migrate` first" in capsys.readouterr().err
    assert file.read() == before


def test_retiring_waits_for_what_is_on_its_way(key, file, tmp_path):
    """A server may hold a value it sealed before the keys changed: it has a minute to store it."""
    key("rotate")
    started = subprocess.Popen(
        [sys.executable, "-m", "rollway", "key", "retire", "--data", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout.readline().startswith("Waiting ")
        assert started.poll() is None
    finally:
        started.kill()
        started.communicate()
    assert len(file.read()) == 2

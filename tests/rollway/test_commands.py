"""The command line, as somebody types it."""

import base64
import importlib
import json
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from db.vault import key_id
from rollway import forge, sample, uses
from rollway.__main__ import main
from rollway.arguments import parser
from rollway.commands import module_of
from rollway.keyfile import KeyFile
from schema import schema

COMMANDS = [
    "up",
    "serve",
    "worker",
    "migrate",
    "move",
    "schema",
    "check",
    "user",
    "key",
    "audit",
    "provider-double",
    "forge",
    "pipeline",
]
ROOMS = {"rollway", "resolvers", "auth", "engine", "providers", "db"}


@pytest.fixture
def data(tmp_path):
    """Return the options that name a data folder of the test's own."""
    return ["--data", str(tmp_path / "data")]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    """`rollway COMMAND --help` says what it does."""
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])

    assert end.value.code == 0
    assert "--data DIR" in capsys.readouterr().out


def test_the_commands_are_those():
    """No command without a case here."""
    actions = next(action for action in parser()._actions if action.dest == "command")

    assert sorted(actions.choices) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_part(command):
    """It is loaded by name."""
    assert callable(importlib.import_module(module_of(command)).run)


def test_a_service_that_can_be_played_can_be_named():
    """The command line names them without loading them."""
    for provider in forge.DIALECTS:
        parser().parse_args(["forge", "--provider", provider, "--folder", "."])
    with pytest.raises(SystemExit):
        parser().parse_args(["forge", "--provider", "git", "--folder", "."])


@pytest.mark.parametrize(
    ("module", "rooms"),
    [
        ("rollway.__main__", {"rollway", "providers"}),
        ("rollway.commands.migrate", {*ROOMS, "control"}),
        ("rollway.working.beside", {*ROOMS, "control"}),
        ("rollway.working.elsewhere", {*ROOMS, "control"}),
    ],
)
def test_a_command_loads_what_it_needs(module, rooms):
    """Help nearly nothing, and a worker no part of the API."""
    asked = f"import {module}, sys, json; print(json.dumps([*sys.modules]))"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True)
    loaded = {each.partition(".")[0] for each in json.loads(said.stdout)}

    assert loaded & {*ROOMS, "control", "schema", "strawberry", "graphql"} <= rooms


def test_schema_prints_the_sdl(capsys):
    """What `make schema` commits."""
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == schema.as_str() + "\n"


def test_schema_uses_lists_what_is_kept(data, capsys):
    """A head, and a line for each element and caller: nothing yet; first the tables must be."""
    assert main(["schema", "uses", *data]) == 2
    assert "run `rollway migrate` first" in capsys.readouterr().err
    assert main(["migrate", *data]) == 0
    capsys.readouterr()

    assert main(["schema", "uses", *data]) == 0
    assert capsys.readouterr().out == "\t".join(uses.HEAD) + "\n"


def test_migrate_is_done_once(data, capsys):
    """The second time there is nothing to do."""
    assert main(["migrate", *data]) == 0
    first = capsys.readouterr().out
    assert main(["migrate", *data]) == 0

    assert first.startswith("0_")
    assert capsys.readouterr().out == "The database is up to date.\n"


def test_check_says_what_is_missing_and_how_steps_are_isolated(data, capsys):
    """Without a migrated database it fails and says what to type."""
    assert main(["check", *data]) == 1
    before = capsys.readouterr().out
    main(["migrate", *data])
    capsys.readouterr()
    assert main(["check", *data]) == 0
    after = capsys.readouterr().out

    up = "`rollway up` has ROLLWAY_SIGN_UP=open, ROLLWAY_REPOSITORIES=https,http,file,private"
    assert f"settings       as for `rollway serve`; {up}\n" in before
    assert "run `rollway migrate`" in before
    assert "isolation" in after
    assert "master key     made on the first start" in after
    assert "MISSING" not in after


@pytest.mark.parametrize("command", ["serve", "check", "migrate"])
def test_why_the_database_cannot_be_used_is_said(
    command, data, capsys, monkeypatch, postgres_server
):
    """In the database's own words: whoever mistyped a name is not to look for a broken network."""
    url = urlsplit(postgres_server)._replace(path="/nosuch").geturl()
    monkeypatch.setenv("ROLLWAY_DATABASE_URL", url)

    assert main([command, *data]) != 0
    printed = capsys.readouterr()
    assert 'database "nosuch" does not exist' in printed.out + printed.err


def test_check_tells_the_master_key_and_fails_when_others_can_read_it(data, capsys, monkeypatch):
    """Its id, how many there are and where; never the key itself."""
    main(["migrate", *data])
    file = KeyFile(Path(data[1]))
    (key,) = file.read_or_make()
    file.add()
    capsys.readouterr()
    assert main(["check", *data]) == 0
    told = capsys.readouterr().out
    file.path.chmod(0o640)
    assert main(["check", *data]) == 1
    refused = capsys.readouterr().out
    text = base64.b64encode(key).decode()
    monkeypatch.setenv("ROLLWAY_MASTER_KEY", text)
    assert main(["check", *data]) == 0
    named = capsys.readouterr().out

    assert f"number of keys: 2, in {file.path}, mode 600" in told
    assert f"{file.path} can be used by others than its owner (mode 640)" in refused
    assert f"{key_id(key)}, number of keys: 1, in ROLLWAY_MASTER_KEY" in named
    assert text not in told + refused + named


def test_check_says_who_can_sign_in_how(data, capsys, monkeypatch):
    """Which service, where, and where it returns to; the secret is nobody's business."""
    monkeypatch.setenv("ROLLWAY_GITEE_CLIENT_ID", "abc")
    monkeypatch.setenv("ROLLWAY_GITEE_CLIENT_SECRET", "hush-hush")
    monkeypatch.setenv("ROLLWAY_GITEE_URL", "http://gitee.example")
    main(["check", *data])
    said = capsys.readouterr().out

    assert "no sign-in by GitHub: ROLLWAY_GITHUB_CLIENT_ID is not set" in said
    assert "sign-in by Gitee at http://gitee.example, without TLS" in said
    assert "http://127.0.0.1:8000/oauth/gitee/callback" in said
    assert "hush" not in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["up", "--port", "eighty"], "rollway: ROLLWAY_PORT: must be a whole number"),
        (["serve"], "run `rollway migrate` first"),
        (["worker"], "SQLite belongs to one process"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(data, capsys, arguments, sentence):
    """Exit code 2, no traceback."""
    assert main([*arguments, *data]) == 2
    assert sentence in capsys.readouterr().err


def test_a_server_that_cannot_start_says_why_in_one_sentence(data, capsys, tmp_path):
    """A busy port, a key that is none, a folder that cannot be: exit code 2, no traceback."""
    main(["migrate", *data])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", *data, "--port", port]) == 2
    (tmp_path / "data" / "master.key").write_text("short")
    assert main(["serve", *data]) == 2
    (tmp_path / "file").touch()
    assert main(["up", "--data", str(tmp_path / "file" / "data")]) == 2

    said = capsys.readouterr().err.splitlines()
    assert f"port {port}: Address already in use" in said[0]
    assert "line that is no master key" in said[1]
    assert "ROLLWAY_DATA" in said[2]
    assert len(said) == 3


@pytest.mark.parametrize("command", ["serve", "migrate", "worker"])
def test_a_database_that_cannot_be_reached_is_named(data, capsys, monkeypatch, command):
    """Whichever command needs it first."""
    monkeypatch.setenv("ROLLWAY_DATABASE_URL", "postgres://root@127.0.0.1:1/none")

    assert main([command, *data]) == 2
    assert "the postgres database cannot be used" in capsys.readouterr().err


def test_the_sample_is_made_whatever_git_is_told(data, tmp_path, monkeypatch):
    """Whoever signs commits, or stopped the first start half-way, has a sample too."""
    (tmp_path / "gitconfig").write_text("[commit]\n gpgsign = true\n[core]\n hooksPath = /x\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for _ in range(2):
        folder = sample.make_repository(tmp_path / "sample")
    command = ["git", "-C", str(folder), "log", "--format=%s %D"]

    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said == "Sample HEAD -> main\n"


def test_user_create_asks_for_a_password(data, tmp_path):
    """The password comes from the terminal or from standard input, never from the arguments."""
    command = [sys.executable, "-m", "rollway", "user", "create", "ann", *data]
    main(["migrate", *data])

    def create(password):
        return subprocess.run(
            command, check=False, input=password, capture_output=True, text=True, cwd=tmp_path
        )

    assert create("short\n").returncode == 2
    assert create("long enough\n").stdout == "Created ann.\n"
    assert "already" in create("long enough\n").stderr


def test_user_password_sets_a_new_one(data, tmp_path):
    """By the same rules, for a name in capital or small letters; the password is not printed."""
    main(["migrate", *data])

    def user(action, name, password):
        command = [sys.executable, "-m", "rollway", "user", action, name, *data]
        return subprocess.run(
            command, check=False, input=password, capture_output=True, text=True, cwd=tmp_path
        )

    user("create", "ann", "long enough\n")
    common = user("create", "bob", "bob12345\n")
    again = user("create", "Ann", "long enough\n")
    weak = user("password", "ann", "Password1\n")
    nobody = user("password", "bob", "another long one\n")
    changed = user("password", "ANN", "another long one\n")

    assert "several unrelated words" in common.stderr
    assert "already" in again.stderr
    assert "several unrelated words" in weak.stderr
    assert nobody.stderr == "rollway: there is no user bob\n"
    assert [done.returncode for done in (common, again, weak, nobody)] == [2, 2, 2, 2]
    assert changed.stdout == "Changed the password of ann; 0 sessions ended.\n"
    database = sqlite3.connect(Path(data[1]) / "rollway.sqlite3")
    told = database.execute("SELECT actor, via, action FROM audit_entry ORDER BY id").fetchall()
    database.close()
    assert told == [
        ("operator", "rollway user", "user.signed_up"),
        ("operator", "rollway user", "user.password_changed"),
    ]
    assert not changed.stderr


def test_the_master_key_is_for_its_owner_alone(tmp_path):
    """Made on first start, mode 0600, and never made over."""
    from rollway.settings import SERVE, load  # noqa: PLC0415
    from rollway.starting import vault_of  # noqa: PLC0415

    settings = load(SERVE, {"ROLLWAY_DATA": str(tmp_path)}, {})
    first = vault_of(settings)
    key = tmp_path / "master.key"
    before = key.read_bytes()

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert vault_of(settings).key_ids == first.key_ids
    assert key.read_bytes() == before


def test_the_database_is_its_owners_alone(tmp_path):
    """Also in a folder that was there before and that others may look into."""
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    assert main(["migrate", "--data", str(folder)]) == 0
    modes = {path.name: path.stat().st_mode & 0o77 for path in folder.glob("rollway.sqlite3*")}
    assert modes["rollway.sqlite3"] == 0
    assert not any(modes.values())


@pytest.mark.parametrize(
    ("target", "database", "said"),
    [
        ("postgres://x/y", "postgres://a/b", "no SQLite database"),
        ("sqlite:///tmp/x", None, "must be the address of a PostgreSQL database"),
        ("mysql://x/y", None, "--to must"),
    ],
)
def test_move_leads_from_sqlite_to_postgres_only(data, monkeypatch, capsys, target, database, said):
    """Nobody is asked before that is clear."""
    if database:
        monkeypatch.setenv("ROLLWAY_DATABASE_URL", database)

    assert main(["move", *data, "--to", target]) == 2
    assert said in capsys.readouterr().err

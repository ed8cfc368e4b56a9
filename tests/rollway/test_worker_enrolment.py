"""A worker's credential in its data folder, and what the command refuses before it works."""

import asyncio
import json

import pytest

import db
from auth import machines
from rollway.__main__ import main
from rollway.remote.enrolment import Enrolment, NotEnrolled

URL = ["--url", "http://127.0.0.1:1"]


def test_a_credential_is_made_once_for_each_token(tmp_path):
    """Kept for its owner alone, registered again after a lost answer, renewed by another token."""
    enrolled = Enrolment(tmp_path)
    with pytest.raises(NotEnrolled, match="createWorker"):
        enrolled.credential(None)
    first, fresh = enrolled.credential("rwr_1")
    again = enrolled.credential("rwr_1")
    enrolled.registered()
    kept = [enrolled.credential(token) for token in ("rwr_1", None)]
    other, other_fresh = enrolled.credential("rwr_2")
    file = tmp_path / "worker.json"

    assert (fresh, other_fresh, first != other) == (True, True, True)
    assert again == (first, True)
    assert kept == [(first, False)] * 2
    assert file.stat().st_mode & 0o77 == 0
    assert "rwr_" not in file.read_text()

    file.chmod(0o644)
    with pytest.raises(NotEnrolled, match="others may read"):
        enrolled.credential(None)


@pytest.mark.parametrize(
    ("more", "environment", "said"),
    [
        ([], {}, "not registered: give it --token"),
        (["--token", "x"], {"ROLLWAY_WORKER_SLOTS": "0"}, "ROLLWAY_WORKER_SLOTS"),
        (["--token", "x"], {"ROLLWAY_DATABASE_URL": "postgres://x/y"}, "must not have them"),
        (["--token", "x", "--url", "http://example.com"], {}, "must begin with https://"),
    ],
)
def test_a_worker_elsewhere_says_what_is_wrong(
    tmp_path, monkeypatch, capsys, more, environment, said
):
    """It ends with 2 and one sentence, and has asked nobody."""
    for name, value in {"ROLLWAY_ISOLATION": "plain", **environment}.items():
        monkeypatch.setenv(name, value)

    assert main(["worker", *URL, "--data", str(tmp_path), *more]) == 2
    assert said in capsys.readouterr().err


def test_check_tells_of_a_worker_elsewhere(tmp_path, monkeypatch, capsys):
    """Whether it is registered, and nothing of a database that it has not."""
    monkeypatch.setenv("ROLLWAY_WORKER_URL", "https://rollway.example.com")
    main(["check", "--data", str(tmp_path)])
    before = capsys.readouterr().out
    Enrolment(tmp_path).credential("rwr_1")
    Enrolment(tmp_path).registered()
    main(["check", "--data", str(tmp_path)])
    after = capsys.readouterr().out

    assert "MISSING  server" in before
    assert "ok       server         https://rollway.example.com, registered" in after
    assert "master key" not in after


def test_an_invitation_into_a_file_is_repeated_until_the_worker_has_registered(
    tmp_path, monkeypatch, capsys
):
    """So a service that runs at every start of a stack does no harm; the audit log tells once."""
    monkeypatch.setenv("ROLLWAY_DATA", str(tmp_path))
    file = tmp_path / "token"
    invite = ["worker", "invite", "builder", "--labels", "linux", "--file", str(file)]
    main(["migrate"])
    codes, tokens = [], []
    for _ in range(2):
        codes.append(main(invite))
        tokens.append(file.read_text().strip())
    url = f"sqlite://{tmp_path / 'rollway.sqlite3'}"

    async def register(token):
        async with db.connect(url):
            return await machines.register(token, machines.new_credential())

    with pytest.raises(machines.RegistrationRefused):
        asyncio.run(register(tokens[0]))
    machine = asyncio.run(register(tokens[1]))
    file.unlink()
    capsys.readouterr()
    again = main(invite), capsys.readouterr().out
    plain = main(["worker", "invite", "builder"]), capsys.readouterr().err
    removed = main(["worker", "remove", machine.id]), main(["worker", "remove", machine.id])
    capsys.readouterr()
    assert main(["audit", "list"]) == 0
    told = [line.split("\t")[1:] for line in capsys.readouterr().out.splitlines()]

    assert codes == [0, 0]
    assert again == (0, "builder is registered already.\n")
    assert not file.exists()
    assert plain == (2, "rollway: there is a worker builder already\n")
    assert removed == (0, 2)
    shown = {"name": "builder", "labels": ["linux"]}
    assert [(*line[:3], json.loads(line[3])) for line in told] == [
        ("rollway worker", act, machine.id, shown) for act in ("worker.created", "worker.removed")
    ]
    assert main(["audit", "verify"]) == 0
    assert "ok server 2" in capsys.readouterr().out


def test_a_token_may_come_from_a_file(tmp_path, monkeypatch, capsys):
    """Which may not be there any more once the worker is registered."""
    file = tmp_path / "token"
    monkeypatch.setenv("ROLLWAY_WORKER_URL", "http://balancer:8080")
    monkeypatch.setenv("ROLLWAY_WORKER_HTTP", "anywhere")
    monkeypatch.setenv("ROLLWAY_WORKER_TOKEN_FILE", str(file))
    arguments = ["check", "--data", str(tmp_path)]
    said = []
    for content in (None, "two words", "rwr_1\n"):
        if content is not None:
            file.write_text(content)
        main(arguments)
        said.append(capsys.readouterr().out)

    assert "not registered" in said[0]
    assert "ROLLWAY_WORKER_TOKEN_FILE" in said[1]
    assert "ok       server         http://balancer:8080, to be registered" in said[2]

"""A worker's credential in its data folder, and what the command refuses before it works."""

import pytest

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

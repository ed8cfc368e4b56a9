"""`rollway pipeline`, as somebody types it."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from rollway.__main__ import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def written(tmp_path):
    """Write a pipeline; return its path."""

    def write(content):
        file = tmp_path / "p.yaml"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(file)

    return write


def test_a_good_pipeline(written, capsys):
    """Exit code 0; warnings are marked."""
    file = written("steps: [{run: x, uses: y}]")
    assert main(["pipeline", "check", file]) == 0
    warning, verdict = capsys.readouterr().out.splitlines()
    assert warning.startswith(f"{file}:1:18: warning: 'uses' does nothing here")
    assert verdict == f"{file}: 1 step, can be run"


def test_a_bad_pipeline(written, capsys):
    """Exit code 1; each error has its place."""
    file = written("steps: [{rnu: x}]")
    assert main(["pipeline", "check", file]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{file}:1:9: a step has 'run:', the command it runs, or 'plugin:'",
        f"{file}:1:10: unknown key 'rnu' in a step; did you mean 'run'?",
    ]


def test_findings_as_json(written, capsys):
    """For programs that show them."""
    file = written("on: push\nsteps: [{run: x}, {run: 5}]")
    assert main(["pipeline", "check", "--json", file]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["valid"], said["steps"], len(said["warnings"])) == (False, [], 1)
    (error,) = said["errors"]
    assert (error["line"], error["column"]) == (2, 25)


def test_standard_input(monkeypatch, capsys):
    """`-` reads what is piped in."""
    piped = SimpleNamespace(buffer=io.BytesIO("steps: [{run: ä}]".encode()))
    monkeypatch.setattr("sys.stdin", piped)
    assert main(["pipeline", "check", "-"]) == 0
    assert capsys.readouterr().out == "-: 1 step, can be run\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\xff", "is not UTF-8 text"), (b"#" * 300_000, "is larger than 262144")],
)
def test_a_file_that_is_no_pipeline(written, content, reason, capsys):
    """Exit code 2, the reason on standard error."""
    assert main(["pipeline", "check", written(content)]) == 2
    assert reason in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys):
    """The same."""
    assert main(["pipeline", "check", "/nosuch"]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_the_committed_schema_is_the_table_of_keys(capsys):
    """`rollway pipeline schema > docs/pipeline.schema.json` was run after the last change."""
    assert main(["pipeline", "schema"]) == 0
    assert (ROOT / "docs/pipeline.schema.json").read_text() == capsys.readouterr().out

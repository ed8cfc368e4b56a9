"""A server of the documentation's own, as `rollway up` makes it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
LINES_MAX = 100


@dataclass(frozen=True)
class Running:
    """A server that runs, and what it printed."""

    printed: str
    url: str
    password: str
    application: str
    data: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server on a free port with the sample in it."""
    data = tmp_path_factory.mktemp("docs") / "data"
    command = [BIN / "rollway", "up", "--data", data, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=data.parent) as process:
        try:
            printed = _until_ready(process)
            yield Running(
                printed,
                url=_found(r"(http://[\d.:]+)/graphql", printed),
                password=_found(r"password (\S+)", printed),
                application=_found(r"id (a_\w+)", printed),
                data=data,
            )
        finally:
            process.terminate()
            process.communicate(timeout=30)


def _until_ready(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return "".join(lines)
        assert len(lines) < LINES_MAX
    raise AssertionError("".join(lines) or "the server did not start")


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, f"{pattern} is not in\n{text}"
    return match[1]

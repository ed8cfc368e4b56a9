"""A server of the documentation's own, as `rollway up` makes it."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import logs

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
LINES_MAX = 100
SIGN_IN = """mutation ($p: String!) { signIn(input: {login: "demo", password: $p}) {
  ... on SignInPayload { token } } }"""


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
    path = data.parent / "log"
    with (
        path.open("w") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=data.parent
        ) as process,
    ):
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
            logs.check(path.read_text())


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


class Caller:
    """Somebody who does what the page says."""

    def __init__(self, server: Running) -> None:
        self.url = server.url
        self.token = ""
        answer = self.send(SIGN_IN, {"p": server.password})
        self.token = answer["signIn"]["token"]

    def send(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the data of an answer without errors and problems."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        (found,) = answer["data"].values()
        assert found, answer
        assert "code" not in found, found
        data: dict[str, Any] = answer["data"]
        return data

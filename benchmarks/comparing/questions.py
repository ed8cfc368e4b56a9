"""What is asked for: the documents and variables of the pages, and the bytes of requests."""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "reading"))
import pages  # noqa: E402 - lies beside

LIST_SIZE = 20
BEFORE = 3  # entries of the list's first page, behind which the page begins
WHERE = {"envName": "live", "statuses": ["FAILURE", "CANCELLED"]}
CONNECTIONS = {"dashboard": 4, "application": 16, "task": 32, "tasks": 16}

Variables = dict[str, Any]


class Asked:
    """The pages as one target takes them: a document and variables each, by name."""

    def __init__(self, seeded: dict[str, str], folder: Path | None = None) -> None:
        self.token = seeded["token"]
        known = pages.pages(seeded["application"], seeded["task"])
        listing = {"id": seeded["application"], "first": LIST_SIZE, "where": WHERE}
        known["tasks"] = ((HERE / "tasks.graphql").read_text(), listing)
        self.pages = known
        for name in known if folder else ():
            self.pages[name] = ((folder / f"{name}.graphql").read_text(), known[name][1])

    def request(self, name: str, **changed: object) -> bytes:
        """Return the bytes that ask for a page."""
        document, variables = self.pages[name]
        asked = {
            "query": document,
            "variables": {**variables, **changed},
            "operationName": name.title(),
        }
        return posted("/graphql", asked, {"Authorization": f"Bearer {self.token}"})


def posted(path: str, asked: object, headers: dict[str, str]) -> bytes:
    """Return the bytes of a POST of JSON."""
    return raw(path, json.dumps(asked).encode(), {"Content-Type": "application/json", **headers})


def raw(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return the bytes of a POST of *body*."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body

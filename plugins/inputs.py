"""What a step hands to a plugin: a JSON file named in ROLLWAY_INPUTS."""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any

INPUTS_BYTES_MAX = 4 * 1024 * 1024
TRUE = ("true", True)
FALSE = ("false", False)


class Problem(Exception):
    """What is wrong, for the person who wrote the pipeline; it names no secret."""


@dataclass(frozen=True)
class Inputs:
    """A mapping that was given, and how messages call it: *path* is "" or `config.`, say."""

    values: Mapping[str, Any]
    context: Mapping[str, Any]
    path: str = ""

    def check(self, known: Collection[str], *, required: Collection[str] = ()) -> None:
        """Raise Problem for a name that is unknown, or one that is missing."""
        for name in self.values:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f"did you mean '{self.path}{close[0]}'?" if close else _listed(known)
                raise Problem(f"unknown input '{self.path}{name}'; {hint}")
        for name in required:
            if self.values.get(name) in (None, ""):
                raise Problem(f"input '{self.path}{name}' is missing")

    def text(self, name: str, default: str = "") -> str:
        """Return a text; a number is one too. Raises Problem for anything else."""
        value = self.values.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool | Mapping | list):
            raise Problem(f"input '{self.path}{name}' is a text, not {_a(value)}")
        return str(value)

    def choice(self, name: str, among: Collection[str], default: str) -> str:
        """Return one of *among*. Raises Problem for another word."""
        word = self.text(name, default)
        if word not in among:
            close = get_close_matches(word, among, n=1)
            hint = f"did you mean '{close[0]}'?" if close else _listed(among)
            raise Problem(f"input '{self.path}{name}' cannot be '{word}'; {hint}")
        return word

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false. Raises Problem for anything else."""
        value = self.values.get(name)
        if value is None or value == "":
            return default
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise Problem(f"input '{self.path}{name}' is true or false")

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, also of one with commas. Raises Problem for anything else."""
        value = self.values.get(name)
        if isinstance(value, list):
            if not all(isinstance(each, str) for each in value):
                raise Problem(f"input '{self.path}{name}' is a list of texts")
            return [each.strip() for each in value]
        return [each.strip() for each in self.text(name).split(",") if each.strip()]

    def mapping(self, name: str) -> "Inputs":
        """Return what is nested, nothing where it is missing. Raises Problem for anything else."""
        value = self.values.get(name)
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = _json(value, f"input '{self.path}{name}'")
        if value is None or value == "":
            value = {}
        if not isinstance(value, Mapping):
            raise Problem(f"input '{self.path}{name}' is a mapping, not {_a(value)}")
        return Inputs(value, self.context, f"{self.path}{name}.")


def read(plugin: str) -> Inputs:
    """Return what the step was given. Raises Problem."""
    path = os.environ.get("ROLLWAY_INPUTS")
    if not path:
        raise Problem(f"ROLLWAY_INPUTS names no file; write `plugin: {plugin}` in a pipeline")
    with _opened(Path(path), os.O_RDONLY) as file:
        text = file.read(INPUTS_BYTES_MAX + 1)
    if len(text) > INPUTS_BYTES_MAX:
        raise Problem(f"the inputs are larger than {INPUTS_BYTES_MAX} bytes")
    document = _json(text.decode(errors="replace"), "the file of inputs")
    return Inputs(document.get("inputs") or {}, document.get("context") or {})


def write_output(name: str, value: str) -> None:
    """Give `steps.<id>.outputs.<name>` its value, one line."""
    path = os.environ.get("ROLLWAY_OUTPUT")
    if path:
        with _opened(Path(path), os.O_WRONLY | os.O_APPEND) as file:
            file.write(f"{name}={' '.join(value.splitlines())}\n".encode())


def _opened(path: Path, flags: int) -> IO[bytes]:
    """Open a file of the step, below `steps/` of the workspace, without following a link.

    Other steps of the task can write there, and we may run where they do not. `steps/` can be
    entered but not listed, which O_PATH does not need.
    """
    at = os.open(path.parents[2], os.O_PATH | os.O_DIRECTORY)
    try:
        for part in path.parts[-3:-1]:
            below = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        found = os.open(path.name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    except OSError as error:
        raise Problem(f"a file of this step was replaced: {error.strerror}") from error
    finally:
        os.close(at)
    return open(found, "ab" if flags & os.O_WRONLY else "rb")  # noqa: PTH123 - of a descriptor


def _json(text: str, what: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Problem(f"{what} is not JSON") from error
    if not isinstance(document, dict):
        raise Problem(f"{what} is not a mapping")
    return document


def _listed(names: Collection[str]) -> str:
    return "there are " + ", ".join(f"'{name}'" for name in sorted(names))


def _a(value: object) -> str:
    names = {bool: "true or false", list: "a list", dict: "a mapping", str: "a text"}
    return names.get(type(value), "a number")

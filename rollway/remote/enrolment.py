"""A worker's credential in its data folder, and how it comes to be known by it."""

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from auth.machines import new_credential
from control.port import QueueAway
from rollway.remote.line import Line
from rollway.settings import Settings
from rollway.variables import visible

log = logging.getLogger("rollway.worker")

ASK_SECONDS = 10.0
RETRY_SECONDS = 2.0
OTHERS = 0o077


class NotEnrolled(Exception):
    """This worker cannot be registered; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the server calls this process, and how long its silence is borne."""

    name: str
    machine: str
    lease_seconds: float


class Enrolment:
    """The file `worker.json` of a data folder: its owner's alone."""

    def __init__(self, data: Path) -> None:
        self._path = data / "worker.json"

    def credential(self, token: str | None) -> tuple[str, bool]:
        """Return the worker's credential, and whether it has to be registered by *token* first.

        A token that is not the one of the last time asks for a credential of its own. Raises
        NotEnrolled.
        """
        credential, fresh = self.look(token)
        if credential is None:
            credential = new_credential()
            known = {"credential": credential, "token": _digest(token), "registered": False}
            self._write(known)
        return credential, fresh

    def look(self, token: str | None) -> tuple[str | None, bool]:
        """Return the same without making a credential: None where there is none yet."""
        known, digest = self._read(), _digest(token)
        if known and (digest is None or digest == known["token"]) and known["registered"]:
            return str(known["credential"]), False
        if digest is None:
            raise NotEnrolled(
                "this worker is not registered: give it --token, which `rollway worker invite`"
                " on the server or createWorker in the API shows"
            )
        if known and digest == known["token"]:  # its answer was lost
            return str(known["credential"]), True
        return None, True

    def registered(self) -> None:
        """Note that the server knows the credential."""
        self._write({**(self._read() or {}), "registered": True})

    def _read(self) -> dict[str, object] | None:
        try:
            if self._path.stat().st_mode & OTHERS:
                raise NotEnrolled(
                    f"others may read {self._path}: remove this worker on the server, delete the"
                    " file, and register anew"
                )
            found: dict[str, object] = json.loads(self._path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as fault:
            raise NotEnrolled(f"{self._path} cannot be read: {fault}") from fault
        return found

    def _write(self, content: Mapping[str, object]) -> None:
        """Replace the file whole."""
        making = self._path.with_suffix(".new")
        making.unlink(missing_ok=True)
        descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        making.replace(self._path)


def token_of(settings: Settings) -> str | None:
    """Return the registration token that is given by a variable or a file, if there is one."""
    if settings.worker_token or settings.worker_token_file is None:
        return settings.worker_token
    try:
        return visible(settings.worker_token_file.read_text().strip())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as fault:
        reason = f"ROLLWAY_WORKER_TOKEN_FILE: {settings.worker_token_file} cannot be read: {fault}"
        raise NotEnrolled(reason) from fault


def _digest(token: str | None) -> str | None:
    return sha256(token.encode()).hexdigest() if token else None


async def register(line: Line, token: str, credential: str) -> str:
    """Make the server know *credential*; return what it calls the worker.

    Asks until a server answers. Raises Dismissed when the token is good for nothing.
    """
    answer = await _until_answered(line, "register", {"token": token, "credential": credential})
    return str(answer.get("name"))


async def begin(line: Line, version: str, slots: int) -> Session:
    """Begin to work as this process; one that works by the same credential is told to stop."""
    answer = await _until_answered(line, "session", {"version": version, "slots": slots})
    session = str(answer["session"])
    line.session = session
    return Session(session, str(answer["name"]), float(answer["leaseSeconds"]))


async def _until_answered(line: Line, path: str, body: dict[str, object]) -> dict[str, Any]:
    while True:
        try:
            return await line.ask(path, body, ASK_SECONDS)
        except QueueAway as fault:
            log.warning("no server answers (%s); trying again", fault or "its database is away")
            await asyncio.sleep(RETRY_SECONDS)

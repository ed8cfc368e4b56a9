"""Events, leases and assignments as JSON, between a worker and the server; strict on the way in."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from control.port import Assignment, Lease
from engine.events import Event, LogStream, Output, Planned, StepChanged, TaskChanged
from engine.repository.credentials import Credential
from engine.repository.source import COMMIT
from engine.state import StepStatus, TaskStatus

T = TypeVar("T")

SESSION_HEADER = "Rollway-Session"
EVENTS_MAX = 10_000  # in one request
LEASES_MAX = 200
STEPS_MAX = 1000
OUTPUTS_MAX = 1000  # of a step
OUTPUT_CHARACTERS_MAX = 128 * 1024
TEXT_CHARACTERS_MAX = 4 * 1024 * 1024
ID_CHARACTERS_MAX = 128
WHOLE_MAX = 2**31 - 1
YEAR_MIN = 1970  # a clock that was never set


class Unreadable(ValueError):
    """The document is not what it should be; the text says what and where."""


class Fields:
    """The fields of a JSON object, each of which must be what it is asked for as."""

    def __init__(self, document: object, where: str) -> None:
        if not isinstance(document, dict):
            raise Unreadable(f"{where} must be an object")
        self._document: dict[str, Any] = document
        self._where = where

    def get(self, name: str, kind: type[T]) -> T:
        """Return a field that must be there."""
        found = self.optional(name, kind)
        if found is None:
            raise Unreadable(f"{self._where}.{name} is missing")
        return found

    def optional(self, name: str, kind: type[T]) -> T | None:
        """Return a field that may be left out, or be null."""
        found = self._document.get(name)
        if found is None:
            return None
        if not isinstance(found, kind) or (kind is not bool and isinstance(found, bool)):
            raise Unreadable(f"{self._where}.{name} must be of type {kind.__name__}")
        return found

    def text(self, name: str, characters_max: int) -> str:
        """Return a text of at most so many characters."""
        return self._sound(name, self.get(name, str), characters_max)

    def optional_text(self, name: str, characters_max: int) -> str | None:
        """Return a text that may be left out."""
        found = self.optional(name, str)
        return None if found is None else self._sound(name, found, characters_max)

    def _sound(self, name: str, text: str, characters_max: int) -> str:
        if len(text) > characters_max:
            raise Unreadable(f"{self._where}.{name} has more than {characters_max} characters")
        if "\0" in text or (not text.isascii() and _broken(text)):
            raise Unreadable(f"{self._where}.{name} has characters that are none")
        return text

    def whole(self, name: str, low: int, high: int) -> int:
        """Return a whole number from *low* to *high*."""
        found = self.get(name, int)
        if not low <= found <= high:
            raise Unreadable(f"{self._where}.{name} must be from {low} to {high}")
        return found

    def optional_whole(self, name: str) -> int | None:
        """Return a whole number that may be left out."""
        return None if self.optional(name, int) is None else self.whole(name, -WHOLE_MAX, WHOLE_MAX)

    def one_of(self, name: str, kind: type[T]) -> T:
        """Return a value of an enumeration."""
        try:
            return kind(self.get(name, str))  # type: ignore[call-arg]
        except ValueError:
            raise Unreadable(f"{self._where}.{name} is none that is known") from None

    def time(self, name: str) -> datetime:
        """Return a time with its zone."""
        try:
            found = datetime.fromisoformat(self.get(name, str))
        except ValueError:
            raise Unreadable(f"{self._where}.{name} must be a time in ISO 8601") from None
        if found.tzinfo is None or found.year < YEAR_MIN:
            raise Unreadable(
                f"{self._where}.{name} must have a time zone, and be no older than 1970"
            )
        return found

    def each(self, name: str, most: int) -> Sequence[object]:
        """Return a list of at most so many."""
        found: list[object] = self.get(name, list)
        if len(found) > most:
            raise Unreadable(f"{self._where}.{name} has more than {most} entries")
        return found

    def optional_ids(self, name: str, most: int) -> list[str] | None:
        """Return a list of at most so many ids that may be left out."""
        if self.optional(name, list) is None:
            return None
        ids = enumerate(self.each(name, most))
        return [
            Fields({"id": each}, f"{name}[{at}]").text("id", ID_CHARACTERS_MAX) for at, each in ids
        ]

    def lease(self) -> Lease:
        """Return the lease that the fields `taskId` and `epoch` name."""
        return Lease(self.text("taskId", ID_CHARACTERS_MAX), self.whole("epoch", 0, WHOLE_MAX))

    def texts(self, name: str) -> dict[str, str]:
        """Return an object of texts."""
        found: dict[str, Any] = self.get(name, dict)
        inner = Fields(found, f"{self._where}.{name}")
        return {
            self._sound(name, key, TEXT_CHARACTERS_MAX): inner.text(key, TEXT_CHARACTERS_MAX)
            for key in found
        }

    def commit(self, name: str) -> str:
        """Return the full hash of a commit."""
        found = self.get(name, str)
        if not COMMIT.fullmatch(found):
            raise Unreadable(f"{self._where}.{name} must be the full hash of a commit")
        return found


def _broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # halves of characters
        return True
    return False


def write_lease(lease: Lease) -> dict[str, object]:
    """Write a lease."""
    return {"taskId": lease.task_id, "epoch": lease.epoch}


def read_lease(document: object, where: str = "lease") -> Lease:
    """Read a lease. Raises Unreadable."""
    return Fields(document, where).lease()


def read_leases(documents: Sequence[object]) -> list[Lease]:
    """Read leases. Raises Unreadable."""
    return [read_lease(each, f"leases[{at}]") for at, each in enumerate(documents)]


def write_leases(leases: Collection[Lease]) -> list[dict[str, object]]:
    """Write leases."""
    return [write_lease(lease) for lease in leases]


def write_event(event: Event) -> dict[str, object]:
    """Write an event."""
    time = event.time.isoformat()
    match event:
        case Output():
            return {
                "kind": "output",
                "time": time,
                "index": event.index,
                "firstLine": event.first_line,
                "text": event.text,
                "stream": event.stream.value,
            }
        case StepChanged():
            return {
                "kind": "step",
                "time": time,
                "index": event.index,
                "status": event.status.value,
                "exitCode": event.exit_code,
                "error": event.error,
                "truncated": event.truncated,
                "outputs": None if event.outputs is None else dict(event.outputs),
                "logBytes": event.log_bytes,
            }
        case Planned():
            return {
                "kind": "planned",
                "time": time,
                "steps": list(event.steps),
                "pipeline": event.pipeline,
                "commit": event.commit,
            }
        case TaskChanged():
            return {"kind": "task", "time": time, "status": event.status.value}


def read_event(document: object, where: str = "event") -> Event:
    """Read an event. Raises Unreadable."""
    fields = Fields(document, where)
    kind, time = fields.text("kind", 16), fields.time("time")
    match kind:
        case "output":
            return Output(
                time=time,
                index=fields.whole("index", 0, STEPS_MAX),
                first_line=fields.whole("firstLine", 1, WHOLE_MAX),
                text=fields.text("text", OUTPUT_CHARACTERS_MAX),
                stream=fields.one_of("stream", LogStream),
            )
        case "step":
            return StepChanged(
                time=time,
                index=fields.whole("index", 0, STEPS_MAX),
                status=fields.one_of("status", StepStatus),
                exit_code=fields.optional_whole("exitCode"),
                error=fields.optional_text("error", TEXT_CHARACTERS_MAX),
                truncated=fields.get("truncated", bool),
                outputs=_read_outputs(fields),
                log_bytes=fields.whole("logBytes", 0, WHOLE_MAX),
            )
        case "planned":
            names = fields.each("steps", STEPS_MAX)
            numbered = Fields({str(at): name for at, name in enumerate(names)}, f"{where}.steps")
            return Planned(
                time=time,
                steps=tuple(
                    numbered.text(str(at), TEXT_CHARACTERS_MAX) for at in range(len(names))
                ),
                pipeline=fields.text("pipeline", TEXT_CHARACTERS_MAX),
                commit=fields.commit("commit"),
            )
        case "task":
            return TaskChanged(time=time, status=fields.one_of("status", TaskStatus))
    raise Unreadable(f"{where}.kind is none that is known")


def _read_outputs(fields: Fields) -> dict[str, str] | None:
    outputs = fields.optional("outputs", dict)
    if outputs is None:
        return None
    if len(outputs) > OUTPUTS_MAX:
        raise Unreadable(f"a step has more than {OUTPUTS_MAX} outputs")
    return fields.texts("outputs")


def read_reports(documents: Sequence[object]) -> list[Event]:
    """Read what a worker may report while a task runs. Raises Unreadable."""
    events = [read_event(each, f"events[{at}]") for at, each in enumerate(documents)]
    for at, event in enumerate(events):
        if isinstance(event, TaskChanged):
            raise Unreadable(f"events[{at}] is about the task: only its end says how it ended")
    return events


def write_assignment(assignment: Assignment) -> dict[str, object]:
    """Write what a worker is given, secrets in clear: this goes to that worker alone."""
    credential = assignment.credential
    return {
        **write_lease(assignment.lease),
        "repoUrl": assignment.repo_url,
        "ref": assignment.ref,
        "commit": assignment.commit,
        "pipelinePath": assignment.pipeline_path,
        "pipeline": assignment.pipeline,
        "contexts": {name: dict(values) for name, values in assignment.contexts.items()},
        "debug": assignment.debug,
        "team": assignment.team,
        "credential": None
        if credential is None
        else {"origin": credential.origin, "user": credential.user, "token": credential.token},
        "trusted": assignment.trusted,
        "traceParent": assignment.trace_parent,
    }


def read_assignment(document: object) -> Assignment:
    """Read what a worker is given. Raises Unreadable."""
    fields = Fields(document, "assignment")
    contexts: Mapping[str, object] = fields.get("contexts", dict)
    inner = Fields(contexts, "assignment.contexts")
    opens = fields.optional("credential", dict)
    return Assignment(
        lease=read_lease(document, "assignment"),
        repo_url=fields.get("repoUrl", str),
        ref=fields.optional("ref", str),
        commit=fields.optional("commit", str),
        pipeline_path=fields.get("pipelinePath", str),
        pipeline=fields.optional("pipeline", str),
        contexts={name: inner.texts(name) for name in contexts},
        debug=fields.get("debug", bool),
        team=fields.get("team", str),
        credential=None if opens is None else _read_credential(opens),
        trusted=fields.get("trusted", bool),
        trace_parent=fields.optional("traceParent", str),
    )


def _read_credential(document: object) -> Credential:
    fields = Fields(document, "assignment.credential")
    return Credential(fields.get("origin", str), fields.get("user", str), fields.get("token", str))

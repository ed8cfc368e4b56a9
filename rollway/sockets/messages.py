"""Messages of graphql-transport-ws: what a client may say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from resolvers.operations.documents import ASKED, asking

ID_CHARACTERS_MAX = 1000


class Malformed(Exception):
    """What was sent is no message of the protocol; the text says why."""


@dataclass(frozen=True, slots=True)
class Init:
    """The client introduces itself."""

    payload: dict[str, object]


@dataclass(frozen=True, slots=True)
class Ping:
    """The client asks whether we are there."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The client is there."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The client begins an operation."""

    id: str
    query: str
    variables: dict[str, Any] | None
    name: str | None
    extensions: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Complete:
    """The client wants no more of an operation."""

    id: str


Said: TypeAlias = Init | Ping | Pong | Subscribe | Complete


def read(message: object) -> Said:
    """Return what a message says; Malformed when it is none."""
    if not isinstance(message, dict):
        raise Malformed("A message is a JSON object")
    match message.get("type"):
        case "connection_init":
            return Init(_object(message, "payload") or {})
        case "ping":
            _object(message, "payload")
            return Ping()
        case "pong":
            _object(message, "payload")
            return Pong()
        case "complete":
            return Complete(_id(message))
        case "subscribe":
            return _subscribe(_id(message), _object(message, "payload") or {})
    raise Malformed("There is no such type of message")


def _subscribe(operation_id: str, payload: Mapping[str, Any]) -> Subscribe:
    query, name = payload.get("query"), payload.get("operationName")
    variables, extensions = _object(payload, "variables"), _object(payload, "extensions")
    document_id = payload.get("documentId")
    if not isinstance(document_id, str | None):
        raise Malformed("`documentId` must be a string")
    if not query and document_id:
        extensions = asking(document_id, extensions)
    if query is None and ASKED in (extensions or {}):
        query = ""  # its hash says which
    if not isinstance(query, str):
        raise Malformed("`query` must be a string")
    if not isinstance(name, str | None):
        raise Malformed("`operationName` must be a string")
    return Subscribe(operation_id, query, variables, name, extensions)


def _id(message: Mapping[str, Any]) -> str:
    found = message.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= ID_CHARACTERS_MAX:
        raise Malformed(f"`id` must be a string of 1 to {ID_CHARACTERS_MAX} characters")
    return found


def _object(message: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    found = message.get(key)
    if not isinstance(found, dict | None):
        raise Malformed(f"`{key}` must be an object")
    return found

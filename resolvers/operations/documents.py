"""Documents by their hash: what clients have sent before, or what an operator has registered.

Two ways of asking by one are known: `extensions.persistedQuery` of Apollo's clients, and
`documentId` of the draft GraphQL over HTTP.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

KEPT_MAX = 1_000
KEPT_BYTES_MAX = 10 * 1024 * 1024
VERSION = 1  # of the way Apollo's clients ask by a hash
ASKED = "persistedQuery"
ALGORITHM = "sha256:"  # may stand before a hash


class DocumentRefused(Exception):
    """A document that is asked for by its hash is not run."""


@dataclass(eq=False)
class NotKept(DocumentRefused):
    """PersistedQueryNotFound"""  # noqa: D400 - clients compare this text


@dataclass(eq=False)
class NotSupported(DocumentRefused):
    """PersistedQueryNotSupported"""  # noqa: D400 - clients compare this text


@dataclass(eq=False)
class OtherHash(DocumentRefused):
    """The document has another SHA-256 than the request says."""


@dataclass(eq=False)
class NotRegistered(DocumentRefused):
    """This server runs the documents registered with it and no others."""


def asking(document_id: str, extensions: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the extensions of a request for the document *document_id*."""
    return {**(extensions or {}), ASKED: {"version": VERSION, "sha256Hash": document_id}}


def named(document_id: str) -> str:
    """Return the name of a document without that of the algorithm which made it."""
    return document_id.removeprefix(ALGORITHM)


class Documents:
    """What a request's document is.

    With *registered*, by name, nothing else is run. Without, documents that clients have sent with
    their hash are kept, so that the hash alone is enough the next time; those used least recently
    are forgotten.
    """

    def __init__(self, registered: Mapping[str, str] | None = None) -> None:
        self._registered = registered
        self._texts = frozenset(registered.values()) if registered is not None else frozenset()
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0

    def text(
        self, given: str | None, extensions: object, valid: Callable[[str], bool]
    ) -> str | None:
        """Return the text of a request's document: *given*, or what its hash stands for.

        *valid* tells whether a text is worth keeping. NotKept, NotSupported, OtherHash and
        NotRegistered say why there is none.
        """
        asked = _hash(extensions)
        if self._registered is not None:
            return self._known(given, asked, self._registered)
        if asked is None:
            return given
        if not given:
            return self._found(asked)
        if sha256(given.encode("utf-8", "surrogatepass")).hexdigest() != asked:
            raise OtherHash
        if asked not in self._kept and valid(given):
            self._keep(asked, given)
        return given

    def _known(self, given: str | None, asked: str | None, registered: Mapping[str, str]) -> str:
        text = registered.get(asked) if asked and not given else given
        if text is None or text not in self._texts:
            raise NotRegistered
        return text

    def _found(self, asked: str) -> str:
        if asked not in self._kept:
            raise NotKept
        self._kept.move_to_end(asked)
        return self._kept[asked]

    def _keep(self, asked: str, text: str) -> None:
        self._kept[asked] = text
        self._bytes += len(text.encode("utf-8", "surrogatepass"))
        while len(self._kept) > KEPT_MAX or self._bytes > KEPT_BYTES_MAX:
            _, forgotten = self._kept.popitem(last=False)
            self._bytes -= len(forgotten.encode("utf-8", "surrogatepass"))


def _hash(extensions: object) -> str | None:
    """Return the hash a request asks by; None when it does not."""
    asked = extensions.get(ASKED) if isinstance(extensions, dict) else None
    if asked is None:
        return None
    name = asked.get("sha256Hash") if isinstance(asked, dict) else None
    if not isinstance(name, str) or asked.get("version") != VERSION:
        raise NotSupported
    return named(name)

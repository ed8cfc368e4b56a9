"""Errors outside of mutations: refusals keep their message and get a code, faults are masked.

What graphql itself says of a document or a variable keeps its message too, but for the value it
quotes: that may be a password in the wrong field.
"""

import logging
import re
import secrets

from graphql import GraphQLError
from strawberry.extensions import MaskErrors

from schema.catalogue import CATALOGUE, extensions, message

log = logging.getLogger("rollway.api")

QUOTED = (
    (re.compile(r"(cannot represent [^:]*):.*", re.DOTALL), r"\1"),
    (re.compile(r"([,.?]) found: .*", re.DOTALL | re.IGNORECASE), r"\1"),
    (re.compile(r"Value '.*' does not exist in", re.DOTALL), "The value does not exist in"),
    (re.compile(r"(Unexpected|found) (String|BlockString|Int|Float) .*", re.DOTALL), r"\1 \2"),
)


class Masking(MaskErrors):
    """Shows refusals, masks faults; give the class to the schema, never an instance.

    An instance would be shared by all operations, and a running subscription would unmask the
    errors of the others.
    """

    def __init__(self) -> None:
        super().__init__(should_mask_error=lambda _: True)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """Return what clients may see of *error*."""
        if not _raised(error):
            return unquoted(error)
        language = getattr(self.execution_context.context, "language", "en")
        original = error.original_error
        if original is not None and type(original) in CATALOGUE:
            return _shown(error, message(original, language), extensions(original, language))
        fault = secrets.token_hex(6)
        log.error("fault %s at %s", fault, error.path, exc_info=original)
        text = "内部错误" if language == "zh" else "Internal error"
        return _shown(error, f"{text} ({fault})", {"code": "INTERNAL"})


def told(refusal: Exception, language: str) -> GraphQLError:
    """Return a refusal of the catalogue as clients see it."""
    return GraphQLError(message(refusal, language), extensions=extensions(refusal, language))


def _raised(error: GraphQLError) -> bool:
    """Tell whether a resolver raised it, and not graphql itself."""
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)


def unquoted(error: GraphQLError) -> GraphQLError:
    """Return what graphql itself says, without the value it quotes: that something is INVALID."""
    text = error.message
    for quoted, rest in QUOTED:
        text = quoted.sub(rest, text)
    if text == error.message and error.extensions:
        return error
    return _shown(error, text.rstrip(","), {"code": "INVALID"})


def _shown(error: GraphQLError, text: str, more: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        text,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=more,
    )

"""Errors outside of mutations: refusals are told by the catalogue, faults are masked.

What graphql itself says of a document or a variable is told too, but for the value it quotes: that
may be a password in the wrong field.
"""

import logging
import re
import secrets

from graphql import GraphQLError
from strawberry.extensions import MaskErrors

from schema import catalogue
from schema.catalogue import CATALOGUE
from schema.requests import Broken, Misfit

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
        return shown(error, getattr(self.execution_context.context, "language", "en"))


def shown(error: GraphQLError, language: str) -> GraphQLError:
    """Return what clients may see of *error*, in *language* (en or zh)."""
    cause: Exception | None = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        cause = Misfit(unquoted(error.message))
    else:
        cause = refused(cause, f"at {error.path}")
    return catalogue.error(cause, language, error)


def refused(cause: Exception, where: str) -> Exception:
    """Return what clients are told of *cause*: it, or where it is no refusal that it is a fault."""
    return cause if type(cause) in CATALOGUE else broken(cause, where)


def broken(cause: Exception, where: str) -> Broken:
    """Log a fault of ours by a new number; return what clients are told of it."""
    fault = secrets.token_hex(6)
    log.error("fault %s %s", fault, where, exc_info=cause)
    return Broken(fault)


def unquoted(text: str) -> str:
    """Return what graphql itself says, without the value it quotes."""
    rest = text
    for quoted, kept in QUOTED:
        rest = quoted.sub(kept, rest)
    return text if rest == text else rest.rstrip(",")

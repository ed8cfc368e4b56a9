"""Documents, parsed and validated: once, for as long as they are kept."""

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoFragmentCyclesRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.schema import validate_document

from schema.documents.kept import Kept
from schema.documents.limits import Limits

TOKENS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Checked:
    """A document, and what is wrong with it."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]


class CheckedDocuments:
    """The documents that were asked for last, by their text alone: it is all that matters."""

    def __init__(self) -> None:
        self.kept: Kept[Checked] = Kept()

    def of(self, schema: GraphQLSchema, text: str) -> Checked:
        """Return *text*, checked; GraphQLSyntaxError and RecursionError where it is no document."""
        found = self.kept.find(text)
        if found is None:
            document = parse(text, max_tokens=TOKENS_MAX)
            found = Checked(document, tuple(_errors(schema, document)))
            self.kept.keep(text, found, len(text))
        return found


def _errors(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Return what is wrong; the limits are first and alone, they bound what the others take."""
    errors = validate(schema, document, [NoFragmentCyclesRule])
    errors = errors or validate(schema, document, [Limits])
    return errors or validate_document(schema, document, tuple(specified_rules))

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

from resolvers.operations.checks import Charging
from schema.documents.kept import Kept
from schema.documents.limits import Limits
from schema.requests import NestedTooDeeply

TOKENS_MAX = 2000
REFUSED_MAX = 128
REFUSED_CHARACTERS_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """A document, and what is wrong with it."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]


class CheckedDocuments:
    """The documents that were asked for last, by their text alone: it is all that matters.

    Those that are refused are kept apart, so that they displace nobody's.
    """

    def __init__(self) -> None:
        self.kept: Kept[Checked] = Kept()
        self.refused: Kept[Checked | GraphQLError] = Kept(REFUSED_MAX, REFUSED_CHARACTERS_MAX)

    def of(self, schema: GraphQLSchema, text: str, checking: Charging) -> Checked:
        """Return *text*, checked; GraphQLError where it is no document.

        Who asks for what is not kept is charged for it: OverChecks when that is too much.
        """
        found = self.kept.find(text) or self.refused.find(text)
        if found is None:
            with checking():
                found = _checked(schema, text)
            if isinstance(found, GraphQLError) or found.errors:
                self.refused.keep(text, found, len(text))
            else:
                self.kept.keep(text, found, len(text))
        if isinstance(found, GraphQLError):
            raise _fresh(found)
        return found


def _fresh(error: GraphQLError) -> GraphQLError:
    """Return what can be raised: the one that is kept would keep whoever asks for it, too."""
    return GraphQLError(
        error.message,
        source=error.source,
        positions=error.positions,
        original_error=error.original_error,
    )


def _checked(schema: GraphQLSchema, text: str) -> Checked | GraphQLError:
    try:
        document = parse(text, max_tokens=TOKENS_MAX)
        return Checked(document, tuple(_errors(schema, document)))
    except GraphQLError as error:
        return error.with_traceback(None)
    except RecursionError:
        refusal = NestedTooDeeply()
        return GraphQLError(str(refusal), original_error=refusal)


def _errors(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Return what is wrong; the limits are first and alone, they bound what the others take."""
    errors = validate(schema, document, [NoFragmentCyclesRule])
    errors = errors or validate(schema, document, [Limits])
    return errors or validate_document(schema, document, tuple(specified_rules))

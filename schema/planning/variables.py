"""The variables of an operation: what is plain is read without a walk through its type."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLNonNull, GraphQLSchema, VariableDefinitionNode
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

INT_MAX = 2**31 - 1  # as GraphQL has it
# Values that GraphQL takes as they are; of all others it says itself what becomes of them.
PLAIN: Mapping[str, Callable[[Any], bool]] = {
    "ID": lambda value: type(value) is str,
    "String": lambda value: type(value) is str,
    "Boolean": lambda value: type(value) is bool,
    "Int": lambda value: type(value) is int and -INT_MAX - 1 <= value <= INT_MAX,
}


class Variables:
    """Reads what is given for the variables of one operation."""

    def __init__(
        self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
    ) -> None:
        self._schema = schema
        self._definitions = definitions
        self._plain = [_plain(schema, each) for each in definitions]

    def read(self, given: dict[str, Any]) -> VariableValues | None:
        """Return the values; None where they are wrong."""
        coerced, sources = {}, {}
        for each in self._plain:
            if each is None or not each[1](value := given.get(each[0].name)):
                found = get_variable_values(self._schema, self._definitions, given)
                return found if isinstance(found, VariableValues) else None
            coerced[each[0].name] = value
            sources[each[0].name] = VariableValueSource(each[0], value)
        return VariableValues(sources, coerced)


def _plain(
    schema: GraphQLSchema, definition: VariableDefinitionNode
) -> tuple[GraphQLVariableSignature, Callable[[Any], bool]] | None:
    signature = get_variable_signature(schema, definition)
    if not isinstance(signature, GraphQLVariableSignature):
        return None
    kind = signature.type
    name = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    fits = PLAIN.get(getattr(name, "name", ""))
    return (signature, fits) if fits else None

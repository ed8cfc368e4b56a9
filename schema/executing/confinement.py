"""What an API token sees that is not made for reading: what its own mutations answer."""

from collections.abc import Mapping

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_leaf_type,
)

from auth.permissions import Action, OutOfScope
from resolvers.context import Context

ANSWERS = ("Payload", "Problem")  # what types are called that a mutation answers


def refusal(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    context: Context,
) -> GraphQLError | None:
    """Return why the caller's token may not run *operation*; None when it may.

    A mutation answers its payload, or a problem, with the plain fields of what is in it.
    """
    if context.viewer is None or context.viewer.reads:
        return None
    root = schema.get_root_type(operation.operation)
    assert root is not None  # noqa: S101 (the document is valid)
    found = _beyond(schema, operation.selection_set, root, fragments)
    if found is None:
        return None
    fact = OutOfScope(Action.READ)
    return GraphQLError(type(fact).__name__, nodes=[found], original_error=fact)


def _beyond(
    schema: GraphQLSchema,
    selections: SelectionSetNode,
    parent: GraphQLCompositeType,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> FieldNode | None:
    """Return the first field that shows more than an answer."""
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            found = _field(schema, selection, parent, fragments)
        else:
            fragment: FragmentDefinitionNode | InlineFragmentNode
            if isinstance(selection, FragmentSpreadNode):
                fragment = fragments[selection.name.value]
            else:
                assert isinstance(selection, InlineFragmentNode)  # noqa: S101 (the third kind)
                fragment = selection
            condition = fragment.type_condition
            type_ = schema.get_type(condition.name.value) if condition else parent
            assert is_composite_type(type_)  # noqa: S101 (the document is valid)
            found = _beyond(schema, fragment.selection_set, type_, fragments)
        if found is not None:
            return found
    return None


def _field(
    schema: GraphQLSchema,
    node: FieldNode,
    parent: GraphQLCompositeType,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> FieldNode | None:
    definition = schema.get_field(parent, node.name.value)
    assert definition is not None  # noqa: S101 (the document is valid)
    type_ = get_named_type(definition.type)
    if parent is schema.query_type:
        return None if node.name.value.startswith("__") else node
    if is_leaf_type(type_):
        return None
    assert is_composite_type(type_)  # noqa: S101 (neither leaf nor input)
    answers = parent is schema.mutation_type or parent.name.endswith(ANSWERS)
    if not answers or node.selection_set is None:
        return node
    return _beyond(schema, node.selection_set, type_, fragments)

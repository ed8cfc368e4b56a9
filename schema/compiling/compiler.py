"""Makes functions of an operation, with the library's own way of merging what is selected."""

from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import CollectedFields, collect_fields

from schema.compiling.calls import Call
from schema.compiling.leaves import Leaf
from schema.compiling.run import Uncompiled
from schema.compiling.shapes import (
    Field,
    Kinds,
    LeafField,
    Leaves,
    Lists,
    Maybe,
    Objects,
    Part,
    Shape,
    Typename,
)

TYPENAME = "__typename"


class Compiler:
    """Compiles the operation of *executor*, the library's, for the variables that it has.

    *fields* is how many were made: the larger, the more memory they take.
    """

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self.fields = 0

    def compiled(self) -> Objects:
        """Return how the operation's root is shown; Uncompiled where it is not for us."""
        executor = self._executor
        if executor.operation.directives:
            raise Uncompiled
        root: GraphQLObjectType = executor.schema.get_root_type(executor.operation.operation)
        collected = collect_fields(
            executor.schema,
            executor.fragments,
            executor.variable_values,
            root,
            executor.operation,
            executor.hide_suggestions,
        )
        return self._objects(root, collected)

    def _objects(self, kind: GraphQLObjectType, collected: CollectedFields) -> Objects:
        if collected.new_defer_usages:
            raise Uncompiled
        fields = collected.grouped_field_set
        self.fields += len(fields)
        return Objects(kind, {key: self._part(kind, key, each) for key, each in fields.items()})

    def _part(self, parent: GraphQLObjectType, key: str, selected: list[Any]) -> Part:
        if any(each.fragment_variable_values for each in selected):
            raise Uncompiled
        if selected[0].node.name.value == TYPENAME:
            return Typename(parent.name)
        call = Call(parent, key, selected)
        kind = call.definition.type
        bare = kind.of_type if is_non_null_type(kind) else kind
        if is_leaf_type(bare) and not call.waits:
            return LeafField(call, Leaf(bare, nullable=bare is kind))
        return Field(call, self._shape(kind, selected))

    def _shape(self, kind: GraphQLOutputType, selected: list[Any]) -> Shape:
        bare: Any = kind.of_type if is_non_null_type(kind) else kind
        if is_leaf_type(bare):
            return Leaves(Leaf(bare, nullable=bare is kind))
        if is_list_type(bare):
            shape: Shape = Lists(self._shape(bare.of_type, selected))
        elif is_object_type(bare):
            shape = self._of(bare, selected)
        else:
            shape = self._kinds(bare, selected)
        return Maybe(shape) if bare is kind else shape

    def _kinds(self, kind: Any, selected: list[Any]) -> Shape:
        possible = self._executor.schema.get_possible_types(kind)
        return Kinds(kind, {each.name: self._of(each, selected) for each in possible})

    def _of(self, kind: GraphQLObjectType, selected: list[Any]) -> Objects:
        return self._objects(kind, self._executor.collect_subfields(kind, selected))

"""What is deprecated in the schema, and what of it an operation uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from graphql import (
    ArgumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    ObjectFieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_input_type,
    type_from_ast,
    visit,
)

Fragments: TypeAlias = Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True, slots=True)
class Deprecated:
    """What an operation uses: by its text, and by those of its variables that could name more."""

    written: frozenset[str] = frozenset()
    variables: tuple[tuple[str, GraphQLInputType], ...] = ()

    def used(self, given: Mapping[str, Any]) -> frozenset[str]:
        """Return the elements that a request uses; *given* are the variables as they came."""
        if not self.variables:
            return self.written
        found = set(self.written)
        for name, kind in self.variables:
            _walk(kind, given.get(name), found)
        return frozenset(found)


def deprecated(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments
) -> Deprecated:
    """Find what *operation*, which is valid, uses of what is deprecated."""
    known = _known(schema)
    if not known.anything:
        return Deprecated()
    collector = _Collector(schema)
    visit(operation, TypeInfoVisitor(collector.info, collector))
    done: set[str] = set()
    while spread := collector.spread - done:
        done |= spread
        for name in spread:
            visit(fragments[name], TypeInfoVisitor(collector.info, collector))
    kinds = [
        (each.variable.name.value, type_from_ast(schema, each.type))
        for each in operation.variable_definitions or ()
    ]
    variables = tuple(
        (name, kind)
        for name, kind in kinds
        if is_input_type(kind) and get_named_type(kind).name in known.inputs
    )
    return Deprecated(frozenset(collector.found), variables)


@dataclass(frozen=True, slots=True)
class _Known:
    """Whether anything is deprecated, and the inputs and enums that lead to some of it."""

    anything: bool
    inputs: frozenset[str]


@lru_cache(maxsize=4)
def _known(schema: GraphQLSchema) -> _Known:
    kinds = schema.type_map.values()
    anything = any(
        argument.deprecation_reason is not None
        for directive in schema.directives
        for argument in directive.args.values()
    )
    leading: set[str] = set()
    below: dict[str, set[str]] = {}
    for kind in kinds:
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field in kind.fields.values():
                named = (field, *field.args.values())
                anything = anything or any(each.deprecation_reason is not None for each in named)
        elif isinstance(kind, GraphQLEnumType):
            if any(each.deprecation_reason is not None for each in kind.values.values()):
                leading.add(kind.name)
        elif isinstance(kind, GraphQLInputObjectType):
            below[kind.name] = {get_named_type(each.type).name for each in kind.fields.values()}
            if any(each.deprecation_reason is not None for each in kind.fields.values()):
                leading.add(kind.name)
    while more := {name for name, named in below.items() if named & leading} - leading:
        leading |= more
    return _Known(anything or bool(leading), frozenset(leading))


class _Collector(Visitor):
    """Collects the deprecated elements that stand in a document's text."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.info = TypeInfo(schema)
        self.found: set[str] = set()
        self.spread: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Note a field."""
        field, parent = self.info.get_field_def(), self.info.get_parent_type()
        if field and parent and field.deprecation_reason is not None:
            self.found.add(f"{parent.name}.{node.name.value}")

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        """Note an argument of a field, or of a directive."""
        argument = self.info.get_argument()
        if argument is None or argument.deprecation_reason is None:
            return
        directive, parent = self.info.get_directive(), self.info.get_parent_type()
        if directive:
            self.found.add(f"@{directive.name}({node.name.value})")
        elif isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            field = self.info.get_field_def()
            named = next((n for n, f in parent.fields.items() if f is field), "")
            self.found.add(f"{parent.name}.{named}({node.name.value})")

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        """Note a field of an input."""
        kind = get_named_type(self.info.get_parent_input_type())
        if isinstance(kind, GraphQLInputObjectType):
            field = kind.fields.get(node.name.value)
            if field and field.deprecation_reason is not None:
                self.found.add(f"{kind.name}.{node.name.value}")

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        """Note a value of an enum."""
        kind, value = get_named_type(self.info.get_input_type()), self.info.get_enum_value()
        if kind and value and value.deprecation_reason is not None:
            self.found.add(f"{kind.name}.{node.value}")

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        """Note which fragments are to be looked into."""
        self.spread.add(node.name.value)


def _walk(kind: GraphQLInputType, value: Any, found: set[str]) -> None:
    """Add to *found* what a variable's value uses, as it came from the client."""
    bare = get_nullable_type(kind)
    if isinstance(bare, GraphQLList):
        for each in value if isinstance(value, list) else [value]:
            _walk(bare.of_type, each, found)
    elif isinstance(bare, GraphQLEnumType):
        named = bare.values.get(value) if isinstance(value, str) else None
        if named and named.deprecation_reason is not None:
            found.add(f"{bare.name}.{value}")
    elif isinstance(bare, GraphQLInputObjectType) and isinstance(value, dict):
        for name, each in value.items():
            field = bare.fields.get(name)
            if field is None:
                continue
            if field.deprecation_reason is not None:
                found.add(f"{bare.name}.{name}")
            _walk(field.type, each, found)

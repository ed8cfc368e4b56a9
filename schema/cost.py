"""What an operation costs: worked out once a document, and then for the variables of each request.

A list multiplies what is selected in it: by `first` or `last`, else by the size that prices.py
gives it. Branches of fragments are all counted, but for those that `@skip` or `@include` leaves
out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from graphql.execution.collect_fields import FragmentDetails

from resolvers.paging import PAGE_SIZE
from schema.deprecation import Deprecated, deprecated
from schema.documents.kept import Kept
from schema.documents.limits import INTROSPECTION
from schema.prices import LIST_SIZE, LIST_SIZES, TEXT_CHARACTERS, Price, price

Variables: TypeAlias = Mapping[str, Any]
# Given the variables, and the page size of the connection around, what it costs.
Cost: TypeAlias = Callable[[Variables, int | None], int]
Fragments: TypeAlias = Mapping[str, FragmentDefinitionNode]


class _Fixed(int):
    """A cost that is the same whatever is asked: most are, and are added up once."""

    def __call__(self, *_: object) -> int:
        return self


@dataclass(frozen=True, slots=True)
class Priced:
    """An operation whose cost can be told; what of it is introspection, and what is deprecated.

    *variables*: the names of those that the cost depends on, whatever the others are.
    """

    cost: Cost
    variables: frozenset[str]
    introspects: bool
    deprecated: Deprecated


class _Untold(dict[str, Any]):
    """Variables that nobody has given yet; *names* are those that are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names = set[str]()

    def get(self, name: str, *_: Any) -> None:
        """Give nothing."""
        self.names.add(name)


class PriceLists:
    """Keeps the operations that were priced last."""

    def __init__(self) -> None:
        self._kept: Kept[tuple[OperationDefinitionNode, Priced]] = Kept()

    def of(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDetails],
    ) -> Priced:
        """Return *operation*, which is valid, priced."""
        kept = self._kept.find(id(operation))
        if kept is None or kept[0] is not operation:
            definitions = {name: each.definition for name, each in fragments.items()}
            kept = operation, priced(schema, operation, definitions)
            characters = len(operation.loc.source.body) if operation.loc else 0
            self._kept.keep(id(operation), kept, characters)
        return kept[1]


def priced(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments
) -> Priced:
    """Work out what *operation*, which is valid, costs."""
    compiler = _Compiler(schema, fragments)
    root = schema.get_root_type(operation.operation)
    assert root is not None  # noqa: S101 (the document is valid)
    cost = compiler.of_set(operation.selection_set, root)
    untold = _Untold()
    usual = cost(untold, None)
    if not untold.names:
        cost = _Fixed(usual)
    return Priced(
        cost,
        frozenset(untold.names),
        compiler.introspects,
        deprecated(schema, operation, fragments),
    )


@dataclass(slots=True)
class _Compiler:
    schema: GraphQLSchema
    fragments: Fragments
    introspects: bool = False
    _compiled: dict[str, Cost] = field(default_factory=dict)

    def of_set(self, selections: SelectionSetNode, parent: GraphQLCompositeType) -> Cost:
        parts = [self._of(each, parent) for each in selections.selections]
        return _sum(parts)

    def _of(self, selection: SelectionNode, parent: GraphQLCompositeType) -> Cost:
        if isinstance(selection, FieldNode):
            cost = self._of_field(selection, parent)
        elif isinstance(selection, FragmentSpreadNode):
            cost = self._of_fragment(selection.name.value)
        else:
            assert isinstance(selection, InlineFragmentNode)  # noqa: S101 (the third kind)
            cost = self._of_branch(selection, parent)
        if not selection.directives:
            return cost
        conditions = _conditions(selection.directives)

        def conditional(variables: Variables, size: int | None) -> int:
            met = [_value(value, variables) is wanted for value, wanted in conditions]
            there = cost(variables, size)
            return there if all(met) else 0

        return conditional

    def _of_fragment(self, name: str) -> Cost:
        if name not in self._compiled:
            fragment = self.fragments[name]
            type_ = self.schema.get_type(fragment.type_condition.name.value)
            assert is_composite_type(type_)  # noqa: S101 (the document is valid)
            self._compiled[name] = self.of_set(fragment.selection_set, type_)
        return self._compiled[name]

    def _of_branch(self, branch: InlineFragmentNode, parent: GraphQLCompositeType) -> Cost:
        condition = branch.type_condition
        type_ = self.schema.get_type(condition.name.value) if condition else parent
        assert is_composite_type(type_)  # noqa: S101 (the document is valid)
        return self.of_set(branch.selection_set, type_)

    def _of_field(self, node: FieldNode, parent: GraphQLCompositeType) -> Cost:
        name = node.name.value
        definition = self.schema.get_field(parent, name)
        assert definition is not None  # noqa: S101 (the document is valid)
        self.introspects = self.introspects or name in INTROSPECTION
        known = price(parent.name, name)
        own = _own(node, known)
        if node.selection_set is None or known.whole:
            return own
        type_ = get_named_type(definition.type)
        assert is_composite_type(type_)  # noqa: S101 (it has a selection)
        below = self.of_set(node.selection_set, type_)
        if known.each:
            return _times(own, below, _argument(node, known.each))
        if is_list_type(get_nullable_type(definition.type)):
            usual = LIST_SIZES.get(f"{parent.name}.{name}", LIST_SIZE)
            return _list(own, below, _asked(node, definition), usual)
        page = _asked(node, definition)
        if page is None:
            return _alone(_sum([own, below]))
        entry = known.entry
        return lambda variables, _: (
            own(variables, None) + entry * page(variables) + below(variables, page(variables))
        )


def _sum(parts: Sequence[Cost]) -> Cost:
    fixed = _Fixed(sum(each for each in parts if isinstance(each, _Fixed)))
    others = [each for each in parts if not isinstance(each, _Fixed)]
    if not others:
        return fixed
    return lambda variables, size: sum((each(variables, size) for each in others), fixed)


def _alone(cost: Cost) -> Cost:
    """Return the cost of what is not multiplied by the page around."""
    return cost if isinstance(cost, _Fixed) else lambda variables, _: cost(variables, None)


def _own(node: FieldNode, known: Price) -> Cost:
    units = known.units
    text = _argument(node, known.text) if known.text else None
    if text is None:
        return _Fixed(units)
    return lambda variables, _: units + len(_value(text, variables) or "") // TEXT_CHARACTERS


def _times(own: Cost, below: Cost, entries: ValueNode | None) -> Cost:
    """Count what is below once for each of the *entries* that are given."""

    def cost(variables: Variables, _: int | None) -> int:
        given = variables.get(entries.name.value) if isinstance(entries, VariableNode) else None
        if isinstance(entries, ListValueNode):
            given = entries.values
        times = len(given) if isinstance(given, list | tuple) else 1
        return own(variables, None) + times * below(variables, None)

    return cost


def _list(own: Cost, below: Cost, asked: Callable[[Variables], int] | None, usual: int) -> Cost:
    def cost(variables: Variables, size: int | None) -> int:
        times = asked(variables) if asked else usual if size is None else size
        return own(variables, None) + times * below(variables, None)

    return cost


def _asked(node: FieldNode, definition: GraphQLField) -> Callable[[Variables], int] | None:
    """Return how many entries a field's arguments ask for; None when it has none that do."""
    if not definition.args.keys() & {"first", "last"}:
        return None
    given = [each for each in (_argument(node, "first"), _argument(node, "last")) if each]
    default = getattr(definition.args.get("first"), "default_value", Undefined)
    usual = default if isinstance(default, int) else PAGE_SIZE

    def asked(variables: Variables) -> int:
        sizes = [_value(each, variables) for each in given]
        return max(0, max((each for each in sizes if isinstance(each, int)), default=usual))

    return asked


def _argument(node: FieldNode, name: str) -> ValueNode | None:
    return next((each.value for each in node.arguments or () if each.name.value == name), None)


def _conditions(directives: Sequence[DirectiveNode]) -> list[tuple[ValueNode, bool]]:
    """Return the values of `@include` and `@skip`, and what each must be for a selection to be."""
    return [
        (argument.value, each.name.value == "include")
        for each in directives
        for argument in each.arguments or ()
        if each.name.value in {"include", "skip"}
    ]


def _value(node: ValueNode, variables: Variables) -> Any:
    """Return what a value is at run time; None for what is of no interest here."""
    if isinstance(node, VariableNode):
        return variables.get(node.name.value)
    if isinstance(node, IntValueNode):
        return int(node.value)
    if isinstance(node, StringValueNode | BooleanValueNode):
        return node.value
    return None

"""How much one document may ask for: measured when it is first seen, before it is executed."""

from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationRule,
)

FIELDS_MAX = 1000
ROOT_FIELDS_MAX = 30
ALIASES_MAX = 500
DIRECTIVES_MAX = 50
DEPTH_MAX = 20
NESTED_MAX = 100  # selection sets within each other, those of fragments too
INTROSPECTION = frozenset({"__schema", "__type"})

FIELDS = "fields, fragments counted as often as they are spread"
ROOT_FIELDS = "fields at its root"
ALIASES = "aliases"
DIRECTIVES = "directives"
DEPTH = "levels"


@dataclass(eq=False)
class TooLarge(Exception):
    """The operation has {count} {what}; at most {most} are executed."""

    count: int
    what: str
    most: int


@dataclass(frozen=True, slots=True)
class Measure:
    """What a set of selections asks for; *level* is the fields at its own level alone."""

    level: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0

    def beside(self, other: "Measure") -> "Measure":
        """Return the measure of both, next to each other."""
        return Measure(
            self.level + other.level,
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
            max(self.depth, other.depth),
        )


class Limits(ValidationRule):
    """Refuses operations that ask for too much.

    Fragments count as often as they are spread, so that a short document that doubles one again and
    again is refused; each is measured once. Introspection has no depth: what tools send is 13 deep.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._fragments: dict[str, Measure] = {}
        self._nested = 0

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Measure the operation, and report what is too much."""
        measure = self._of_set(node.selection_set)
        directives = measure.directives + len(node.directives or ())
        for count, most, what in (
            (measure.level, ROOT_FIELDS_MAX, ROOT_FIELDS),
            (measure.fields, FIELDS_MAX, FIELDS),
            (measure.aliases, ALIASES_MAX, ALIASES),
            (directives, DIRECTIVES_MAX, DIRECTIVES),
            (measure.depth, DEPTH_MAX, DEPTH),
        ):
            if count > most:
                refusal = TooLarge(count, what, most)
                self.report_error(GraphQLError(what, node, original_error=refusal))

    def _of_set(self, selections: SelectionSetNode) -> Measure:
        if self._nested == NESTED_MAX:
            return Measure(depth=NESTED_MAX)
        self._nested += 1
        whole = Measure()
        for each in selections.selections:
            whole = whole.beside(self._of(each))
        self._nested -= 1
        return whole

    def _of(self, selection: SelectionNode) -> Measure:
        own = Measure(directives=len(selection.directives or ()))
        if isinstance(selection, FragmentSpreadNode):
            return own.beside(self._of_fragment(selection.name.value))
        if isinstance(selection, InlineFragmentNode):
            return own.beside(self._of_set(selection.selection_set))
        if not isinstance(selection, FieldNode):
            return own
        below = self._of_set(selection.selection_set) if selection.selection_set else Measure()
        shallow = selection.name.value in INTROSPECTION and below.depth < NESTED_MAX
        return Measure(
            level=1,
            fields=1 + below.fields,
            aliases=below.aliases + (selection.alias is not None),
            directives=below.directives + own.directives,
            depth=1 if shallow else 1 + below.depth,
        )

    def _of_fragment(self, name: str) -> Measure:
        if name not in self._fragments:
            self._fragments[name] = Measure()  # one that spreads itself another rule refuses
            fragment = self.context.get_fragment(name)
            if fragment is not None:
                self._fragments[name] = self._of_set(fragment.selection_set)
        return self._fragments[name]

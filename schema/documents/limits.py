"""How much one document may ask for: measured when it is first seen, before it is executed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
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
# Fields of one name at one place, each of which is compared with each other: some 13 µs a pair.
PAIRS_MAX = 7_500
COPIES_MAX = 20
NESTED_MAX = 100  # selection sets within each other, those of fragments too
INTROSPECTION = frozenset({"__schema", "__type"})

FIELDS = "fields, fragments counted as often as they are spread"
ROOT_FIELDS = "fields at its root"
ALIASES = "aliases"
DIRECTIVES = "directives"
DEPTH = "levels"
PAIRS = "pairs of fields that share a name"
COPIES = "copies of one field, by aliases"


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
    again is refused; each is measured once. None may spread itself: another rule must have looked.
    Introspection has no depth: what tools send is 13 deep.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._fragments: dict[str, Measure] = {}
        self._nested = 0

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Measure the operation, and report what is too much."""
        self._check(node, ROOT_FIELDS_MAX)

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> None:
        """Measure a fragment too: one that nothing spreads is validated like the others."""
        self._check(node, FIELDS_MAX)

    def _check(
        self, node: OperationDefinitionNode | FragmentDefinitionNode, level_max: int
    ) -> None:
        measure = self._of_set(node.selection_set)
        directives = measure.directives + len(node.directives or ())
        found = [
            TooLarge(count, what, most)
            for count, most, what in (
                (measure.level, level_max, ROOT_FIELDS),
                (measure.fields, FIELDS_MAX, FIELDS),
                (measure.aliases, ALIASES_MAX, ALIASES),
                (directives, DIRECTIVES_MAX, DIRECTIVES),
                (measure.depth, DEPTH_MAX, DEPTH),
            )
            if count > most
        ]
        # What was just seen to be small can be walked in full.
        if not found and (pairs := self._pairs([node.selection_set])) > PAIRS_MAX:
            found = [TooLarge(pairs, PAIRS, PAIRS_MAX)]
        runs = not found and isinstance(node, OperationDefinitionNode)
        if runs and (copies := self._copies([node.selection_set])) > COPIES_MAX:
            found = [TooLarge(copies, COPIES, COPIES_MAX)]
        for refusal in found:
            self.report_error(GraphQLError(refusal.what, node, original_error=refusal))

    def _pairs(self, sets: Sequence[SelectionSetNode]) -> int:
        """Return how often two fields must be compared, of selections that are merged."""
        below: dict[str, list[SelectionSetNode]] = defaultdict(list)
        counts: dict[str, int] = defaultdict(int)
        for each in self._merged(sets):
            name = (each.alias or each.name).value
            counts[name] += 1
            if each.selection_set:
                below[name].append(each.selection_set)
        own = sum(count * (count - 1) // 2 for count in counts.values())
        return own + sum(self._pairs(each) for each in below.values())

    def _copies(self, sets: Sequence[SelectionSetNode], times: int = 1) -> int:
        """Return how often an answer has the same value at most, of selections that are merged.

        Fields with arguments differ from each other, or are paid for again.
        """
        groups: dict[str, dict[str, list[SelectionSetNode]]] = defaultdict(dict)
        for each in self._merged(sets):
            name = (each.alias or each.name).value
            group = f"{name}:{each.name.value}" if each.arguments else each.name.value
            below = groups[group].setdefault(name, [])
            if each.selection_set:
                below.append(each.selection_set)
        most = times
        for names in groups.values():
            copies = times * len(names)
            most = max(most, copies, *(self._copies(below, copies) for below in names.values()))
        return most

    def _merged(self, sets: Sequence[SelectionSetNode]) -> Iterator[FieldNode]:
        """Yield the fields of selections that are merged, those of fragments too."""
        seen: set[str] = set()
        waiting = list(sets)
        while waiting:
            for each in waiting.pop().selections:
                if isinstance(each, FieldNode):
                    yield each
                elif isinstance(each, InlineFragmentNode):
                    waiting.append(each.selection_set)
                elif isinstance(each, FragmentSpreadNode) and each.name.value not in seen:
                    seen.add(each.name.value)
                    fragment = self.context.get_fragment(each.name.value)
                    waiting += [fragment.selection_set] if fragment else []

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
            fragment = self.context.get_fragment(name)
            found = self._of_set(fragment.selection_set) if fragment else Measure()
            self._fragments[name] = found
        return self._fragments[name]

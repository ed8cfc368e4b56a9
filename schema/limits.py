"""How much one operation may ask for: counted before anything of it is executed."""

from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationRule,
)

FIELDS_MAX = 1000
ROOT_FIELDS_MAX = 30


class LimitFields(ValidationRule):
    """Refuses operations of too many fields.

    Fragments count as often as they are spread, so that a short document that doubles one again and
    again is refused; each is walked once.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._sizes: dict[str, tuple[int, int]] = {}

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Count what the operation asks for, and report what is too much."""
        at_root, fields = self._count(node.selection_set)
        for count, most, what in (
            (at_root, ROOT_FIELDS_MAX, "fields at its root"),
            (fields, FIELDS_MAX, "fields, fragments counted as often as they are spread"),
        ):
            if count > most:
                text = f"The operation has {count} {what}; at most {most} are executed."
                self.report_error(GraphQLError(text, node))

    def _count(self, selections: SelectionSetNode) -> tuple[int, int]:
        """Return the fields of one level, and of all levels."""
        level = whole = 0
        for each in selections.selections:
            own, below = 1, 1
            if isinstance(each, FieldNode):
                below += self._count(each.selection_set)[1] if each.selection_set else 0
            elif isinstance(each, InlineFragmentNode):
                own, below = self._count(each.selection_set)
            elif isinstance(each, FragmentSpreadNode):
                own, below = self._of_fragment(each.name.value)
            level += own
            whole += below
        return level, whole

    def _of_fragment(self, name: str) -> tuple[int, int]:
        if name not in self._sizes:
            self._sizes[name] = (0, 0)  # one that spreads itself is refused by another rule
            fragment = self.context.get_fragment(name)
            if fragment is not None:
                self._sizes[name] = self._count(fragment.selection_set)
        return self._sizes[name]

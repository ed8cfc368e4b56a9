"""The operations that were compiled last, each with the ways in which its parts were left out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from time import thread_time
from typing import Any

from graphql import (
    DirectiveNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from schema.compiling.compiler import Compiler
from schema.compiling.run import Uncompiled
from schema.compiling.shapes import Objects
from schema.documents.kept import Kept

KEPT_MAX = 512
FIELDS_MAX = 32 * 1024  # of all that is kept together; one takes up to 1 KiB
WAYS_MAX = 8  # of one operation, by the variables of its `@skip` and `@include`


@dataclass(slots=True, eq=False)
class _Known:
    """An operation; *conditions* are the variables that leave parts of it out."""

    operation: OperationDefinitionNode
    conditions: tuple[str, ...]
    ways: dict[tuple[Any, ...], Objects | None] = field(default_factory=dict)
    fields: int = 1


class CompiledOperations:
    """Compiles operations when they are first run, and keeps them."""

    def __init__(self) -> None:
        self.kept: Kept[_Known] = Kept(KEPT_MAX, FIELDS_MAX)

    def of(self, executor: Any) -> Objects | None:
        """Return how the root of an executor's operation is shown; None: the library shows it.

        The caller is charged for the time it takes to find out.
        """
        operation = executor.operation
        known = self.kept.find(id(operation))
        if known is None or known.operation is not operation:
            known = _Known(operation, tuple(_conditions(executor)))
        given = executor.variable_values.coerced
        way = tuple(given.get(each) for each in known.conditions)
        if way not in known.ways:
            if len(known.ways) == WAYS_MAX:
                return None
            began, context = thread_time(), executor.context_value
            compiler = Compiler(executor)
            try:
                known.ways[way] = compiler.compiled()
            except Uncompiled:
                known.ways[way] = None
            known.fields += compiler.fields
            self.kept.keep(id(operation), known, known.fields)
            context.services.bounds.checks.owe(context.caller, thread_time() - began)
        return known.ways[way]


def _conditions(executor: Any) -> list[str]:
    """Return the variables that `@skip` and `@include` look at, in the whole document."""
    sets = [executor.operation.selection_set]
    sets += [each.selection_set for each in executor.fragment_definitions.values()]
    found = {name for each in sets for name in _of_set(each)}
    return sorted(found)


def _of_set(selections: SelectionSetNode) -> Iterator[str]:
    for each in selections.selections:
        yield from _variables(each.directives or ())
        inner = getattr(each, "selection_set", None)
        if inner is not None:
            yield from _of_set(inner)


def _variables(directives: Iterable[DirectiveNode]) -> Iterator[str]:
    for directive in directives:
        for argument in directive.arguments or ():
            if isinstance(argument.value, VariableNode):
                yield argument.value.name.value

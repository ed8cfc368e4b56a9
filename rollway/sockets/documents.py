"""What a document asks of a socket: which operation, and whether its answers can be shared.

Answers can be shared when they are the same for everybody who may see the tasks.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_composite_type,
    visit,
)
from graphql.execution.values import get_argument_values, get_variable_values

from resolvers.context import Context
from resolvers.operations.checks import Charging
from resolvers.refusals import OverChecks
from rollway.sockets.frames import encoded
from rollway.sockets.messages import Subscribe
from schema import schema
from schema.catalogue import error
from schema.errors import shown
from schema.requests import MutationOnSocket, NoSuchOperation

WATCHED = {"taskEvents": "TaskEvent", "applicationTasks": "Task", "orgTasks": "Task"}
EVENT = frozenset({"taskId", "seq", "time", "task"})
# What everybody sees alike who may see the task. By type: its fields.
SHARED: dict[str, frozenset[str]] = {
    "TaskEvent": EVENT,
    "TaskStatusChanged": EVENT | {"status"},
    "StepStatusChanged": EVENT | {"stepIndex", "name", "step", "status", "exitCode", "error"},
    "StepOutput": EVENT | {"stepIndex", "lines", "text", "firstLine"},
    "StreamEnd": EVENT | {"status"},
    "LogLine": frozenset({"number", "text", "partial", "time", "stream"}),
    "Task": frozenset(
        {"id", "application", "envName", "status", "completed", "steps", "triggerType"}
    )
    | {"ref", "branch", "tag", "commit", "message", "planHash", "duration"}
    | {"createdTime", "startedTime", "finishedTime", "updatedTime"},
    "Application": frozenset({"id", "name", "description", "createdTime"}),
    "Step": frozenset({"id", "index", "name", "status", "exitCode", "error", "logBytes"})
    | {"startedTime", "finishedTime", "duration"},
}


@dataclass(frozen=True, slots=True)
class Watching:
    """A subscription whose answers can be shared by those of the same *key*.

    *field* is what is watched, *given* its arguments but for the position.
    """

    key: tuple[str, ...]
    field: str
    given: Mapping[str, Any]
    after: int
    document: DocumentNode


def refusal(said: Subscribe, context: Context) -> GraphQLError | None:
    """Return why a socket does not take this document; None when it does."""
    try:
        context.services.bounds.checks.admit(context.caller)
        document = schema.checked(said.query, context.checking).document
    except OverChecks as refused:
        return error(refused, context.language)
    except GraphQLError as fault:
        return shown(fault, context.language)
    operation = _operation(document, said.name)
    if operation is None:
        return error(NoSuchOperation(), context.language)
    if operation.operation is OperationType.MUTATION:
        return error(MutationOnSocket(), context.language)
    return None


def watching(
    said: Subscribe,
    language: str,
    env_name: str | None = None,
    checking: Charging = nullcontext,
) -> Watching | None:
    """Return what is watched; None when its answers are for the caller alone.

    *env_name* is the only environment that the caller reaches, if there is one. A document that is
    not known is charged by *checking*, which may raise OverChecks.
    """
    try:
        checked = schema.checked(said.query, checking)
    except GraphQLError:
        return None
    if checked.errors:
        return None
    document = checked.document
    operation = _operation(document, said.name)
    node = _watched(document, operation) if operation else None
    if operation is None or node is None:
        return None
    core = schema._schema  # noqa: SLF001 - Strawberry has no other way to the types
    found = get_variable_values(core, operation.variable_definitions or (), said.variables or {})
    assert core.subscription_type  # noqa: S101 (there is one)
    if isinstance(found, list):
        return None
    field = node.name.value
    try:
        given = get_argument_values(core.subscription_type.fields[field], node, found)
    except GraphQLError:
        return None
    after = max(given.pop("after", 0), 0)
    if field == "applicationTasks":
        given["envName"] = given.get("envName") or env_name
    own = found.coerced.keys() - {_only_position(operation, node)}
    others = {name: (said.variables or {}).get(name) for name in sorted(own)}
    key = (said.query, said.name or "", language, encoded(given).decode(), encoded(others).decode())
    return Watching(key, field, given, after, document)


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """Return the operation that is meant; of several without a name, a mutation if there is one.

    Such a document is refused when it is run.
    """
    named = [
        each
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
        and (name is None or (each.name and each.name.value == name))
    ]
    mutations = [each for each in named if each.operation is OperationType.MUTATION]
    return next(iter(mutations or named), None)


def _watched(document: DocumentNode, operation: OperationDefinitionNode) -> FieldNode | None:
    """Return the field that is watched, when all that is selected of it can be shared."""
    fields = operation.selection_set.selections
    if operation.operation is not OperationType.SUBSCRIPTION or len(fields) != 1:
        return None
    node = fields[0]
    if not isinstance(node, FieldNode) or node.selection_set is None:
        return None
    if node.name.value not in WATCHED or node.directives:
        return None
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    try:
        shared = _Selection(fragments).shared(node.selection_set, WATCHED[node.name.value])
    except RecursionError:
        return None
    return node if shared else None


class _Selection:
    """Looks whether everything selected can be shared; each fragment is walked once."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._seen: set[str] = set()

    def shared(self, selections: SelectionSetNode, parent: str) -> bool:
        """Tell whether *selections* of a type can be shared."""
        if parent not in SHARED:
            return False
        return all(self._one(each, parent) for each in selections.selections)

    def _one(self, node: Node, parent: str) -> bool:
        if isinstance(node, FieldNode):
            return self._field(node, parent)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition.name.value if node.type_condition else parent
            return self.shared(node.selection_set, condition)
        assert isinstance(node, FragmentSpreadNode)  # noqa: S101 (the third kind)
        name = node.name.value
        if name in self._seen:
            return True
        self._seen.add(name)
        fragment = self._fragments.get(name)
        if fragment is None:
            return False
        return self.shared(fragment.selection_set, fragment.type_condition.name.value)

    def _field(self, node: FieldNode, parent: str) -> bool:
        name = node.name.value
        if name == "__typename":
            return True
        if name not in SHARED[parent]:
            return False
        type_ = schema._schema.get_type(parent)  # noqa: SLF001
        assert is_composite_type(type_)  # noqa: S101 (those of SHARED are)
        found = _type_of(type_, name)
        return node.selection_set is None or self.shared(node.selection_set, found)


def _type_of(parent: GraphQLCompositeType, field: str) -> str:
    fields: dict[str, Any] = getattr(parent, "fields", {})
    return str(get_named_type(fields[field].type).name)


def _only_position(operation: OperationDefinitionNode, node: FieldNode) -> str | None:
    """Return the variable that says where to begin, and nothing else."""
    given = [each.value for each in node.arguments or () if each.name.value == "after"]
    if not given or not isinstance(given[0], VariableNode):
        return None
    name = given[0].name.value
    uses = _Uses()
    visit(operation, uses)
    return name if uses.names.count(name) == 2 else None  # noqa: PLR2004 - defined, and used here


class _Uses(Visitor):
    """Collects the names of variables, where they are defined and where they are used."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """Note one."""
        self.names.append(node.name.value)

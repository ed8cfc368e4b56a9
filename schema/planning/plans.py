"""Answering queries by statements: which document, for whom, and what became of it."""

import logging
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NamedTuple

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from graphql.utilities import get_operation_ast
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from tortoise import BaseDBAsyncClient

from auth.remembered import Unproven
from db.rows import database
from db.trouble import DatabaseAway
from resolvers.context import Context
from resolvers.operations.reads import Reads
from resolvers.paging import InvalidPage
from schema.cost import Priced
from schema.documents.kept import Kept
from schema.executing.charging import pay, prices
from schema.planning.declared import Unplanned
from schema.planning.dialect import Dialect, Postgres, Sqlite
from schema.planning.reach import Reach
from schema.planning.statement import Asked, Statement, Writer
from schema.planning.variables import Variables

log = logging.getLogger("rollway.api")

SHAPES_MAX = 16  # of one operation: variables may make it another statement
SHAPE_CHARACTERS_MAX = 1000
CHARACTERS_MAX = 16 * 1024 * 1024  # of the documents and statements that are kept
REST_SECONDS = 60.0  # of a statement that failed: another's values may be the reason
DIALECTS: Mapping[str, Dialect] = {each.name: each for each in (Postgres(), Sqlite())}


class _Known(NamedTuple):
    """A statement, None where there is none, and what it costs."""

    statement: Statement | None
    cost: int


class _Shape(NamedTuple):
    """What a statement depends on: *given* are its parameters, *own* what the others are."""

    dialect: str
    reach: Reach
    given: frozenset[str]
    own: str


@dataclass(slots=True)
class _Operation:
    """An operation of a valid document, with the statements it became.

    *given* are the variables that are parameters of the statement, whatever they are; with other
    values of the rest it is another statement, and may cost something else. None: there is none.
    """

    node: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]
    given: frozenset[str]
    variables: Variables
    priced: Priced
    characters: int
    statements: OrderedDict[_Shape, _Known] = field(default_factory=OrderedDict)
    resting: OrderedDict[_Shape, float] = field(default_factory=OrderedDict)

    def shape(self, values: VariableValues, dialect: str, reach: Reach) -> _Shape:
        """Return what the statement depends on; of a variable that is null more is to be said."""
        coerced = values.coerced
        given = self.given
        for each in given:
            if coerced.get(each) is None:
                given = frozenset(each for each in given if coerced.get(each) is not None)
                break
        own = ""
        if len(coerced) > len(given):
            own = repr([each for each in coerced.items() if each[0] not in given])
        return _Shape(dialect, reach, given, own[: SHAPE_CHARACTERS_MAX + 1])

    def keep(self, shape: _Shape, known: _Known) -> None:
        """Keep what is known of a shape."""
        if len(shape.own) > SHAPE_CHARACTERS_MAX:
            return
        assert shape not in self.statements  # noqa: S101 (a caller's mistake)
        self.statements[shape] = known
        self.characters += _characters(shape, known)
        while len(self.statements) > SHAPES_MAX:
            self.characters -= _characters(*self.statements.popitem(last=False))

    def rest(self, shape: _Shape, until: float) -> None:
        """Leave a shape to others until then."""
        self.resting[shape] = until
        while len(self.resting) > SHAPES_MAX:
            self.resting.popitem(last=False)

    def rests(self, shape: _Shape) -> bool:
        """Tell whether a shape is left to others."""
        until = self.resting.get(shape) if self.resting else None
        return until is not None and until > monotonic()


class Plans:
    """Answers what it can; what it answers not was not run, and may have been paid for."""

    def __init__(self, schema: strawberry.Schema, core: GraphQLSchema) -> None:
        self._core = core
        self._config = schema.config
        self._scalars = schema.schema_converter.scalar_registry
        self._operations: Kept[_Operation] = Kept(characters_max=CHARACTERS_MAX)

    async def answer(
        self,
        document: DocumentNode,
        name: str | None,
        variables: dict[str, Any] | None,
        context: Context,
    ) -> bytes | None:
        """Return the data of the answer as JSON; None: somebody else must answer.

        The caller is charged when this is tried: `Context.paid` says so. Unproven where nobody has
        been answered, nor charged: the caller must be looked up first.
        """
        viewer = context.viewer
        if viewer is None or not viewer.reads:
            return None
        operation = self._operation(document, name)
        if operation is None:
            return None
        values = operation.variables.read(variables or {})
        if values is None:
            return None
        asked_of = database()
        shape = operation.shape(values, asked_of.capabilities.dialect, Reach.of(viewer))
        statement, cost = self._known(operation, shape, values)
        if statement is None or operation.rests(shape):
            return None
        if pay(operation.priced, cost, operation.node, values, context) is not None:
            return None
        context.paid = True
        bounds = context.services.bounds
        most = statement.bytes_max(bounds.cost_max)
        asked = Asked(viewer, values.coerced, most, context.proof)
        try:
            found = await _fetched(asked_of, statement, asked)
        except Unproven:
            assert context.bill is not None  # noqa: S101 (a query has one)
            bounds.budgets.owe(context.caller, -context.bill.cost)
            context.paid, context.bill = False, None
            raise
        except DatabaseAway:
            return None
        except Exception:
            log.info("a statement for a query failed, it has a rest", exc_info=True)
            operation.rest(shape, monotonic() + REST_SECONDS)
            return None
        if found is not None:
            context.answered = Reads.PLANNED
        return found

    def _operation(self, document: DocumentNode, name: str | None) -> _Operation | None:
        node = get_operation_ast(document, name)
        if node is None or node.operation is not OperationType.QUERY:
            return None
        kept = self._operations.find(id(node))
        if kept is None or kept.node is not node:
            kept = _read(document, node, self._core)
            self._operations.keep(id(node), kept, kept.characters)
        return kept

    def _known(self, operation: _Operation, shape: _Shape, values: VariableValues) -> _Known:
        known = operation.statements.get(shape)
        if known is not None:
            operation.statements.move_to_end(shape)
            return known
        cost = operation.priced.cost(values.coerced, None)
        made = _Known(self._written(operation, shape, values), cost)
        operation.keep(shape, made)
        self._operations.keep(id(operation.node), operation, operation.characters)
        return made

    def _written(
        self, operation: _Operation, shape: _Shape, values: VariableValues
    ) -> Statement | None:
        writer = Writer(
            self._core,
            operation.node,
            operation.fragments,
            values,
            shape.given,
            self._arguments,
            DIALECTS[shape.dialect],
            reach=shape.reach,
        )
        try:
            return writer.statement()
        except (Unplanned, InvalidPage, GraphQLError):  # the last two are for others to say
            return None

    def _arguments(self, field_: StrawberryField, given: dict[str, Any]) -> dict[str, Any]:
        return convert_arguments(given, field_.arguments, self._scalars, self._config)


async def _fetched(by: BaseDBAsyncClient, statement: Statement, asked: Asked) -> bytes | None:
    """Return the answer; None where it is too long. Unproven where it is not for the caller."""
    (row,) = await by.execute_query_dict(
        statement.sql, [each(asked) for each in statement.parameters]
    )
    if not row["good"]:
        raise Unproven
    found: str | bytes | None = row["answer"]
    return found.encode() if isinstance(found, str) else found


def _characters(shape: _Shape, known: _Known) -> int:
    return len(shape.own) + (len(known.statement.sql) if known.statement else 0)


def _read(document: DocumentNode, node: OperationDefinitionNode, core: GraphQLSchema) -> _Operation:
    fragments = {
        each.name.value: FragmentDetails(each)
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    characters = len(document.loc.source.body) if document.loc else 0
    variables = Variables(core, node.variable_definitions or ())
    priced = prices.of(core, node, fragments)
    given = _given(document, node) - priced.variables
    return _Operation(node, fragments, given, variables, priced, characters)


class _Variables(Visitor):
    """Counts where variables are used."""

    def __init__(self) -> None:
        super().__init__()
        self.uses: Counter[str] = Counter()

    def enter_variable_definition(self, *_: Any) -> Any:
        """Leave out where they are declared."""
        return self.SKIP

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """Count one."""
        self.uses[node.name.value] += 1


def _given(document: DocumentNode, operation: OperationDefinitionNode) -> frozenset[str]:
    """Return the variables that are used as arguments of the root's fields and nowhere else."""
    counting = _Variables()
    visit(document, counting)
    of_roots = Counter(
        argument.value.name.value
        for each in operation.selection_set.selections
        if isinstance(each, FieldNode)
        for argument in each.arguments or ()
        if isinstance(argument.value, VariableNode)
    )
    return frozenset(name for name, count in of_roots.items() if counting.uses[name] == count)

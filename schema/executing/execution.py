"""How graphql-core executes for us: models are values, tokens keep bounds, all is charged.

Tortoise's models can be awaited, so the executor would schedule a task for each of them: 1,883 for
one dashboard, and a third of its time.
"""

import json
from collections.abc import Awaitable
from time import thread_time
from typing import Any, NamedTuple
from weakref import proxy

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLList,
    GraphQLObjectType,
    GraphQLResolveInfoHelpers,
    GraphQLSchema,
    OperationType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from tortoise.models import Model

from resolvers.context import Context
from resolvers.operations.bounds import CHARACTERS, CHARACTERS_MAX, FIELDS, AnswerTooLong
from resolvers.operations.ending import to_its_end
from resolvers.operations.reads import Reads
from schema.compiling.calls import is_waited_for
from schema.compiling.operations import CompiledOperations
from schema.compiling.run import Run
from schema.compiling.shapes import LINE, Objects
from schema.executing.charging import charge
from schema.executing.confinement import refusal
from schema.executing.turns import one_by_one, turns

_operations = CompiledOperations()


class _Awaited(dict[type, bool]):
    """Whether values of a type are awaited, looked up once a type: there are few, and many values.

    Of generators those that are coroutines of old are awaited elsewhere; nobody here makes one.
    """

    def __missing__(self, kind: type) -> bool:
        self[kind] = hasattr(kind, "__await__") and not issubclass(kind, Model)
        return self[kind]


_awaited = _Awaited()


def is_awaitable(value: object) -> bool:
    """Tell whether the executor waits for *value*."""
    return _awaited[type(value)]


class _Entry(NamedTuple):
    """An entry of a list: how many fields it has, without lists inside, and if none is waited for.

    A field that turns out to be null counts as if it were there.
    """

    fields: int
    at_hand: bool


class ExecutionContext(StrawberryGraphQLCoreExecutionContext):
    """Excludes models from what is awaited, and tokens that may not read from reading.

    Prices are worked out before lists are known, so what is executed is counted too: no more
    fields than an operation may cost, which costs at least one a field, and no more characters
    than fit into an answer. A line of a log counts as one field, however many are asked for.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_awaitable = is_awaitable  # type: ignore[assignment]
        # Else it held itself, and all that was loaded, until the garbage collector comes.
        weak = proxy(self)
        self.async_helpers = GraphQLResolveInfoHelpers(
            gather=lambda values: weak.gather_async_work(values),  # noqa: PLW0108 - bound late
            track=lambda values: weak.track_async_work(values),  # noqa: PLW0108
        )
        self._fields_left: int = self.context_value.services.bounds.cost_max
        self._characters_left = CHARACTERS_MAX
        self._too_large: AnswerTooLong | None = None
        self._entries: dict[int, _Entry] = {}  # by selections, which the executor keeps

    def execute_fields(self, *args: Any) -> Any:
        """Execute the fields of an object, if there is room for them."""
        self._fields_left -= 1 if args[0].name == LINE else len(args[3])
        if self._fields_left < 0 or self._too_large:
            raise AnswerTooLong(self.context_value.services.bounds.cost_max, FIELDS)
        return super().execute_fields(*args)

    def complete_leaf_value(self, return_type: Any, result: Any) -> Any:  # type: ignore[override]
        """Return a value as it is shown, if there is room for it."""
        value = super().complete_leaf_value(return_type, result)
        kind = type(value)
        if kind is str:
            self._characters_left -= len(value)
        elif kind is dict or kind is list:
            self._characters_left -= len(json.dumps(value))
        if self._characters_left < 0:
            raise AnswerTooLong(CHARACTERS_MAX, CHARACTERS)
        return value

    def complete_list_value(self, *args: Any) -> Any:
        """Complete a list, if there is room for it; entry by entry as there are turns of the loop.

        Not one of objects that ask for more: that is loaded by sets only when all ask at once.
        """
        return_type, selected, info, path, items, position = args
        if type(items) is list and items:
            entry = self._entry(return_type, selected)
            if len(items) * entry.fields > self._fields_left:
                raise AnswerTooLong(self.context_value.services.bounds.cost_max, FIELDS)
            if entry.at_hand and turns.over:
                items = one_by_one(items)
        return super().complete_list_value(return_type, selected, info, path, items, position)

    def handle_field_error(
        self, raw_error: Exception, return_type: Any, selected: Any, path: Any
    ) -> None:
        """Note why there is no value; once for an answer that is too large, where all would say so.

        There are as many places as it has objects.
        """
        if isinstance(raw_error, AnswerTooLong):
            if self._too_large:
                if is_non_null_type(return_type):
                    raise raw_error
                return
            self._too_large = raw_error
        super().handle_field_error(raw_error, return_type, selected, path)

    def _entry(self, return_type: Any, selected: Any) -> _Entry:
        """Return what is known of a value of this type before any is executed."""
        kind = get_named_type(return_type)
        if not isinstance(kind, GraphQLObjectType):
            return _Entry(0, is_leaf_type(kind))
        key = id(selected)
        if kind.name == LINE:
            return _Entry(1, at_hand=True)
        if key not in self._entries:
            fields, at_hand = 0, True
            for each in self.collect_subfields(kind, selected).grouped_field_set.values():
                field = kind.fields.get(each[0].node.name.value)
                if field is not None:
                    inner = self._entry(field.type, each)
                    is_list = isinstance(get_nullable_type(field.type), GraphQLList)
                    fields += 1 if is_list else 1 + inner.fields
                    at_hand = at_hand and inner.at_hand and not is_waited_for(field)
            self._entries[key] = _Entry(fields, at_hand)
        return self._entries[key]

    @classmethod
    def build(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Return the context of an operation, or a list that says why it cannot be run.

        The caller is charged for the time it took to find that out.
        """
        began = thread_time()
        built: Any = super().build(schema, document, root_value, context_value, *args, **kwargs)
        if not isinstance(built, list):
            built = cls._admitted(built)
        if isinstance(built, list):
            checks = context_value.services.bounds.checks
            checks.owe(context_value.caller, thread_time() - began)
        return built

    def execute_operation(self, serially: bool | None = None) -> Any:  # noqa: FBT001 - as there
        """Execute a query, a mutation, or one event of a subscription; the last to its end."""
        root = self._compiled()
        if root is None:
            return self._executed(serially)
        if self.operation.operation is OperationType.SUBSCRIPTION:
            return to_its_end(self._answered(root), self.context_value.loaders.stop)
        return self._answered(root)

    def _compiled(self) -> Objects | None:
        """Return how the answer is made by functions; None where the library makes it."""
        bounds = self.context_value.services.bounds
        hooked = self.middleware_manager is not None and self.middleware_manager.middlewares
        changes = self.operation.operation is OperationType.MUTATION
        if bounds.reads is Reads.STOCK or hooked or changes:
            return None
        try:
            return _operations.of(self)
        except GraphQLError:  # of a directive's variable: the library says where it stands
            return None

    async def _answered(self, root: Objects) -> Any:
        """Return the answer as functions make it; what goes wrong, the library does once more.

        It knows how to say that, and nothing is changed by a query, nor by showing an event.
        """
        context: Context = self.context_value
        run = Run(self, context.services.bounds.cost_max, CHARACTERS_MAX)
        try:
            (data,) = await root.rows(run, [self.root_value])
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is told as always
            fault.__traceback__ = None  # which holds what was loaded, and is held by it
            if self.operation.operation is OperationType.QUERY:
                context.loaders.stop()  # a subscription's are others' too, who see to its rights
            context.forget()
        else:
            context.answered = Reads.COMPILED
            return self.build_response(data)
        result = self._executed()
        return await result if self.is_awaitable(result) else result

    def _executed(self, serially: bool | None = None) -> Any:  # noqa: FBT001 - as above
        result = super().execute_operation(serially)
        if not self.is_awaitable(result):
            return self._whole(result)
        if self.operation.operation is OperationType.SUBSCRIPTION:
            return to_its_end(self._whole_later(result), self.context_value.loaders.stop)
        return self._whole_later(result)

    async def _whole_later(self, result: Awaitable[Any]) -> Any:
        return self._whole(await result)

    def _whole(self, result: Any) -> Any:
        """Return the result of a query whole, or not at all; a mutation's tells what was done."""
        refused, errors = self._too_large, getattr(result, "errors", None) or []
        if refused is None:
            return result
        if self.operation.operation is not OperationType.QUERY and any(
            isinstance(error.original_error, AnswerTooLong) for error in errors
        ):
            return result
        error = GraphQLError(type(refused).__name__, self.operation, original_error=refused)
        if self.operation.operation is OperationType.QUERY:
            return ExecutionResult(data=None, errors=[error])
        return ExecutionResult(data=result.data, errors=[*errors, error])

    @classmethod
    def _admitted(cls, built: Any) -> Any:
        try:
            refused = cls._refused(built)
        except Exception as fault:  # noqa: BLE001 - masked as any other
            refused = GraphQLError("Fault", built.operation, original_error=fault)
        return [refused] if refused else built

    @staticmethod
    def _refused(built: Any) -> GraphQLError | None:
        fragments = {name: each.definition for name, each in built.fragments.items()}
        refused = refusal(built.schema, built.operation, fragments, built.context_value)
        return refused or charge(built)

"""How graphql-core executes for us: models are values, tokens keep bounds, all is charged.

Tortoise's models can be awaited, so the executor would schedule a task for each of them: 1,883 for
one dashboard, and a third of its time.
"""

from time import thread_time
from typing import Any
from weakref import proxy

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfoHelpers,
    GraphQLSchema,
    OperationType,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from tortoise.models import Model

from resolvers.operations.ending import to_its_end
from schema.charging import charge
from schema.confinement import refusal


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


class ExecutionContext(StrawberryGraphQLCoreExecutionContext):
    """Excludes models from what is awaited, and tokens that may not read from reading."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_awaitable = is_awaitable  # type: ignore[assignment]
        # Else it held itself, and all that was loaded, until the garbage collector comes.
        weak = proxy(self)
        self.async_helpers = GraphQLResolveInfoHelpers(
            gather=lambda values: weak.gather_async_work(values),  # noqa: PLW0108 - bound late
            track=lambda values: weak.track_async_work(values),  # noqa: PLW0108
        )

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
        result = super().execute_operation(serially)
        if self.operation.operation is OperationType.SUBSCRIPTION and self.is_awaitable(result):
            return to_its_end(result, self.context_value.loaders.stop)
        return result

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

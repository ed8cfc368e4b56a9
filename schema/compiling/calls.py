"""How the values of a field are found: an attribute, or a resolver with its arguments."""

import inspect
from collections.abc import Awaitable
from functools import partial
from operator import attrgetter
from typing import Any, cast, get_origin

from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from schema.compiling.run import Resolver, Run, Uncompiled

ONCE = "once"  # in a field's metadata: to ask it a second time is not nothing


def is_waited_for(definition: GraphQLField) -> bool:
    """Tell whether a field's values are waited for: it is a coroutine, or says it returns one."""
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    resolver = field.base_resolver if isinstance(field, StrawberryField) else None
    return inspect.iscoroutinefunction(definition.resolve) or _returns_awaitable(resolver)


class Call:
    """A field of an object type, as an operation asks for it by *key*.

    Uncompiled for what is none of ours, or has to be asked differently.
    """

    def __init__(self, parent: GraphQLObjectType, key: str, selected: list[Any]) -> None:
        self._parent, self._key = parent, key
        self._nodes = [each.node for each in selected]
        name = self._nodes[0].name.value
        if name not in parent.fields:
            raise Uncompiled
        self.definition: GraphQLField = parent.fields[name]
        field = self.definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if not isinstance(field, StrawberryField) or field.extensions or ONCE in field.metadata:
            raise Uncompiled
        self._field: StrawberryField = field
        # What a subscription's event is shown as is the event; its resolver makes these.
        resolver = None if field.is_subscription else field.base_resolver
        self._takes_parent = _takes_parent(resolver)
        self.fixed = _same if field.is_subscription else self._fixed(resolver)
        self.waits = is_waited_for(self.definition)
        self.is_coroutine = resolver is not None and resolver.is_async

    def info(self, executor: Any) -> GraphQLResolveInfo[Any]:
        """Return what the library tells resolvers, but for the number of an entry in a list."""
        path = Path(None, self._key, self._parent.name)
        found: GraphQLResolveInfo[Any] = executor.build_resolve_info(
            self.definition, self._nodes, self._parent, path
        )
        return found

    def _fixed(self, resolver: StrawberryResolver[Any] | None) -> Resolver | None:
        """Return what finds the value of an object in every run; None: `resolver` knows."""
        if resolver is None:
            return attrgetter(self._field.python_name)
        varies = self.definition.args or resolver.info_parameter is not None
        if varies or not self._takes_parent:
            return None
        return cast("Resolver", resolver.wrapped_func)

    def resolver(self, run: Run) -> Resolver:
        """Return what finds the value of an object; its arguments are read once for all."""
        resolver = self._field.base_resolver
        assert resolver is not None  # noqa: S101 (else it is fixed)
        given = self._given(resolver, run)
        if not self._takes_parent:
            return lambda _: resolver(**given)
        return partial(cast("Resolver", resolver.wrapped_func), **given)

    def _given(self, resolver: StrawberryResolver[Any], run: Run) -> dict[str, Any]:
        """Return a resolver's arguments by name, its object's excepted."""
        executor, raw = run.executor, run.info(self)
        strawberry = executor.schema._strawberry_schema  # noqa: SLF001 - no other way to it
        info = strawberry.config.info_class(_raw_info=raw, _field=self._field)
        given: dict[str, Any] = {}
        if self.definition.args:
            given = convert_arguments(
                get_argument_values(
                    self.definition,
                    self._nodes[0],
                    executor.variable_values,
                    None,
                    executor.hide_suggestions,
                ),
                self._field.arguments,
                strawberry.schema_converter.scalar_registry,
                strawberry.config,
                info,
            )
        if resolver.info_parameter is not None:
            given[resolver.info_parameter.name] = info
        return given


def _same(event: Any) -> Any:
    return event


def _returns_awaitable(resolver: StrawberryResolver[Any] | None) -> bool:
    return resolver is not None and (get_origin(resolver.signature.return_annotation) is Awaitable)


def _takes_parent(resolver: StrawberryResolver[Any] | None) -> bool:
    """Tell whether *resolver* takes the object, which then comes first; else Uncompiled."""
    if resolver is None:
        return True
    reserved = resolver.self_parameter, resolver.parent_parameter, resolver.root_parameter
    taken = {each.name for each in reserved if each is not None}
    if not taken:
        return False
    first = next(iter(resolver.signature.parameters.values()))
    if taken != {first.name} or first.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
        raise Uncompiled
    return True

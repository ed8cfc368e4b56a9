"""One run of a compiled operation: its caller, what resolvers are given, and what is left."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import GraphQLResolveInfo

if TYPE_CHECKING:
    from schema.compiling.calls import Call

Resolver = Callable[[Any], Any]


class Uncompiled(Exception):
    """The answer, or what is wrong with it, is for the GraphQL library to say."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Run:
    """What is counted here is never less than what the library counts: who is in doubt asks it.

    *executor* is the library's, of the same operation. An answer may have *fields_left* and
    *characters_left* more.
    """

    executor: Any
    fields_left: int
    characters_left: int
    _infos: dict["Call", GraphQLResolveInfo[Any]] = field(default_factory=dict)
    _resolvers: dict["Call", Resolver] = field(default_factory=dict)

    def room(self, fields: int) -> None:
        """Raise Uncompiled where there is no room for so many fields."""
        if fields > self.fields_left:
            raise Uncompiled

    def count(self, fields: int) -> None:
        """Take room for so many fields; Uncompiled when there is none."""
        self.room(fields)
        self.fields_left -= fields

    def spell(self, characters: int) -> None:
        """Take room for so many characters; Uncompiled when there is none."""
        self.characters_left -= characters
        if self.characters_left < 0:
            raise Uncompiled

    def info(self, call: "Call") -> GraphQLResolveInfo[Any]:
        """Return what a resolver may know of its place: the same for all objects there."""
        found = self._infos.get(call)
        if found is None:
            found = self._infos[call] = call.info(self.executor)
        return found

    def resolver(self, call: "Call") -> Resolver:
        """Return the resolver of a field with its arguments, which takes an object."""
        found = call.fixed or self._resolvers.get(call)
        if found is None:
            found = self._resolvers[call] = call.resolver(self)
        return found

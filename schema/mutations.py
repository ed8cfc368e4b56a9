"""How a mutation is declared: a resolver, its payload, and the problems it can meet."""

import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Union

import strawberry
from strawberry.extensions import FieldExtension

from auth.permissions import MAY, SCOPE_MAY, Action
from db.trouble import DatabaseAway
from resolvers.context import Info
from schema.catalogue import CATALOGUE, problem
from schema.problems import Problem

log = logging.getLogger("rollway.api")

REFUSALS = tuple(CATALOGUE)
UNDECLARED = "%s does not declare the problem of %s"  # a mistake in the schema


class Refusals(FieldExtension):
    """Turns what a resolver returns into the payload, and what it refuses into a problem."""

    def __init__(
        self, payload: Callable[[Any], object], problems: tuple[type[Problem], ...]
    ) -> None:
        self._payload = payload
        self._problems = problems

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Info, **kwargs: Any
    ) -> object:
        """Call the resolver; a refusal that is not declared is an error with its code, and loud."""
        try:
            return self._payload(await next_(source, info, **kwargs))
        except DatabaseAway:
            raise
        except REFUSALS as refusal:
            if CATALOGUE[type(refusal)].problem not in self._problems:
                log.exception(UNDECLARED, info.field_name, type(refusal).__name__)
                raise
            return problem(refusal, info.context.language)


def mutation(
    resolver: Callable[..., Awaitable[Any]],
    payload: type,
    wrap: Callable[[Any], object],
    *problems: type[Problem],
    description: str,
    needs: Action | None = None,
) -> Any:
    """Return the field: its type is the union of *payload* and *problems*.

    *needs* is what the caller must be allowed to do in the team; the description says who is.
    """
    return strawberry.mutation(
        resolver,
        graphql_type=_union(payload, problems),
        description=f"{description} {_who(needs)}" if needs else description,
        extensions=[Refusals(wrap, problems)],
    )


def query(
    resolver: Callable[..., Awaitable[Any]],
    payload: type,
    wrap: Callable[[Any], object],
    *problems: type[Problem],
    description: str,
) -> Any:
    """Return the field of a query that answers as a mutation does."""
    return strawberry.field(
        resolver,
        graphql_type=_union(payload, problems),
        description=description,
        extensions=[Refusals(wrap, problems)],
    )


def _union(payload: type, problems: tuple[type[Problem], ...]) -> Any:
    name = payload.__name__.removesuffix("Payload") + "Result"
    members = (payload, *problems)
    named = strawberry.union(name, description=f"What `{_camel(name)}` answers.")
    return Annotated[Union[members], named]  # noqa: UP007


def _who(action: Action) -> str:
    roles = ", ".join(role.value for role in MAY if action in MAY[role])
    scopes = ", ".join(scope.value for scope in SCOPE_MAY if action in SCOPE_MAY[scope])
    return f"Roles: {roles}. API tokens: {scopes}."


def _camel(result: str) -> str:
    name = result.removesuffix("Result")
    return name[0].lower() + name[1:]

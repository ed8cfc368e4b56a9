"""What makes reading slow, put into Rollway one thing at a time, by patching it in this process."""

# ruff: noqa: SLF001 - patching is what this is for

from collections.abc import Callable
from functools import partial
from typing import Any

import strawberry
from asyncpg import Connection
from graphql import specified_rules
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document
from tortoise.models import Model

from auth import sessions
from db import postgres, rows
from db.models import Session
from resolvers import paging
from resolvers.reading import loaders
from resolvers.reading.loaders import Loaders
from schema import schema
from schema.documents import checked
from schema.documents.kept import Kept
from schema.documents.limits import Limits
from schema.executing import execution


def nothing() -> None:
    """Change nothing: what differs from Rollway here is the noise of the machine."""


def no_cache() -> None:
    """Parse and validate every document."""
    Kept.find = lambda *_: None


def limits_by_request() -> None:
    """Make the limits a rule of each request: what was validated with another does not count."""

    def of(self: checked.CheckedDocuments, core: Any, text: str, _: object) -> checked.Checked:
        class OfThisRequest(Limits):
            pass

        found = self.kept.find(text)
        document = found.document if found else checked.parse(text)
        errors = validate_document(core, document, (*specified_rules, OfThisRequest))
        found = checked.Checked(document, tuple(errors))
        self.kept.keep(text, found, len(text))
        return found

    checked.CheckedDocuments.of = of


def models_awaited() -> None:
    """Let the executor find out that models can be awaited."""
    execution._Awaited.__missing__ = lambda self, kind: self.setdefault(
        kind, hasattr(kind, "__await__")
    )


def coroutines() -> None:
    """Have every resolver be a coroutine, those that wait for nothing too."""

    def to_coroutine(resolve: Callable[..., Any]) -> Callable[..., Any]:
        async def resolved(*args: Any, **given: Any) -> Any:
            found = resolve(*args, **given)
            return (
                await found
                if hasattr(found, "__await__") and not isinstance(found, Model)
                else found
            )

        return resolved

    _each_resolver(to_coroutine)


def permission_by_field() -> None:
    """Ask for a permission at each field that has a resolver of its own."""

    class Signed(strawberry.BasePermission):
        message = "Sign in first."

        def has_permission(self, _: Any, info: Any, **__: Any) -> bool:
            return info.context.viewer is not None

    def asked(resolve: Callable[..., Any]) -> Callable[..., Any]:
        permission = Signed()

        def resolved(source: Any, info: Any, **given: Any) -> Any:
            if not permission.has_permission(source, info, **given):
                raise PermissionError(permission.message)
            return resolve(source, info, **given)

        return resolved

    _each_resolver(asked)


def hook_by_field() -> None:
    """Add an extension that is called for each field."""

    class Hooked(SchemaExtension):
        def resolve(self, following: Any, root: Any, info: Any, *args: Any, **given: Any) -> Any:
            return following(root, info, *args, **given)

    schema.extensions = (*schema.extensions, Hooked)


def one_by_one() -> None:
    """Load relations one by one."""
    loader = Loaders._loader

    def alone(self: Loaders, load: Any) -> Any:
        made = loader(self, load)
        made.max_batch_size = 1
        return made

    Loaders._loader = alone


def all_columns() -> None:
    """Read all columns of what is shown, the large ones too."""
    rows.UNSHOWN = {}


def models_by_tortoise() -> None:
    """Have Tortoise make the models of what was read."""
    rows.Shown.of = lambda self, row: self._model._init_from_db(**row)


def windows() -> None:
    """Find the first rows of each parent by a number for each row of all."""
    page = paging._Statement.page

    def numbered(self: Any, parents: Any, known: Any) -> str:
        if self.relation.name != "application.tasks":
            return page(self, parents, known)
        parents = self._parents(parents)
        return (
            f"SELECT {known.columns('y')}, page_place FROM (SELECT x.id AS page_id, page_place,"
            " row_number() OVER (PARTITION BY x.app_id ORDER BY x.created_time DESC, x.id DESC)"
            f" AS page_row FROM {parents} JOIN task x ON x.app_id = p.part0) paged"
            f" JOIN task y ON y.id = page_id WHERE page_row <= {self.selection.size + 1}"
            " ORDER BY page_place, page_row"
        )

    paging._Statement.page = numbered


def pool_reset() -> None:
    """Reset a connection whenever it goes back to the pool."""
    postgres._Client.connection_class = Connection


def sessions_by_tortoise() -> None:
    """Look a session up by Tortoise's queries."""

    async def one(_: Any, column: str, key: str, *, joined: str) -> Session | None:
        return await Session.filter(**{column: key}).select_related(joined).first()

    sessions.one = one


def steps_by_tortoise() -> None:
    """Load by sets with Tortoise's queries."""

    async def among(
        model: type[Model], column: str, keys: Any, *, where: str = "", order: str = ""
    ) -> list[Model]:
        found = model.filter(**{f"{column}__in": list(keys)})
        if where:
            found = found.filter(role="OWNER")
        return await (found.order_by(order) if order else found)

    loaders.among = among


def http_middleware() -> None:
    """Put one of Starlette's middlewares for functions in front."""
    made = Starlette.build_middleware_stack

    def built(self: Starlette) -> Any:
        async def through(request: Any, following: Any) -> Any:
            return await following(request)

        return partial(BaseHTTPMiddleware(made(self), dispatch=through))

    Starlette.build_middleware_stack = built


TRAPS: dict[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        nothing,
        no_cache,
        limits_by_request,
        models_awaited,
        coroutines,
        permission_by_field,
        hook_by_field,
        one_by_one,
        all_columns,
        models_by_tortoise,
        steps_by_tortoise,
        sessions_by_tortoise,
        windows,
        pool_reset,
        http_middleware,
    )
}


def set_up(name: str) -> None:
    """Put the trap of this name into this process."""
    TRAPS[name]()


def _each_resolver(change: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    for kind in schema._schema.type_map.values():
        for field in getattr(kind, "fields", {}).values():
            resolve = getattr(field, "resolve", None)
            if resolve is not None and not getattr(resolve, "_is_default", False):
                field.resolve = change(resolve)

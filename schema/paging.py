"""Relay connections over pages."""

from collections.abc import Awaitable
from typing import Generic, TypeVar

import strawberry

from resolvers.context import Info
from resolvers.paging import Page

T = TypeVar("T")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = strawberry.field(description="True when more entries follow.")
    has_previous_page: bool = strawberry.field(description="True when entries come before.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first entry here.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last entry here.")


@strawberry.type(description="An entry of a list and its place there.")
class Edge(Generic[T]):
    """An entry of a list and its place there."""

    cursor: str = strawberry.field(description="The entry's place, for `after` and `before`.")
    node: T = strawberry.field(description="The entry.")


def _page_info(parent: strawberry.Parent[Page]) -> PageInfo:
    edges = parent.edges
    return PageInfo(
        has_next_page=parent.has_next_page,
        has_previous_page=parent.has_previous_page,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )


def _nodes(parent: strawberry.Parent[Page]) -> list[T]:
    return [edge.node for edge in parent.edges]


def _total_count(parent: strawberry.Parent[Page], info: Info) -> Awaitable[int]:
    counts = info.context.loaders.count(parent.relation, parent.selection)
    return counts.load(parent.parent)


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """A page of a list."""

    edges: list[Edge[T]] = strawberry.field(description="The entries with their cursors.")
    nodes = strawberry.field(_nodes, description="The entries alone.")
    page_info = strawberry.field(_page_info, description="Where the page stands.")
    total_count = strawberry.field(
        _total_count,
        graphql_type=int,
        description="How many entries the whole list has; counted only when asked for.",
    )

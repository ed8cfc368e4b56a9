"""Branches of an application's repository, as its service lists them."""

import strawberry

from resolvers.integrations import listings
from schema.mutations import query
from schema.problems import ASKING


@strawberry.type(description="A branch, and the commit it is at.")
class Branch:
    """A branch, and the commit it is at."""

    name: str = strawberry.field(description="Its name, for `ref`.")
    commit: str = strawberry.field(description="The commit's full hash.")


@strawberry.type(description="Branches, a page at a time.")
class BranchesPayload:
    """Branches, a page at a time."""

    nodes: list[Branch] = strawberry.field(description="The branches of the page.")
    next_page: int | None = strawberry.field(description="The next page; null on the last.")


branches = query(
    listings.branches,
    BranchesPayload,
    lambda page: BranchesPayload(nodes=page.nodes, next_page=page.next_page),
    *ASKING,
    description="The branches of its repository, asked of the service now through the team's"
    " linked account, for whoever may deploy.",
)

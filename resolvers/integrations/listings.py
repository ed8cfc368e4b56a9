"""What linked accounts open: repositories to connect, branches to deploy."""

from dataclasses import dataclass
from typing import Annotated

import strawberry

from auth.permissions import Action
from db.models import Application
from providers.api import Listed, Ref
from resolvers.context import Info
from resolvers.integrations.accounts import Integration
from resolvers.integrations.inputs import PageNumber, check_listing


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedRepository:
    """A repository that an account can reach, and the team's application that deploys it."""

    id: str
    url: str
    owner: str
    name: str
    default_branch: str | None
    private: bool
    application: Application | None


@dataclass(frozen=True, slots=True)
class RepositoryPage:
    """Some of the repositories, and the number of the page after."""

    nodes: list[HostedRepository]
    next_page: int | None


@dataclass(frozen=True, slots=True)
class BranchPage:
    """Some of the branches, and the number of the page after."""

    nodes: list[Ref]
    next_page: int | None


async def repositories(
    parent: strawberry.Parent[Integration],
    info: Info,
    search: Annotated[
        str, strawberry.argument(description="Part of the owner's or the repository's name.")
    ] = "",
    owner: Annotated[
        str,
        strawberry.argument(description="Whose; Codeup needs its organization there."),
    ] = "",
    page: PageNumber = 1,
) -> RepositoryPage:
    """Return repositories that the account can reach, for whoever may connect one."""
    context = info.context
    await context.require(parent.org.name, Action.CREATE_APPLICATION, what="team")
    check_listing(page, ("search", search), ("owner", owner))
    async with context.services.integrations.api(parent.org, parent.provider) as api:
        found = await api.repositories(search, page, owner=owner)
    connected = await _connected(parent, found.items)
    nodes = [_hosted(each, connected) for each in found.items]
    return RepositoryPage(nodes, found.next)


async def _connected(integration: Integration, listed: list[Listed]) -> dict[str, Application]:
    """Return the team's applications by the service's id of their repository, and by its address.

    Whoever connected one by its address alone did not say the id.
    """
    rows = Application.filter(owner_org_id=integration.org.id, provider=integration.provider)
    by_id = await rows.filter(repo_id__in=[each.id for each in listed])
    by_url = await rows.filter(repo_url__in=[each.url for each in listed])
    return {row.repo_url: row for row in by_url} | {row.repo_id: row for row in by_id}


def _hosted(listed: Listed, connected: dict[str, Application]) -> HostedRepository:
    return HostedRepository(
        id=listed.id,
        url=listed.url,
        owner=listed.owner,
        name=listed.name,
        default_branch=listed.default_branch or None,
        private=listed.private,
        application=connected.get(listed.id) or connected.get(listed.url),
    )


async def branches(
    parent: strawberry.Parent[Application], info: Info, page: PageNumber = 1
) -> BranchPage:
    """Return branches of the application's repository, asked through the team's account."""
    context = info.context
    await context.application(parent.id, Action.DEPLOY)
    check_listing(page)
    owner = await context.owner(parent)
    async with context.services.integrations.hosted(owner, parent) as there:
        found = await there.api.branches(there.repository, page)
    return BranchPage(found.items, found.next)

"""Linked accounts: what is shown of one, what it opens, and what can be changed about them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from auth.permissions import Action
from control.integrations import Health
from providers import Provider
from resolvers.enums.values import describe
from resolvers.integrations import accounts, listings
from schema.mutations import mutation, query
from schema.problems import (
    ACCESS,
    ASKING,
    ConflictProblem,
    InvalidProblem,
    LimitExceededProblem,
    UpstreamProblem,
)

if TYPE_CHECKING:
    from schema.types import Application, Org

LazyApplication = Annotated["Application", strawberry.lazy("schema.types")]
LazyOrg = Annotated["Org", strawberry.lazy("schema.types")]

strawberry.enum(
    Health,
    name="IntegrationHealth",
    description="How a linked account did when its service was asked last: UNKNOWN it was never"
    " asked, OK, REFUSED the service does not take the token, MISSING_SCOPES the token allows too"
    " little, UNREACHABLE the service did not answer as it should.",
)
describe(Health)


@strawberry.type(description="A repository that a linked account can reach.")
class HostedRepository:
    """A repository that a linked account can reach."""

    id: str = strawberry.field(description="The service's id, for `repoId`.")
    url: str = strawberry.field(description="The clone URL, for `repoUrl`.")
    owner: str = strawberry.field(description="Its owner, for `repoOwner`.")
    name: str = strawberry.field(description="Its name, for `repoName`.")
    default_branch: str | None = strawberry.field(description="Null where it has none yet.")
    private: bool = strawberry.field(description="False where everybody can see it.")
    application: LazyApplication | None = strawberry.field(
        description="The team's application that deploys it; null for none."
    )


@strawberry.type(description="Repositories, a page at a time.")
class RepositoriesPayload:
    """Repositories, a page at a time."""

    nodes: list[HostedRepository] = strawberry.field(
        description="The repositories of the page; fewer, or none, where a search thins it out."
    )
    next_page: int | None = strawberry.field(description="The next page; null on the last.")


@strawberry.type(description="A linked Git hosting account.")
class Integration:
    """A linked Git hosting account."""

    provider: Provider = strawberry.field(description="Which service.")
    owner: str = strawberry.field(description="The account's name.")
    external_id: str = strawberry.field(description="The service's id of the account.")
    avatar: str | None = strawberry.field(description="Address of a picture.")
    url: str | None = strawberry.field(
        description="Address of a server of one's own; null for the public service."
    )
    scopes: list[str] | None = strawberry.field(
        description="What the token allows, in the service's words; null where it does not tell."
    )
    health: Health = strawberry.field(
        description="How it did when the service was asked last, see `checkAccount`."
    )
    reason: str | None = strawberry.field(
        description="Why it is not OK, for a person; null where it is."
    )
    linked_time: datetime = strawberry.field(description="When it was linked.")
    checked_time: datetime | None = strawberry.field(
        description="When the service was asked last; null for never."
    )
    repositories = query(
        listings.repositories,
        RepositoriesPayload,
        lambda page: RepositoriesPayload(nodes=page.nodes, next_page=page.next_page),
        *ASKING,
        description="What the account can reach, asked of the service now, for whoever may create"
        " an application.",
    )


@strawberry.type(description="A linked account.")
class LinkAccountPayload:
    """A linked account."""

    integration: Integration = strawberry.field(description="The account.")


@strawberry.type(description="An account that is being linked.")
class LinkAccountByOAuthPayload:
    """An account that is being linked."""

    authorize_url: str = strawberry.field(
        description="Address to open within 10 minutes, in the browser that keeps this answer's"
        " cookie."
    )


@strawberry.type(description="An account whose service was asked.")
class CheckAccountPayload:
    """An account whose service was asked."""

    integration: Integration = strawberry.field(description="The account; see its `health`.")


@strawberry.type(description="An account that was unlinked.")
class UnlinkAccountPayload:
    """An account that was unlinked."""

    org: LazyOrg = strawberry.field(description="The caller's row in the team.")


@strawberry.type(description="What can be changed about linked accounts.")
class IntegrationMutations:
    """What can be changed about linked accounts."""

    link_account = mutation(
        accounts.link_account,
        LinkAccountPayload,
        lambda row: LinkAccountPayload(integration=row),
        *ACCESS,
        InvalidProblem,
        LimitExceededProblem,
        UpstreamProblem,
        needs=Action.LINK_ACCOUNTS,
        description="Link a team's account at a Git hosting service by a token, in place of the"
        " one linked there so far.",
    )
    link_account_by_o_auth = mutation(
        accounts.link_by_oauth,
        LinkAccountByOAuthPayload,
        lambda url: LinkAccountByOAuthPayload(authorize_url=url),
        *ACCESS,
        InvalidProblem,
        needs=Action.LINK_ACCOUNTS,
        description="Begin to link an account by a sign-in at the service, in a browser.",
    )
    check_account = mutation(
        accounts.check_account,
        CheckAccountPayload,
        lambda row: CheckAccountPayload(integration=row),
        *ACCESS,
        ConflictProblem,
        LimitExceededProblem,
        needs=Action.LINK_ACCOUNTS,
        description="Ask the service whether the account's token still does, and keep the answer.",
    )
    unlink_account = mutation(
        accounts.unlink_account,
        UnlinkAccountPayload,
        lambda row: UnlinkAccountPayload(org=row),
        *ACCESS,
        needs=Action.LINK_ACCOUNTS,
        description="Forget an account and its token. Applications stay, and deliveries of their"
        " webhooks go on; private repositories cannot be cloned any more.",
    )

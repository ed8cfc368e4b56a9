"""What stands around users and teams: sessions, API tokens, invitations, offers, the audit log."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from auth.permissions import Role, Scope
from db import chains, models
from db.audit import Act
from resolvers import audit, members, sessions
from resolvers.operations import uses
from schema.node import Node, shows

if TYPE_CHECKING:
    from schema.types import User

LazyUser = Annotated["User", strawberry.lazy("schema.types")]


@strawberry.type(description="A signed-in user on one device.")
class Session(Node):
    """A signed-in user on one device."""

    is_type_of = shows(models.Session)
    device: str = strawberry.field(description="What the program that signed in said it was.")
    address: str = strawberry.field(description="Where it signed in from.")
    current = strawberry.field(
        sessions.is_current, graphql_type=bool, description="True for the session that asks."
    )
    created_time: datetime = strawberry.field(description="When it signed in.")
    last_used_time: datetime = strawberry.field(description="When it was used last, to a minute.")
    expires_time: datetime = strawberry.field(description="When it ends.")


@strawberry.type(description="What an API token still uses, though it is deprecated.")
class DeprecatedUse:
    """What an API token still uses."""

    element: str = strawberry.field(
        description="Of the schema: `Type.field`, `Type.field(argument)`, `Input.field`,"
        " `Enum.VALUE` or `@directive(argument)`."
    )
    first_time: datetime = strawberry.field(description="When it was used first.")
    last_time: datetime = strawberry.field(description="When it was used last; it is kept 90 days.")
    count: int = strawberry.field(description="How many operations used it.")


@strawberry.type(description="A user's token for a machine; its value is never shown again.")
class ApiToken(Node):
    """A user's token for a machine."""

    is_type_of = shows(models.ApiToken)
    name: str = strawberry.field(description="What it is for.")
    scopes = strawberry.field(
        sessions.scopes, graphql_type=list[Scope], description="What it may be used for."
    )
    prefix: str = strawberry.field(description="How its value begins.")
    org_name: str | None = strawberry.field(description="Only in this team; null for all.")
    application_id: strawberry.ID | None = strawberry.field(
        description="Only for this application; null for all."
    )
    env_name: str | None = strawberry.field(description="Only for this environment; null for all.")
    created_time: datetime = strawberry.field(description="When it was made.")
    last_used_time: datetime | None = strawberry.field(
        description="When it was used last, to a minute; null when never."
    )
    expires_time: datetime | None = strawberry.field(description="When it ends; null for never.")
    deprecated_uses = strawberry.field(
        uses.of_token,
        graphql_type=list[DeprecatedUse],
        description="What of this schema it uses that is deprecated; counted with a delay.",
    )


@strawberry.type(description="A place in a team that somebody may take.")
class Invitation(Node):
    """A place in a team that somebody may take."""

    is_type_of = shows(models.Invitation)
    org_name: str = strawberry.field(description="The team.")
    username = strawberry.field(
        members.username,
        graphql_type=str | None,
        description="Who alone can accept it; null for whoever has the link first.",
    )
    role: Role = strawberry.field(description="The role they will have.")
    created_time: datetime = strawberry.field(description="When it was made.")
    expires_time: datetime = strawberry.field(description="When it ends.")


@strawberry.type(description="An application that another team offers.")
class ApplicationOffer:
    """An application that another team offers."""

    application_id: strawberry.ID = strawberry.field(description="For `acceptApplication`.")
    name: str = strawberry.field(description="Its name.")
    from_org_name: str = strawberry.field(description="The team that offers it.")


@strawberry.type(description="What somebody did: an entry of a hash-chained, append-only log.")
class AuditEntry:
    """What somebody did."""

    is_type_of = shows(chains.AuditEntry)
    seq: int = strawberry.field(description="Its number in its chain, without gaps.")
    time: datetime = strawberry.field(description="When it was done.")
    action = strawberry.field(audit.act, graphql_type=Act, description="What was done.")
    actor: str = strawberry.field(description="Who did it, by the name they had then.")
    user = strawberry.field(
        audit.user,
        graphql_type=LazyUser | None,
        description="Who did it; null when it was no user.",
    )
    via: str = strawberry.field(
        description="The id of the session, API token or deploy hook it was done by."
    )
    address: str = strawberry.field(description="Where it was done from.")
    device: str = strawberry.field(description="What the program said it was.")
    target: str = strawberry.field(description="The id or name of what it was done to.")
    before: JSON | None = strawberry.field(description="How it was; secrets by name and version.")
    after: JSON | None = strawberry.field(description="How it is since; the same.")
    hash: str = strawberry.field(description="Covers the entry and the hash of the one before.")

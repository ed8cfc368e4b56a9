"""The arguments of mutations about who may: tokens, members, invitations, teams, ownership."""

from datetime import UTC, datetime

import strawberry

from auth.permissions import Role, Scope
from resolvers.inputs import hidden
from resolvers.validation import Check, Rule

LATEST = datetime.max.replace(tzinfo=UTC)  # in another zone, 9999 may be over here


@strawberry.input(description="Which session to end.")
class EndSessionInput:
    """Which session to end."""

    session_id: strawberry.ID = strawberry.field(description="One of the caller's own.")


@strawberry.input(
    description="A new API token. It can never do more than its user; its bounds narrow it."
)
class CreateApiTokenInput:
    """A new API token."""

    name: str = strawberry.field(description="What it is for; unique among the caller's.")
    scopes: list[Scope] = strawberry.field(description="What it may be used for.")
    org_name: str | None = strawberry.field(default=None, description="Only in this team.")
    application_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only for this application."
    )
    env_name: str | None = strawberry.field(
        default=None, description="Only for this environment of the application."
    )
    expires_time: datetime | None = strawberry.field(
        default=None, description="When it ends; default never."
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.label(self.name, "name")
        check.that(bool(self.scopes), Rule.SCOPES, "scopes")
        bound = self.env_name is None or self.application_id is not None
        check.that(bound, Rule.BOUNDS, "envName")
        if self.expires_time is not None:
            aware = self.expires_time.tzinfo is not None
            future = aware and datetime.now(UTC) < self.expires_time < LATEST
            check.that(future, Rule.FUTURE, "expiresTime")
        check.done()


@strawberry.input(description="Which API token to revoke.")
class RevokeApiTokenInput:
    """Which API token to revoke."""

    api_token_id: strawberry.ID = strawberry.field(description="One of the caller's own.")


@strawberry.input(description="Changes of a team; what is left out stays, an empty text removes.")
class UpdateOrgInput:
    """Changes of a team."""

    org_name: str = strawberry.field(description="The team.")
    alias: str | None = strawberry.field(default=None, description="The name people see.")
    description: str | None = strawberry.field(default=None, description="What the team does.")
    logo: str | None = strawberry.field(default=None, description="Address of a picture.")

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.text(self.alias, "alias")
        check.text(self.description, "description")
        check.text(self.logo, "logo")
        check.done()


@strawberry.input(description="A team to delete, with all that belongs to it.")
class DeleteOrgInput:
    """A team to delete."""

    org_name: str = strawberry.field(description="The team.")
    confirm_name: str = strawberry.field(description="Its name again.")

    def check(self) -> None:
        """Raise InvalidInput unless the name is repeated."""
        confirmed(self.org_name, self.confirm_name)


@strawberry.input(description="Who is to become the OWNER.")
class TransferOrgInput:
    """Who is to become the OWNER."""

    org_name: str = strawberry.field(description="The team.")
    to_username: str = strawberry.field(description="A member.")
    confirm_name: str = strawberry.field(description="The team's name again.")

    def check(self) -> None:
        """Raise InvalidInput unless the name is repeated."""
        confirmed(self.org_name, self.confirm_name)


@strawberry.input(description="Whom to invite into a team.")
class InviteMemberInput:
    """Whom to invite into a team."""

    org_name: str = strawberry.field(description="The team.")
    username: str | None = strawberry.field(
        default=None,
        description="Only this user can accept; without it, the first who has the link.",
    )
    role: Role = strawberry.field(default=Role.MEMBER, description="Their role; not OWNER.")

    def check(self) -> None:
        """Raise InvalidInput when nobody can be invited as that."""
        new_role(self.role)


@strawberry.input(description="An invitation, by its link's token, or by its id for who is named.")
class InvitationInput:
    """An invitation to answer."""

    token: str | None = hidden("From the invitation's link.", default=None)
    invitation_id: strawberry.ID | None = strawberry.field(
        default=None, description="An invitation to the caller by name."
    )

    def check(self) -> None:
        """Raise InvalidInput unless exactly one is given."""
        check = Check()
        one = (self.token is None) != (self.invitation_id is None)
        check.that(one, Rule.INVITATION, "token")
        check.done()


@strawberry.input(name="AcceptInvitationInput", description="The invitation to accept.")
class AcceptInvitationInput(InvitationInput):
    """The invitation to accept."""


@strawberry.input(name="DeclineInvitationInput", description="The invitation to decline.")
class DeclineInvitationInput(InvitationInput):
    """The invitation to decline."""


@strawberry.input(description="The invitation to take back.")
class RevokeInvitationInput:
    """The invitation to take back."""

    invitation_id: strawberry.ID = strawberry.field(description="One of the team's.")


@strawberry.input(description="A member's new role.")
class UpdateMemberRoleInput:
    """A member's new role."""

    org_name: str = strawberry.field(description="The team.")
    username: str = strawberry.field(description="The member.")
    role: Role = strawberry.field(description="The new role; not OWNER.")

    def check(self) -> None:
        """Raise InvalidInput when nobody can be given that role."""
        new_role(self.role)


@strawberry.input(description="Who is to be a member no more.")
class RemoveMemberInput:
    """Who is to be a member no more."""

    org_name: str = strawberry.field(description="The team.")
    username: str = strawberry.field(description="The member; the caller themself to leave.")


@strawberry.input(description="An application to delete, with its tasks and logs.")
class DeleteApplicationInput:
    """An application to delete."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    confirm_name: str = strawberry.field(description="Its name.")


@strawberry.input(description="The team that is to have an application.")
class TransferApplicationInput:
    """The team that is to have an application."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    to_org_name: str = strawberry.field(
        description="A team that the caller is in; its own team takes an offer back."
    )


@strawberry.input(description="An application that was offered to a team.")
class AcceptApplicationInput:
    """An application that was offered to a team."""

    application_id: strawberry.ID = strawberry.field(description="The application.")


@strawberry.input(description="An application that a team does not want.")
class DeclineApplicationInput:
    """An application that a team does not want."""

    application_id: strawberry.ID = strawberry.field(description="The application.")


@strawberry.input(description="An environment to delete.")
class DeleteEnvironmentInput:
    """An environment to delete."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    name: str = strawberry.field(description="The environment's name.")


def confirmed(name: str, again: str) -> None:
    """Raise InvalidInput unless the name is repeated."""
    check = Check()
    check.that(again == name, Rule.CONFIRM, "confirmName")
    check.done()


def new_role(role: Role) -> None:
    """Raise InvalidInput for OWNER, which only a transfer gives."""
    check = Check()
    check.that(role is not Role.OWNER, Rule.NEW_ROLE, "role")
    check.done()

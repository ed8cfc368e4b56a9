"""Mutations about who may: sessions, API tokens, teams, members, invitations, ownership."""

import strawberry

from auth.permissions import Action
from resolvers import environments, members, orgs, ownership, sessions
from schema.account import ApiToken, Invitation
from schema.mutations import mutation
from schema.problems import (
    ACCESS,
    AlreadyExistsProblem,
    ConflictProblem,
    InvalidProblem,
    LimitExceededProblem,
)
from schema.types import Application, Org

WEBHOOKS_LEFT = (
    "Addresses of webhooks that could not be removed at their services; remove them there."
)


@strawberry.type(description="A session that ended.")
class EndSessionPayload:
    """A session that ended."""

    deleted_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="A new API token.")
class CreateApiTokenPayload:
    """A new API token."""

    api_token: ApiToken = strawberry.field(description="The token, as it is listed from now on.")
    value: str = strawberry.field(
        description="For `Authorization: Bearer`. It is shown this once and not kept."
    )


@strawberry.type(description="A revoked API token.")
class RevokeApiTokenPayload:
    """A revoked API token."""

    api_token: ApiToken = strawberry.field(description="The token as it was.")


@strawberry.type(description="A changed team.")
class UpdateOrgPayload:
    """A changed team."""

    org: Org = strawberry.field(description="The caller's row in it.")


@strawberry.type(description="A deleted team.")
class DeleteOrgPayload:
    """A deleted team."""

    deleted_id: strawberry.ID = strawberry.field(description="The id of the OWNER's row.")
    webhooks_left: list[str] = strawberry.field(description=WEBHOOKS_LEFT)


@strawberry.type(description="A team with a new OWNER.")
class TransferOrgPayload:
    """A team with a new OWNER."""

    org: Org = strawberry.field(description="The caller's row in it, now an ADMIN's.")


@strawberry.type(description="A new invitation.")
class InviteMemberPayload:
    """A new invitation."""

    invitation: Invitation = strawberry.field(description="The invitation.")
    link: str = strawberry.field(
        description="For the invited person; its part behind `#` is the token. Shown this once."
    )


@strawberry.type(description="A new membership.")
class AcceptInvitationPayload:
    """A new membership."""

    org: Org = strawberry.field(description="The caller's row in the team.")


@strawberry.type(description="A declined invitation.")
class DeclineInvitationPayload:
    """A declined invitation."""

    deleted_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="An invitation taken back.")
class RevokeInvitationPayload:
    """An invitation taken back."""

    deleted_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="A member with another role.")
class UpdateMemberRolePayload:
    """A member with another role."""

    org: Org = strawberry.field(description="The member's row.")


@strawberry.type(description="A member less.")
class RemoveMemberPayload:
    """A member less."""

    deleted_id: strawberry.ID = strawberry.field(description="The id of the member's row.")


@strawberry.type(description="A deleted application.")
class DeleteApplicationPayload:
    """A deleted application."""

    deleted_id: strawberry.ID = strawberry.field(description="Its id.")
    webhooks_left: list[str] = strawberry.field(description=WEBHOOKS_LEFT)


@strawberry.type(description="An application on its way to another team.")
class TransferApplicationPayload:
    """An application on its way to another team."""

    application: Application = strawberry.field(description="The application.")
    pending: bool = strawberry.field(description="True until the other team has answered.")


@strawberry.type(description="An application that changed hands.")
class AcceptApplicationPayload:
    """An application that changed hands."""

    application: Application = strawberry.field(description="The application, without secrets.")


@strawberry.type(description="An offer that was declined.")
class DeclineApplicationPayload:
    """An offer that was declined."""

    declined_id: strawberry.ID = strawberry.field(description="The application's id.")


@strawberry.type(description="A deleted environment.")
class DeleteEnvironmentPayload:
    """A deleted environment."""

    deleted_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="What can be changed about who may.")
class AccessMutations:
    """What can be changed about who may."""

    end_session = mutation(
        sessions.end_session,
        EndSessionPayload,
        lambda ended: EndSessionPayload(deleted_id=ended),
        *ACCESS,
        description="End one of the caller's sessions, on whatever device it is.",
    )
    create_api_token = mutation(
        sessions.create_api_token,
        CreateApiTokenPayload,
        lambda made: CreateApiTokenPayload(api_token=made.row, value=made.value),
        *ACCESS,
        InvalidProblem,
        AlreadyExistsProblem,
        LimitExceededProblem,
        description="Make an API token for a machine; only in person.",
    )
    revoke_api_token = mutation(
        sessions.revoke_api_token,
        RevokeApiTokenPayload,
        lambda row: RevokeApiTokenPayload(api_token=row),
        *ACCESS,
        description="Revoke one of the caller's API tokens; a token can revoke itself.",
    )
    update_org = mutation(
        orgs.update_org,
        UpdateOrgPayload,
        lambda org: UpdateOrgPayload(org=org),
        *ACCESS,
        InvalidProblem,
        needs=Action.UPDATE_ORG,
        description="Change what a team shows of itself.",
    )
    delete_org = mutation(
        orgs.delete_org,
        DeleteOrgPayload,
        lambda gone: DeleteOrgPayload(deleted_id=gone.id, webhooks_left=gone.webhooks_left),
        *ACCESS,
        InvalidProblem,
        needs=Action.DELETE_ORG,
        description="Delete a team with its applications, tasks and logs. Its name is never given"
        " again.",
    )
    transfer_org = mutation(
        orgs.transfer_org,
        TransferOrgPayload,
        lambda org: TransferOrgPayload(org=org),
        *ACCESS,
        InvalidProblem,
        needs=Action.TRANSFER_ORG,
        description="Make another member the OWNER; the old one becomes an ADMIN. Applications and"
        " secrets stay with the team.",
    )
    invite_member = mutation(
        members.invite_member,
        InviteMemberPayload,
        lambda made: InviteMemberPayload(invitation=made.row, link=made.link),
        *ACCESS,
        InvalidProblem,
        AlreadyExistsProblem,
        LimitExceededProblem,
        needs=Action.INVITE_MEMBER,
        description="Invite a user by name, or the first who has the link, for 7 days.",
    )
    accept_invitation = mutation(
        members.accept_invitation,
        AcceptInvitationPayload,
        lambda org: AcceptInvitationPayload(org=org),
        *ACCESS,
        InvalidProblem,
        AlreadyExistsProblem,
        LimitExceededProblem,
        description="Join a team by an invitation; only in person.",
    )
    decline_invitation = mutation(
        members.decline_invitation,
        DeclineInvitationPayload,
        lambda declined: DeclineInvitationPayload(deleted_id=declined),
        *ACCESS,
        InvalidProblem,
        description="Decline an invitation to the caller by name.",
    )
    revoke_invitation = mutation(
        members.revoke_invitation,
        RevokeInvitationPayload,
        lambda revoked: RevokeInvitationPayload(deleted_id=revoked),
        *ACCESS,
        needs=Action.INVITE_MEMBER,
        description="Take an invitation back.",
    )
    update_member_role = mutation(
        members.update_member_role,
        UpdateMemberRolePayload,
        lambda org: UpdateMemberRolePayload(org=org),
        *ACCESS,
        InvalidProblem,
        ConflictProblem,
        needs=Action.MANAGE_MEMBERS,
        description="Give a member another role; never the OWNER.",
    )
    remove_member = mutation(
        members.remove_member,
        RemoveMemberPayload,
        lambda removed: RemoveMemberPayload(deleted_id=removed),
        *ACCESS,
        ConflictProblem,
        needs=Action.MANAGE_MEMBERS,
        description="Remove a member, or leave a team: everybody but the OWNER may leave.",
    )
    delete_application = mutation(
        ownership.delete_application,
        DeleteApplicationPayload,
        lambda gone: DeleteApplicationPayload(deleted_id=gone.id, webhooks_left=gone.webhooks_left),
        *ACCESS,
        InvalidProblem,
        needs=Action.DELETE_APPLICATION,
        description="Delete an application with its tasks and logs; what runs of it is stopped.",
    )
    transfer_application = mutation(
        ownership.transfer_application,
        TransferApplicationPayload,
        lambda row: TransferApplicationPayload(
            application=row, pending=row.transfer_org_name is not None
        ),
        *ACCESS,
        needs=Action.TRANSFER_APPLICATION,
        description="Offer an application to another team of the caller's, which must accept it"
        " with `acceptApplication`. Its own team's name takes the offer back.",
    )
    accept_application = mutation(
        ownership.accept_application,
        AcceptApplicationPayload,
        lambda row: AcceptApplicationPayload(application=row),
        *ACCESS,
        AlreadyExistsProblem,
        ConflictProblem,
        needs=Action.TRANSFER_APPLICATION,
        description="Take an application that was offered to a team. No secret, API token,"
        " webhook or deploy hook of the old team comes with it.",
    )
    decline_application = mutation(
        ownership.decline_application,
        DeclineApplicationPayload,
        lambda declined: DeclineApplicationPayload(declined_id=declined),
        *ACCESS,
        needs=Action.TRANSFER_APPLICATION,
        description="Decline an application that was offered to a team.",
    )
    delete_environment = mutation(
        environments.delete_environment,
        DeleteEnvironmentPayload,
        lambda deleted: DeleteEnvironmentPayload(deleted_id=deleted),
        *ACCESS,
        ConflictProblem,
        needs=Action.DELETE_APPLICATION,
        description="Delete an environment with its secrets; its tasks stay. Nothing of it may be"
        " queued or running.",
    )

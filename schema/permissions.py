"""`viewerCan`: the table of roles and actions as the caller's own rights."""

from typing import Any

import strawberry

from auth.permissions import MAY, Action

Actions = frozenset[Action]


def _can(action: Action, description: str) -> Any:
    def can(parent: strawberry.Parent[Actions]) -> bool:
        return action in parent

    return strawberry.field(can, description=f"{description} Roles: {_roles(action)}.")


def _roles(action: Action) -> str:
    return ", ".join(role.value for role in MAY if action in MAY[role])


@strawberry.type(description="What the caller may do in the team.")
class OrgPermissions:
    """What the caller may do in the team."""

    update = _can(Action.UPDATE_ORG, "Change the team.")
    delete = _can(Action.DELETE_ORG, "Delete the team.")
    transfer = _can(Action.TRANSFER_ORG, "Make somebody else the OWNER.")
    invite_member = _can(Action.INVITE_MEMBER, "Invite members.")
    manage_members = _can(Action.MANAGE_MEMBERS, "Change roles, remove members.")
    set_secrets = _can(Action.SET_SECRETS, "Set secrets.")
    link_accounts = _can(Action.LINK_ACCOUNTS, "Link accounts of Git hosting services.")
    create_application = _can(Action.CREATE_APPLICATION, "Create applications.")
    read_audit = _can(Action.READ_AUDIT, "Read the audit log.")


@strawberry.type(description="What the caller may do with the application.")
class ApplicationPermissions:
    """What the caller may do with the application."""

    update = _can(Action.UPDATE_APPLICATION, "Change it and its environments.")
    delete = _can(Action.DELETE_APPLICATION, "Delete it.")
    transfer = _can(Action.TRANSFER_APPLICATION, "Hand it to another team.")
    deploy = _can(Action.DEPLOY, "Deploy it.")
    set_secrets = _can(Action.SET_SECRETS, "Set secrets.")


@strawberry.type(description="What the caller may do with the task.")
class TaskPermissions:
    """What the caller may do with the task."""

    cancel = _can(Action.CANCEL, "Cancel it.")
    redeploy = _can(Action.DEPLOY, "Deploy its commit again.")
    rollback = _can(Action.DEPLOY, "Go back to it.")
    approve = _can(Action.APPROVE, "Approve it.")
    retry = _can(Action.DEPLOY, "Try it again.")

"""What a role may do in its team: one table, for the code, the docs and `viewerCan`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """A member's standing in a team; exactly one member is the OWNER."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    VIEWER = "VIEWER"


class Action(StrEnum):
    """Something a member may want to do."""

    READ = "read"
    DEPLOY = "deploy"
    CANCEL = "cancel"
    CREATE_APPLICATION = "create an application"
    UPDATE_APPLICATION = "change an application"
    SET_SECRETS = "set secrets"
    LINK_ACCOUNTS = "link accounts of Git hosting services"
    READ_AUDIT = "read the audit log"
    INVITE_MEMBER = "invite a member"
    MANAGE_MEMBERS = "change or remove members"
    UPDATE_ORG = "change the team"
    APPROVE = "approve a deploy"
    DELETE_APPLICATION = "delete an application"
    TRANSFER_APPLICATION = "transfer an application"
    DELETE_ORG = "delete the team"
    TRANSFER_ORG = "transfer the team"


_VIEWER = frozenset({Action.READ})
_MEMBER = _VIEWER | {
    Action.DEPLOY,
    Action.CANCEL,
    Action.CREATE_APPLICATION,
    Action.UPDATE_APPLICATION,
}
_ADMIN = _MEMBER | {
    Action.SET_SECRETS,
    Action.LINK_ACCOUNTS,
    Action.READ_AUDIT,
    Action.INVITE_MEMBER,
    Action.MANAGE_MEMBERS,
    Action.UPDATE_ORG,
    Action.APPROVE,
    Action.DELETE_APPLICATION,
    Action.TRANSFER_APPLICATION,
}

MAY: Mapping[Role, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.MEMBER: _MEMBER,
    Role.ADMIN: _ADMIN,
    Role.OWNER: frozenset(Action),
}


class Scope(StrEnum):
    """What an API token may be used for, within what its user may do."""

    READ = "READ"
    DEPLOY = "DEPLOY"
    ADMIN = "ADMIN"


SCOPE_MAY: Mapping[Scope, frozenset[Action]] = {
    Scope.READ: frozenset({Action.READ}),
    Scope.DEPLOY: frozenset({Action.DEPLOY, Action.CANCEL}),
    Scope.ADMIN: frozenset(Action),
}


@dataclass(eq=False)
class NotFound(Exception):
    """There is no {what} of this name or id, or you are not a member of its team."""

    what: str


@dataclass(eq=False)
class OutOfScope(Exception):
    """This API token may not {action} here; its scopes and bounds do not cover it."""

    action: Action


@dataclass(eq=False)
class SessionNeeded(Exception):
    """This needs a person who is signed in; an API token is not enough."""


@dataclass(eq=False)
class Denied(Exception):
    """Your role in this team, {role}, does not allow you to {action}."""

    role: Role
    action: Action


def may(role: Role, action: Action) -> bool:
    """Tell whether *role* allows *action*."""
    return action in MAY[role]


def require(role: Role, action: Action) -> None:
    """Raise Denied unless *role* allows *action*."""
    if not may(role, action):
        raise Denied(role, action)

"""What each value of an enum of the API means."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from auth.logins import Service
from auth.permissions import Role, Scope
from control.deliveries import DeliveryStatus
from control.deploys import BlockerKind, RedeployMode
from control.integrations import Health
from control.port import WaitingFor
from db.audit import Act
from db.fields import Concurrency, EnvironmentType, OnLost, Priority
from engine.events import LogStream
from engine.state import StepStatus, TaskStatus
from providers import Provider

VALUES: Mapping[type[Enum], Mapping[Any, str]] = {
    RedeployMode: {
        RedeployMode.EXACT: "The sealed plan once more: same commit, same pipeline text.",
        RedeployMode.REFRESH_CONFIG: "The same commit with today's settings and its pipeline file.",
    },
    BlockerKind: {
        BlockerKind.APPROVAL: "Somebody has to approve it first.",
        BlockerKind.FREEZE: "Nothing is deployed at this time.",
        BlockerKind.HOLD: "Somebody has stopped deploys here.",
        BlockerKind.RUNNING: "Another task is running.",
        BlockerKind.EXPIRED_PLAN: "There is no sealed plan to repeat.",
        BlockerKind.MISSING_SECRET: "A secret that it used is gone.",
    },
    Scope: {
        Scope.READ: "Looks.",
        Scope.DEPLOY: "Deploys and cancels, and sees nothing else.",
        Scope.ADMIN: "All that its user may do.",
    },
    Service: {
        Service.GITHUB: "github.com.",
        Service.GITEE: "gitee.com.",
    },
    Role: {
        Role.OWNER: "May do everything; there is exactly one.",
        Role.ADMIN: "May do all but delete the team or give it away.",
        Role.MEMBER: "Deploys, and makes and changes applications.",
        Role.VIEWER: "Looks.",
    },
    Provider: {
        Provider.GITHUB: "GitHub, or a GitHub Enterprise Server.",
        Provider.GITEE: "Gitee.",
        Provider.GITLAB: "GitLab, or a GitLab server of one's own.",
        Provider.CODEUP: "Alibaba Cloud Codeup.",
        Provider.GIT: "Any clone URL; no API is asked.",
    },
    EnvironmentType: {
        EnvironmentType.TESTING: "For tests.",
        EnvironmentType.STAGING: "For a last look before production.",
        EnvironmentType.PRODUCTION: "For users.",
    },
    Concurrency: {
        Concurrency.QUEUE: "It waits until all before it have ended.",
        Concurrency.SUPERSEDE: "It cancels those that wait; the one that runs goes on.",
        Concurrency.CANCEL_RUNNING: "It cancels those that wait, and has the one that runs end.",
    },
    Priority: {
        Priority.LOW: "After the others.",
        Priority.NORMAL: "The older task first.",
        Priority.HIGH: "Before the others.",
    },
    OnLost: {
        OnLost.FAIL: "It ends, LOST: somebody looks how far it came.",
        OnLost.REQUEUE: "It is run again from its first step, a few times at most; then it is"
        " LOST.",
    },
    TaskStatus: {
        TaskStatus.PENDING: "It waits for its turn.",
        TaskStatus.WAITING_APPROVAL: "It waits for somebody to approve it.",
        TaskStatus.RUNNING: "A worker runs its steps.",
        TaskStatus.SUCCESS: "All of its steps did well.",
        TaskStatus.FAILURE: "A step failed, or it could not be begun.",
        TaskStatus.CANCELLED: "Somebody, or a newer task, ended it.",
        TaskStatus.LOST: "Its worker was not heard of any more.",
    },
    WaitingFor: {
        WaitingFor.WORKER: "No worker that is online may run it: none of the team's own or of those"
        " of all teams has all labels of `runsOn`. Tasks behind it wait too; it can be cancelled.",
    },
    StepStatus: {
        StepStatus.PENDING: "It waits for its turn.",
        StepStatus.RUNNING: "Its command runs.",
        StepStatus.SUCCESS: "Its command ended with 0.",
        StepStatus.FAILURE: "Its command failed, took too long or could not be begun.",
        StepStatus.CANCELLED: "It was ended with its task.",
        StepStatus.SKIPPED: "Its condition did not hold, or an earlier step failed.",
        StepStatus.ERROR_WITH_CONTINUE: "It failed, and the pipeline says to go on.",
    },
    LogStream: {
        LogStream.OUTPUT: "The step's command.",
        LogStream.SYSTEM: "Rollway.",
    },
    DeliveryStatus: {
        DeliveryStatus.RECEIVED: "It is stored, and waits for its turn.",
        DeliveryStatus.DONE: "Every environment has answered, or it says why none was asked.",
    },
    Health: {
        Health.UNKNOWN: "The service was not asked yet.",
        Health.OK: "The service answered.",
        Health.REFUSED: "The service does not accept the token.",
        Health.MISSING_SCOPES: "The token does not allow enough.",
        Health.UNREACHABLE: "The service did not answer.",
    },
    Act: {
        Act.SIGNED_UP: "A user made an account.",
        Act.SIGNED_IN: "A user signed in.",
        Act.SIGNED_OUT: "A user ended one or all of their sessions.",
        Act.PASSWORD_CHANGED: "A user's password was set.",
        Act.USER_UPDATED: "A user changed their profile.",
        Act.LOGIN_LINKED: "A user linked a login of another service.",
        Act.LOGIN_UNLINKED: "A user unlinked a login.",
        Act.API_TOKEN_CREATED: "A user made an API token.",
        Act.API_TOKEN_REVOKED: "An API token was revoked.",
        Act.ORG_CREATED: "A team was made.",
        Act.ORG_UPDATED: "What a team shows of itself was changed.",
        Act.ORG_TRANSFERRED: "A team has another OWNER.",
        Act.ORG_DELETED: "A team was deleted.",
        Act.MEMBER_INVITED: "Somebody was invited.",
        Act.MEMBER_JOINED: "Somebody accepted an invitation.",
        Act.INVITATION_DECLINED: "Somebody declined an invitation.",
        Act.INVITATION_REVOKED: "An invitation was taken back.",
        Act.MEMBER_ROLE_CHANGED: "A member has another role.",
        Act.MEMBER_REMOVED: "A member was removed, or left.",
        Act.SECRETS_CHANGED: "Secrets were set or removed.",
        Act.ACCOUNT_LINKED: "An account of a Git hosting service was linked.",
        Act.ACCOUNT_UNLINKED: "An account of a Git hosting service was unlinked.",
        Act.APPLICATION_CREATED: "An application was made.",
        Act.APPLICATION_UPDATED: "An application was changed.",
        Act.APPLICATION_OFFERED: "An application was offered to another team, or no more.",
        Act.APPLICATION_DECLINED: "A team declined an application.",
        Act.APPLICATION_TRANSFERRED: "An application belongs to another team.",
        Act.APPLICATION_DELETED: "An application was deleted.",
        Act.WEBHOOK_SECRET_CHANGED: "An application's webhook has another secret, or none.",
        Act.WEBHOOK_SET_UP: "An application's webhook was set up at its service, or removed.",
        Act.DELIVERY_REPEATED: "A delivery was worked on again.",
        Act.DEPLOY_HOOK_CREATED: "A deploy hook was made.",
        Act.DEPLOY_HOOK_ROTATED: "A deploy hook has another address.",
        Act.DEPLOY_HOOK_REVOKED: "A deploy hook was revoked.",
        Act.WORKER_CREATED: "A worker elsewhere was made for the team.",
        Act.WORKER_REMOVED: "A worker elsewhere was removed.",
        Act.ENVIRONMENT_CREATED: "An environment was made.",
        Act.ENVIRONMENT_UPDATED: "An environment was changed.",
        Act.ENVIRONMENT_DELETED: "An environment was deleted.",
        Act.TASK_DISPATCHED: "A deploy was queued.",
        Act.TASK_CANCELLED: "A deploy was cancelled.",
        Act.TASK_SUPERSEDED: "A newer deploy took the place of another.",
        Act.TASK_REPORTED: "Another system reported a deploy.",
    },
}


def describe(kind: type[Enum], values: Mapping[Any, str] | None = None) -> None:
    """Give the values of an enum of the API their descriptions."""
    texts = values or VALUES[kind]
    for each in kind.__strawberry_definition__.values:  # type: ignore[attr-defined]
        each.description = texts[kind[each.name]]

"""Who may: accounts, sessions, teams, API tokens."""

from collections.abc import Mapping

from auth.accounts import AccountExists, SignUpClosed, WrongPassword
from auth.deploy_hooks import TooManyDeployHooks
from auth.identities import LastWayIn
from auth.logins import LoginNotOffered
from auth.machines import TooManyMachines
from auth.passwords import Busy
from auth.permissions import Denied, NotFound, OutOfScope, SessionNeeded
from auth.sessions import Unauthenticated, WrongCredentials
from auth.teams import AlreadyMember, InvitationGone, NotAMember, OwnerStays, TeamFull
from auth.throttle import Throttled
from auth.tokens import TooManyTokens
from schema.catalogue.entry import IN_SECONDS, Entry, Remedy, wait
from schema.problems import (
    AlreadyExistsProblem,
    ConflictProblem,
    ForbiddenProblem,
    InvalidProblem,
    LimitExceededProblem,
    NotFoundProblem,
    UnauthenticatedProblem,
)

REVOKE = Remedy("Revoke one first.", "请先撤销一个。")

ENTRIES: Mapping[type[Exception], Entry] = {
    Unauthenticated: Entry(
        UnauthenticatedProblem,
        "尚未登录。",
        Remedy(
            "Sign in, and send `Authorization: Bearer <token>` or the session cookie.",
            "请登录,并发送 `Authorization: Bearer <token>` 或会话 cookie。",
        ),
    ),
    WrongCredentials: Entry(
        UnauthenticatedProblem,
        "用户名或密码错误。",
        Remedy(
            "Check both; the operator of this server can set a new password.",
            "请检查两者;此服务器的管理员可以设置新密码。",
        ),
    ),
    WrongPassword: Entry(
        InvalidProblem,
        "当前密码缺失或错误。",
        Remedy("Give the password you sign in with now.", "请提供您现在登录所用的密码。"),
        ("currentPassword",),
    ),
    Throttled: Entry(LimitExceededProblem, "尝试次数过多。", IN_SECONDS, retryable=True, more=wait),
    Busy: Entry(
        LimitExceededProblem,
        "同时登录的人数超过了此服务器的处理能力。",
        IN_SECONDS,
        retryable=True,
        more=wait,
    ),
    AccountExists: Entry(
        AlreadyExistsProblem,
        "已有使用此 {field} 的账号。",
        Remedy(
            "Choose another {field}, or sign in to that account.",
            "请选择其他 {field},或登录该账号。",
        ),
    ),
    Denied: Entry(
        ForbiddenProblem,
        "您在该团队中的角色 {role} 不允许此操作({action})。",
        Remedy("Ask an ADMIN or the OWNER of the team.", "请联系该团队的 ADMIN 或 OWNER。"),
    ),
    OutOfScope: Entry(
        ForbiddenProblem,
        "此 API 令牌不能在此处执行该操作({action}):超出了它的权限范围或限定范围。",
        Remedy(
            "Use a token whose scopes and bounds cover it, or sign in.",
            "请使用权限范围和限定范围足够的令牌,或登录。",
        ),
    ),
    SessionNeeded: Entry(
        ForbiddenProblem,
        "此操作需要本人登录,API 令牌不够。",
        Remedy(
            "Sign in, and send the session's token or cookie.", "请登录,并发送会话令牌或 cookie。"
        ),
    ),
    SignUpClosed: Entry(
        ForbiddenProblem,
        "此服务器未开放注册。",
        Remedy("Ask its operator for an account.", "请向管理员申请账号。"),
    ),
    NotFound: Entry(
        NotFoundProblem,
        "没有此名称或 id 的{what},或者您不是其团队成员。",
        Remedy(
            "Check the name or id; ask a member of the team to let you in.",
            "请检查名称或 id;或请该团队的成员让您加入。",
        ),
    ),
    NotAMember: Entry(
        NotFoundProblem,
        "{username} 不是该团队的成员。",
        Remedy("Check the name, or invite them first.", "请检查名称,或先邀请该用户。"),
        ("username",),
    ),
    InvitationGone: Entry(
        NotFoundProblem,
        "该邀请不存在、已过期、已被使用,或者不是给您的。",
        Remedy("Ask for a new invitation.", "请申请新的邀请。"),
    ),
    AlreadyMember: Entry(
        AlreadyExistsProblem,
        "{username} 已经是该团队的成员。",
        Remedy(
            "Nothing is to be done; `updateMemberRole` gives another role.",
            "无需操作;`updateMemberRole` 可以更改角色。",
        ),
        ("username",),
    ),
    OwnerStays: Entry(
        ConflictProblem,
        "OWNER 不能被移除、离开或更改角色。",
        Remedy(
            "Make somebody else OWNER first, by `transferOrg`.",
            "请先用 `transferOrg` 让其他人成为 OWNER。",
        ),
        ("username",),
    ),
    TeamFull: Entry(
        LimitExceededProblem,
        "一个团队最多有 {most} {what}。",
        Remedy("Remove some that are not needed any more.", "请移除不再需要的。"),
    ),
    TooManyTokens: Entry(LimitExceededProblem, "一个用户最多有 {tokens_max} 个 API 令牌。", REVOKE),
    TooManyDeployHooks: Entry(
        LimitExceededProblem, "一个环境最多有 {hooks_max} 个部署钩子。", REVOKE
    ),
    TooManyMachines: Entry(
        LimitExceededProblem,
        "一个团队最多有 {machines_max} 个工作节点。",
        Remedy("Remove one first.", "请先移除一个。"),
    ),
    LoginNotOffered: Entry(
        NotFoundProblem,
        "此服务器未提供 {service} 登录。",
        Remedy(
            "Use one that `logins` lists, or ask the operator to set this one up.",
            "请使用 `logins` 列出的登录方式,或请管理员设置此登录。",
        ),
        ("service",),
    ),
    LastWayIn: Entry(
        ConflictProblem,
        "这是您唯一的登录方式。",
        Remedy("Set a password or link another login first.", "请先设置密码或关联另一个登录。"),
        ("service",),
    ),
}

"""Problems: what a mutation answers when it refuses, and the one table that says which is which."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from auth.accounts import AccountExists, SignUpClosed, WrongPassword
from auth.identities import LastWayIn
from auth.logins import LoginNotOffered
from auth.passwords import Busy
from auth.permissions import Action, Denied, NotFound, OutOfScope, SessionNeeded
from auth.sessions import Unauthenticated, WrongCredentials
from auth.teams import AlreadyMember, InvitationGone, NotAMember, OwnerStays, TeamFull
from auth.throttle import Throttled
from auth.tokens import TooManyTokens
from control.applications import StillDeploying
from control.deploys import (
    Blocked,
    BlockerKind,
    InvalidCommit,
    NotDoneHere,
    NotEarlierSuccess,
    NotSealed,
    SourceRefGone,
)
from control.hosting.previews import NotPushed
from control.port import (
    AlreadyCompleted,
    ApplicationGone,
    EnvironmentGone,
    IdempotencyKeyReused,
)
from control.reports import EndedOtherwise, ResourceFull
from engine.git import CommitNotFound, RefNotFound, RepositoryUnreachable
from providers import Provider
from providers.repository import AddressNotAllowed, InvalidRepositoryUrl
from resolvers.paging import InvalidPage
from resolvers.refusals import (
    NoDelivery,
    RepositoryTaken,
    Taken,
    TooManyEnvironments,
    VersionConflict,
)
from resolvers.validation import InvalidInput, Issue, Rule
from schema import trigger_issues


@strawberry.enum(description="What kind of problem it is.")
class ProblemCode(StrEnum):
    """What kind of problem it is."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    BLOCKED = "BLOCKED"
    UPSTREAM = "UPSTREAM"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


@strawberry.interface(description="Why a mutation was refused. Nothing was changed.")
class Problem:
    """Why a mutation was refused."""

    code: ProblemCode = strawberry.field(description="What kind of problem it is.")
    message: str = strawberry.field(
        description="For a person, in the language of the request's Accept-Language (en, zh)."
    )
    field: list[str] | None = strawberry.field(
        default=None, description="Path of the input field that has to change."
    )
    retryable: bool = strawberry.field(
        default=False, description="True when the same request may succeed later."
    )


@strawberry.type(description="A broken rule in the input.")
class InputIssue:
    """A broken rule in the input."""

    field: list[str] = strawberry.field(description="Path of the field below `input`.")
    message: str = strawberry.field(description="What the value must be.")
    line: int | None = strawberry.field(default=None, description="Line, in a text of many lines.")
    column: int | None = strawberry.field(default=None, description="Column in that line.")


@strawberry.type(description="Nobody is signed in, or the name or password is wrong.")
class UnauthenticatedProblem(Problem):
    """Nobody is signed in."""


@strawberry.type(description="The caller's role in the team does not allow it.")
class ForbiddenProblem(Problem):
    """The caller's role does not allow it."""


@strawberry.type(description="It does not exist, or belongs to a team the caller is not in.")
class NotFoundProblem(Problem):
    """It does not exist for the caller."""


@strawberry.type(description="The input is not valid.")
class InvalidProblem(Problem):
    """The input is not valid."""

    issues: list[InputIssue] = strawberry.field(
        default_factory=list, description="Every broken rule."
    )


@strawberry.type(description="It does not go together with how things stand now.")
class ConflictProblem(Problem):
    """It does not go together with how things stand now."""

    current_version: int | None = strawberry.field(
        default=None, description="The version to read again, where versions are kept."
    )


@strawberry.type(description="Something of this name exists already.")
class AlreadyExistsProblem(Problem):
    """Something of this name exists already."""


@strawberry.type(description="There are as many as there may be.")
class LimitExceededProblem(Problem):
    """There are as many as there may be."""

    retry_after: float | None = strawberry.field(
        default=None, description="Seconds after which it may succeed."
    )


@strawberry.type(description="Something that stands in the way.")
class Blocker:
    """Something that stands in the way."""

    kind: BlockerKind = strawberry.field(description="What kind of thing.")
    message: str = strawberry.field(description="What it is, for a person.")
    until: datetime | None = strawberry.field(
        default=None, description="When it will be gone, if that is known."
    )


@strawberry.type(description="Something stands in the way.")
class BlockedProblem(Problem):
    """Something stands in the way."""

    blockers: list[Blocker] = strawberry.field(default_factory=list, description="What it is.")


@strawberry.type(description="Another service is needed for it, and does not play its part.")
class UpstreamProblem(Problem):
    """Another service is needed for it, and does not play its part."""

    provider: Provider | None = strawberry.field(
        default=None, description="Which service, where it is one of these."
    )
    status: int | None = strawberry.field(
        default=None, description="The HTTP status that it answered with, if it did."
    )


@strawberry.type(description="The idempotency key was used for another request.")
class IdempotencyKeyReusedProblem(Problem):
    """The idempotency key was used for another request."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How a refusal is shown: its type, its code, its Chinese text; English is its docstring."""

    problem: type[Problem]
    code: ProblemCode
    chinese: str
    field: tuple[str, ...] | None = None
    more: Callable[[Any, str], Mapping[str, Any]] | None = None


def _issues(refusal: InvalidInput, language: str) -> Mapping[str, object]:
    return {"issues": [_issue(issue, language) for issue in refusal.issues]}


def _wait(refusal: Throttled | Busy, _: str) -> Mapping[str, object]:
    return {"retry_after": float(refusal.retry_after), "retryable": True}


def _issue(issue: Issue, language: str) -> InputIssue:
    message = issue.english
    if language == "zh":
        rule = issue.rule
        message = rule.value[1] if isinstance(rule, Rule) else trigger_issues.chinese(rule)
    return InputIssue(field=list(issue.path), message=message)


WORDS: Mapping[str, str] = {
    "team": "团队",
    "application": "应用",
    "environment": "环境",
    "task": "任务",
    "session": "会话",
    "API token": "API 令牌",
    "invitation": "邀请",
    "invitations": "个邀请",
    "members": "名成员",
    "user": "用户",
    "username": "用户名",
    "email": "电子邮件地址",
    "name": "名称",
    Action.READ: "查看",
    Action.DEPLOY: "部署",
    Action.CANCEL: "取消",
    Action.CREATE_APPLICATION: "创建应用",
    Action.UPDATE_APPLICATION: "修改应用",
    Action.SET_SECRETS: "设置密钥",
    Action.READ_AUDIT: "查看审计日志",
    Action.INVITE_MEMBER: "邀请成员",
    Action.MANAGE_MEMBERS: "更改或移除成员",
    Action.UPDATE_ORG: "修改团队",
    Action.APPROVE: "批准部署",
    Action.DELETE_APPLICATION: "删除应用",
    Action.TRANSFER_APPLICATION: "转移应用",
    Action.DELETE_ORG: "删除团队",
    Action.TRANSFER_ORG: "转移团队",
}


CATALOGUE: Mapping[type[Exception], Entry] = {
    Unauthenticated: Entry(
        UnauthenticatedProblem,
        ProblemCode.UNAUTHENTICATED,
        "请先登录:发送 `Authorization: Bearer <token>` 或会话 cookie。",
    ),
    WrongCredentials: Entry(
        UnauthenticatedProblem, ProblemCode.UNAUTHENTICATED, "用户名或密码错误。"
    ),
    WrongPassword: Entry(
        InvalidProblem,
        ProblemCode.INVALID,
        "当前密码缺失或错误。",
        ("currentPassword",),
    ),
    Throttled: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "尝试次数过多;请在 {retry_after} 秒后重试。",
        more=_wait,
    ),
    Busy: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "同时登录的人数超过了此服务器的处理能力;请在 {retry_after} 秒后重试。",
        more=_wait,
    ),
    AccountExists: Entry(
        AlreadyExistsProblem, ProblemCode.ALREADY_EXISTS, "已有使用此 {field} 的账号。"
    ),
    Denied: Entry(
        ForbiddenProblem,
        ProblemCode.FORBIDDEN,
        "您在该团队中的角色 {role} 不允许此操作({action});请联系 ADMIN 或 OWNER。",
    ),
    OutOfScope: Entry(
        ForbiddenProblem,
        ProblemCode.FORBIDDEN,
        "此 API 令牌不能在此处执行该操作({action}):超出了它的权限范围或限定范围。",
    ),
    SessionNeeded: Entry(
        ForbiddenProblem, ProblemCode.FORBIDDEN, "此操作需要本人登录,API 令牌不够。"
    ),
    SignUpClosed: Entry(
        ForbiddenProblem, ProblemCode.FORBIDDEN, "此服务器未开放注册;请向管理员申请账号。"
    ),
    NotFound: Entry(
        NotFoundProblem,
        ProblemCode.NOT_FOUND,
        "没有此名称或 id 的 {what},或者您不是其团队成员。",
    ),
    NotAMember: Entry(
        NotFoundProblem, ProblemCode.NOT_FOUND, "{username} 不是该团队的成员。", ("username",)
    ),
    InvitationGone: Entry(
        NotFoundProblem,
        ProblemCode.NOT_FOUND,
        "该邀请不存在、已过期、已被使用,或者不是给您的。",
    ),
    AlreadyMember: Entry(
        AlreadyExistsProblem,
        ProblemCode.ALREADY_EXISTS,
        "{username} 已经是该团队的成员。",
        ("username",),
    ),
    OwnerStays: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "OWNER 不能被移除、离开或更改角色;请先让其他人成为 OWNER。",
        ("username",),
    ),
    StillDeploying: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "仍有未结束的任务;请取消它们或等待其结束,然后重试。",
    ),
    TeamFull: Entry(
        LimitExceededProblem, ProblemCode.LIMIT_EXCEEDED, "一个团队最多有 {most} {what}。"
    ),
    TooManyTokens: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "一个用户最多有 {tokens_max} 个 API 令牌;请先撤销一个。",
    ),
    ApplicationGone: Entry(
        NotFoundProblem,
        ProblemCode.NOT_FOUND,
        "应用已被删除,或者现在属于另一个团队。",
        ("applicationId",),
    ),
    LoginNotOffered: Entry(
        NotFoundProblem,
        ProblemCode.NOT_FOUND,
        "此服务器未提供 {service} 登录。",
        ("service",),
    ),
    EnvironmentGone: Entry(
        NotFoundProblem, ProblemCode.NOT_FOUND, "该应用中不存在环境 {name}。", ("envName",)
    ),
    InvalidInput: Entry(InvalidProblem, ProblemCode.INVALID, "输入无效。", more=_issues),
    InvalidPage: Entry(InvalidProblem, ProblemCode.INVALID, "无法给出所请求的分页:{reason}。"),
    InvalidCommit: Entry(
        InvalidProblem,
        ProblemCode.INVALID,
        "提交必须是完整哈希(40 或 64 位小写十六进制),而不是 {commit}。",
        ("commit",),
    ),
    RefNotFound: Entry(
        InvalidProblem, ProblemCode.INVALID, "仓库 {url} 中没有引用 {ref}。", ("ref",)
    ),
    CommitNotFound: Entry(
        InvalidProblem, ProblemCode.INVALID, "仓库 {url} 中没有提交 {commit}。", ("commit",)
    ),
    NotPushed: Entry(
        InvalidProblem,
        ProblemCode.INVALID,
        "只有分支或标签的推送会触发部署,而 {ref} 两者都不是。",
        ("ref",),
    ),
    RepositoryUnreachable: Entry(
        UpstreamProblem,
        ProblemCode.UPSTREAM,
        "无法访问仓库 {url}:{reason}。",
        more=lambda *_: {"retryable": True},
    ),
    SourceRefGone: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "该任务没有提交,其引用 {ref} 已不在仓库中;请部署其他引用。",
        ("taskId",),
    ),
    InvalidRepositoryUrl: Entry(
        InvalidProblem, ProblemCode.INVALID, "仓库地址不可用:{reason}。", ("repoUrl",)
    ),
    AddressNotAllowed: Entry(
        InvalidProblem,
        ProblemCode.INVALID,
        "此服务器不允许访问 {what};允许的范围见设置 `ROLLWAY_REPOSITORIES`。",
        ("repoUrl",),
    ),
    NotEarlierSuccess: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "只能回滚到更早的、以 SUCCESS 结束的任务;此任务不符合({reason})。",
        ("taskId",),
    ),
    Blocked: Entry(
        BlockedProblem,
        ProblemCode.BLOCKED,
        "无法按原样回滚到该任务({reasons})。",
        ("taskId",),
        more=lambda refusal, _: {
            "blockers": [
                Blocker(kind=each.kind, message=each.message, until=each.until)
                for each in refusal.blockers
            ]
        },
    ),
    NoDelivery: Entry(
        InvalidProblem, ProblemCode.INVALID, "这不是该服务发送的推送:{reason}。", ("body",)
    ),
    NotDoneHere: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "该部署由其他系统完成,此处没有可重复的内容;请部署其提交。",
        ("taskId",),
    ),
    EndedOtherwise: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "该部署已以 {status} 结束,其结果不再改变。",
        ("status",),
    ),
    ResourceFull: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "环境的 resource 将超过 64 KiB;请先从中移除一些内容。",
        ("resource",),
    ),
    NotSealed: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "该任务从未读取流水线,没有可重复的计划;请使用 REFRESH_CONFIG。",
        ("mode",),
    ),
    AlreadyCompleted: Entry(
        ConflictProblem, ProblemCode.CONFLICT, "任务已以 {status} 结束。", ("taskId",)
    ),
    VersionConflict: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "环境已被更改,当前版本为 {current};请重新读取。",
        ("expectedVersion",),
        more=lambda refusal, _: {"current_version": refusal.current},
    ),
    RepositoryTaken: Entry(
        ConflictProblem, ProblemCode.CONFLICT, "该仓库已属于另一个应用。", ("repoId",)
    ),
    LastWayIn: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "这是您唯一的登录方式;请先设置密码或关联另一个登录。",
        ("service",),
    ),
    Taken: Entry(AlreadyExistsProblem, ProblemCode.ALREADY_EXISTS, "此 {field} 已被占用。"),
    TooManyEnvironments: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "一个应用最多有 {environments_max} 个环境。",
    ),
    IdempotencyKeyReused: Entry(
        IdempotencyKeyReusedProblem,
        ProblemCode.IDEMPOTENCY_KEY_REUSED,
        "此幂等键已用于另一个请求;请使用新的键。",
        ("idempotencyKey",),
    ),
}


def _facts(refusal: Exception) -> Mapping[str, object]:
    """Return what a refusal's message is filled with: its fields, and what follows from them."""
    derived = {
        name: getattr(refusal, name)
        for name, value in vars(type(refusal)).items()
        if isinstance(value, property)
    }
    return {**vars(refusal), **derived}


def message(refusal: Exception, language: str) -> str:
    """Return what *refusal* says, in *language* (en or zh)."""
    if language != "zh":
        return (type(refusal).__doc__ or "").strip().format(**_facts(refusal))
    facts = {name: WORDS.get(str(fact), fact) for name, fact in _facts(refusal).items()}
    return CATALOGUE[type(refusal)].chinese.format(**facts)


def problem(refusal: Exception, language: str) -> Problem:
    """Return *refusal* as the problem it is shown as."""
    entry = CATALOGUE[type(refusal)]
    more: Mapping[str, Any] = entry.more(refusal, language) if entry.more else {}
    field = entry.field or (
        (refusal.field,) if isinstance(refusal, Taken | AccountExists) else None
    )
    return entry.problem(
        code=entry.code,
        message=message(refusal, language),
        field=list(field) if field else None,
        **more,
    )

"""The one table that says which refusal is shown as which problem, and what it says in Chinese."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auth.accounts import AccountExists, SignUpClosed, WrongPassword
from auth.budgets import OverBudget
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
from control.applications import StillDeploying
from control.deploys import (
    Blocked,
    InvalidCommit,
    NotDoneHere,
    NotEarlierSuccess,
    NotSealed,
    SourceRefGone,
)
from control.hosting.previews import NotPushed
from control.hosting.webhooks import WebhookBusy
from control.integrations import AskedTooMuch, ScopesMissing, TokenUnreadable
from control.integrations.accounts import NotLinked
from control.port import (
    AlreadyCompleted,
    ApplicationGone,
    EnvironmentGone,
    IdempotencyKeyReused,
)
from control.reports import EndedOtherwise, ResourceFull
from engine.git import CommitNotFound, RefNotFound, RepositoryUnreachable
from providers.api.refusals import InvalidApiUrl, OwnerMissing
from providers.repository import AddressNotAllowed, InvalidRepositoryUrl
from resolvers.integrations.accounts import ServerNotAllowed, WrongToken
from resolvers.paging import InvalidPage
from resolvers.refusals import (
    NoDelivery,
    RepositoryTaken,
    Taken,
    TooManyEnvironments,
    VersionConflict,
)
from resolvers.validation import InvalidInput, Issue, Rule
from schema import trigger_issues, upstream
from schema.limits import TooLarge
from schema.problems import (
    AlreadyExistsProblem,
    BlockedProblem,
    Blocker,
    ConflictProblem,
    ForbiddenProblem,
    IdempotencyKeyReusedProblem,
    InputIssue,
    InvalidProblem,
    LimitExceededProblem,
    NotFoundProblem,
    Problem,
    ProblemCode,
    UnauthenticatedProblem,
    UpstreamProblem,
)
from schema.refusals import IntrospectionOff, TooCostly, TookTooLong, Unnamed
from schema.words import WORDS


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


def _wait(refusal: Throttled | Busy | OverBudget, _: str) -> Mapping[str, object]:
    return {"retry_after": float(refusal.retry_after), "retryable": True}


def _issue(issue: Issue, language: str) -> InputIssue:
    message = issue.english
    if language == "zh":
        rule = issue.rule
        message = rule.value[1] if isinstance(rule, Rule) else trigger_issues.chinese(rule)
    return InputIssue(field=list(issue.path), message=message)


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
    TooLarge: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "该操作有 {count} {what};最多执行 {most}。",
    ),
    TooCostly: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "该操作的成本为 {cost};最多执行 {most}。请减少请求的内容或分页大小。",
    ),
    OverBudget: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "该操作的成本为 {cost},剩余 {remaining};请在 {retry_after} 秒后重试。",
        more=_wait,
    ),
    TookTooLong: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "查询超过 {seconds} 秒,已被停止;请一次少请求一些。",
    ),
    IntrospectionOff: Entry(
        ForbiddenProblem,
        ProblemCode.FORBIDDEN,
        "此服务器不提供其 schema;请查阅其版本的文档。",
    ),
    Unnamed: Entry(
        InvalidProblem,
        ProblemCode.INVALID,
        "文档包含多个操作;请用 `operationName` 指明要执行哪一个。",
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
    TooManyDeployHooks: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "一个环境最多有 {hooks_max} 个部署钩子;请先撤销一个。",
    ),
    TooManyMachines: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "一个团队最多有 {machines_max} 个工作节点;请先移除一个。",
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
    WebhookBusy: Entry(
        ConflictProblem, ProblemCode.CONFLICT, "此刻正在服务端设置该 webhook;请在完成后重试。"
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
    NotLinked: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "团队没有关联 {service} 的账号,或关联的账号属于另一个服务器。",
        ("provider",),
    ),
    TokenUnreadable: Entry(
        ConflictProblem,
        ProblemCode.CONFLICT,
        "{service} 的令牌无法用此服务器的密钥打开;请重新关联。",
        ("provider",),
    ),
    WrongToken: Entry(
        InvalidProblem,
        ProblemCode.INVALID,
        "{service} 不接受此令牌:令牌错误、已撤销或已过期。",
        ("token",),
    ),
    ScopesMissing: Entry(
        InvalidProblem,
        ProblemCode.INVALID,
        "{service} 的令牌权限不足,缺少:{scopes}。",
        ("token",),
    ),
    ServerNotAllowed: Entry(
        InvalidProblem,
        ProblemCode.INVALID,
        "不允许在该地址访问此服务({what});允许的范围见设置 `ROLLWAY_REPOSITORIES`。",
        ("url",),
    ),
    InvalidApiUrl: Entry(
        InvalidProblem, ProblemCode.INVALID, "{service} 的 API 地址不可用:{reason}。", ("url",)
    ),
    OwnerMissing: Entry(
        InvalidProblem,
        ProblemCode.INVALID,
        "{service} 只列出某个所有者的仓库;请指明是哪一个。",
        ("owner",),
    ),
    AskedTooMuch: Entry(
        LimitExceededProblem,
        ProblemCode.LIMIT_EXCEEDED,
        "对 Git 托管服务的并发请求已达上限;请稍后再试。",
        more=lambda *_: {"retryable": True},
    ),
    **{
        refusal: Entry(UpstreamProblem, ProblemCode.UPSTREAM, chinese, more=upstream.facts)
        for refusal, chinese in upstream.CHINESE.items()
    },
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

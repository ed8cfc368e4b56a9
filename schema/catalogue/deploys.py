"""Applications, environments, and what is deployed."""

from collections.abc import Mapping

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
from control.port import AlreadyCompleted, ApplicationGone, EnvironmentGone
from control.reports import EndedOtherwise, ResourceFull
from control.retention import LogExpired
from engine.git import CommitNotFound, RefNotFound, RepositoryUnreachable
from providers.repository import AddressNotAllowed, InvalidRepositoryUrl
from resolvers.refusals import NoDelivery, RepositoryTaken, TooManyEnvironments, VersionConflict
from schema.catalogue.entry import Entry, Remedy
from schema.problems import (
    BlockedProblem,
    ConflictProblem,
    InvalidProblem,
    LimitExceededProblem,
    NotFoundProblem,
    UpstreamProblem,
)

ALLOW = Remedy(
    "The operator allows more by the setting `ROLLWAY_REPOSITORIES`.",
    "管理员可以用设置 `ROLLWAY_REPOSITORIES` 允许更多。",
)


def _blockers(refusal: Blocked, _: str) -> Mapping[str, object]:
    return {"blockers": list(refusal.blockers)}


ENTRIES: Mapping[type[Exception], Entry] = {
    StillDeploying: Entry(
        ConflictProblem,
        "仍有未结束的任务。",
        Remedy("Cancel them or wait, then try again.", "请取消它们或等待其结束,然后重试。"),
        retryable=True,
    ),
    ApplicationGone: Entry(
        NotFoundProblem,
        "应用已被删除,或者现在属于另一个团队。",
        Remedy("Check the id, and whose application it is now.", "请检查 id 以及应用现在属于谁。"),
        ("applicationId",),
    ),
    EnvironmentGone: Entry(
        NotFoundProblem,
        "该应用中不存在环境 {name}。",
        Remedy("Use one that the application has.", "请使用该应用已有的环境。"),
        ("envName",),
    ),
    LogExpired: Entry(
        NotFoundProblem,
        "该日志已过期:任务结束后,日志只保留一段时间。",
        Remedy(
            "See the step's `exitCode` and `error`, which stay; the operator sets the time by"
            " `ROLLWAY_LOGS_KEPT_DAYS`.",
            "请查看步骤的 `exitCode` 和 `error`,它们会一直保留;管理员用 `ROLLWAY_LOGS_KEPT_DAYS`"
            " 设置保留时间。",
        ),
    ),
    InvalidCommit: Entry(
        InvalidProblem,
        "{commit} 不是提交的完整哈希。",
        Remedy(
            "Give 40 or 64 lower-case hexadecimal digits, or a branch or tag as `ref`.",
            "请提供 40 或 64 位小写十六进制数字,或以 `ref` 提供分支或标签。",
        ),
        ("commit",),
    ),
    RefNotFound: Entry(
        InvalidProblem,
        "仓库 {url} 中没有引用 {ref}。",
        Remedy("Check the name, and that it was pushed.", "请检查名称,以及它是否已推送。"),
        ("ref",),
    ),
    CommitNotFound: Entry(
        InvalidProblem,
        "仓库 {url} 中没有提交 {commit}。",
        Remedy("Check the hash, and that it was pushed.", "请检查哈希,以及它是否已推送。"),
        ("commit",),
    ),
    NotPushed: Entry(
        InvalidProblem,
        "只有分支或标签的推送会触发部署,而 {ref} 两者都不是。",
        Remedy("Give a branch or a tag.", "请提供分支或标签。"),
        ("ref",),
    ),
    RepositoryUnreachable: Entry(
        UpstreamProblem,
        "无法访问仓库 {url}:{reason}。",
        Remedy(
            "Try again later; where it stays so, check its address and the linked account.",
            "请稍后重试;若仍然如此,请检查其地址和关联的账号。",
        ),
        retryable=True,
    ),
    SourceRefGone: Entry(
        ConflictProblem,
        "该任务没有提交,其引用 {ref} 已不在仓库中。",
        Remedy("Deploy another ref.", "请部署其他引用。"),
        ("taskId",),
    ),
    InvalidRepositoryUrl: Entry(
        InvalidProblem,
        "仓库地址不可用:{reason}。",
        Remedy(
            "Give an address for `git clone`, as https://host/owner/name.git.",
            "请提供 `git clone` 可用的地址,例如 https://host/owner/name.git。",
        ),
        ("repoUrl",),
    ),
    AddressNotAllowed: Entry(InvalidProblem, "此服务器不允许访问 {what}。", ALLOW, ("repoUrl",)),
    NotEarlierSuccess: Entry(
        ConflictProblem,
        "只能回滚到更早的、以 SUCCESS 结束的任务;此任务不符合({reason})。",
        Remedy("Choose another task of the environment.", "请选择该环境的其他任务。"),
        ("taskId",),
    ),
    Blocked: Entry(
        BlockedProblem,
        "无法按原样回滚到该任务({reasons})。",
        Remedy(
            "Remove what `blockers` lists, or use the mode REFRESH_CONFIG.",
            "请消除 `blockers` 列出的障碍,或使用模式 REFRESH_CONFIG。",
        ),
        ("taskId",),
        more=_blockers,
    ),
    NoDelivery: Entry(
        InvalidProblem,
        "这不是该服务发送的推送:{reason}。",
        Remedy(
            "Give headers and body as the service sends them.",
            "请按该服务发送的样子提供 headers 和 body。",
        ),
        ("body",),
    ),
    NotDoneHere: Entry(
        ConflictProblem,
        "该部署由其他系统完成,此处没有可重复的内容。",
        Remedy("Deploy its commit.", "请部署其提交。"),
        ("taskId",),
    ),
    EndedOtherwise: Entry(
        ConflictProblem,
        "该部署已以 {status} 结束,其结果不再改变。",
        Remedy("Report a new deploy.", "请报告一次新的部署。"),
        ("status",),
    ),
    ResourceFull: Entry(
        LimitExceededProblem,
        "环境的 resource 将超过 64 KiB。",
        Remedy("Take something out of it first.", "请先从中移除一些内容。"),
        ("resource",),
    ),
    NotSealed: Entry(
        ConflictProblem,
        "该任务从未读取流水线,没有可重复的计划。",
        Remedy("Use the mode REFRESH_CONFIG.", "请使用模式 REFRESH_CONFIG。"),
        ("mode",),
    ),
    AlreadyCompleted: Entry(
        ConflictProblem,
        "任务已以 {status} 结束。",
        Remedy("Nothing is left to be done; read the task again.", "无需操作;请重新读取该任务。"),
        ("taskId",),
    ),
    VersionConflict: Entry(
        ConflictProblem,
        "环境已被更改,当前版本为 {current}。",
        Remedy(
            "Read it again, and repeat the change with its version.",
            "请重新读取,并以其版本再次更改。",
        ),
        ("expectedVersion",),
        more=lambda refusal, _: {"current_version": refusal.current},
    ),
    RepositoryTaken: Entry(
        ConflictProblem,
        "该仓库已属于另一个应用。",
        Remedy("Use that application, or give another repository.", "请使用该应用,或其他仓库。"),
        ("repoId",),
    ),
    TooManyEnvironments: Entry(
        LimitExceededProblem,
        "一个应用最多有 {environments_max} 个环境。",
        Remedy("Delete one that is not needed any more.", "请删除一个不再需要的环境。"),
    ),
}

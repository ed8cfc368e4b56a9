"""What is asked: inputs, pages, and how much one operation may ask for."""

from collections.abc import Mapping

from auth.budgets import OverBudget
from control.port import IdempotencyKeyReused
from resolvers.operations.bounds import AnswerTooLong
from resolvers.paging import InvalidPage
from resolvers.refusals import (
    OverChecks,
    Taken,
    TooManyOnSocket,
    TooManyOperations,
    WrongTasks,
)
from resolvers.validation import InvalidInput, Issue, Rule
from schema import trigger_issues
from schema.catalogue.entry import IN_SECONDS, Entry, Remedy, wait
from schema.documents.limits import TooLarge
from schema.problems import (
    AlreadyExistsProblem,
    ForbiddenProblem,
    IdempotencyKeyReusedProblem,
    InputIssue,
    InvalidProblem,
    LimitExceededProblem,
)
from schema.refusals import IntrospectionOff, TooCostly, TookTooLong, Unnamed


def issues(refusal: InvalidInput, language: str) -> list[InputIssue]:
    """Return every broken rule, told in *language* (en or zh)."""
    return [_issue(issue, language) for issue in refusal.issues]


def _issue(issue: Issue, language: str) -> InputIssue:
    message = issue.english
    if language == "zh":
        rule = issue.rule
        message = rule.value[1] if isinstance(rule, Rule) else trigger_issues.chinese(rule)
    return InputIssue(field=list(issue.path), message=message)


ENTRIES: Mapping[type[Exception], Entry] = {
    TooLarge: Entry(
        LimitExceededProblem,
        "该操作有 {count} {what};最多执行 {most}。",
        Remedy("Split it into several operations.", "请把它分成几个操作。"),
    ),
    TooCostly: Entry(
        LimitExceededProblem,
        "该操作的成本为 {cost};最多执行 {most}。",
        Remedy("Ask for fewer fields or smaller pages.", "请减少请求的字段或分页大小。"),
    ),
    AnswerTooLong: Entry(
        LimitExceededProblem,
        "响应超过 {most} {what}。",
        Remedy("Ask for fewer fields or smaller pages.", "请减少请求的字段或分页大小。"),
    ),
    OverBudget: Entry(
        LimitExceededProblem,
        "该操作的成本为 {cost},剩余 {remaining}。",
        IN_SECONDS,
        retryable=True,
        more=wait,
    ),
    OverChecks: Entry(
        LimitExceededProblem,
        "读取和检查所发送内容的成本在一分钟内已超过 {limit}。",
        Remedy(
            "Mend what is refused, send values as variables, and try again in {retry_after}"
            " seconds.",
            "请修正被拒绝的内容,用变量发送值,并在 {retry_after} 秒后重试。",
        ),
        retryable=True,
        more=wait,
    ),
    TooManyOnSocket: Entry(
        LimitExceededProblem,
        "一个 WebSocket 上最多同时运行 {most} 个操作。",
        Remedy("End one, or open another WebSocket.", "请结束一个,或打开另一个 WebSocket。"),
        retryable=True,
    ),
    TooManyOperations: Entry(
        LimitExceededProblem,
        "所有 WebSocket 和流上运行的操作过多。",
        Remedy(
            "End one, or try again in {retry_after} seconds.",
            "请结束一个,或在 {retry_after} 秒后重试。",
        ),
        retryable=True,
        more=wait,
    ),
    TookTooLong: Entry(
        LimitExceededProblem,
        "查询超过 {seconds} 秒,已被停止。",
        Remedy("Ask for less at once.", "请一次少请求一些。"),
    ),
    IntrospectionOff: Entry(
        ForbiddenProblem,
        "此服务器不提供其 schema。",
        Remedy("Read it in the documentation of its version.", "请查阅其版本的文档。"),
    ),
    Unnamed: Entry(
        InvalidProblem,
        "文档包含多个操作,而没有指明要执行哪一个。",
        Remedy("Say by `operationName` which one to run.", "请用 `operationName` 指明。"),
    ),
    InvalidInput: Entry(
        InvalidProblem,
        "输入无效。",
        Remedy("Change what `issues` lists.", "请修改 `issues` 列出的内容。"),
        more=lambda refusal, language: {"issues": issues(refusal, language)},
    ),
    InvalidPage: Entry(
        InvalidProblem,
        "无法给出所请求的分页:{reason}。",
        Remedy("Change the arguments of the field.", "请修改该字段的参数。"),
    ),
    WrongTasks: Entry(
        InvalidProblem,
        "`tasks` 必须包含 1 到 {most} 个任务,每个任务只能出现一次。",
        Remedy("Watch the others by another subscription.", "其余任务请用另一个订阅。"),
        ("tasks",),
    ),
    Taken: Entry(
        AlreadyExistsProblem,
        "此 {field} 已被占用。",
        Remedy("Choose another {field}.", "请选择其他 {field}。"),
    ),
    IdempotencyKeyReused: Entry(
        IdempotencyKeyReusedProblem,
        "此幂等键已用于另一个请求。",
        Remedy("Take a new key.", "请使用新的键。"),
        ("idempotencyKey",),
    ),
}

"""Git hosting services, linked accounts and webhooks."""

from collections.abc import Mapping
from typing import Any

from control.hosting.webhooks import WebhookBusy
from control.integrations import AskedTooMuch, ScopesMissing, TokenUnreadable
from control.integrations.accounts import NotLinked
from providers import Provider
from providers.api import SERVICES, refusals
from providers.repository import AddressUnknown
from resolvers.integrations.accounts import ServerNotAllowed, WrongToken
from schema.catalogue.deploys import ALLOW
from schema.catalogue.entry import Entry, Remedy
from schema.problems import (
    ConflictProblem,
    InvalidProblem,
    LimitExceededProblem,
    UpstreamProblem,
)

PROVIDERS: Mapping[str, Provider] = {
    known.host.name: provider for provider, known in SERVICES.items()
}
STATUSES: Mapping[type[Exception], int] = {
    refusals.TokenRefused: 401,
    refusals.Forbidden: 403,
    refusals.NotThere: 404,
    refusals.RateLimited: 429,
}


def _upstream(
    chinese: str, english_remedy: str, chinese_remedy: str, *, retryable: bool = False
) -> Entry:
    """Return how a refusal of a service is shown: with the service and its status."""
    remedy = Remedy(english_remedy, chinese_remedy)
    return Entry(UpstreamProblem, chinese, remedy, retryable=retryable, more=_service)


def _service(refusal: Any, _: str) -> Mapping[str, Any]:
    status = refusal.status if isinstance(refusal, refusals.Rejected) else None
    return {
        "provider": PROVIDERS.get(getattr(refusal, "service", "")),
        "status": status or STATUSES.get(type(refusal)),
    }


ENTRIES: Mapping[type[Exception], Entry] = {
    WebhookBusy: Entry(
        ConflictProblem,
        "此刻正在服务端设置该 webhook。",
        Remedy("Try again when that is done.", "请在完成后重试。"),
        retryable=True,
    ),
    NotLinked: Entry(
        ConflictProblem,
        "团队没有关联 {service} 的账号,或关联的账号属于另一个服务器。",
        Remedy("Link an account there, by `linkAccount`.", "请用 `linkAccount` 关联该处的账号。"),
        ("provider",),
    ),
    TokenUnreadable: Entry(
        ConflictProblem,
        "{service} 的令牌无法用此服务器的密钥打开。",
        Remedy("Link the account again.", "请重新关联账号。"),
        ("provider",),
    ),
    WrongToken: Entry(
        InvalidProblem,
        "{service} 不接受此令牌:令牌错误、已撤销或已过期。",
        Remedy("Make a new token at {service}.", "请在 {service} 创建新的令牌。"),
        ("token",),
    ),
    ScopesMissing: Entry(
        InvalidProblem,
        "{service} 的令牌权限不足,缺少:{scopes}。",
        Remedy("Make a token that has them too.", "请创建同时具有这些权限的令牌。"),
        ("token",),
    ),
    ServerNotAllowed: Entry(InvalidProblem, "不允许在该地址访问此服务:{what}。", ALLOW, ("url",)),
    refusals.InvalidApiUrl: Entry(
        InvalidProblem,
        "{service} 的 API 地址不可用:{reason}。",
        Remedy(
            "Give the address of the server, as https://host.",
            "请提供该服务器的地址,例如 https://host。",
        ),
        ("url",),
    ),
    refusals.OwnerMissing: Entry(
        InvalidProblem,
        "{service} 只列出某个所有者的仓库。",
        Remedy("Say whose.", "请指明是谁的仓库。"),
        ("owner",),
    ),
    AskedTooMuch: Entry(
        LimitExceededProblem,
        "对 Git 托管服务的并发请求已达上限。",
        Remedy("Try again in a moment.", "请稍后再试。"),
        retryable=True,
    ),
    refusals.TokenRefused: _upstream(
        "{service} 不接受该令牌:令牌错误、已撤销或已过期。",
        "Link the account again, with a new token.",
        "请用新的令牌重新关联账号。",
    ),
    refusals.Forbidden: _upstream(
        "{service} 不允许用该令牌执行此操作:{said}。",
        "Have the account or its token allowed more at {service}.",
        "请在 {service} 给该账号或其令牌更多权限。",
    ),
    refusals.NotThere: _upstream(
        "{service} 没有此内容,或对该令牌隐藏了它。",
        "Check the name, and what the account may see at {service}.",
        "请检查名称,以及该账号在 {service} 能看到什么。",
    ),
    refusals.Rejected: _upstream(
        "{service} 拒绝了请求,状态码 {status}:{said}。",
        "Change what {service} objects to.",
        "请修改 {service} 所指出的内容。",
    ),
    refusals.RateLimited: _upstream(
        "对 {service} 的请求过于频繁。",
        "Try again in {seconds} seconds.",
        "请在 {seconds} 秒后重试。",
        retryable=True,
    ),
    refusals.ServiceDown: _upstream(
        "{service} 没有响应:{reason}。", "Try again later.", "请稍后重试。", retryable=True
    ),
    refusals.Moved: _upstream(
        "{service} 将请求转到别处,不会带着令牌跟随。",
        "Give the address where it is now.",
        "请提供它现在的地址。",
    ),
    refusals.Nonsense: _upstream(
        "{service} 的回答无法理解:{reason}。",
        "Check that the address is one of {service}; else tell the operator.",
        "请检查该地址是否属于 {service};否则请告诉管理员。",
    ),
    refusals.AnswerTooLarge: _upstream(
        "{service} 的回答过大:{reason}。",
        "Ask for less, as by a search.",
        "请减少请求的内容,例如使用搜索。",
    ),
    refusals.FileTooLarge: _upstream(
        "文件超过 {size_max} 字节。", "Make the file smaller.", "请缩小该文件。"
    ),
    AddressUnknown: _upstream(
        "无法查到 {host} 的地址,因此无法检查它。",
        "Check the host's name, and try again later.",
        "请检查主机名,并稍后重试。",
        retryable=True,
    ),
}

"""What Git hosting services refuse: as problems, with the service and its status, in Chinese."""

from collections.abc import Mapping
from typing import Any

from providers import Provider
from providers.api import SERVICES, refusals
from providers.repository import AddressUnknown

PROVIDERS: Mapping[str, Provider] = {
    known.host.name: provider for provider, known in SERVICES.items()
}
CHINESE: Mapping[type[Exception], str] = {
    refusals.TokenRefused: "{service} 不接受该令牌:令牌错误、已撤销或已过期。",
    refusals.Forbidden: "{service} 不允许用该令牌执行此操作:{said}。",
    refusals.NotThere: "{service} 没有此内容,或对该令牌隐藏了它。",
    refusals.Rejected: "{service} 拒绝了请求,状态码 {status}:{said}。",
    refusals.RateLimited: "对 {service} 的请求过于频繁;{seconds} 秒后恢复。",
    refusals.ServiceDown: "{service} 没有响应:{reason}。",
    refusals.Moved: "{service} 将请求转到别处,不会带着令牌跟随。",
    refusals.Nonsense: "{service} 的回答无法理解:{reason}。",
    refusals.AnswerTooLarge: "{service} 的回答过大:{reason}。",
    refusals.FileTooLarge: "文件超过 {size_max} 字节。",
    AddressUnknown: "无法查到 {host} 的地址,因此无法检查它。",
}
STATUSES: Mapping[type[Exception], int] = {
    refusals.TokenRefused: 401,
    refusals.Forbidden: 403,
    refusals.NotThere: 404,
    refusals.RateLimited: 429,
}
RETRYABLE = (refusals.RateLimited, refusals.ServiceDown, AddressUnknown)


def facts(refusal: Any, _: str) -> Mapping[str, Any]:
    """Return what the problem says beside its message."""
    status = refusal.status if isinstance(refusal, refusals.Rejected) else None
    return {
        "provider": PROVIDERS.get(getattr(refusal, "service", "")),
        "status": status or STATUSES.get(type(refusal)),
        "retryable": isinstance(refusal, RETRYABLE),
    }

"""What is refused before anything of a request is executed: status, code and words of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import JSONResponse, Response

from providers.refusal import Reason, Refusal
from resolvers.refusals import OverChecks, TooManyOperations
from rollway.api import accept
from rollway.body import BodyBroken, BodyTooLarge, BodyTooSlow
from rollway.callers import language
from schema.catalogue import CATALOGUE, extensions
from schema.problems import ProblemCode


class WrongMethod(Refusal):
    """GraphQL is asked by GET or POST."""


class MutationByGet(Refusal):
    """Mutations are sent by POST."""


class WrongContentType(Refusal):
    """The body must be JSON in UTF-8: send `Content-Type: application/json`."""


class NotAcceptable(Refusal):
    """None of the media types that `Accept` names can be answered with."""


class Asked(Reason):
    """The parts of a request that are read as JSON."""

    BODY = "body"
    QUERY = "query"
    VARIABLES = "variables"
    EXTENSIONS = "extensions"


class Kind(Reason):
    """What a part of a request must be."""

    TEXT = "a text"
    OBJECT = "an object"


class JsonFlaw(Reason):
    """What is wrong with JSON that could be read."""

    NUL = "NUL characters cannot be stored"
    NESTED = "it is nested too deeply"
    NO_UTF8 = "it is not UTF-8"
    NUMBER = "it has a number that is too large, or none"


@dataclass(eq=False)
class NotJson(Refusal):
    """The {what} cannot be read as JSON: {reason}."""

    what: str
    reason: str


class NoObject(Refusal):
    """The body must be a JSON object with a `query`."""


class NoQuery(Refusal):
    """There is no `query`."""


@dataclass(eq=False)
class WrongType(Refusal):
    """`{name}` must be {kind}."""

    name: str
    kind: str


class NoBatches(Refusal):
    """This server takes one operation a request; its operator can allow more."""


@dataclass(eq=False)
class BatchTooLong(Refusal):
    """The request has {operations} operations; from 1 to {operations_max} are taken."""

    operations: int
    operations_max: int


class NoSuchOperation(Refusal):
    """The document has no operation of this name, or several and none is named."""


class NeedsStream(Refusal):
    """A subscription needs a WebSocket, or `text/event-stream` in `Accept`."""


class ForeignOrigin(Refusal):
    """This origin may not use the session cookie."""


class ForeignHost(Refusal):
    """This server has no such name as in `Host`; its operator names it by `ROLLWAY_PUBLIC_URL`."""


class ForeignPage(Refusal):
    """Pages of this origin may not send this; `ROLLWAY_CORS_ORIGINS` says which may."""


@dataclass(eq=False)
class Broken(Refusal):
    """Internal error ({fault})."""

    fault: str


class TooManyStreams(Refusal):
    """There are too many open streams; close one, or come back later."""


class Leaving(Refusal):
    """The server is stopping; connect again in a moment."""


@dataclass(frozen=True, slots=True)
class Row:
    """How a refusal is answered."""

    status: int
    code: str
    chinese: str
    headers: Mapping[str, str] = field(default_factory=dict)


INVALID = ProblemCode.INVALID
LIMIT_EXCEEDED = ProblemCode.LIMIT_EXCEEDED
UNAVAILABLE = "UNAVAILABLE"
RETRY_SECONDS = 5
HEADERS = {
    "Cache-Control": "no-store",  # it is one person's, and may hold a token
    "X-Content-Type-Options": "nosniff",
}

TABLE: Mapping[type[Refusal], Row] = {
    NotJson: Row(400, INVALID, "{what}不是有效的 JSON:{reason}。"),
    NoObject: Row(400, INVALID, "请求体必须是带有 `query` 的 JSON 对象。"),
    NoQuery: Row(400, INVALID, "缺少 `query`。"),
    WrongType: Row(400, INVALID, "`{name}` 必须是{kind}。"),
    NoSuchOperation: Row(400, INVALID, "文档中没有此名称的操作,或有多个操作而未指明名称。"),
    NeedsStream: Row(400, INVALID, "订阅需要 WebSocket,或在 `Accept` 中包含 `text/event-stream`。"),
    NoBatches: Row(400, INVALID, "此服务器每个请求只接受一个操作;管理员可以允许更多。"),
    BatchTooLong: Row(
        400, LIMIT_EXCEEDED, "请求包含 {operations} 个操作;允许 1 到 {operations_max} 个。"
    ),
    BodyBroken: Row(400, INVALID, "请求体中断。"),
    ForeignHost: Row(
        400,
        INVALID,
        "此服务器没有 `Host` 中的名称;管理员可以用 `ROLLWAY_PUBLIC_URL` 指定它。",
    ),
    ForeignPage: Row(
        400,
        ProblemCode.FORBIDDEN,
        "此来源的页面不能发送此请求;允许的来源见设置 `ROLLWAY_CORS_ORIGINS`。",
    ),
    ForeignOrigin: Row(403, ProblemCode.FORBIDDEN, "此来源不能使用会话 cookie。"),
    WrongMethod: Row(405, INVALID, "GraphQL 请求使用 GET 或 POST。", {"Allow": "GET, POST"}),
    MutationByGet: Row(405, INVALID, "变更(mutation)请用 POST 发送。", {"Allow": "POST"}),
    NotAcceptable: Row(406, INVALID, "无法以 `Accept` 中的任何媒体类型回答。"),
    BodyTooSlow: Row(408, LIMIT_EXCEEDED, "请求体未在 30 秒内到达。", {"Connection": "close"}),
    BodyTooLarge: Row(413, LIMIT_EXCEEDED, "请求体超过 {bytes_max} 字节。"),
    WrongContentType: Row(
        415, INVALID, "请求体必须是 UTF-8 的 JSON:请发送 `Content-Type: application/json`。"
    ),
    TooManyStreams: Row(
        429,
        LIMIT_EXCEEDED,
        "打开的流过多;请关闭一个,或稍后再来。",
        {"Retry-After": str(RETRY_SECONDS)},
    ),
    TooManyOperations: Row(
        429,
        LIMIT_EXCEEDED,
        CATALOGUE[TooManyOperations].chinese,
        {"Retry-After": str(RETRY_SECONDS)},
    ),
    OverChecks: Row(429, LIMIT_EXCEEDED, CATALOGUE[OverChecks].chinese),
    Broken: Row(500, "INTERNAL", "内部错误({fault})。"),
    Leaving: Row(
        503,
        UNAVAILABLE,
        "服务器正在停止;请稍后重新连接。",
        {"Retry-After": str(RETRY_SECONDS), "Connection": "close"},
    ),
}


CHINESE: Mapping[str, str] = {
    Asked.BODY: "请求体",
    Asked.QUERY: "`query`",
    Asked.VARIABLES: "`variables`",
    Asked.EXTENSIONS: "`extensions`",
    Kind.TEXT: "文本",
    Kind.OBJECT: "对象",
    JsonFlaw.NUL: "无法保存 NUL 字符",
    JsonFlaw.NESTED: "嵌套过深",
    JsonFlaw.NO_UTF8: "不是 UTF-8",
    JsonFlaw.NUMBER: "含有过大的或无效的数字",
}


def entry(refusal: Refusal, language: str) -> dict[str, object]:
    """Return *refusal* as an entry of `errors`, in *language* (en or zh)."""
    row = TABLE[type(refusal)]
    text = str(refusal)
    if language == "zh":
        facts = {name: CHINESE.get(fact, fact) for name, fact in vars(refusal).items()}
        text = row.chinese.format(**facts)
    known = extensions(refusal, language) if type(refusal) in CATALOGUE else {}
    return {"message": text, "extensions": {"code": str(row.code)} | known}


def answer(refusal: Refusal, headers: Mapping[str, str]) -> Response:
    """Return the answer to a request with these *headers*."""
    picked = accept.pick(accept.read(headers.get("accept")), accept.ANSWERS)
    row = TABLE[type(refusal)]
    return JSONResponse(
        {"errors": [entry(refusal, language(headers.get("accept-language", "")))]},
        row.status,
        {**HEADERS, **row.headers, **_wait(refusal)},
        f"{picked or accept.JSON}; charset=utf-8",
    )


def _wait(refusal: Refusal) -> Mapping[str, str]:
    """Return when to come back, where a refusal knows."""
    seconds = getattr(refusal, "retry_after", None)
    return {} if seconds is None else {"Retry-After": str(seconds)}

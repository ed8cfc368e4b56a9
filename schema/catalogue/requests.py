"""What is refused before anything of a request is executed, and what breaks."""

from collections.abc import Mapping

from auth.deploy_hooks import DeployHookUnknown
from db.trouble import DatabaseAway, DatabaseBusy, DatabaseFull, NoConnection
from resolvers.operations import documents
from schema import requests
from schema.catalogue.deploys import ALLOW
from schema.catalogue.entry import Entry, ErrorCode, Remedy
from schema.problems import ProblemCode

INVALID = ProblemCode.INVALID
FORBIDDEN = ProblemCode.FORBIDDEN
LIMIT_EXCEEDED = ProblemCode.LIMIT_EXCEEDED

SHAPE = Remedy(
    "Send an object with the text `query`, and the object `variables` where there are some.",
    "请发送对象,含有文本 `query`,需要时还有对象 `variables`。",
)
POST = Remedy("Send it by POST.", "请用 POST 发送。")
NAME = Remedy(
    "Say by `operationName` which operation of the document to run.",
    "请用 `operationName` 指明要执行文档中的哪个操作。",
)
AGAIN = Remedy("Send it again, whole.", "请重新完整发送。")
ORIGINS = Remedy(
    "The operator allows more by the setting `ROLLWAY_CORS_ORIGINS`.",
    "管理员可以用设置 `ROLLWAY_CORS_ORIGINS` 允许更多。",
)
LATER = Remedy(
    "Try again in {retry_after} seconds, with the same idempotency key where one was given; where"
    " it stays so, tell the operator.",
    "请在 {retry_after} 秒后重试;若提供过幂等键,请使用同一个;若仍然如此,请告诉管理员。",
)

ENTRIES: Mapping[type[Exception], Entry] = {
    requests.NotJson: Entry(
        INVALID,
        "{what}不是有效的 JSON:{reason}。",
        Remedy("Have a library for JSON write it, in UTF-8.", "请用 JSON 库以 UTF-8 生成它。"),
    ),
    requests.NoObject: Entry(INVALID, "请求体必须是带有 `query` 的 JSON 对象。", SHAPE),
    requests.NoQuery: Entry(
        INVALID,
        "缺少 `query`。",
        Remedy("Send the document as `query`.", "请以 `query` 发送文档。"),
    ),
    requests.WrongType: Entry(INVALID, "`{name}` 必须是{kind}。", SHAPE),
    requests.NoSuchOperation: Entry(
        INVALID, "文档中没有此名称的操作,或有多个操作而未指明名称。", NAME
    ),
    requests.Misfit: Entry(
        INVALID,
        "请求不符合 GraphQL 或此服务器的 schema:{said}。",
        Remedy(
            "Correct the document or the variables there; the schema says what there is.",
            "请修改文档或变量的该处;可用的内容见 schema。",
        ),
    ),
    requests.NestedTooDeeply: Entry(
        INVALID, "文档嵌套过深。", Remedy("Ask for fewer levels.", "请减少层数。")
    ),
    requests.NeedsStream: Entry(
        INVALID,
        "订阅需要 WebSocket,或在 `Accept` 中包含流的媒体类型。",
        Remedy(
            "Ask by WebSocket, or accept `text/event-stream` or"
            " `multipart/mixed; subscriptionSpec=1.0`.",
            "请使用 WebSocket,或接受 `text/event-stream` 或"
            " `multipart/mixed; subscriptionSpec=1.0`。",
        ),
    ),
    requests.MutationOnSocket: Entry(
        INVALID, "WebSocket 不接受变更(mutation):连接断开会使它停在半途。", POST
    ),
    requests.NotIncremental: Entry(
        INVALID,
        "WebSocket 不支持 `@defer` 和 `@stream`。",
        Remedy("Leave them out.", "请去掉它们。"),
    ),
    requests.NoBatches: Entry(
        INVALID,
        "此服务器每个请求只接受一个操作。",
        Remedy(
            "Send one at a time; the operator allows more by `ROLLWAY_BATCH_OPERATIONS`.",
            "请逐个发送;管理员可以用设置 `ROLLWAY_BATCH_OPERATIONS` 允许更多。",
        ),
    ),
    requests.BatchTooLong: Entry(
        LIMIT_EXCEEDED,
        "请求包含 {operations} 个操作;允许 1 到 {operations_max} 个。",
        Remedy("Split it into several requests.", "请把它分成几个请求。"),
    ),
    requests.BodyBroken: Entry(INVALID, "请求体中断。", AGAIN, retryable=True),
    requests.BodyTooSlow: Entry(LIMIT_EXCEEDED, "请求体未在 30 秒内到达。", AGAIN, retryable=True),
    requests.BodyTooLarge: Entry(
        LIMIT_EXCEEDED,
        "请求体超过 {bytes_max} 字节。",
        Remedy("Send less at once.", "请一次少发送一些。"),
    ),
    requests.WrongMethod: Entry(INVALID, "GraphQL 请求使用 GET 或 POST。", POST),
    requests.MutationByGet: Entry(INVALID, "变更(mutation)不能用 GET 发送。", POST),
    requests.WrongContentType: Entry(
        INVALID,
        "请求体必须是 UTF-8 的 JSON。",
        Remedy(
            "Send `Content-Type: application/json`, and nothing packed.",
            "请发送 `Content-Type: application/json`,且不要压缩。",
        ),
    ),
    requests.NotAcceptable: Entry(
        INVALID,
        "无法以 `Accept` 中的任何媒体类型回答。",
        Remedy(
            "Accept `application/graphql-response+json` or `application/json`.",
            "请接受 `application/graphql-response+json` 或 `application/json`。",
        ),
    ),
    requests.ForeignHost: Entry(
        INVALID,
        "此服务器没有 `Host` 中的名称。",
        Remedy(
            "Use its own address, which the operator sets by `ROLLWAY_PUBLIC_URL`.",
            "请使用它自己的地址,由管理员用设置 `ROLLWAY_PUBLIC_URL` 指定。",
        ),
    ),
    requests.ForeignPage: Entry(FORBIDDEN, "此来源的页面不能发送此请求。", ORIGINS),
    requests.ForeignOrigin: Entry(FORBIDDEN, "此来源不能使用会话 cookie。", ORIGINS),
    requests.TooManyStreams: Entry(
        LIMIT_EXCEEDED,
        "打开的流过多。",
        Remedy(
            "Close one, or try again in {retry_after} seconds.",
            "请关闭一个,或在 {retry_after} 秒后重试。",
        ),
        retryable=True,
    ),
    requests.Leaving: Entry(
        ErrorCode.UNAVAILABLE,
        "服务器正在停止。",
        Remedy("Connect again in {retry_after} seconds.", "请在 {retry_after} 秒后重新连接。"),
        retryable=True,
    ),
    DatabaseAway: Entry(ErrorCode.UNAVAILABLE, "无法访问数据库。", LATER, retryable=True),
    DatabaseFull: Entry(ErrorCode.UNAVAILABLE, "数据库所在的磁盘已满。", LATER, retryable=True),
    DatabaseBusy: Entry(
        ErrorCode.UNAVAILABLE,
        "另一个程序正在写入数据库,且耗时过长。",
        LATER,
        retryable=True,
    ),
    NoConnection: Entry(ErrorCode.UNAVAILABLE, "数据库没有空闲的连接。", LATER, retryable=True),
    requests.Broken: Entry(
        ErrorCode.INTERNAL,
        "内部错误({fault})。",
        Remedy(
            "Try again later; where it stays so, tell the operator the number: it is in the log.",
            "请稍后重试;若仍然如此,请把编号告诉管理员:服务器日志中有该编号。",
        ),
        retryable=True,
    ),
    DeployHookUnknown: Entry(
        ProblemCode.NOT_FOUND,
        "没有此部署钩子。",
        Remedy(
            "Ask the team for its address: it may have been changed or revoked.",
            "请向团队询问其地址:它可能已更换或被撤销。",
        ),
    ),
    requests.BodyInvalid: Entry(
        INVALID,
        "请求体必须为空,或为由文本 ref、message 和 idempotencyKey 组成的 JSON 对象。",
        Remedy("Leave out whatever else there is.", "请去掉其他内容。"),
    ),
    requests.NotABranch: Entry(
        INVALID,
        "`ref` 必须是分支或标签:钩子不部署单个提交,也不部署拉取请求。",
        Remedy("Give a branch or a tag.", "请提供分支或标签。"),
    ),
    requests.BranchUnknown: Entry(
        INVALID,
        "仓库中没有此分支或标签。",
        Remedy("Check the name, and that it was pushed.", "请检查名称,以及它是否已推送。"),
    ),
    requests.RepositoryRefused: Entry(
        ProblemCode.CONFLICT, "此服务器不再允许访问该应用的仓库。", ALLOW
    ),
    documents.NotKept: Entry(
        ErrorCode.PERSISTED_QUERY_NOT_FOUND,
        "PersistedQueryNotFound",
        Remedy("Send the hash with the document's text.", "请连同文档的文本一起发送哈希。"),
    ),
    documents.NotSupported: Entry(
        ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED,
        "PersistedQueryNotSupported",
        Remedy("Send the document's text.", "请发送文档的文本。"),
    ),
    documents.OtherHash: Entry(
        INVALID,
        "文档的 SHA-256 与请求所述的不同。",
        Remedy("Send the SHA-256 of the very text.", "请发送该文本本身的 SHA-256。"),
    ),
    documents.NotRegistered: Entry(
        ErrorCode.DOCUMENT_NOT_REGISTERED,
        "此服务器只执行已登记的文档。",
        Remedy(
            "Use a document that is, or have the operator register this one.",
            "请使用已登记的文档,或请管理员登记此文档。",
        ),
    ),
}

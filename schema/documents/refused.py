"""What is said of documents by their hash: the codes that clients know, in both languages."""

from collections.abc import Mapping
from typing import NamedTuple

from graphql import GraphQLError

from resolvers.operations import documents
from schema.catalogue.entry import Remedy


class Row(NamedTuple):
    """A refusal's code, its Chinese text (English is its docstring), and what to do about it.

    Without a Chinese text the docstring is told as it is: clients compare it.
    """

    code: str
    chinese: str | None
    remedy: Remedy


TABLE: Mapping[type[Exception], Row] = {
    documents.NotKept: Row(
        "PERSISTED_QUERY_NOT_FOUND",
        None,
        Remedy("Send the hash with the document's text.", "请连同文档的文本一起发送哈希。"),
    ),
    documents.NotSupported: Row(
        "PERSISTED_QUERY_NOT_SUPPORTED",
        None,
        Remedy("Send the document's text.", "请发送文档的文本。"),
    ),
    documents.OtherHash: Row(
        "INVALID",
        "文档的 SHA-256 与请求所述的不同。",
        Remedy("Send the SHA-256 of the very text.", "请发送该文本本身的 SHA-256。"),
    ),
    documents.NotRegistered: Row(
        "DOCUMENT_NOT_REGISTERED",
        "此服务器只执行已登记的文档。",
        Remedy(
            "Use a document that is, or have the operator register this one.",
            "请使用已登记的文档,或请管理员登记此文档。",
        ),
    ),
}


def error(refusal: Exception, language: str) -> GraphQLError:
    """Return *refusal* as clients see it."""
    row, english = TABLE[type(refusal)], type(refusal).__doc__ or ""
    is_chinese = language == "zh"
    remedy = row.remedy.chinese if is_chinese else row.remedy.english
    more = {"code": row.code, "remedy": remedy, "retryable": False}
    return GraphQLError((is_chinese and row.chinese) or english, extensions=more)

"""What a request asks for: read from its body or its query string, and of the right shape."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from typing import Any

from starlette.requests import Request
from strawberry.http import GraphQLRequestData

from resolvers.operations.checks import LARGE_CHARACTERS, Charging
from resolvers.operations.documents import asking
from rollway.body import read_body
from rollway.headers import kept
from schema import requests
from schema.requests import Asked, JsonFlaw, Kind

BODY_BYTES_MAX = 1024 * 1024
NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")  # as JSON escapes it
NUL_IN_GRAPHQL = re.compile(r"\\u(0000|\{0+\})")
ESCAPES = re.compile(rb"\\u")
SUSPICIOUS = re.compile(r"\\u|[\ud800-\udfff]")  # and what texts have that are no Unicode
UTF_8 = frozenset({"utf-8", "utf8"})
JSON_TYPE = "application/json"
PARTS: Mapping[str, tuple[type, Kind]] = {  # of a request; each may be null
    "query": (str, Kind.TEXT),
    "operationName": (str, Kind.TEXT),
    "documentId": (str, Kind.TEXT),
    "variables": (dict, Kind.OBJECT),
    "extensions": (dict, Kind.OBJECT),
}


def decode(data: str | bytes) -> object:
    """Decode JSON; JSONDecodeError with a JsonFlaw for all that cannot be worked on."""
    with suppress(ValueError, RecursionError):  # is looked at once more, to say what is wrong
        if isinstance(data, bytes):
            if not ESCAPES.search(data):
                return PLAIN.decode(data.decode())
        elif not SUSPICIOUS.search(data):
            return PLAIN.decode(data)
    return _decode_strictly(data)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


PLAIN = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


def _decode_strictly(data: str | bytes) -> object:
    """Decode what may have NUL or half a character in it."""
    try:
        decoded: object = json.loads(data)
        text = json.dumps(decoded, ensure_ascii=False, allow_nan=False)
        text.encode()  # fails for a lone surrogate
    except (ValueError, RecursionError) as fault:
        raise json.JSONDecodeError(_flaw(fault), "", 0) from fault
    if NUL.search(text) or any(NUL_IN_GRAPHQL.search(each) for each in _documents(decoded)):
        raise json.JSONDecodeError(JsonFlaw.NUL, "", 0)
    return decoded


async def read(
    request: Request, batch_max: int, checking: Charging
) -> GraphQLRequestData | list[GraphQLRequestData]:
    """Return what is asked; a list of up to *batch_max* operations where that is not 0.

    What is large is charged by *checking*, which may raise OverChecks.
    Raises a Refusal of the catalogue when it has another shape, is too long or takes too long.
    """
    if request.method == "GET":
        return _operation(_parameters(request, checking))
    _check_type(request)
    decoded = _decoded(await read_body(request, BODY_BYTES_MAX), Asked.BODY, checking)
    if not isinstance(decoded, list):
        return _operation(decoded)
    if not batch_max:
        raise requests.NoBatches
    if not 1 <= len(decoded) <= batch_max:
        raise requests.BatchTooLong(len(decoded), batch_max)
    return [_operation(each) for each in decoded]


def _check_type(request: Request) -> None:
    encoded = request.headers.get("content-encoding")
    if not is_json(request.headers.get("content-type", "")) or (
        encoded is not None and encoded.lower() != "identity"
    ):
        raise requests.WrongContentType


@kept
def is_json(content_type: str) -> bool:
    """Tell whether a Content-Type header names JSON in UTF-8."""
    name, _, rest = content_type.partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", rest, re.IGNORECASE) if rest else None
    known = charset is None or charset[1].lower() in UTF_8
    return known and name.strip().lower() == JSON_TYPE


def _parameters(request: Request, checking: Charging) -> dict[str, Any]:
    asked: dict[str, Any] = dict(request.query_params)
    query = asked.get("query", "")
    if "\0" in query or NUL_IN_GRAPHQL.search(query):
        raise requests.NotJson(Asked.QUERY, JsonFlaw.NUL)
    for name in (Asked.VARIABLES, Asked.EXTENSIONS):
        asked[name] = _decoded(asked[name], name, checking) if asked.get(name) else None
    asked["operationName"] = asked.get("operationName") or None
    return asked


def _decoded(data: str | bytes, what: Asked, checking: Charging) -> object:
    try:
        if len(data) <= LARGE_CHARACTERS:
            return decode(data)
        with checking():
            return decode(data)
    except json.JSONDecodeError as fault:
        raise requests.NotJson(what, fault.msg) from fault


def _operation(asked: object) -> GraphQLRequestData:
    if not isinstance(asked, dict):
        raise requests.NoObject
    for name, value in asked.items():
        part = PARTS.get(name)
        if part and value is not None and not isinstance(value, part[0]):
            raise requests.WrongType(name, part[1])
    query, extensions = asked.get("query"), asked.get("extensions")
    if not query and (document_id := asked.get("documentId")):
        extensions = asking(document_id, extensions)
    return GraphQLRequestData(
        query=query,
        variables=asked.get("variables"),
        operation_name=asked.get("operationName"),
        extensions=extensions,
    )


def _documents(decoded: object) -> list[str]:
    """Return the GraphQL texts of a request's body or of a socket's message."""
    found = []
    for each in decoded if isinstance(decoded, list) else [decoded]:
        body = each.get("payload", each) if isinstance(each, dict) else None
        query = body.get("query") if isinstance(body, dict) else None
        found += [query] if isinstance(query, str) else []
    return found


def _flaw(fault: Exception) -> str:
    match fault:
        case json.JSONDecodeError(doc=text) if not text.strip():
            return JsonFlaw.EMPTY
        case json.JSONDecodeError(doc=text, pos=at, lineno=line, colno=column):
            flaw = JsonFlaw.SYNTAX if text[at:].strip() else JsonFlaw.ENDS
            return flaw.of(line=line, column=column)
        case RecursionError():
            return JsonFlaw.NESTED
        case UnicodeDecodeError(start=before):
            return JsonFlaw.NO_UTF8.of(byte=before + 1)
        case UnicodeEncodeError():
            return JsonFlaw.HALF
    return JsonFlaw.NUMBER

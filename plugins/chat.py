"""What each chat wants to be sent, and how it says no."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message: a *payload* in the chat's own words, else *text* with a *title* maybe.

    *kind* is the chat's word for the sort of message, *at* are the people it is for.
    """

    kind: str
    title: str
    text: str
    payload: Mapping[str, Any] | None
    at: Mapping[str, Any]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """What is posted where; *secret* signs the body in a header, where the chat has no way."""

    url: str
    body: Mapping[str, Any]
    secret: str = field(default="", repr=False)

    def signed(self, body: bytes) -> dict[str, str]:
        """Return the header that proves who sent *body*."""
        if not self.secret:
            return {}
        digest = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return {"X-Rollway-Signature-256": f"sha256={digest}"}


def dingtalk(message: Message, url: str, secret: str, seconds: float) -> Request:
    """Return what DingTalk's robot takes; it is signed in the address."""
    kind = message.kind or ("markdown" if message.title else "text")
    payload = message.payload
    if payload is None and kind == "text":
        payload = {"content": message.text}
    elif payload is None:
        payload = {"title": message.title or message.text[:20], "text": message.text}
    body: dict[str, Any] = {"msgtype": kind, kind: payload}
    if message.at:
        body["at"] = message.at
    if secret:
        stamp = str(round(seconds * 1000))
        sign = _sign(secret.encode(), f"{stamp}\n{secret}".encode())
        joint = "&" if "?" in url else "?"
        url += joint + urlencode({"timestamp": stamp, "sign": sign})
    return Request(url, body)


def feishu(message: Message, url: str, secret: str, seconds: float) -> Request:
    """Return what Feishu's robot takes; it is signed in the body."""
    kind = message.kind or "text"
    body: dict[str, Any] = {"msg_type": kind}
    if message.payload is None:
        text = f"{message.title}\n{message.text}" if message.title else message.text
        body["content"] = {"text": text}
    elif kind == "interactive":
        body["card"] = message.payload
    elif kind == "text" and "text" not in message.payload:
        body["content"] = {"text": message.payload.get("content", "")}
    else:
        body["content"] = message.payload
    if secret:
        stamp = str(int(seconds))
        body = {"timestamp": stamp, "sign": _sign(f"{stamp}\n{secret}".encode(), b""), **body}
    return Request(url, body)


def slack(message: Message, url: str, _secret: str, _seconds: float) -> Request:
    """Return what Slack's incoming webhook takes; whoever has its address may post."""
    if message.payload is not None:
        payload = dict(message.payload)
        if "content" in payload and "text" not in payload:
            payload["text"] = payload.pop("content")
        return Request(url, payload)
    text = f"*{message.title}*\n{message.text}" if message.title else message.text
    return Request(url, {"text": text})


def webhook(message: Message, url: str, secret: str, _seconds: float) -> Request:
    """Return what a webhook of one's own takes: the payload, else the text with the facts."""
    if message.payload is not None:
        return Request(url, message.payload, secret)
    body = {"title": message.title, "text": message.text, **message.facts}
    return Request(url, body, secret)


REQUESTS: dict[str, Callable[[Message, str, str, float], Request]] = {
    "dingtalk": dingtalk,
    "feishu": feishu,
    "slack": slack,
    "webhook": webhook,
}


def refusal(kind: str, answer: str) -> str | None:
    """Return why a chat that answered with 200 did not take the message, None if it did."""
    if kind not in ("dingtalk", "feishu"):
        return None
    try:
        document = json.loads(answer)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return "its answer is not JSON"
    for code, words in (("errcode", "errmsg"), ("code", "msg"), ("StatusCode", "StatusMessage")):
        if code in document:
            number = document[code]
            return None if number == 0 else f"{number} {document.get(words, '')}".strip()
    return "its answer has no code"


def _sign(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()

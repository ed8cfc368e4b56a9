"""`notify`: posts a message to DingTalk, Feishu, Slack or a webhook of one's own."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from plugins import chat
from plugins.inputs import Inputs, Problem

KNOWN = ("type", "webhook", "secret", "msgtype", "payload", "at", "title", "text", "headers")
TYPES = ("dingtalk", "feishu", "slack", "webhook")
HOSTS = {
    "oapi.dingtalk.com": "dingtalk",
    "open.feishu.cn": "feishu",
    "open.larksuite.com": "feishu",
    "hooks.slack.com": "slack",
}
WAIT_SECONDS = 15.0
ANSWER_BYTES_MAX = 64 * 1024
ANSWER_CHARACTERS_MAX = 300


def run(inputs: Inputs, default: str | None = None) -> None:
    """Post the message. Raises Problem, also if the other side does not take it."""
    inputs.check(KNOWN, required=["webhook"])
    url = inputs.text("webhook").strip()
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("https", "http"):
        raise Problem("input 'webhook' is no address that begins with https://")
    kind = inputs.choice("type", TYPES, default or HOSTS.get(host, "webhook"))
    message = chat.Message(
        kind=inputs.text("msgtype"),
        title=inputs.text("title"),
        text=inputs.text("text"),
        payload=_payload(inputs),
        at=inputs.mapping("at").values,
        facts=_facts(inputs.context),
    )
    request = chat.REQUESTS[kind](message, url, inputs.text("secret"), time.time())
    answer = _post(request, {k: str(v) for k, v in inputs.mapping("headers").values.items()}, host)
    refusal = chat.refusal(kind, answer)
    if refusal is not None:
        raise Problem(f"{host} did not take the message: {refusal[:ANSWER_CHARACTERS_MAX]}")
    print(f"The message was taken by {host}")


def _payload(inputs: Inputs) -> Mapping[str, Any] | None:
    """Return the payload; a plain text stands for a message of text."""
    value = inputs.values.get("payload")
    if value is None or value == "":
        if not inputs.text("text"):
            raise Problem("inputs 'text' and 'payload' are missing; one of them is the message")
        return None
    if isinstance(value, str) and not value.lstrip().startswith("{"):
        return {"content": value}
    return inputs.mapping("payload").values


def _facts(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a webhook of one's own is told beside the text."""
    facts = {name: context.get(name) or {} for name in ("app", "task", "git")}
    return {**facts, "status": context.get("status") or ""}


def _post(request: chat.Request, headers: Mapping[str, str], host: str) -> str:
    """Send it and return the answer; an address may be a secret, so messages name the host only."""
    merged = {"Content-Type": "application/json", "User-Agent": "rollway", **headers}
    body = json.dumps(request.body).encode()
    merged |= request.signed(body)
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        outgoing = urllib.request.Request(request.url, body, merged)  # noqa: S310 - checked above
        with opener.open(outgoing, timeout=WAIT_SECONDS) as answer:
            return str(answer.read(ANSWER_BYTES_MAX).decode(errors="replace"))
    except urllib.error.HTTPError as error:
        with error:
            text = error.read(ANSWER_BYTES_MAX).decode(errors="replace")
        said = " ".join(text.split())[:ANSWER_CHARACTERS_MAX]
        raise Problem(f"{host} answered {error.code}: {said}") from error
    except (OSError, ValueError) as error:  # URLError and timeouts are OSErrors
        reason = getattr(error, "reason", None) or error
        raise Problem(f"{host} could not be reached: {reason}") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the message, and the signature with it, to somebody else."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""

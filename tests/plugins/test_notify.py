"""The plugin `notify` against real web servers."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qs, urlsplit

import pytest

SECRET = "SEC-0123456789"


def sign(key, text):
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def test_dingtalk_is_signed_in_the_address(step, site):
    """The original's inputs give DingTalk's message, with its signature of time and secret."""
    site.answer = (200, '{"errcode":0,"errmsg":"ok"}', {})
    ended = step(
        "@serverless-cd/ding-talk",
        {
            "webhook": f"{site.url}/robot/send?access_token=t0ken",
            "secret": SECRET,
            "msgtype": "text",
            "payload": {"content": "deployed"},
            "at": {"isAtAll": True},
        },
    )
    assert ended.code == 0, ended.printed
    ((path, headers, body),) = site.requests
    query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    assert query.pop("access_token") == "t0ken"
    assert query.pop("sign") == sign(SECRET, f"{query.pop('timestamp')}\n{SECRET}")
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "msgtype": "text",
        "text": {"content": "deployed"},
        "at": {"isAtAll": True},
    }
    assert "t0ken" not in ended.printed
    assert SECRET not in ended.printed


def test_dingtalk_says_no_with_200(step, site):
    """What DingTalk answers decides, not the status; the step fails with its words."""
    site.answer = (200, '{"errcode":310000,"errmsg":"keywords not in content"}', {})
    ended = step("notify", {"type": "dingtalk", "webhook": site.url, "text": "hello"})
    assert ended.code == 1
    assert "did not take the message: 310000 keywords not in content" in ended.printed


def test_feishu_is_signed_in_the_body(step, site):
    """Feishu's signature has the text as its key."""
    site.answer = (200, '{"code":0,"msg":"success"}', {})
    inputs = {"type": "feishu", "webhook": site.url, "secret": SECRET, "text": "hello"}
    ended = step("notify", inputs)
    assert ended.code == 0, ended.printed
    body = json.loads(site.requests[0][2])
    assert body.pop("sign") == sign(f"{body.pop('timestamp')}\n{SECRET}", "")
    assert body == {"msg_type": "text", "content": {"text": "hello"}}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"text": "hi"}, {"text": "hi"}),
        ({"text": "hi", "title": "Deploy"}, {"text": "*Deploy*\nhi"}),
        ({"payload": {"blocks": []}}, {"blocks": []}),
        ({"payload": "hi"}, {"text": "hi"}),
    ],
)
def test_slack(step, site, inputs, expected):
    """Slack takes a text, or blocks."""
    ended = step("notify", {"type": "slack", "webhook": site.url, **inputs})
    assert ended.code == 0, ended.printed
    assert json.loads(site.requests[0][2]) == expected


def test_webhook_is_told_the_facts_and_proves_who_sends(step, site):
    """A webhook of one's own gets app, task and git, headers, and an HMAC of the bytes."""
    context = {"app": {"id": "a_1"}, "task": {"id": "t_1"}, "git": {"commit": "c"}, "status": "x"}
    inputs = {"webhook": site.url, "secret": SECRET, "text": "hi", "headers": {"X-Team": 7}}
    ended = step("notify", inputs, context=context)
    assert ended.code == 0, ended.printed
    ((_, headers, body),) = site.requests
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Rollway-Signature-256"] == f"sha256={digest}"
    assert headers["X-Team"] == "7"
    assert json.loads(body) == {"title": "", "text": "hi", **context}


def test_redirects_are_not_followed(step, site):
    """The message goes to nobody else."""
    site.answer = (302, "", {"Location": f"{site.url}/elsewhere"})
    ended = step("notify", {"webhook": site.url, "text": "hi"})
    assert ended.code == 1
    assert "127.0.0.1 answered 302" in ended.printed
    assert len(site.requests) == 1


def test_an_error_is_shown_without_the_address(step, site):
    """The address of a webhook is a secret too."""
    site.answer = (500, "broken", {})
    ended = step("notify", {"webhook": f"{site.url}/hook/t0ken", "text": "hi"})
    assert ended.code == 1
    assert ended.printed == "notify: 127.0.0.1 answered 500: broken\n"


def test_a_certificate_is_verified(step, safe_site, certificate):
    """Without somebody who vouches for the server nothing is sent to it."""
    ended = step("notify", {"webhook": safe_site.url, "text": "hi"})
    assert ended.code == 1
    assert "CERTIFICATE_VERIFY_FAILED" in ended.printed
    assert safe_site.requests == []
    trusting = {"SSL_CERT_FILE": str(certificate[0])}
    assert step("notify", {"webhook": safe_site.url, "text": "hi"}, env=trusting).code == 0


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "input 'webhook' is missing"),
        ({"webhok": "x"}, "unknown input 'webhok'; did you mean 'webhook'?"),
        ({"webhook": "file:///etc/passwd", "text": "x"}, "begins with https://"),
        ({"webhook": "https://[", "text": "x"}, "begins with https://"),
        ({"webhook": "https://h", "type": "dingtlk", "text": "x"}, "did you mean 'dingtalk'?"),
        ({"webhook": "https://h"}, "inputs 'text' and 'payload' are missing"),
        ({"webhook": "https://h", "text": ["x"]}, "input 'text' is a text, not a list"),
        ({"webhook": "https://h", "payload": "{"}, "input 'payload' is not JSON"),
        ({"webhook": "https://h", "text": "x", "at": "y"}, "input 'at' is a mapping, not a text"),
    ],
)
def test_wrong_inputs(step, inputs, message):
    """Each is told in one line, and nothing is sent."""
    ended = step("notify", inputs)
    assert ended.code == 1
    assert message in ended.printed
    assert ended.printed.count("\n") == 1


def test_nobody_there(step):
    """A server that cannot be reached fails the step."""
    ended = step("notify", {"webhook": "http://127.0.0.1:9/x", "text": "hi"})
    assert ended.code == 1
    assert "127.0.0.1 could not be reached" in ended.printed

"""The plugin `mail` against a real SMTP server."""

import email
import email.policy
import ssl

import pytest

MAIL = {
    "from": "Rollway <cd@example.com>",
    "to": ["ann@example.com", "bob@example.com"],
    "cc": "eve@example.com",
    "subject": "Deployed · 已部署",
    "text": "It is out.",
    "html": "<b>It is out.</b>",
}


def test_a_mail_arrives(step, mail_server):
    """Receivers, subject, text and HTML arrive as they were written."""
    config = {"host": "127.0.0.1", "port": mail_server.port, "pass": "right"}
    ended = step("@serverless-cd/send-email", {"config": config, "mail": MAIL})
    assert ended.code == 0, ended.printed
    assert ended.printed == "The mail was taken by 127.0.0.1\n"
    assert mail_server.logins == [("cd@example.com", "right")]
    ((_, receivers, text),) = mail_server.mails
    message = email.message_from_string(text, policy=email.policy.default)
    assert receivers == ["ann@example.com", "bob@example.com", "eve@example.com"]
    assert message["Subject"] == MAIL["subject"]
    assert message.get_body(("plain",)).get_content().strip() == MAIL["text"]
    assert message.get_body(("html",)).get_content().strip() == MAIL["html"]


def test_starttls_is_used_and_verified(step, mail_server, certificate):
    """A server that offers TLS is spoken to in TLS, and never without a certificate one trusts."""
    mail_server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mail_server.tls.load_cert_chain(*certificate)
    config = {"host": "127.0.0.1", "port": mail_server.port, "user": "cd", "pass": "right"}
    ended = step("mail", {"config": config, "mail": MAIL})
    assert ended.code == 1
    assert "CERTIFICATE_VERIFY_FAILED" in ended.printed
    assert (mail_server.logins, mail_server.mails) == ([], [])
    ended = step(
        "mail",
        {"config": config, "mail": MAIL},
        env={"SSL_CERT_FILE": str(certificate[0])},
    )
    assert ended.code == 0, ended.printed
    assert mail_server.logins == [("cd", "right")]


def test_a_wrong_password(step, mail_server):
    """It is said without the password."""
    config = {"host": "127.0.0.1", "port": mail_server.port, "pass": "wrong-one"}
    ended = step("mail", {"config": config, "mail": MAIL})
    assert ended.code == 1
    assert ended.printed == "mail: 127.0.0.1 did not accept the user and password (535)\n"


@pytest.mark.parametrize("refused", [("bob@example.com",), (*MAIL["to"], "eve@example.com")])
def test_a_refused_receiver_fails_the_step(step, mail_server, refused):
    """Who was not reached is named."""
    mail_server.refuses = refused
    config = {"host": "127.0.0.1", "port": mail_server.port}
    ended = step("mail", {"config": config, "mail": MAIL})
    assert ended.code == 1
    assert "refused" in ended.printed
    assert "bob@example.com (550)" in ended.printed


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "input 'config' is missing"),
        ({"config": {"host": "h"}, "mail": {"from": "a@b"}}, "input 'mail.to' is missing"),
        (
            {"config": {"hots": "h"}, "mail": MAIL},
            "unknown input 'config.hots'; did you mean 'config.host'?",
        ),
        ({"config": {"pass": "x"}, "mail": MAIL}, "inputs 'config.host' and 'config.service'"),
        ({"config": {"service": "qqq"}, "mail": MAIL}, "did you mean 'qq'?"),
        ({"config": {"host": "h", "port": "x"}, "mail": MAIL}, "a number of 1 to 65535"),
        ({"config": {"host": "h", "secure": "maybe"}, "mail": MAIL}, "is true or false"),
        (
            {"config": {"host": "h"}, "mail": {**MAIL, "subject": "a\nBcc: eve@example.com"}},
            "or a line break",
        ),
    ],
)
def test_wrong_inputs(step, inputs, message):
    """Each is told in one line, and nothing is sent."""
    ended = step("mail", inputs)
    assert ended.code == 1
    assert message in ended.printed
    assert ended.printed.count("\n") == 1

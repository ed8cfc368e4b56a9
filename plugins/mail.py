"""`mail`: sends a mail by SMTP."""

import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid

from plugins.inputs import Inputs, Problem

CONFIG = ("host", "service", "port", "secure", "user", "pass", "auth")
MAIL = ("from", "to", "cc", "bcc", "replyTo", "subject", "text", "html")
SERVICES = {
    "126": "smtp.126.com",
    "163": "smtp.163.com",
    "aliyun": "smtp.aliyun.com",
    "gmail": "smtp.gmail.com",
    "qq": "smtp.qq.com",
    "qqex": "smtp.exmail.qq.com",
}
PORTS = {True: 465, False: 587}
PORT_MAX = 65535
WAIT_SECONDS = 30.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def run(inputs: Inputs) -> None:
    """Send the mail. Raises Problem, also if one of the receivers is refused."""
    inputs.check(("config", "mail"), required=["config", "mail"])
    mail = inputs.mapping("mail")
    mail.check(MAIL, required=["from", "to"])
    message = _message(mail)
    config = inputs.mapping("config")
    config.check(CONFIG)
    host, port, secure = _server(config)
    try:
        with _connect(host, port, secure=secure) as server:
            _log_in(server, config, message, host)
            refused = server.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise Problem(f"{host} did not accept the user and password ({error.smtp_code})") from error
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    except (OSError, smtplib.SMTPException) as error:  # ssl.SSLError and timeouts are OSErrors
        raise Problem(f"{host}:{port} did not take the mail: {error}") from error
    if refused:
        listed = ", ".join(f"{address} ({code})" for address, (code, _) in refused.items())
        raise Problem(f"{host} refused {listed}")
    print(f"The mail was taken by {host}")


def _message(mail: Inputs) -> EmailMessage:
    message = EmailMessage()
    try:
        message["From"] = mail.text("from")
        for header, name in (("To", "to"), ("Cc", "cc"), ("Bcc", "bcc"), ("Reply-To", "replyTo")):
            addresses = mail.texts(name)
            if addresses:
                message[header] = ", ".join(addresses)
        message["Subject"] = mail.text("subject")
    except (ValueError, IndexError) as error:  # a line break in a header, say
        raise Problem("inputs of 'mail' hold no mail addresses, or a line break") from error
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain="rollway")
    text, html = mail.text("text"), mail.text("html")
    message.set_content(text or ("This message is in HTML." if html else ""))
    if html:
        message.add_alternative(html, subtype="html")
    return message


def _server(config: Inputs) -> tuple[str, int, bool]:
    """Return host, port, and whether TLS is spoken from the first byte."""
    host, service = config.text("host"), config.text("service").lower()
    if not host:
        if not service:
            raise Problem("inputs 'config.host' and 'config.service' are missing; give one")
        host = SERVICES[config.choice("service", SERVICES, "")] if service else ""
    secure = config.flag("secure", default=not config.text("host"))
    port = config.text("port", str(PORTS[secure]))
    if not port.isdecimal() or not 0 < int(port) <= PORT_MAX:
        raise Problem(f"input 'config.port' is a number of 1 to {PORT_MAX}")
    return host, int(port), secure


def _connect(host: str, port: int, *, secure: bool) -> smtplib.SMTP:
    context = ssl.create_default_context()
    name = socket.gethostname() or "rollway"
    if secure:
        return smtplib.SMTP_SSL(
            host, port, local_hostname=name, timeout=WAIT_SECONDS, context=context
        )
    server = smtplib.SMTP(host, port, local_hostname=name, timeout=WAIT_SECONDS)
    try:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
    except BaseException:
        with suppress(OSError):
            server.close()
        raise
    return server


def _log_in(server: smtplib.SMTP, config: Inputs, message: EmailMessage, host: str) -> None:
    """Log in where there is a password, by default as who sends; never in clear text."""
    auth = config.mapping("auth")
    auth.check(("user", "pass"))
    password = config.text("pass") or auth.text("pass")
    if not password:
        return
    sender = getaddresses([str(message["From"])])[0][1]
    user = config.text("user") or auth.text("user") or sender
    if not isinstance(server.sock, ssl.SSLSocket) and host not in LOOPBACK:
        raise Problem(f"{host} offers no TLS, and a password is not sent in clear text")
    server.login(user, password)

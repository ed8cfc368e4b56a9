"""Plugins as real processes, and real servers for them to talk to."""

import asyncio
import base64
import hashlib
import io
import ipaddress
import json
import os
import re
import shutil
import ssl
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engine.plugins import prepare

NODE = shutil.which("node")
PATH = os.pathsep.join([*([str(Path(NODE).parent)] if NODE else []), os.defpath, "/usr/local/bin"])
RUN_SECONDS = 60


@dataclass
class Ended:
    """How a plugin ended, what it printed and which outputs it gave."""

    code: int
    printed: str
    outputs: dict = field(default_factory=dict)


def outputs_of(text):
    """Read a file of outputs, by name."""
    found = dict(re.findall(r"^([\w-]+)=(.*)$", text, re.MULTILINE))
    blocks = re.findall(r"^([\w-]+)<<(\S+)\n(.*?)\n\2$", text, re.MULTILINE | re.DOTALL)
    return found | {name: value for name, _, value in blocks}


class Step:
    """What a step of a task gives to a plugin: a checkout, a HOME, its own folder."""

    def __init__(self, workspace):
        self.source = workspace / "source"
        self.home = workspace / "home"
        self.steps = workspace / "steps"
        for folder in (self.source, self.home, self.steps):
            folder.mkdir(parents=True)

    def write(self, files):
        """Write files into the checkout, by name."""
        for name, text in files.items():
            (self.source / name).parent.mkdir(parents=True, exist_ok=True)
            (self.source / name).write_text(text)

    def __call__(self, plugin, inputs=None, *, context=None, post=False, env=None):
        """Run a plugin to its end."""
        folder = self.steps / f"{len(list(self.steps.iterdir())) + 1}-1"
        folder.mkdir()
        given = {"inputs": inputs or {}, "context": context or {}, "post": post}
        (folder / "inputs.json").write_text(json.dumps(given))
        (folder / "output").touch()
        program = prepare(plugin, source=self.source, folder=folder)
        done = subprocess.run(
            program.arguments,
            cwd=self.source,
            env={
                "PATH": PATH,
                "HOME": str(self.home),
                "PYTHONUNBUFFERED": "1",
                "ROLLWAY_INPUTS": str(folder / "inputs.json"),
                "ROLLWAY_OUTPUT": str(folder / "output"),
                **(env or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=RUN_SECONDS,
            check=False,
        )
        outputs = outputs_of((folder / "output").read_text())
        return Ended(done.returncode, done.stdout.decode(), outputs)


@pytest.fixture
def step(tmp_path):
    """Return what runs a plugin in a workspace of its own."""
    return Step(tmp_path / "task-1")


class Site:
    """A web server that remembers what it was sent; *answer* is (status, text, headers)."""

    def __init__(self):
        self.requests = []
        self.answer = (200, "ok", {})
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.requests.append((self.path, dict(self.headers), body))
                status, text, headers = site.answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site():
    """Return a web server."""
    site = Site()
    with serving(site.server):
        yield site


@pytest.fixture
def certificate(tmp_path):
    """Return the files of a certificate for 127.0.0.1, which nobody vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@pytest.fixture
def safe_site(certificate):
    """Return a web server that speaks TLS."""
    site = Site()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    site.url = site.url.replace("http:", "https:")
    with serving(site.server):
        yield site


class Registry:
    """As much of a package registry as `npm publish` and `npm install` need."""

    def __init__(self):
        self.packages = {}
        self.tokens = []
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                registry.tokens.append(self.headers.get("Authorization"))
                known = registry.packages.setdefault(body["name"], body)
                if known is not body and body["versions"].keys() & known["versions"].keys():
                    return self.reply(403, {"error": "this version is published already"})
                for part in ("versions", "_attachments", "dist-tags"):
                    known[part].update(body[part])
                return self.reply(201, {"ok": True})

            def do_GET(self):
                name, _, file = unquote(self.path)[1:].partition("/-/")
                package = registry.packages.get(name)
                if package is None:
                    return self.reply(404, {"error": "not found"})
                if file:
                    files = {key.rpartition("/")[2]: key for key in package["_attachments"]}
                    data = package["_attachments"][files[file.rpartition("/")[2]]]["data"]
                    return self.reply(200, base64.b64decode(data))
                for version in package["versions"].values():
                    tarball = version["dist"]["tarball"].partition("/-/")[2]
                    version["dist"]["tarball"] = f"{registry.url}/{name}/-/{tarball}"
                return self.reply(200, package)

            def reply(self, status, document):
                data = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def publish(self, name, files):
        """Put a package there, its files by name."""
        folder = files["package.json"]
        data = _packed(files)
        version = json.loads(folder)["version"]
        digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
        file = f"{name}-{version}.tgz"
        self.packages[name] = {
            "name": name,
            "dist-tags": {"latest": version},
            "versions": {
                version: {
                    **json.loads(folder),
                    "dist": {"tarball": f"x/-/{file}", "integrity": f"sha512-{digest}"},
                }
            },
            "_attachments": {file: {"data": base64.b64encode(data).decode()}},
        }


def _packed(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture
def registry():
    """Return a package registry."""
    registry = Registry()
    with serving(registry.server):
        yield registry


class MailServer:
    """An SMTP server that keeps what it is sent: (sender, receivers, text)."""

    def __init__(self):
        self.mails = []
        self.logins = []
        self.refuses = ()
        self.tls = None
        self.port = 0

    async def talk(self, reader, writer):
        """Speak SMTP with one client."""

        async def say(line):
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        sender, receivers = "", []
        await say("220 mail.test")
        while line := (await reader.readline()).decode().strip():
            word = line.split(maxsplit=1)[0].upper()
            if word == "EHLO":
                await say("250-mail.test")
                await say("250-STARTTLS" if self.tls else "250-8BITMIME")
                await say("250 AUTH PLAIN")
            elif word == "STARTTLS":
                await say("220 go")
                await writer.start_tls(self.tls)
            elif word == "AUTH":
                secret = base64.b64decode(line.split()[2]).decode().split("\0")
                self.logins.append(tuple(secret[1:]))
                await say("235 ok" if secret[2] == "right" else "535 no")
            elif word == "MAIL":
                sender, receivers = line, []
                await say("250 ok")
            elif word == "RCPT":
                address = line.partition("<")[2].partition(">")[0]
                receivers.append(address)
                await say("550 unknown" if address in self.refuses else "250 ok")
            elif word == "DATA":
                await say("354 go")
                text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                self.mails.append((sender, receivers, text))
                await say("250 ok")
            elif word == "QUIT":
                await say("221 bye")
                break
            else:
                await say("250 ok")
        writer.close()


@pytest.fixture
def mail_server():
    """Return a mail server on a loop of its own."""
    server = MailServer()
    loop = asyncio.new_event_loop()

    async def start():
        listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
        server.port = listening.sockets[0].getsockname()[1]
        return listening

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(start(), loop).result()

    async def stop():
        listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    yield server
    asyncio.run_coroutine_threadsafe(stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()

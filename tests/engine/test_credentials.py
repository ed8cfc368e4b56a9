"""Private repositories: who is shown the token, and who is not."""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from engine.executors import procfs
from engine.git import CheckoutFailed, Credential, RepositoryUnreachable, Source, checkout, resolve

TOKEN = "s3cret/t0ken+of&ann"


@pytest.fixture
def private(repository, git_server):
    """Return a server that asks for a login."""
    repository.commit({"a": "1"})
    git_server.login = ("x-access-token", TOKEN)
    return git_server


@pytest.fixture
def credential(private):
    """Return what opens it."""
    return Credential(private.origin, "x-access-token", TOKEN)


async def check_out(source, folder, lines=None, **options):
    log = [] if lines is None else lines
    return await checkout(source, folder, protocols={"http"}, log=log.append, **options)


def holds(folder, text):
    """Return the files below *folder* that hold *text*."""
    return [
        path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()
    ]


class Arguments(threading.Thread):
    """Collects the processes of this machine that had *text* in their arguments."""

    def __init__(self, text):
        super().__init__(daemon=True)
        self.text = text.encode()
        self.seen, self.looks = set(), 0
        self.ended = threading.Event()

    def run(self):
        """Look until told to stop."""
        while not self.ended.is_set():
            self.looks += 1
            for pid in procfs.pids():
                with suppress(OSError):
                    line = Path(f"/proc/{pid}/cmdline").read_bytes()
                    if self.text in line:
                        self.seen.add(line)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


@pytest.mark.parametrize("mirrored", [False, True])
async def test_a_private_repository_is_opened(private, credential, tmp_path, mirrored):
    """The token is in no argument, no file and no line of the log, though the server had it."""
    lines = []
    source = Source(private.url(), "main", None, None, credential)
    with Arguments(TOKEN) as arguments, Arguments(private.url()) as known:
        options = {"mirrors": tmp_path / "mirrors", "tenant": "acme"} if mirrored else {}
        await check_out(source, tmp_path / "x", lines, **options)

    assert (tmp_path / "x" / "a").read_text() == "1"
    assert any(given for *_, given in private.requests)
    assert known.seen
    assert not arguments.seen
    assert arguments.looks > 10
    for folder in (tmp_path / "x", tmp_path / "mirrors"):
        assert not holds(folder, TOKEN)
    assert TOKEN not in "\n".join(lines)
    assert TOKEN not in repr(source)


async def test_a_private_repository_is_asked_for_its_refs(private, credential):
    """With the credential, and only with it."""
    resolved = await resolve(private.url(), "main", protocols={"http"}, credential=credential)
    assert resolved.branch == "main"
    with pytest.raises(RepositoryUnreachable, match="asks for a login, and there is no credential"):
        await resolve(private.url(), "main", protocols={"http"})


async def test_a_credential_that_is_not_accepted(private, tmp_path):
    """The reason says so, and gives nothing away."""
    wrong = Credential(private.origin, "x-access-token", "another-token")
    with pytest.raises(CheckoutFailed, match="it did not accept the credential") as refused:
        await check_out(Source(private.url(), None, None, None, wrong), tmp_path / "x")
    assert "another-token" not in str(refused.value)


@pytest.mark.parametrize("encoded", ["s3cret/t0ken+of&ann", "s3cret%2Ft0ken%2Bof%26ann"])
async def test_a_server_that_repeats_the_token(private, credential, tmp_path, encoded):
    """What it says is shown, but for the token."""
    private.refusal = f"you said {encoded}, {'x' * 4080} {encoded}"
    lines = []
    source = Source(private.url(), None, None, None, credential)
    with pytest.raises(CheckoutFailed) as refused:
        await check_out(source, tmp_path / "x", lines)
    said = "\n".join((*lines, str(refused.value)))
    assert "you said ***" in said
    assert "s3cret" not in said


@pytest.mark.parametrize("redirected", ["/info/refs", "/git-upload-pack"])
async def test_a_redirect_does_not_get_the_token(
    private, credential, git_servers, tmp_path, redirected
):
    """The other server hears nothing at all, on whichever request it is named."""
    other = git_servers()
    other.login = private.login
    private.redirect, private.redirected = other.origin, redirected
    source = Source(private.url(), "main", None, None, credential)
    with pytest.raises(CheckoutFailed):
        await check_out(source, tmp_path / "x")
    with pytest.raises(RepositoryUnreachable):
        await resolve(private.url(), "main", protocols={"http"}, credential=credential)
    assert not other.requests


@pytest.mark.parametrize(
    ("origin", "reason"),
    [
        ("https://git.example.com", "is for https://git.example.com, not for this address"),
        ("http://127.0.0.1:1", "not for this address"),
        ("http://127.0.0.1", "not for this address"),
        ("file:///", "not for this address"),
    ],
)
async def test_a_credential_is_for_one_server(private, tmp_path, origin, reason):
    """For another one nothing is asked at all."""
    source = Source(private.url(), None, None, None, Credential(origin, "u", TOKEN))
    with pytest.raises(CheckoutFailed, match=reason):
        await check_out(source, tmp_path / "x")
    assert not private.requests


@pytest.mark.parametrize(
    ("origin", "token", "reason"),
    [
        ("http://git.example.com", "t0ken", "by https only"),
        ("https://git.example.com", "t0ken\nhost=evil.example.com", "control characters"),
        ("https://git.example.com", "", "empty"),
        ("https://git.example.com", "x" * 5000, "too long"),
    ],
)
def test_credentials_git_is_not_given(origin, token, reason):
    """A token travels encrypted, and cannot say more than a token."""
    assert reason in Credential(origin, "u", token).refused(f"{origin}/x.git")


def test_one_server_in_several_spellings():
    """Case and the usual port do not matter."""
    credential = Credential("https://Git.Example.com:443", "u", TOKEN)
    assert credential.refused("https://git.example.com/x.git") is None
    assert credential.refused("https://git.example.com:8443/x.git")
    assert credential.refused("https://git.example.com.evil.example/x.git")


async def test_nothing_of_the_servers_own_credentials_is_used(private, tmp_path):
    """What a worker's user has stored for git is not for teams."""
    (tmp_path / ".git-credentials").write_text(f"http://x-access-token:{TOKEN}@127.0.0.1\n")
    with pytest.raises(CheckoutFailed, match="there is no credential"):
        await check_out(Source(private.url(), None, None), tmp_path / "x")
    assert all(given is None for *_, given in private.requests)


async def test_a_git_that_waits_gives_nothing_away(private, credential, tmp_path):
    """Looked at while the server has been given the token and does not answer."""
    private.gate.clear()
    source = Source(private.url(), "main", None, None, credential)
    work = asyncio.create_task(check_out(source, tmp_path / "x"))
    while not any(given for *_, given in private.requests):
        await asyncio.sleep(0.01)
    with Arguments(private.url()) as known, Arguments(TOKEN) as arguments:
        while not (known.seen and arguments.looks):
            await asyncio.sleep(0.01)
    private.gate.set()
    await work
    assert not arguments.seen
